# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# What tests of movers share, after tests/lib.sh.
#
#	run NAME TARGET COMMAND...	must end well; memory is on node 0 at
#					first, and may move to the target

# Where the library's mover is: nobody but its own worker is to call it.
address() {
	nm "$HMS_PRELOAD" | awk -v name="$1" '$3 == name { print $1 }'
}
HMS_MOVER_AT="$(address hms_move) $(address hms_mover_stats)"
HMS_MOVER_AT+=" $(address hms_range_find) $(address hms_move_supported)"
export HMS_MOVER_AT
export HMS_TEST_DIRECT=$scratch

run() {
	local name=$1 target=$2
	shift 2
	export HMS_POLICY="map, size >= 1M -> node:0 then $target"
	"$@" >"$scratch/out" 2>&1
	rc=$?
	is "$name" "$rc" 0
	note "$(tail -n 5 "$scratch/out")"
}
