# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Sourced after tests/lib.sh by tests that need a machine.

# machine NAME : the folder of one, made if it is not there
machine() {
	local folder=$scratch/machines/${1##*/}
	[ -d "$folder" ] ||
		python3 "$top_srcdir/tests/machines/unpack.py" "$scratch/machines" \
			"$top_srcdir/tests/machines/$1.machine" >&2 || return
	echo "$folder"
}
