#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Two sockets, no attributes from firmware.  Runs in topology `sockets`.
# Catches `local` that means node 0, and kinds guessed from missing numbers.
. "$top_srcdir/tests/vm/place-lib.sh"

for cpu in 0 1; do
	under 'heap | map -> local' taskset -c $cpu "$kinds" 8 malloc mmap
	most malloc node$cpu
	lies mmap node$cpu "local on CPU $cpu"
	under "heap | map -> node:$((1 - cpu))" \
		taskset -c $cpu "$kinds" 8 malloc mmap
	most malloc node$((1 - cpu))
	lies mmap node$((1 - cpu)) "the other socket's, from CPU $cpu"
done

under 'map -> dram' taskset -c 1 "$kinds" 8 mmap
lies mmap node1 'dram is both sockets; the nearest serves'
under 'heap | map -> hbm then node:1' taskset -c 0 "$kinds" 8 malloc mmap
lies mmap node1 'a kind that is not there is left out'
weave='interleave(node:0*3, node:1)'
under "heap | map, size >= 1M -> $weave" "$kinds" 32 malloc mmap
near malloc node0 75
near mmap node0 75
finish
