#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every system call of HMS's own is made to fail, at its first use, its
# second, and so on, then at every use: the program must not notice.  Catches
# an error of the kernel that reaches the program, and one that is not
# checked; a call that no row or no program here leads to.  HMS_TEST_FAULTS=N
# tries the first N uses of each.
#
#	run.sh [CALL [PROGRAM...]]	only these
. "${top_srcdir:?}/tests/lib.sh"

# HMS warns of variables that it does not know.
export -n HMS_TOOL HMS_PRELOAD
source=$(cd "$top_srcdir" && pwd)
top=$(cd "$top_builddir" && pwd)
HMS_PRELOAD=$top/tests/faults/.libs/libhms_preload_faults.so
most=${HMS_TEST_FAULTS:-3}
runs_most=10
mkdir "$scratch/memory"
# The first three heap rules have private heaps, the others are arenas.
# Small blocks, and what else is left, are under a limit that processes share.
limits="target last = node:0; limit last 1G shared
	"
rules="${limits}rule big: heap, size >= 64K -> file:$scratch/memory then last
	rule page: heap, size 4K..65535 -> file:$scratch/memory then last
	rule tiny: heap, size < 32 -> best bandwidth for cpu then last
	rule mid: heap, size >= 1K -> file:$scratch/memory then last
	rule small: heap, size < 1K -> last then best bandwidth for cpu
	rule map: map, size >= 64K -> file:$scratch/memory"
# Of callers too: every heap call's stack is then looked at.
callers="rule stack: heap, via \"*sort*\", size >= 2K -> file:$scratch/memory
	rule nowhere: heap, via no_such_function -> node:0"
export XDG_RUNTIME_DIR=$scratch
export HMS_REPORT=$scratch/report.json
# All of its messages, but not where the program's are (unless it is the
# reading of this variable that fails).
export HMS_LOG=debug:$scratch/log
seq 1 3000 | sed 's/.*/& and & once more/' >"$scratch/lines"

# call:errno, errnos from the man pages of section 2.
faults="mmap:12 munmap:12 mprotect:12 mremap:12 madvise:22 madvise:11 mbind:1
	mbind:12 get_mempolicy:1 move_pages:1 move_pages:12 mincore:11
	openat:24 openat:13 close:5 read:5 read:4 pread64:5 write:28 write:4
	fallocate:28 fallocate:95 newfstatat:13 fstatfs:5 flock:4
	flock:37 unlinkat:13 linkat:1 linkat:28 kill:1 renameat2:13 mkdirat:17
	fcntl:22 fcntl:11 fcntl:37 readlinkat:2 getdents64:5 pipe2:24
	faccessat2:13 clock_gettime:22 uname:14 getcwd:34 shmctl:13 tgkill:1
	mlock2:12 mlock2:1 prlimit64:22"
# What statistics and the worker use, with all that their pages name.
learning="perf_event_open:1 perf_event_open:2 perf_event_open:3
	perf_event_open:4 perf_event_open:7 perf_event_open:9 perf_event_open:13
	perf_event_open:14 perf_event_open:16 perf_event_open:19
	perf_event_open:22 perf_event_open:24 perf_event_open:28
	perf_event_open:38 perf_event_open:75 perf_event_open:95 userfaultfd:1
	userfaultfd:12 userfaultfd:22 userfaultfd:23 userfaultfd:24
	userfaultfd:38 ioctl:1 ioctl:2 ioctl:3 ioctl:9 ioctl:11 ioctl:14
	ioctl:16 ioctl:17 ioctl:22 ioctl:25 ioctl:28 move_pages:1 move_pages:2
	move_pages:3 move_pages:7 move_pages:13 move_pages:14 move_pages:19
	move_pages:22 mbind:1 mbind:5 mbind:12 mbind:14 mbind:22
	get_mempolicy:14 get_mempolicy:22 madvise:1 madvise:5 madvise:9
	madvise:11 madvise:12 madvise:13 madvise:14 madvise:16 madvise:22
	mremap:11 mremap:12 mremap:14 mremap:22 prlimit64:1 prlimit64:3
	prlimit64:14 prlimit64:22 getrusage:14 getrusage:22
	sched_getaffinity:3 sched_getaffinity:22 setpriority:1 setpriority:3
	setpriority:13 prctl:14 prctl:22 ppoll:4 ppoll:12 ppoll:22
	getdents64:2 openat:2"
# Not here: the program's own call; drivers are asked (tests/vendor); kernels
# before 5.15; by tests alone.
elsewhere="pkey_mprotect wait4 getcpu memfd_create"

command_of() {
	case $1 in
	ls) echo "ls -lR --time-style=+ $source/base" ;;
	sort) echo "sort -R --random-source=$scratch/lines --parallel=2 -S 1M $scratch/lines" ;;
	sqlite3) echo "sqlite3 :memory: 'create table t (a); with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) insert into t select i || hex(zeroblob(i % 400)) from n; select count(*), sum(length(a)), max(a) from t'" ;;
	odd) echo "HMS_REPORT=report.json $top/tests/faults/odd" ;;
	hot) echo "HMS_BUDGET=3%,100G $top/tests/vm/hot -f 32 8 1 none 0.7 | grep -E '^wrong|child saw'" ;;
	python3) echo "/usr/bin/python3 -S -c 'import os, threading
a = [bytearray(i * 1000) for i in range(300)]
t = threading.Thread(target=lambda: a.append(bytes(5 << 20))); t.start(); t.join()
p = os.fork()
if not p: a[7][0] = 1; os._exit(3)
print(os.waitpid(p, 0)[1], a[7][0], len(a), sum(map(len, a)))'" ;;
	esac
}

policy_of() {
	case $1 in
	ls | sqlite3) echo "$rules" ;;
	hot) echo "target slow = file:$scratch/memory; target fast = node:0
		limit fast 8M; rule all: heap, size >= 1M -> slow then fast, migrate
		migrate off planner threshold interval 5ms" ;;
	odd) echo "$limits
		rule tiny: heap, size < 200 -> local
		rule near: heap, size < 400 -> best bandwidth for cpu then last
		rule locked: map, size = 256K -> file:$scratch/memory then last
		rule more: map, size = 1M -> last
		rule huge: map, size >= 1G -> node:0 then default
		rule shared: shmat -> last" ;;
	*) echo "$callers"$'\n'"$rules" ;;
	esac
}

# The program, with the variables given; output and exit status into
# $scratch/got.
run() {
	local program=$1

	shift
	rm -f "$scratch/seen" "$scratch"/hms/limit-*
	cd "$scratch" || exit 99
	timeout 60 env "$@" HMS_POLICY="$(policy_of "$program")" bash -o pipefail \
		-c "exec env LD_PRELOAD=$HMS_PRELOAD $(command_of "$program")" \
		>"$scratch/got" 2>"$scratch/err" </dev/null
	echo "exit status $?" >>"$scratch/got"
}

# One use of one call: 1 if it was not reached.
try() {
	local program=$1 call=$2 nth=$3 error=$4

	run "$program" HMS_FAULT="$call:$nth:$error" \
		HMS_FAULT_SEEN="$scratch/seen"
	[ -e "$scratch/seen" ] || return 1
	if ! cmp -s "$scratch/wanted" "$scratch/got" ||
		grep -qv '^hms: .' "$scratch/err"; then
		bad=$((bad + 1))
		note "$call fails with $error at use $nth:"
		note "$(diff "$scratch/wanted" "$scratch/got" | head -n 5)"
		note "$(head -n 5 "$scratch/err" | cut -c -300)"
	fi
}

# The same; what is sampled leads to some calls in one run, not in the next.
reach() {
	local run

	for ((run = 0; run < runs_most; run++)); do
		try "$@" && return
		[ "$3" -eq 1 ] || break
	done
	return 1
}

# One call of one program; a line of TAP, if the program makes the call.
series() {
	local program=$1 call=${2%:*} error=${2#*:} bad=0 nth=1

	grep -qx "$call" "$scratch/calls.$program" || return
	while [ $nth -le "$uses" ] && reach "$program" "$call" $nth "$error"; do
		nth=$((nth + 1))
	done
	# Without any memory nothing can run, and mprotect gives it out; a call
	# that is interrupted is tried again, each time; nothing is ever closed.
	case $program:$call:$error in
	*:mmap:* | *:mprotect:* | *:4 | hot:close:*) ;;
	*) try "$program" "$call" '*' "$error" ;;
	esac
	if [ $nth -eq 1 ]; then
		skip "$program: $call, error $error" "no use of it in $runs_most runs"
		return
	elif [ $bad -eq 0 ]; then
		pass "$program: $call, error $error, $((nth - 1)) uses and all"
	else
		fail "$program: $call, error $error"
	fi
	echo "$call:$error" >>"$scratch/tried"
}

chosen=${1:+only}
[ $# -gt 0 ] && faults=$1 learning=$1 && shift
programs=${*:-ls sort sqlite3 python3 odd hot}
for program in $programs; do
	case $program in
	odd | hot) ;;
	*)
		if ! command -v "$program" >/dev/null; then
			skip "$program" "not installed (apt-get install $program)"
			continue
		fi
		;;
	esac
	bash -o pipefail -c "cd $scratch; exec env $(command_of "$program")" \
		>"$scratch/wanted" 2>/dev/null </dev/null
	echo "exit status $?" >>"$scratch/wanted"
	: >"$scratch/calls.$program"
	run "$program" HMS_FAULT_CALLS="$scratch/calls.$program"
	is "$program runs" "$(cat "$scratch/got")" "$(cat "$scratch/wanted")"
	uses=$most
	rows=$faults
	# It takes a second each time.
	[ "$program" = hot ] && uses=1 && rows=$learning
	for fault in $rows; do
		series "$program" "$fault"
	done
done
if [ -z "$chosen" ]; then
	tr -s ' \n\t' '\n' <<<"$faults $learning" | sort -u >"$scratch/rows"
	is "each row is a call that some program makes" \
		"$(sort -u "$scratch/tried" | comm -13 - "$scratch/rows")" ""
	sed -nE 's/.*\b(CALL[1-6]|call)\("?([a-z0-9_]+)"?,.*/\2/p' \
		"$source"/base/sys.c "$source"/base/sys_thread.c |
		grep -vx name | sort -u >"$scratch/all"
	ok "base/sys.c was read" grep -qx perf_event_open "$scratch/all"
	is "each call of base/sys.c has a row" "$( (cut -d: -f1 "$scratch/rows"
		tr ' ' '\n' <<<"$elsewhere") | sort -u | comm -13 - "$scratch/all")" ""
fi
finish
