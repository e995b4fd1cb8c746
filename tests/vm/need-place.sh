#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Memory asked for by need.  Runs in topology `need`: node 0 DRAM (80 ns,
# 204800 MB/s), 1 HBM (60, 409600), 2 CXL-like (250, 61440), and a DAX device
# that becomes node 3 (350, 30720) on the way.  Each test catches an order
# that is not the one QEMU was told, or pages that lie elsewhere.
. "$top_srcdir/tests/vm/place-lib.sh"

# usage: goes REQUEST NODE [KIND...]: what the program allocates lies there.
goes() {
	local request=$1 node=node$2 kind

	shift 2
	[ $# -gt 0 ] || set -- malloc mmap
	under "heap | map -> $request" "$kinds" 4 "$@"
	for kind in "$@"; do
		most "$kind" "$node" "$request: $kind on $node"
	done
}

goes 'best bandwidth for cpu' 1 malloc small calloc thread mmap populate maps
goes 'best latency for cpu' 1 malloc small mmap
goes 'best bandwidth read for cpu:0' 1
goes 'best latency write for node:0' 1
goes 'best capacity' 2 malloc small mmap
goes 'best capacity for cpu' 2
goes 'near cpu:0' 1
goes local 0
goes dram 0
goes hbm 1
goes cxl 2
# Persistent memory that is a device yet is no candidate, and no kind.
under 'heap | map -> pmem then cxl' "$kinds" 8 malloc mmap
most malloc node2 'no node is persistent yet'
lies mmap node2 'no node is persistent yet: maps'
under 'target fast = best bandwidth for cpu; limit fast 8M
	map, size >= 1M -> fast then cxl' "$kinds" 20 mmap
lies mmap 'node1=2048 node2=3072' 'a limit on memory asked for by need'

# --- interleave by bandwidth -------------------------------------------------
under 'heap | map, size >= 1M -> interleave(node:0, node:1)' \
	"$kinds" 36 mmap malloc
for kind in mmap malloc; do
	near $kind node0 33 "$kind: a third on 204800 MB/s of 614400"
	near $kind node1 67 "$kind: two thirds on 409600 MB/s"
done
under 'map, size >= 1M -> interleave(dram, hbm, cxl)' "$kinds" 66 mmap
near mmap node0 30 '10 of 10:20:3'
near mmap node1 61 '20 of 10:20:3'
near mmap node2 9 '3 of 10:20:3'
under 'map, size >= 1M -> interleave(node:0*1, node:1*1)' "$kinds" 128 mmap
near mmap node0 50 'weights that are given win'

. "$top_srcdir/tests/vm/need-list.sh"
. "$top_srcdir/tests/vm/need-limits.sh"
. "$top_srcdir/tests/vm/need-hotplug.sh"
. "$top_srcdir/tests/vm/need-measure.sh"
finish
