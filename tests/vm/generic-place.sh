#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# An accelerator with memory of its own.  Runs in topology `generic`.  Linux
# numbers nodes as it meets them: the accelerator (proximity domain 2) is node
# 1, its memory (domain 1) node 2.  From the CPUs node 0 has 90 ns and 200
# GB/s, node 2 has 300 and 60; from the accelerator 320 and 50, 70 and 800.
# Catches proximity domains taken for node numbers, an initiator without CPUs
# that is not seen, and the best initiator's values taken for the CPUs'.
. "$top_srcdir/tests/vm/place-lib.sh"

# usage: goes REQUEST NODE
goes() {
	under "heap | map -> $1" "$kinds" 8 malloc mmap
	most malloc "node$2" "$1: malloc on node $2"
	lies mmap "node$2" "$1: mmap on node $2"
}

is 'the kernel sees a generic initiator, node 1' \
	"$(cat /sys/devices/system/node/has_generic_initiator)" 1
. "$top_srcdir/tests/vm/list-lib.sh"
listed
is 'two memories' "$(memories | cut -d ' ' -f 1,3)" 'node:0 kernel
node:2 kernel'
is 'the CPUs and the accelerator' "$(jq -r '.initiators[] |
	"\(.id) \(.kind) \(.aliases | join(" "))"' "$scratch/json" | sort)" \
	'cpu:0 cpu node:0
gi:1 generic node:1'
is 'from the CPUs' "$(ways cpu:0)" 'node:0 90 204800 firmware
node:2 300 61440 firmware'
is 'from the accelerator' "$(ways gi:1)" 'node:0 320 51200 firmware
node:2 70 819200 firmware'
is 'nothing that HMS cannot use' "$(findings)" ''
goes local 0
goes 'best bandwidth for cpu' 0
goes 'best latency for cpu:0' 0
goes 'best bandwidth for gi:1' 2
goes 'best latency for gi:1' 2
goes 'near gi:1' 2
goes 'near node:1' 2
# Both: 50 against 60 GB/s, 320 against 300 ns at the worse of the two.
goes 'best bandwidth for cpu and gi:1' 2
goes 'best latency for cpu and gi:1' 2
finish
