# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Part of place.sh: what happens when a node's memory ends.
# Catches a spill past the next target, the OOM killer, a lost page.
if full 1; then
	under 'map, size >= 1M -> node:1 then node:2' "$kinds" 160 mmap
	spilled mmap 1 2 'node 1 to its end, then node 2'
	under 'heap, size >= 1M -> node:1 then node:2' "$kinds" 160 malloc
	spilled malloc 1 2 'node 1 to its end, then node 2'
	under 'heap, size >= 32K -> node:1 then node:2' "$kinds" 160 many
	spilled many 1 2 'node 1 to its end, then node 2'
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
not_full 1
