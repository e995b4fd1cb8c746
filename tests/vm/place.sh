#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Where does the memory of unmodified programs lie?  Runs inside the machine
# with topology `tiers`: node 0 DRAM, 1 HBM, 2 CXL-like, 3 persistent memory.
# Each test catches a call that is not intercepted, a rule that is not
# followed, or pages that the kernel put elsewhere: the programs ask it.
. "$top_srcdir/tests/vm/place-lib.sh"

heap='malloc calloc realloc reallocarray posix_memalign aligned_alloc memalign
	valloc small many strdup thread'
maps='mmap populate shared noreserve reserve commit maps mremap shm'
breaks='sbrk brk'

# --- every call of C, one rule per family ----------------------------------
# shellcheck disable=SC2086
under 'heap -> node:1; map -> node:2; brk -> node:3' \
	"$kinds" 8 $heap $maps $breaks
for kind in $heap; do
	most "$kind" node1
done
for kind in $maps; do
	lies "$kind" node2
done
for kind in $breaks; do
	lies "$kind" node3
done

# --- every node, by number and by kind -------------------------------------
for node in 0 1 2 3; do
	under "heap | map -> node:$node" "$kinds" 8 malloc mmap
	most malloc "node$node"
	lies mmap "node$node"
done
n=0
for memory in dram hbm cxl pmem; do
	under "heap | map -> $memory" "$kinds" 8 malloc mmap
	most malloc "node$n"
	lies mmap "node$n" "mmap: $memory is node $n"
	n=$((n + 1))
done
under 'heap | map -> local' "$kinds" 8 malloc mmap
most malloc node0
lies mmap node0

# --- nothing asked for, nothing done ---------------------------------------
under '' "$kinds" 8 malloc mmap sbrk
lies mmap node0 'no rules: the kernel decides'
got=$(HMS_DISABLE=1 HMS_POLICY='heap | map -> node:1' LD_PRELOAD=$HMS_PRELOAD \
	"$kinds" 8 malloc mmap)
lies mmap node0 'HMS_DISABLE=1: the kernel decides'
lies malloc node0 'HMS_DISABLE=1: the heap too'

# --- C++, Python, Java -----------------------------------------------------
under 'new -> node:1; new[] -> node:2; heap -> node:3' "$kindsxx" 8
for kind in new new-nothrow vector string; do
	most "$kind" node1
done
for kind in new-array new-aligned unique_ptr; do
	most "$kind" node2
done

PYTHONMALLOC=malloc under 'heap, size >= 32K, process "python3*" -> node:1' \
	/usr/bin/python3 "$top_srcdir/tests/vm/where.py" 8 3
for kind in bytearray bytearrays ctypes; do
	most "$kind" node1
done
lies numa_alloc_onnode node3 'libnuma binds to node 3 under a rule for node 1'

# Java's heap is seen from outside: it waits until its input ends.
java_heap() {
	local log=$scratch/java.log first last pid

	mkfifo "$scratch/in" "$scratch/ready"
	HMS_POLICY='map, size >= 32M -> node:2' LD_PRELOAD=$HMS_PRELOAD \
		java -Xms64m -Xmx64m -Xint -XX:+UseSerialGC \
		-XX:+AlwaysPreTouch -Xlog:gc+heap+coops=debug:file="$log" \
		-cp "$top_builddir/tests/vm" Wait \
		<"$scratch/in" >"$scratch/ready" 2>"$scratch/stderr" &
	pid=$!
	exec 5>"$scratch/in"
	read -r got <"$scratch/ready"
	first=$(sed -n 's/.*Heap address: 0x0*\([0-9a-f]*\),.*/\1/p' "$log")
	last=$(printf %x $((0x$first + 64 * 1048576)))
	# Hexadecimal without leading zeros: compared by length first.
	sed 's/^0*//' "/proc/$pid/numa_maps" | awk -v first="$first" -v last="$last" '
	function below(a, b)
	{
		return length(a) != length(b) ? length(a) < length(b) : a "" < b ""
	}
	!below($1, first) && below($1, last) {
		for (i = 3; i <= NF; i++)
			if (split($i, part, "=") == 2 && part[1] ~ /^N[0-9]+$/)
				n[part[1]] += part[2]
	}
	END {
		for (node in n) {
			total += n[node]
			text = text " node" substr(node, 2) "=" n[node]
		}
		print "java pages=" total text
	}' >"$scratch/java"
	exec 5>&-
	wait "$pid"
	rc=$?
	got=$(cat "$scratch/java")
}
if command -v java >/dev/null && [ -s "$top_builddir/tests/vm/Wait.class" ]; then
	policy='map, size >= 32M -> node:2'
	ran='java Wait'
	java_heap
	lies java node2=16384 'java: the whole heap on node 2'
else
	skip 'java: the whole heap' 'no java (apt-get install openjdk-17-jdk-headless)'
fi

# --- limits: exact for maps, to a chunk for the heap -----------------------
under 'target t = node:1; limit t 8M; map, size >= 1M -> t then node:2' \
	"$kinds" 20 mmap
lies mmap 'node1=2048 node2=3072' 'a limit of 8 MiB, then the next'
under 'target t = node:1; limit t 20M; map, size >= 1M -> t then node:2' \
	"$kinds" 20 again
lies again node1 'what is unmapped counts no more'
under 'target a = node:3; target b = node:2; limit a 4M; limit b 4M
	map, size >= 1M -> a then b then node:1' "$kinds" 12 mmap
lies mmap 'node1=1024 node2=1024 node3=1024' 'three steps'
# jemalloc keeps some of what it was given for itself, a few MiB.
under 'target t = node:1; limit t 32M; heap, size >= 32K -> t then node:2' \
	"$kinds" 64 many
first=$(pages many node1)
ok 'a limited heap fills its first target' test "$first" -ge 5120
ok 'and no more than the limit' test "$first" -le 8192
is 'the rest goes to the second' "$(pages many node2)" \
	$(($(pages many pages) - first))

# --- strict ----------------------------------------------------------------
strict='target t = node:1; limit t 8M; heap | map, size >= 1M -> t, strict'
under "$strict" "$kinds" 4 mmap malloc
lies mmap node1 'strict, with room'
under "$strict" "$kinds" 16 mmap malloc calloc posix_memalign mremap
for kind in mmap malloc calloc posix_memalign; do
	fails "$kind"
done
# It moves before there is no room: what it grew by lies where it can.
is 'mremap has all its pages' "$(pages mremap pages)" 4096

# --- interleave ------------------------------------------------------------
weave='interleave(node:1*3, node:2*1)'
under "map, size >= 1M -> $weave" "$kinds" 32 mmap populate
near mmap node1 75 'one large map, 3:1'
near mmap node2 25 'one large map, its other part'
near populate node1 75 'populated as well'
under "heap -> $weave" "$kinds" 32 malloc many small
near malloc node1 75 'one large block, 3:1'
near malloc node2 25 'one large block, its other part'
near many node1 75 'many blocks, 3:1'
near many node2 25 'many blocks, their other part'
near small node1 75 'small blocks, 3:1'
under "map, size 16K..16K -> $weave" "$kinds" 1 maps
near maps node1 75 'a thousand small maps, 3:1'
near maps node2 25 'a thousand small maps, their other part'

# --- conditions ------------------------------------------------------------
under 'malloc, size < 1M -> node:2; malloc -> node:1' "$kinds" 8 many malloc
most many node2
most malloc node1
under 'malloc, from "libc.so*" -> node:2; malloc, from "kinds" -> node:1' \
	"$kinds" 8 strdup malloc
# libc allocates for whoever calls it.
most strdup node1
most malloc node1
under 'malloc, thread "log*" -> node:2; malloc -> node:1' \
	"$kinds" 8 thread malloc
most thread node2
most malloc node1
under 'process "other*", map -> node:2; process "kinds", map -> node:1' \
	"$kinds" 8 mmap
lies mmap node1 'rules of other processes do not count'
under 'memalign, align >= 2M -> node:1; memalign | valloc -> node:2' \
	"$kinds" 8 memalign valloc
most memalign node1
most valloc node2
for node in 1 2; do
	echo 8 >/sys/devices/system/node/node$node/hugepages/hugepages-2048kB/nr_hugepages
done
under 'map, flags hugetlb -> node:2; map, flags shared -> node:1
	map, flags populate -> node:3; map, flags noreserve -> node:1' \
	"$kinds" 8 hugetlb shared populate noreserve mmap
lies hugetlb node2
lies shared node1
lies populate node3
lies noreserve node1
lies mmap node0 'no flag, no rule'
for node in 1 2; do
	echo 0 >/sys/devices/system/node/node$node/hugepages/hugepages-2048kB/nr_hugepages
done

# --- the program's own word, and fork --------------------------------------
under 'map -> node:1' "$kinds" 8 mbind
lies mbind node2 "the program's own mbind wins"
under 'heap | map -> node:1' numactl --membind=2 "$kinds" 8 mmap malloc
lies mmap node2 'numactl wins'
most malloc node2
under 'map -> node:1' "$kinds" 8 fork
is 'fork is copy on write' "$(head -n 1 <<<"$got")" 'fork child=0 parent=kept'
got=$(tail -n 1 <<<"$got")
lies fork node1 'and the parent stays on its node'

. "$top_srcdir/tests/vm/place-weave.sh"
. "$top_srcdir/tests/vm/place-report.sh"
. "$top_srcdir/tests/vm/place-calm.sh"
. "$top_srcdir/tests/vm/place-end.sh"
finish
