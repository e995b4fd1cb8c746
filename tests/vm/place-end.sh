# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Part of place.sh: what happens when a node's memory ends.  Huge pages take
# all of node 1 but 96 MiB, which costs no time, unlike touching it.
# Catches a spill past the next target, the OOM killer, a lost page.
node=/sys/devices/system/node/node1
pool=$node/hugepages/hugepages-2048kB/nr_hugepages

free_mib() {
	awk '$3 == "MemFree:" { print int($4 / 1024) }' $node/meminfo
}

# usage: spilled KIND: node 1 first, then node 2, none elsewhere.
spilled() {
	local first second

	first=$(pages "$1" node1)
	second=$(pages "$1" node2)
	if [ "$rc" -eq 0 ] && [ "$first" -ge 4096 ] && [ "$second" -ge 4096 ] &&
		[ $((first + second)) -eq "$(pages "$1" pages)" ]; then
		pass "$1: node 1 to its end, then node 2"
	else
		fail "$1: node 1 to its end, then node 2"
		why
	fi
}

echo 1 >/proc/sys/vm/drop_caches
echo $((($(free_mib) - 96) / 2)) >$pool
left=$(free_mib)
if [ "$left" -lt 140 ]; then
	under 'map, size >= 1M -> node:1 then node:2' "$kinds" 160 mmap
	spilled mmap
	under 'heap, size >= 1M -> node:1 then node:2' "$kinds" 160 malloc
	spilled malloc
	under 'heap, size >= 32K -> node:1 then node:2' "$kinds" 160 many
	spilled many
	under 'heap | map, size >= 1M -> node:1, strict' \
		"$kinds" 160 mmap malloc
	fails mmap
	fails malloc
	under 'map, size >= 1M -> node:1' "$kinds" 160 mmap
	is 'a full node without a next one: the system serves' \
		"$(pages mmap pages) $(pages mmap absent)" '40960 0'
else
	skip 'the end of a node' "node 1 could not be filled: $left MiB are free"
fi
echo 0 >$pool
