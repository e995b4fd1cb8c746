#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# CXL memory as the kernel's drivers see it.  Runs in topology `cxl`: two
# devices of 256 MiB, made into one interleaved region, which is first a DAX
# device, then node 1.  No firmware table says how fast it is.
# Catches CXL memory that is taken for something else because Linux 6.1 shows
# it through its nvdimm bus, and a region that is listed twice.
. "$top_srcdir/tests/vm/place-lib.sh"

. "$top_srcdir/tests/vm/list-lib.sh"

cxl create-region -m -t pmem -d decoder0.0 -w 2 -g 256 mem0 mem1 \
	>"$scratch/cxl" 2>&1
ok 'a region of two devices' test -e /sys/bus/cxl/devices/region0
ndctl create-namespace -m devdax -t pmem -r region0 >"$scratch/ndctl" 2>&1
ok 'a DAX device of it' test -c /dev/dax0.0
listed
is 'one node and one device' "$(memories)" 'dax:0.0 cxl driver
node:0 dram kernel'
is 'nothing that HMS cannot use' "$(findings)" ''
under 'map, size >= 1M -> dax:0.0' "$kinds" 2 map_of
ok 'maps are CXL memory, through the device' \
	grep -q ' wrong=0 .* /dev/dax0.0$' <<<"$got"
daxctl reconfigure-device --mode=system-ram dax0.0 >"$scratch/daxctl" 2>&1
ok 'node 1 of it' grep -qw '0-1' /sys/devices/system/node/has_memory
listed
is 'two nodes, one of them CXL memory' "$(memories | grep kernel)" \
	'node:0 dram kernel
node:1 cxl kernel'
is 'the node is of the region, which is of both devices' "$(jq -r '.targets[] |
	select(.id == "node:1") | "\(.device): \(.name)"' "$scratch/json")" \
	'region0: CXL mem0+mem1, interleaved by 256 bytes'
is 'what firmware says, and what nobody does' "$(ways cpu:0 | grep node |
	awk '$4 == "guessed" { $2 = $3 = "?" } { print }')" \
	'node:0 80 204800 firmware
node:1 ? ? guessed'
for request in 'cxl' 'node:1'; do
	under "heap | map -> $request" "$kinds" 2 malloc mmap
	most malloc node1 "$request: malloc"
	lies mmap node1 "$request: mmap"
done
for request in 'best bandwidth for cpu' 'best latency for cpu' 'near cpu:0'; do
	under "heap | map -> $request" "$kinds" 2 malloc mmap
	most malloc node0 "$request: what is guessed loses: malloc"
	lies mmap node0 "$request: what is guessed loses: mmap"
done
finish
