#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A short run of the fuzzer of symbols: catches a demangler that goes beyond
# one, or never ends.  `make fuzz` runs for longer.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

fuzzer=$top_builddir/tests/fuzz/demangle_fuzz
seconds=${FUZZ_SMOKE_SECONDS:-5}

if [ ! -x "$fuzzer" ]; then
	skip "symbols survive a fuzzer" "no clang with libFuzzer"
	finish
fi

mkdir "$scratch/found"
ok "every seed is digested" "$fuzzer" -runs=0 "$top_srcdir/tests/fuzz/symbols"
ok "symbols survive $seconds seconds of fuzzing" \
	"$fuzzer" -max_total_time="$seconds" -timeout=10 -max_len=1024 \
	-artifact_prefix="$scratch/" "$scratch/found" \
	"$top_srcdir/tests/fuzz/symbols"
finish
