# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# What `hms list --json` says, as lines to compare.
#
#	listed		reads it, into $scratch/json
#	memories	"node:0 dram node=0 coherent" for each target
#	ways FROM	"node:0 80 204800 firmware": ns, MB/s, who says so
#	findings	what HMS could not use
# OpenCL on the host's CPUs is no part of the machine.
export OCL_ICD_VENDORS=/dev/null
listed() {
	"$HMS_TOOL" list --json >"$scratch/json" 2>"$scratch/stderr" || {
		fail 'hms list --json'
		head -n 20 "$scratch/stderr" | sed 's/^/# stderr: /'
	}
}

memories() {
	jq -r '.targets[] | "\(.id) \(.kind.value) \(.manager.value)"' \
		"$scratch/json" | sort
}

ways() {
	jq -r --arg from "$1" '.paths[] | select(.initiator == $from) |
		select(.best | index("latency")) |
		"\(.target) \(.["read-latency"].value) " +
		"\(.["read-bandwidth"].value) \(.["read-latency"].origin)"' \
		"$scratch/json" | sort
}

findings() {
	jq -r '.findings[]' "$scratch/json"
}

# usage: sizes_agree: every node's size is what the kernel says.
sizes_agree() {
	is 'sizes are those of the kernel' "$(jq -r '.targets[] |
		select(.manager.value == "kernel") |
		"\(.node.value) \(.size.value / 1024)"' "$scratch/json" |
		sort -n)" "$(awk '$3 == "MemTotal:" && $4 { print $2, $4 }' \
		/sys/devices/system/node/node*/meminfo | sort -n)"
}
