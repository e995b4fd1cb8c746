#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Mapping calls under rules, against the same without.
. "${top_srcdir:?}/tests/lib.sh"
here=$top_builddir/tests/stress
mkdir "$scratch/disk"
mount_point=$scratch/small

# NAME POLICY [FIRST LAST [OPERATIONS]]
# Catches any difference that a program could see.
same() {
	local seed
	for ((seed = ${3:-1}; seed <= ${4:-3}; seed++)); do
		"$here/map_ops" "$seed" "${5:-2000}" >"$scratch/plain" 2>&1
		HMS_POLICY=$2 hms "$here/map_ops" "$seed" "${5:-2000}" \
			>"$scratch/ruled" 2>&1
		if ! cmp -s "$scratch/plain" "$scratch/ruled"; then
			fail "$1 (seed $seed)"
			diff "$scratch/plain" "$scratch/ruled" | head -6 |
				note "$(cat)"
			return
		fi
	done
	pass "$1"
}

same "on a node" "map -> node:0"
same "on a tmpfs" "map -> file:/dev/shm"
same "on a disk" "map -> file:$scratch/disk"
same "interleaved" "map -> interleave(node:0*3, node:0*1)"
same "on a tmpfs up to a limit" \
	"target few = file:/dev/shm; limit few 300K; map -> few then node:0"
same "on a node up to a limit" \
	"target few = node:0; limit few 300K; map -> few then default"
same "on a disk from a size on" "map, size >= 32K -> file:$scratch/disk"

for policy in "map -> node:0" "* -> file:/dev/shm" "* -> file:$scratch/disk"; do
	HMS_POLICY=$policy hms timeout 120 "$here/map_fork" \
		>"$scratch/out" 2>&1
	is "fork under $policy" "$? $(grep -v '^ok' "$scratch/out")" "0 1..4"
done

# A full disk must spill, not kill.  mount(8) needs root.
mkdir "$mount_point"
if mount -t tmpfs -o size=1m tmpfs "$mount_point" 2>/dev/null; then
	trap 'umount -l "$mount_point"; rm -rf "$scratch"' EXIT
	same "on a disk that is full" "map -> file:$mount_point"
	same "on a full disk, then a node" "* -> file:$mount_point then node:0"
	HMS_POLICY="* -> file:$mount_point" hms timeout 120 \
		"$here/map_fork" >"$scratch/out" 2>&1
	is "fork with a full disk" \
		"$? $(grep -v '^ok' "$scratch/out")" "0 1..4"
else
	skip "a full disk" "mount needs root"
fi
finish
