#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every stress program under every kind of policy, each its own process.
# A program says itself what it would catch; here one more thing is caught:
# a word from HMS on stderr that nobody asked for.
#
#	run.sh [POLICY [PROGRAM...]]	only these, for work on one failure
. "${top_srcdir:?}/tests/lib.sh"

programs="contract contract_more contract_new override_new phases signals
	exceptions threads growth fork spawn maps huge small_stack plugins
	site_stacks site_odd"
policies="glibc none node split heapfile allfile moves callers stacks interleave
	limit report disable"
here=$top_builddir/tests/stress
mkdir "$scratch/a" "$scratch/b" "$scratch/c"

# Sets HMS_POLICY for the policy of this name.
policy() {
	case $1 in
	node)
		HMS_POLICY='heap -> node:0' ;;
	split)
		# More places than there are private heaps.
		HMS_POLICY="rule tiny: heap, size <= 64 -> node:0
			rule small: heap, size 65..512 -> local
			rule page: heap, size 513..8K -> interleave(node:0*2, node:0*1)
			rule large: heap, size 8193..128K -> file:$scratch/a
			rule huge: heap, size > 128K -> file:$scratch/b then node:0" ;;
	heapfile)
		HMS_POLICY="heap -> file:$scratch/a" ;;
	allfile)
		HMS_POLICY="* -> file:$scratch/a" ;;
	moves)
		export HMS_BUDGET=3%,100G
		HMS_POLICY="rule heap: heap, size >= 64 -> file:$scratch/a then node:0
			rule map: map -> file:$scratch/b then node:0
			migrate auto planner threshold interval 5ms" ;;
	callers)
		HMS_POLICY="rule libc: heap, from \"libc.so*\" -> file:$scratch/a
			rule cxx: heap, from \"libstdc++*\" -> local
			rule named: thread \"nobody*\" -> file:$scratch/b
			rule plugin: heap, from \"*plugin*\" -> file:$scratch/c
			rule own: thread \"*\", size >= 100 -> node:0" ;;
	stacks)
		HMS_POLICY="rule copy: heap, via \"*copy*\"@\"*plugin*\" -> file:$scratch/c
			rule use: heap, via use, size >= 1000 -> file:$scratch/a
			rule site: heap, site 0123456789abcdef -> local
			rule main: size 100..300, via \"main\" -> node:0" ;;
	interleave)
		HMS_POLICY='* -> interleave(node:0*3, node:0*1)' ;;
	limit)
		HMS_POLICY="target few = file:$scratch/a; limit few 8M
			* -> few then node:0" ;;
	report)
		HMS_POLICY="heap, size > 1000 -> node:0; map -> file:$scratch/a"
		export HMS_REPORT=$scratch/report.%p.json ;;
	disable)
		HMS_POLICY="* -> file:$scratch/a"
		export HMS_DISABLE=1 ;;
	firsts)
		# Of sizes that nothing else in the process asks for.
		HMS_POLICY='rule a: malloc, size 60001..60001 -> node:0
			rule b: malloc, size 70001..70001 -> local
			rule c: malloc, size 80001..80001 -> interleave(node:0*2, node:0*1)' ;;
	*)
		return ;;
	esac
	export HMS_POLICY
}

run() {
	local policy=$1 program=$2 preload=$HMS_PRELOAD rc

	[ "$policy" = glibc ] && preload=
	(
		policy "$policy"
		LD_PRELOAD=$preload timeout 120 "$here/$program" "$here/.libs"
	) >"$scratch/out" 2>"$scratch/err"
	rc=$?
	if [ $rc -ne 0 ] || grep -q '^not ok' "$scratch/out" ||
		! grep -q '^1\.\.[1-9]' "$scratch/out"; then
		fail "$policy: $program"
		note "exit status $rc"
		grep -v '^ok' "$scratch/out" | note "$(cat)"
		head -c 2000 "$scratch/err" | note "$(cat)"
	elif grep -q '^hms: ' "$scratch/err"; then
		fail "$policy: $program said something"
		note "$(head -5 "$scratch/err")"
	else
		pass "$policy: $program"
	fi
	rm -f "$scratch"/report.*
}

[ $# -gt 0 ] || run firsts fork_first
if [ $# -gt 0 ]; then
	policies=$1
	shift
fi
[ $# -gt 0 ] && programs=$*
for p in $policies; do
	for program in $programs; do
		run "$p" "$program"
	done
done
finish
