# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Part of need-place.sh: what is best may be full, or not allowed.
# Catches a spill past the second best, a strict rule that spills, a node
# outside cpuset.mems that is bound all the same.

# --- the best is full --------------------------------------------------------
if full 1; then
	for kind in mmap malloc; do
		under 'heap | map, size >= 1M -> best bandwidth for cpu' \
			"$kinds" 160 $kind
		spilled $kind 1 0 'the widest is full, then the second'
	done
	under 'map, size >= 1M -> hbm then best capacity' "$kinds" 160 mmap
	spilled mmap 1 2 'a kind is full, then the largest'
	under 'map, size >= 1M -> hbm then cxl then dram' "$kinds" 160 mmap
	spilled mmap 1 2 'kinds in the order of the rule'
	under 'heap | map, size >= 1M -> hbm, strict' "$kinds" 160 mmap malloc
	fails mmap
	fails malloc
else
	skip 'the best is full' "node 1 could not be filled: $left MiB are free"
fi
not_full 1

# --- cpuset.mems: node 1 is not ours ------------------------------------------
cgroups=/sys/fs/cgroup
mount -t cgroup2 none $cgroups
echo +cpuset >$cgroups/cgroup.subtree_control
mkdir $cgroups/some
echo 0,2 >$cgroups/some/cpuset.mems

# usage: inside POLICY COMMAND...: like under, in the cgroup.
inside() {
	policy=$1
	shift
	ran=$*
	got=$(
		echo $BASHPID >$cgroups/some/cgroup.procs
		HMS_POLICY=$policy LD_PRELOAD=$HMS_PRELOAD "$@" \
			2>"$scratch/stderr"
	)
	rc=$?
}

for request in 'best bandwidth for cpu' 'best latency for cpu' \
	'near cpu:0' 'hbm then dram' 'node:1 then node:0'; do
	inside "heap | map -> $request" "$kinds" 8 malloc mmap
	most malloc node0 "nodes 0 and 2 only: $request: malloc"
	lies mmap node0 "nodes 0 and 2 only: $request: mmap"
done
inside 'heap | map -> hbm then cxl' "$kinds" 8 malloc mmap
most malloc node2 'nodes 0 and 2 only: hbm then cxl: malloc'
lies mmap node2 'nodes 0 and 2 only: hbm then cxl: mmap'
inside 'map, size >= 1M -> interleave(node:0, node:2)' "$kinds" 52 mmap
near mmap node0 77 'nodes 0 and 2 only: 204800 MB/s of 266240'
near mmap node2 23 'nodes 0 and 2 only: 61440 MB/s of 266240'
inside 'map, size >= 1M -> interleave(node:0, node:1)' "$kinds" 8 mmap
lies mmap node0 'nodes 0 and 2 only: an interleave with node 1'
