#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A process that is killed while its blocks move leaves nothing behind: no
# file, no memory of one.  Would catch a file that has a name while it moves.
. "$top_srcdir/tests/lib.sh"
. "$top_srcdir/tests/mover/lib.sh"

data=$top_builddir/tests/mover/data
mkdir "$scratch/target"
export HMS_POLICY="map, size >= 1M -> node:0 then file:$scratch/target"
unset HMS_TEST_DIRECT
ended=0
for round in 1 2 3 4 5 6 7 8; do
	LD_PRELOAD=$HMS_PRELOAD "$data" 60 0 >"$scratch/out" 2>&1 &
	pid=$!
	# Until it has blocks on the file: then it is moving them.
	until grep -q "$scratch/target.*(deleted)" "/proc/$pid/maps" 2>/dev/null ||
		! kill -0 $pid 2>/dev/null || [ -s "$scratch/out" ]; do
		:
	done
	kill -KILL $pid
	wait $pid 2>/dev/null
	[ $? -eq 137 ] && ended=$((ended + 1))
done
if [ -s "$scratch/out" ]; then
	note "$(cat "$scratch/out")"
fi
is 'all were killed in the middle' "$ended" 8
is 'nothing is left' "$(ls -A "$scratch/target")" ''
finish
