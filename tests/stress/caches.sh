#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Many places for the heap, more than there are private heaps, each known by
# the kernel as a mapping of its own file; then the same without address space
# to spare, where the caches are jemalloc's own; then glibc, for which the same
# must hold.  The program says what it would catch.
. "${top_srcdir:?}/tests/lib.sh"

program=$top_builddir/tests/stress/caches

# First three places that nothing hits: they take the private heaps.
bands() {
	local last=64 band

	echo "heap, size >= 900T -> node:0; heap, size >= 800T -> node:0"
	echo "heap, size >= 700T -> node:0"
	for band in 0 1 2 3 4 5; do
		echo "heap, size <= $last -> $(printf "$1" $band)"
		last=$((last * 4))
	done
	echo "heap -> $(printf "$1" 6)"
}

run() {
	local name=$1 out=$scratch/out
	shift

	"$@" >"$out" 2>"$scratch/err"
	is "$name: it ends well" $? 0
	is "$name: nothing failed" "$(grep -c '^ok' "$out")" \
		"$(sed -n 's/^1\.\.//p' "$out")"
	is "$name: nothing is said" "$(head -5 "$scratch/err")" ""
	grep -v '^ok' "$out" | sed 's/^/# /'
}

mkdir "$scratch"/b{0,1,2,3,4,5,6}
run "glibc" "$program"
export HMS_POLICY
for limit in 14M 20M 26M; do
	HMS_POLICY="target few = node:0; limit few $limit
		heap -> few, strict"
	is "strict, up to $limit" "$(env LD_PRELOAD="$HMS_PRELOAD" \
		"$top_builddir/tests/stress/refused" 2>&1)" "some, then no more"
done
HMS_POLICY=$(bands "file:$scratch/b%d")
run "files" env LD_PRELOAD="$HMS_PRELOAD" "$program" "$scratch"
HMS_POLICY=$(bands "node:0")
run "a node" env LD_PRELOAD="$HMS_PRELOAD" "$program"
(
	ulimit -v 4000000
	run "little address space" env LD_PRELOAD="$HMS_PRELOAD" "$program"
	exit $failures
)
failures=$((failures + $?)) tests=$((tests + 3))
finish
