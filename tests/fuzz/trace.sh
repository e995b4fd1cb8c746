#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A short run of the fuzzer of recordings: catches a reader that believes a
# number in them, and planners that cannot take what they say.  `make fuzz`
# runs for longer.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

fuzzer=$top_builddir/tests/fuzz/trace_fuzz
seconds=${FUZZ_SMOKE_SECONDS:-10}

if [ ! -x "$fuzzer" ]; then
	skip "recordings survive a fuzzer" "no clang with libFuzzer"
	finish
fi
mkdir "$scratch/found"
ok "the seeds are digested" \
	"$fuzzer" -runs=0 "$top_srcdir/tests/fuzz/traces"
ok "recordings survive $seconds seconds of fuzzing" \
	"$fuzzer" -max_total_time="$seconds" -timeout=10 -max_len=4096 \
	-artifact_prefix="$scratch/" "$scratch/found" \
	"$top_srcdir/tests/fuzz/traces"
finish
