# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Part of hbm-place.sh: every pair of the matrix that QEMU was told, which
# sysfs does not show (it has the nearest initiators only): root reads the raw
# table.  Without it the other socket's values are guessed.
. "$top_srcdir/tests/vm/list-lib.sh"

listed
is 'four nodes' "$(memories)" 'node:0 dram kernel
node:1 dram kernel
node:2 hbm kernel
node:3 hbm kernel'
is 'the whole matrix: from socket 0' "$(ways cpu:0)" 'node:0 110 204800 firmware
node:1 180 81920 firmware
node:2 130 409600 firmware
node:3 200 92160 firmware'
is 'the whole matrix: from socket 1' "$(ways cpu:1)" 'node:0 180 81920 firmware
node:1 110 204800 firmware
node:2 200 92160 firmware
node:3 130 409600 firmware'
sizes_agree
is 'nothing that HMS cannot use' "$(findings)" ''
devices=$(jq -r '.initiators[] | select(.kind == "gpu" or .kind == "nic") |
	"\(.id) \(.node) \(.aliases | sort | join(" "))"' "$scratch/json" | sort)
is 'a GPU at socket 0, a network card at 1; a display is none' "$devices" \
'pci:0000:29:00.0 0 gpu:0
pci:0000:31:00.0 1 nic:eth0'

# Nobody but root reads ACPI tables: what sysfs says, the rest guessed.
setpriv --reuid=65534 --regid=65534 --clear-groups \
	"$HMS_TOOL" list --json >"$scratch/json" 2>"$scratch/stderr"
is 'nobody sees what is near as it is' \
	"$(ways cpu:0 | grep -E 'node:[02]')" 'node:0 110 204800 firmware
node:2 130 409600 firmware'
is 'and what is far by guess' "$(ways cpu:0 | awk '{ print $1, $4 }' |
	grep -E 'node:[13]')" 'node:1 guessed
node:3 guessed'
