#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every system call on the way from sights to moves is made to fail, at its
# first use, and at every use, with each error that its man page names: the
# program's memory is what it made of it, in its children too, and it is told
# nothing.  So it is where the kernel keeps it to limits.  Catches pages that are lost when a
# move is given up half-way, and a worker that takes the program with it.
# HMS_TEST_FAULTS=N tries the first N uses of each.
#
#	moves.sh [CALL:ERRNO...]	only these
. "${top_srcdir:?}/tests/lib.sh"
export -n HMS_TOOL HMS_PRELOAD
preload=$top_builddir/tests/faults/.libs/libhms_preload_faults.so
hot=$top_builddir/tests/vm/hot
most=${HMS_TEST_FAULTS:-1}
memory=$(mktemp -d /dev/shm/hms-test.XXXXXX) || exit 99
trap 'rm -rf "$scratch" "$memory"' EXIT
export HMS_REPORT=$scratch/report.json HMS_LOG=debug:$scratch/log
export HMS_BUDGET=3%,100G HMS_FAULT_SEEN=$scratch/seen
# All that are hot go up, at once, and the others down.
export HMS_POLICY="target slow = file:$memory; target fast = node:0
	limit fast 8M; rule all: heap, size >= 1M -> slow then fast, migrate
	migrate off planner threshold interval 5ms"

# usage: each CALL ERRNO... ; all that its man page names
each() {
	local call=$1
	shift
	printf "$call:%d " "$@"
}

# What moves and sights are made of; then what else is on the way.
ioctls='2 3 5 7 9 11 12 14 16 17 22 25 28 35' # of all that we know
# shellcheck disable=SC2086
documented=$(
	each perf_event_open 1 2 3 4 7 9 13 14 16 19 22 24 28 38 75 95
	each userfaultfd 1 12 22 23 24 38
	each ioctl $ioctls
	each move_pages 1 2 3 7 12 13 14 19 22 38
	each mbind 1 5 12 14 22 38
	each get_mempolicy 1 14 22 38
	each madvise 1 5 9 11 12 13 14 16 22 133
	each mremap 11 12 14 22
	each munmap 12 22
	each prlimit64 1 3 14 22
)
faults=${*:-$documented mmap:12 mprotect:12 mincore:11 memfd_create:24 openat:24
	read:5 pread64:5 write:28 close:5 fallocate:28 fallocate:95 fallocate:30
	fstatfs:5 newfstatat:13 fcntl:24 readlinkat:2 getrusage:22
	sched_getaffinity:22 setpriority:13 prctl:22 mlock:12 clock_gettime:22}

# usage: run_hot ; 1: the program was told, or its memory is not its own
run_hot() {
	LD_PRELOAD=$preload timeout 60 "$hot" -f 32 8 1 none 0.7 \
		>"$scratch/got" 2>"$scratch/err" </dev/null
	rc=$?
	[ $rc -eq 0 ] && grep -qx 'wrong 0' "$scratch/got" &&
		! grep -q 'child saw' "$scratch/got" &&
		! grep -qv '^hms: .' "$scratch/err"
}

# usage: say WHAT ; what run_hot said
say() {
	note "$1 (exit status $rc):"
	note "$(cat "$scratch/got")"
	note "$(head -n 5 "$scratch/err" | cut -c -300)"
}

# usage: try CALL NTH ERRNO ; 1 if it was not reached
try() {
	local well=0

	rm -f "$scratch/seen"
	HMS_FAULT=$1:$2:$3 run_hot || well=1
	[ -e "$scratch/seen" ] || return 1
	if [ $well -ne 0 ]; then
		bad=$((bad + 1))
		say "$1 fails with $3 at use $2"
	fi
}

# usage: limited NAME ULIMIT... ; the kernel itself refuses
limited() {
	local name=$1
	shift
	# Whoever runs tests may have left descriptors open; to say what went
	# wrong takes some, too.
	if (exec 3>&- 4>&-; ulimit "$@" && run_hot); then
		pass "$name"
	else
		rc=unknown
		fail "$name"
		say "limit"
	fi
}

for fault in $faults; do
	call=${fault%:*}
	error=${fault#*:}
	bad=0
	nth=1
	while [ $nth -le "$most" ] && try "$call" $nth "$error"; do
		nth=$((nth + 1))
	done
	# Without any memory nothing can run.
	case $call in
	mmap | mprotect) ;;
	*) try "$call" '*' "$error" ;;
	esac
	if [ $nth -eq 1 ]; then
		skip "$call, error $error" "never called"
	elif [ $bad -eq 0 ]; then
		pass "$call, error $error, $((nth - 1)) uses and all"
	else
		fail "$call, error $error"
	fi
done
[ $# -gt 0 ] && finish
limited 'few descriptors are allowed' -n 12
limited 'no descriptors are left' -n 4
limited 'files may not grow' -f 512
limited 'nothing may be locked' -l 0
# hot needs 40 MiB, and its second stack.
limited 'little address space is left' -v 300000
limited 'stacks are small' -s 128
finish
