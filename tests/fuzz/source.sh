#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A short run of the fuzzer of what sources decode: catches a decoder that goes
# beyond its bytes, never ends, or depends on how they come.  `make fuzz` runs
# for longer.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

fuzzer=$top_builddir/tests/fuzz/source_fuzz
seconds=${FUZZ_SMOKE_SECONDS:-5}

if [ ! -x "$fuzzer" ]; then
	skip "what sources decode survive a fuzzer" "no clang with libFuzzer"
	finish
fi

mkdir "$scratch/found"
ok "every seed is digested" "$fuzzer" -runs=0 "$top_srcdir/tests/fuzz/samples"
ok "what sources decode survive $seconds seconds of fuzzing" \
	"$fuzzer" -max_total_time="$seconds" -timeout=10 -max_len=1024 \
	-artifact_prefix="$scratch/" "$scratch/found" \
	"$top_srcdir/tests/fuzz/samples"
finish
