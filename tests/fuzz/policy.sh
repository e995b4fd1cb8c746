#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A short run of the rule language's fuzzer: catches a parser that crashes,
# reads beyond its text, or matches otherwise than its rules say, on the seeds
# and what is found near them in a few seconds.  `make fuzz` runs for longer.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

fuzzer=$top_builddir/tests/fuzz/policy_fuzz
seconds=${FUZZ_SMOKE_SECONDS:-20}

if [ ! -x "$fuzzer" ]; then
	skip "the rule language survives a fuzzer" "no clang with libFuzzer"
	finish
fi

mkdir "$scratch/found"
ok "every seed is digested" "$fuzzer" -runs=0 "$top_srcdir/tests/fuzz/corpus"
ok "the rule language survives $seconds seconds of fuzzing" \
	"$fuzzer" -max_total_time="$seconds" -timeout=10 -max_len=2048 \
	-dict="$top_srcdir/tests/fuzz/policy.dict" \
	-artifact_prefix="$scratch/" "$scratch/found" \
	"$top_srcdir/tests/fuzz/corpus"
finish
