# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# What tests of sources share: rank.c as a line of TAP.
rank=$top_builddir/tests/sources/rank

# usage: ranks NAME RATE ARG...
ranks() {
	local name=$1 rc

	shift
	HMS_TEST_RATE=$1 "$rank" "${@:2}" >"$scratch/out" 2>&1
	rc=$?
	if grep -q '^1\.\.0 # SKIP' "$scratch/out"; then
		skip "$name" "$(sed -n 's/^1\.\.0 # SKIP //p' "$scratch/out")"
	elif [ $rc -eq 0 ] && grep -q '^1\.\.' "$scratch/out"; then
		pass "$name"
		grep '^# rates' "$scratch/out"
	else
		fail "$name"
		note "$(cat "$scratch/out")"
	fi
}
