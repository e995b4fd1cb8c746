#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every system call of HMS's own is made to fail, at its first use, its
# second, and so on, then at every use: the program must not notice.  Catches
# an error of the kernel that reaches the program, and one that is not
# checked.  HMS_TEST_FAULTS=N tries the first N uses of each.
#
#	run.sh [CALL [PROGRAM...]]	only these
. "${top_srcdir:?}/tests/lib.sh"

# HMS warns of variables that it does not know.
export -n HMS_TOOL HMS_PRELOAD
HMS_PRELOAD=$top_builddir/tests/faults/.libs/libhms_preload_faults.so
most=${HMS_TEST_FAULTS:-3}
mkdir "$scratch/memory"
export HMS_POLICY="rule big: heap, size >= 1K -> file:$scratch/memory then node:0
	rule small: heap, size < 1K -> best bandwidth for cpu then node:0
	rule map: map, size >= 64K -> file:$scratch/memory"
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
	flock:37 unlinkat:13 renameat2:13 mkdirat:17 fcntl:22 readlinkat:2
	getdents64:5 prctl:22 mlock:12 faccessat2:13 clock_gettime:22"

command_of() {
	case $1 in
	ls) echo "ls -lR --time-style=+ $top_srcdir/base" ;;
	sort) echo "sort -R --random-source=$scratch/lines --parallel=2 -S 1M $scratch/lines" ;;
	sqlite3) echo "sqlite3 :memory: 'create table t (a); with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) insert into t select i || hex(zeroblob(i % 400)) from n; select count(*), sum(length(a)), max(a) from t'" ;;
	python3) echo "/usr/bin/python3 -S -c 'import os, threading
a = [bytearray(i * 1000) for i in range(300)]
t = threading.Thread(target=lambda: a.append(bytes(5 << 20))); t.start(); t.join()
p = os.fork()
if not p: a[7][0] = 1; os._exit(3)
print(os.waitpid(p, 0)[1], a[7][0], len(a), sum(map(len, a)))'" ;;
	esac
}

# The program with one fault; output and exit status into $scratch/got.
faulty() {
	rm -f "$scratch/seen"
	export HMS_FAULT=$2 HMS_FAULT_SEEN=$scratch/seen
	timeout 60 bash -c "exec env LD_PRELOAD=$HMS_PRELOAD $(command_of "$1")" \
		>"$scratch/got" 2>"$scratch/err" </dev/null
	echo "exit status $?" >>"$scratch/got"
}

# One use of one call: 1 if it was not reached.
try() {
	local program=$1 call=$2 nth=$3 error=$4

	faulty "$program" "$call:$nth:$error"
	[ -e "$scratch/seen" ] || return 1
	if ! cmp -s "$scratch/wanted" "$scratch/got" ||
		grep -qv '^hms: .' "$scratch/err"; then
		bad=$((bad + 1))
		note "$call fails with $error at use $nth:"
		note "$(diff "$scratch/wanted" "$scratch/got" | head -n 5)"
		note "$(head -n 5 "$scratch/err" | cut -c -300)"
	fi
}

# One call of one program; a line of TAP.
series() {
	local program=$1 call=${2%:*} error=${2#*:} bad=0 nth=1

	while [ $nth -le "$most" ] && try "$program" "$call" $nth "$error"; do
		nth=$((nth + 1))
	done
	# Without any memory nothing can run, and mprotect gives it out; a call
	# that is interrupted is tried again, each time.
	case $call:$error in
	mmap:* | mprotect:* | *:4) ;;
	*) try "$program" "$call" '*' "$error" ;;
	esac
	if [ $nth -eq 1 ]; then
		skip "$program: $call, error $error" "never called"
	elif [ $bad -eq 0 ]; then
		pass "$program: $call, error $error, $((nth - 1)) uses and all"
	else
		fail "$program: $call, error $error"
	fi
}

[ $# -gt 0 ] && faults=$1 && shift
programs=${*:-ls sort sqlite3 python3}
for program in $programs; do
	if ! command -v "$program" >/dev/null; then
		skip "$program" "not installed (apt-get install $program)"
		continue
	fi
	bash -c "exec $(command_of "$program")" >"$scratch/wanted" 2>&1 </dev/null
	echo "exit status $?" >>"$scratch/wanted"
	for fault in $faults; do
		series "$program" "$fault"
	done
done
finish
