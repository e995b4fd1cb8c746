#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every system call of a source is made to fail, at its first uses and at all
# of them, in its probe and while it watches: memory must stay what it was, and
# the source must say why or go on.  Catches an error that nobody looks at.
. "${top_srcdir:?}/tests/lib.sh"
rank=$top_builddir/tests/sources/rank_faults

# usage: try SOURCE MEMORY CALL NTH ERRNO
try() {
	rm -f "$scratch/seen"
	HMS_FAULT=$3:$4:$5 HMS_FAULT_SEEN=$scratch/seen timeout 30 \
		"$rank" "$1" "$2" >"$scratch/out" 2>&1
	rc=$?
	[ -e "$scratch/seen" ] || return 1
	if [ $rc -ne 0 ] || ! grep -q '^1\.\.' "$scratch/out"; then
		bad=$((bad + 1))
		note "$1: $3 fails with $5 at use $4: exit status $rc"
		note "$(grep -v '^ok' "$scratch/out" | head -n 8)"
	fi
}

# usage: series SOURCE MEMORY CALL:ERRNO...
series() {
	local source=$1 memory=$2 fault nth bad

	shift 2
	for fault in "$@"; do
		bad=0
		nth=0
		for at in 1 2 '*'; do
			try "$source" "$memory" "${fault%:*}" "$at" \
				"${fault#*:}" && nth=$((nth + 1))
		done
		if [ $nth -eq 0 ]; then
			skip "$source: ${fault%:*}" 'never called'
		elif [ $bad -eq 0 ]; then
			pass "$source: ${fault%:*}, error ${fault#*:}"
		else
			fail "$source: ${fault%:*}, error ${fault#*:}"
		fi
	done
}

series refault shared perf_event_open:13 perf_event_open:24 mmap:1 mmap:12 \
	madvise:22 ioctl:25 openat:24 newfstatat:13 getdents64:5
series written anon userfaultfd:1 ioctl:16 ioctl:22 openat:13 fcntl:22 close:5
series accessed anon openat:13 write:5 pread64:5 mbind:12 \
	get_mempolicy:1 read:5 pipe2:24 clock_gettime:22
series touch anon perf_event_open:1
finish
