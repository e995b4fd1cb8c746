#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Does hot memory move to fast memory, and follow when other memory becomes
# hot?  Runs inside the machine with topology `tiers`: node 0 DRAM, 1 HBM, 2
# CXL-like, 3 persistent memory.  The program knows nothing of HMS, and asks
# the kernel where its hot pages are.  Catches statistics that say nothing,
# plans that are not carried out, data that moving loses, and a range table
# that does not know what others moved.
. "$top_srcdir/tests/vm/place-lib.sh"
hot=$top_builddir/tests/vm/hot
seconds=${HMS_TEST_SECONDS:-120}
# For what ends as soon as it is reached: an emulated processor has little time
# within its budget, and the kernel's scans take turns.
most=${HMS_TEST_SECONDS:-400}
export HMS_REPORT=$scratch/report.json
# Emulation needs all of it for what takes a processor a tenth.
export HMS_BUDGET=3%

# Here a block takes a quarter of a second to move, some 300 times what it takes
# hardware, and what is hot is accessed a hundred times less often.  So that a
# move is worth as much as there, accesses take 10,000 times as long, too.
export XDG_CONFIG_HOME=$scratch/config
mkdir -p "$XDG_CONFIG_HOME/hms"
for link in 0:800 1:600 2:2500 3:3500; do
	echo "link cpu:0-node:${link%:*} latency=${link#*:}us"
done >"$XDG_CONFIG_HOME/hms/hms.conf"

# usage: fill NODE MIB: huge pages take all of it but so much.
fill() {
	echo 1 >/proc/sys/vm/drop_caches
	echo $((($(free_mib "$1") - $2) / 2)) >"$(huge_pool "$1")"
}

# usage: start ARG...: the program with the preset and nothing else.  It waits
# to be let work.
start() {
	policy=tier
	ran="hot -w $*"
	coproc HOT {
		exec env HMS_POLICY=tier LD_PRELOAD="$HMS_PRELOAD" \
			"$hot" -w "$@" 2>"$scratch/stderr"
	}
	hot_pid=$HOT_PID
	exec {from_hot}<&"${HOT[0]}" {to_hot}>&"${HOT[1]}"
	read -r _ <&"$from_hot"
}

# The same, begun while fast memory is full, so that it goes to the slow node,
# and the few pages that found room elsewhere are brought there; then there is
# room.
start_slow() {
	fill 1 4
	fill 0 24
	start "$@"
	not_full 0
	not_full 1
	migratepages "$hot_pid" 0,1 2
}

# The program works from now on, to its end.
let_work() {
	echo go >&"$to_hot"
	got=$(cat <&"$from_hot")
	begin=$(grep '^begin' <<<"$got")
	exec {from_hot}<&- {to_hot}>&-
	wait "$hot_pid"
	rc=$?
}

# usage: bound TARGET: bytes, as the report of the running process has it.
bound() {
	"$HMS_TOOL" report --json "$hot_pid" 2>/dev/null | jq -r \
		"[.targets[] | select(.name == \"$1\").bound] | add // 0"
}

# usage: follows NAME PHASES: all came to their end, and nothing is wrong
follows() {
	if [ "$rc" -eq 0 ] && [ "$(grep -c ' there after ' <<<"$got")" -eq "$2" ] &&
		grep -qx 'wrong 0' <<<"$got"; then
		pass "$1"
	else
		fail "$1"
		why
		note "$(jq -c .learning "$HMS_REPORT" 2>&1 | cut -c 1-3000)"
	fi
	note "$(grep phase <<<"$got")"
}

# usage: climbs SOURCE ARG...
climbs() {
	export HMS_SOURCE=$1
	shift
	start_slow "$@" 1 "$most"
	let_work
	# Nine tenths at least: a quick source may have begun to move them.
	ok "$HMS_SOURCE: it begins on the slow node" \
		grep -qE "^begin pages=16384 (.* )?node2=(1[56][0-9]|14[89])[0-9]{2}$" \
		<<<"$begin"
	follows "$HMS_SOURCE: hot memory goes to hbm, and others follow" 2
	unset HMS_SOURCE
}

sources=$(HMS_LOG=info HMS_POLICY=tier LD_PRELOAD=$HMS_PRELOAD \
	"$hot" 64 16 1 none 1 2>&1 | sed -n 's/^hms: source //p')
note "$sources"

# What is accessed is seen by the kernel, where the translation caches of the
# processor forget now and then; emulation's do when another program runs.
spinners=
for i in 1 2; do
	(while :; do :; done) &
	spinners="$spinners $!"
done
# They would keep the machine on.
trap 'kill $spinners; rm -rf "$scratch"' EXIT

# The kernel looks more and more rarely where nothing is to be gained for it.
mount -t debugfs none /sys/kernel/debug 2>/dev/null
echo 1000 >/sys/kernel/debug/sched/numa_balancing/scan_period_max_ms
echo 1 >/proc/sys/kernel/numa_balancing
climbs hint 64 8 2
climbs hint -m 64 8 2

# Begun on hbm, carried off to the slow node by another program: the range table
# must know, or what is hot is never brought back.
export HMS_SOURCE=hint
start 64 8 1 1 "$most"
before=$(bound hbm)
is 'with room it is bound to hbm' "$((before >= 64 << 20))" 1
migratepages "$hot_pid" 1 2
for ((i = 0; i < 300 && before - $(bound hbm) < 64 << 20; i++)); do
	sleep 0.2
done
is 'a report of the running process says where it is now' \
	"$((before - $(bound hbm) >= 64 << 20)) $(($(bound cxl) >= 64 << 20))" \
	'1 1'
let_work
is 'and so says the kernel' "$begin" "begin pages=16384 node2=16384"
follows 'what others carried off comes back where it is hot' 1
is 'and a report says that others moved it' "$(jq \
	'.learning.strayed_bytes >= 67108864' "$HMS_REPORT")" true
unset HMS_SOURCE

echo 0 >/proc/sys/kernel/numa_balancing

# A huge page has one bit for all of it, which says little; hms-sources(7).
huge_pages=/sys/kernel/mm/transparent_hugepage/enabled
echo never >$huge_pages
climbs accessed -m 64 8 2
echo always >$huge_pages

written=$(sed -n 's/^written: //p' <<<"$sources")
if [ "$written" = 'works here' ]; then
	climbs written -m 64 8 2
else
	skip 'written: hot memory goes to hbm, and others follow' "$written"
fi

export HMS_SOURCE=refault
mkdir "$scratch/slow"
mount -t tmpfs -o size=600M,mpol=bind:2 tmpfs "$scratch/slow"
under "heap, size >= 1M -> file:$scratch/slow then hbm, migrate" \
	"$hot" 64 8 1 1 1
[ "$(jq -r .learning.state "$HMS_REPORT")" = not ] ||
	under "$policy" "$hot" 64 8 2 1 "$seconds"
if [ "$(jq -r .learning.state "$HMS_REPORT")" = not ] &&
	grep -qx 'wrong 0' <<<"$got"; then
	skip "refault: hot memory of a file goes to hbm" \
		"this kernel moves nothing from files: no UFFDIO_MOVE before 6.8"
else
	follows "refault: hot memory of a file goes to hbm, and others follow" 2
fi
umount -l "$scratch/slow"
unset HMS_SOURCE

under 'target far = cxl; rule all: heap | map, size >= 1M -> far then hbm, pin
	migrate auto' "$hot" 64 16 1 none 2
lies all node2 "pin: nothing moves"
finish
