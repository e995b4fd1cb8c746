# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# What the placement tests share.  They run inside the machine and print TAP.
#
#	under POLICY COMMAND...	runs it with the preload; stdout in $got
#	lies KIND WHERE		KIND's line says "node1" (all of its pages), or
#				"node1=2048 node2=1024" (these pages, no others)
#	near KIND NODE PERCENT	within 2 of so many percent of the pages
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
