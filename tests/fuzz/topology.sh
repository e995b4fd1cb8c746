#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A short run of the fuzzer of topologies as text: catches a parser that
# crashes, reads beyond its text, makes a graph that hangs apart, or writes what
# it reads otherwise.  `make fuzz` runs for longer.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

fuzzer=$top_builddir/tests/fuzz/topology_fuzz
seconds=${FUZZ_SMOKE_SECONDS:-10}

if [ ! -x "$fuzzer" ]; then
	skip "topologies as text survive a fuzzer" "no clang with libFuzzer"
	finish
fi

mkdir "$scratch/found"
ok "every seed is digested" "$fuzzer" -runs=0 "$top_srcdir/tests/fuzz/machines"
ok "topologies as text survive $seconds seconds of fuzzing" \
	"$fuzzer" -max_total_time="$seconds" -timeout=10 -max_len=2048 \
	-dict="$top_srcdir/tests/fuzz/topology.dict" \
	-artifact_prefix="$scratch/" "$scratch/found" \
	"$top_srcdir/tests/fuzz/machines"
finish
