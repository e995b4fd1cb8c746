#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs inside the machine with topology `sockets`.  Memory moves from node to
# node, to and fro, while threads write it, hand it to system calls, map,
# protect and fork; see tests/mover/data.c.  Would catch a byte lost or seen
# wrong, and a kernel's answer that is not understood.  This kernel (6.1) has
# no PAGEMAP_SCAN, and no UFFDIO_MOVE: nothing moves to files.
. "$top_srcdir/tests/lib.sh"
. "$top_srcdir/tests/mover/lib.sh"

seconds=${HMS_TEST_SECONDS:-4}
data=$top_builddir/tests/mover/data

run 'node and node, under the preload' node:1 \
	env LD_PRELOAD="$HMS_PRELOAD" "$data" "$seconds" 2
run 'node and node, engine alone' node:1 \
	"$top_builddir/tests/mover/data_linked" "$seconds" 2
case $(uname -r) in
[1-5].* | 6.[0-7].*)
	run 'without UFFDIO_MOVE nothing moves to a file' "file:$scratch" \
		env LD_PRELOAD="$HMS_PRELOAD" "$data" "$seconds" 0 95
	;;
esac
export HMS_POLICY='* -> node:0 then node:1'
"$top_builddir/bench/mover" 32 3 >"$scratch/bench" 2>&1
note "$(cat "$scratch/bench")"
HMS_BENCH_HUGE=1 "$top_builddir/bench/mover" 32 3 >"$scratch/bench" 2>&1
is 'blocks of huge pages move and come back' "$?" 0
note "$(cat "$scratch/bench")"
finish
