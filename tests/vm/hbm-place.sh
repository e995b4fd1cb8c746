#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Two sockets with HBM each, and devices next to them.  Runs in topology
# `sockets-hbm`: nodes 0 and 1 are DRAM with a CPU each (110 ns, 200 GB/s),
# 2 the HBM of node 0, 3 that of node 1 (130 ns, 400 GB/s); a display and
# a graphics processor at socket 0, a network card at socket 1.
# Catches one HBM for all threads, and the far one for any of them.
. "$top_srcdir/tests/vm/place-lib.sh"
pinned=$top_builddir/tests/vm/pinned

# usage: beside REQUEST NODE0 NODE1 [ORDER]: a thread on CPU 0 gets NODE0's
# pages, one on CPU 1 NODE1's, whichever of them comes first.
beside() {
	local order=${4:-0 1} cpu what node

	# shellcheck disable=SC2086
	under "heap | map, size >= 1M -> $1" "$pinned" 2 $order
	for cpu in 0 1; do
		node=node$2
		[ $cpu -eq 0 ] || node=node$3
		for what in map heap own; do
			lies "$what:$cpu" "$node" \
				"$1: $what touched by CPU $cpu (of $order)"
		done
	done
}

for order in '0 1' '1 0'; do
	beside hbm 2 3 "$order"
	beside 'best bandwidth for cpu' 2 3 "$order"
	beside 'best latency for cpu' 0 1 "$order"
done
beside local 0 1
# A CPU that is named is meant, whoever touches.
beside 'best bandwidth for cpu:0' 2 2
beside 'best bandwidth for cpu:1' 3 3 '1 0'
beside 'near cpu:1' 1 1
# Both at once, the worst counts: 80 GB/s at DRAM, 90 at HBM; 180 ns and 200.
beside 'best bandwidth for cpu:0 and cpu:1' 2 2
beside 'best latency for cpu:0 and cpu:1' 0 0

# --- devices ----------------------------------------------------------------
modprobe -a virtio_net virtio_gpu
beside 'near gpu:0' 0 0
beside 'near nic:eth0' 1 1

. "$top_srcdir/tests/vm/hbm-list.sh"
finish
