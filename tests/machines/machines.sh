# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Sourced after tests/lib.sh by tests that need a machine.

# Debian's own, not one that a version manager put first.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

# machine NAME : the folder of one, made if it is not there
machine() {
	local folder=$scratch/machines/${1##*/}
	[ -d "$folder" ] ||
		"$python" "$top_srcdir/tests/machines/unpack.py" "$scratch/machines" \
			"$top_srcdir/tests/machines/$1.machine" >&2 || return
	echo "$folder"
}

# answers NAME FILE : asks what the file says (see compare.py), of the machine
# at hand
answers() {
	local request given wanted compare=$top_srcdir/tests/machines/compare.py
	"$python" "$compare" --rules "$2" >"$scratch/rules.hms" || exit 99
	ok "$1: hms check succeeds" "$HMS_TOOL" check "$scratch/rules.hms"
	while IFS= read -r request && read -r given && read -r wanted; do
		is "$1: $request" "$given" "$wanted"
	done < <("$python" "$compare" "$2" "$scratch/ok.out")
}
