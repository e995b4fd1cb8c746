# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# What the placement tests share.  They run inside the machine and print TAP.
#
#	under POLICY COMMAND...	runs it with the preload; stdout in $got
#	lies KIND WHERE		KIND's line says "node1" (all of its pages), or
#				"node1=2048 node2=1024" (these pages, no others)
#	near KIND NODE PERCENT	within 2 of so many percent of the pages
#	full NODE		huge pages take all of it but 96 MiB, which costs
#				no time, unlike touching it
#	spilled KIND A B	on node A first, then on B, none elsewhere
. "$top_srcdir/tests/lib.sh"
# Scratch of the test is no memory to be measured.
kinds=$top_builddir/tests/vm/kinds
kindsxx=$top_builddir/tests/vm/kindsxx
policy=
got=

under() {
	policy=$1
	shift
	ran=$*
	got=$(HMS_POLICY=$policy LD_PRELOAD=$HMS_PRELOAD "$@" \
		2>"$scratch/stderr")
	rc=$?
}

# Says what one needs to see why; with a KIND, only its line.
why() {
	note "rules: $policy"
	note "ran:   $ran (exit status $rc)"
	note "$(grep "^${1:-}" <<<"$got" | head -n 20 | cut -c 1-300)"
	head -n 20 "$scratch/stderr" | sed 's/^/# stderr: /'
}

# usage: pages KIND NODE: pages of the first line of that kind on the node;
# NODE "pages" is the total.
pages() {
	awk -v kind="$1" -v node="$2" '$1 == kind {
		for (i = 2; i <= NF; i++)
			if (split($i, part, "=") == 2 && part[1] == node)
				n = part[2]
		print n + 0
		exit
	}' <<<"$got"
}

lies() {
	local name=${3:-$1: $2} line=x wanted=$2

	line=$(grep "^$1 " <<<"$got" | sort -u)
	case $wanted in
	*=*) ;;
	*) wanted=$wanted=$(pages "$1" pages) ;;
	esac
	if [ "$rc" -eq 0 ] && [ "${line#* pages=* }" = "$wanted" ]; then
		pass "$name"
	else
		fail "$name"
		why "$1"
	fi
}

near() {
	local total here name=${4:-$1: $3 % on $2}

	total=$(pages "$1" pages)
	here=$(pages "$1" "$2")
	if [ "${total:-0}" -gt 0 ] &&
		[ $((here * 100)) -ge $(((${3} - 2) * total)) ] &&
		[ $((here * 100)) -le $(((${3} + 2) * total)) ]; then
		pass "$name"
	else
		fail "$name"
		why "$1"
	fi
}

# usage: most KIND NODE [NAME]: 99 % of the pages at least, none refused.
most() {
	near "$1" "$2" 101 "${3:-$1: $2}"
}

# usage: fails KIND: NULL or MAP_FAILED with ENOMEM, and the program lives.
fails() {
	if [ "$rc" -eq 0 ] && grep -qx "$1 errno=12" <<<"$got"; then
		pass "$1: ENOMEM"
	else
		fail "$1: ENOMEM"
		why
	fi
}

huge_pool() {
	echo "/sys/devices/system/node/node$1/hugepages/hugepages-2048kB/nr_hugepages"
}

free_mib() {
	awk '$3 == "MemFree:" { print int($4 / 1024) }' \
		"/sys/devices/system/node/node$1/meminfo"
}

# usage: full NODE: true if it is; $left MiB are free.
full() {
	echo 1 >/proc/sys/vm/drop_caches
	echo $((($(free_mib "$1") - 96) / 2)) >"$(huge_pool "$1")"
	left=$(free_mib "$1")
	[ "$left" -lt 140 ]
}

not_full() {
	echo 0 >"$(huge_pool "$1")"
}

# usage: spilled KIND NODE NODE NAME
spilled() {
	local first second

	first=$(pages "$1" "node$2")
	second=$(pages "$1" "node$3")
	if [ "$rc" -eq 0 ] && [ "$first" -ge 4096 ] && [ "$second" -ge 4096 ] &&
		[ $((first + second)) -eq "$(pages "$1" pages)" ]; then
		pass "$4: $1"
	else
		fail "$4: $1"
		why
	fi
}
