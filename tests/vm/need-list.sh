# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Part of need-place.sh: what `hms list` and `hms explain` say of the machine,
# against what QEMU was told.  Catches a memory too many or too few, and
# numbers that are guessed although firmware has them.
. "$top_srcdir/tests/vm/list-lib.sh"

listed
is 'three nodes and a device' "$(memories)" 'dax:0.0 pmem driver
node:0 dram kernel
node:1 hbm kernel
node:2 cxl kernel'
is 'latencies and bandwidths as QEMU was told' "$(ways cpu:0 | grep node)" \
'node:0 80 204800 firmware
node:1 60 409600 firmware
node:2 250 61440 firmware'
sizes_agree
is 'nothing that HMS cannot use' "$(findings)" ''

# For people: the tree says it too, and says who says so.
row() {
	"$HMS_TOOL" list 2>/dev/null | awk -v id="$1" '$1 == id {
		for (i = 2; i < NF; i++)
			if ($i ~ /^[0-9]+$/ && $(i + 1) == "f")
				printf "%s%s", n++ ? " " : "", $i
		exit
	}'
}
is 'the tree: node 1' "$(row node:1)" '60 409600'
is 'the tree: node 2' "$(row node:2)" '250 61440'
is 'who is near node 1' "$("$HMS_TOOL" where node:1 |
	awk '$1 == "cpu:0" { print $2, $4 } /^nearest:/')" '60 409600
nearest: taskset -c 0-1 PROGRAM'

# Why a memory was chosen, and by which way it is reached.
explained=$("$HMS_TOOL" explain -p '* -> best bandwidth for cpu' 'malloc 4M')
is 'explain: the order' "$(sed -n 's/^  here *//p' <<<"$explained")" \
	'node:1, then node:0, then node:2'
is 'explain: the way to the first, and its numbers' \
	"$(sed -n 's/^  *\(cpu:0: memory:1\)/\1/p' <<<"$explained")" \
	'cpu:0: memory:1 (409.6 GB/s firmware, 60 ns firmware)'
is 'explain: why not the device' \
	"$(sed -n 's/^ *- *dax:0.0 *pmem *//p' <<<"$explained")" \
	"a driver's memory: only by its name"
is 'explain: weights from bandwidth' "$("$HMS_TOOL" explain \
	-p '* -> interleave(dram, hbm)' 'malloc 4M' |
	sed -n 's/^  here *//p')" '1/3 dram (node 0) + 2/3 hbm (node 1)'

# usage: now_listed: once the device is node 3.
now_listed() {
	listed
	is 'four nodes' "$(memories | grep kernel)" 'node:0 dram kernel
node:1 hbm kernel
node:2 cxl kernel
node:3 pmem kernel'
	is 'latencies and bandwidths, node 3 too' \
		"$(ways cpu:0 | grep node)" 'node:0 80 204800 firmware
node:1 60 409600 firmware
node:2 250 61440 firmware
node:3 350 30720 firmware'
	sizes_agree
}
