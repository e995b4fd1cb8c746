#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A short run of the fuzzer of tables of sites: catches a reader that believes
# a number or a text in them.  `make fuzz` runs for longer.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

fuzzer=$top_builddir/tests/fuzz/sites_fuzz
seconds=${FUZZ_SMOKE_SECONDS:-10}

if [ ! -x "$fuzzer" ]; then
	skip "tables of sites survive a fuzzer" "no clang with libFuzzer"
	finish
fi

# The program that writes them for other tests makes the seed: the table
# without the modules that are zeros.
seed=$scratch/seeds
mkdir "$seed" "$scratch/found"
head=48 module=304 modules=1024
ok "a seed" "$top_builddir/tests/tools/sites_page" "$scratch/1.status" \
	/usr/bin/program abcd 1234 5678
{
	head -c $((head + module)) "$scratch/1.sites"
	tail -c +$((head + module * modules + 1)) "$scratch/1.sites"
} >"$seed/table"
ok "the seed is digested" "$fuzzer" -runs=0 "$seed"
ok "tables of sites survive $seconds seconds of fuzzing" \
	"$fuzzer" -max_total_time="$seconds" -timeout=10 -max_len=4096 \
	-artifact_prefix="$scratch/" "$scratch/found" "$seed"
finish
