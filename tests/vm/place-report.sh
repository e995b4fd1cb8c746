# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Part of place.sh: the report's "actual" against the program's own count.
# Catches a report that repeats what was asked for instead of asking, and one
# that counts memory that was given back.

# usage: actual: "node1=2048 node2=5" of the first rule, in pages.
actual() {
	/usr/bin/python3 - "$scratch/report.json" <<-'EOF'
	import json
	import sys
	rule = json.load(open(sys.argv[1]))["rules"][0]
	print(*(f"node{node}={size // 4096}"
	        for node, size in sorted(rule["actual"]["nodes"].items())))
	EOF
}

# usage: reported KIND NAME: the report says what the program saw.
reported() {
	local line

	line=$(grep "^$1 " <<<"$got")
	is "report: $2" "$(actual 2>&1)" "${line#* pages=* }"
}

export HMS_REPORT=$scratch/report.json
under 'map, size >= 1M -> node:1' "$kinds" 8 mmap
reported mmap 'a map on one node'
under 'target t = node:1; limit t 8M; map, size >= 1M -> t then node:3' \
	"$kinds" 20 mmap
reported mmap 'a map on two nodes'
under 'map, size >= 1M -> interleave(node:1*3, node:2)' "$kinds" 32 mmap
reported mmap 'an interleaved map'
under 'map, size >= 1M -> node:1' "$kinds" 4 moved
reported moved 'pages that the program moved away'
lies moved node2 'the program moved its pages'
under 'map, size >= 1M -> node:1' "$kinds" 8 again
is 'report: nothing, when all was given back' "$(actual 2>&1)" ''
# Huge pages at the block's end, and in the heap's bookkeeping, come along.
under 'heap, size >= 64K -> node:2' "$kinds" 32 malloc
said=$(actual 2>&1)
said=${said#node2=}
ok 'report: a heap block' test "$said" -ge "$(pages malloc node2)"
ok 'report: not much beside it' test "$said" -le \
	$(($(pages malloc node2) + 4096))
unset HMS_REPORT
