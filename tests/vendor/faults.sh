#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every system call of HMS's own that serves vendors' calls is made to fail, at
# each of its uses: the program is told the same.  Catches an error of the
# kernel that reaches the program, memory that is handed out and then lost, and
# a record without its memory.  HMS_TEST_FAULTS=N tries the first N uses.
. "$top_srcdir/tests/lib.sh" || exit 99
here=$top_builddir/tests/vendor
export -n HMS_TOOL HMS_PRELOAD
HMS_PRELOAD=$top_builddir/tests/faults/.libs/libhms_preload_faults.so
most=${HMS_TEST_FAULTS:-40}
export HMS_FAKES=$scratch/machine HMS_FAULT_SEEN=$scratch/seen
export ZE_ENABLE_ALT_DRIVERS=$top_builddir/tests/fakes/.libs/ze_driver.so
export POCL_CACHE_DIR=$scratch/pocl XDG_CACHE_HOME=$scratch
for vendor in hip ze; do
	echo "$vendor device pci=0000:17:00.0 memory=16777216 peers=2 tables=1 name=A"
	echo "$vendor device pci=0000:65:00.0 memory=16777216 peers=1 tables=1 name=B"
done >"$HMS_FAKES"

# Where memory is may differ, and it may stay if it cannot be unmapped.
same() {
	sed -e '/ is /d' -e '/^bound/d' -e 's/ LEFT$/ gone/' "$1"
}

# usage: series NAME POLICY FAULT PROGRAM [ARG...]
series() {
	local name=$1 policy=$2 fault=$3 nth bad=0 rc
	shift 3
	for ((nth = 1; nth <= most; nth++)); do
		rm -f "$HMS_FAULT_SEEN"
		HMS_FAULT=${fault%:*}:$nth:${fault#*:} HMS_POLICY=$policy \
			LD_PRELOAD=$HMS_PRELOAD timeout 60 "$@" \
			>"$scratch/got" 2>"$scratch/err"
		rc=$?
		[ -e "$HMS_FAULT_SEEN" ] || break
		if [ $rc -ne $wanted_rc ] || ! diff <(same "$scratch/wanted") \
			<(same "$scratch/got") >"$scratch/diff"; then
			bad=$((bad + 1))
			note "$fault at use $nth: exit status $rc"
			note "$(head -5 "$scratch/diff" "$scratch/err")"
		fi
	done
	if [ $nth -eq 1 ]; then
		fail "$name: $fault is never called"
	elif [ $bad -eq 0 ]; then
		pass "$name: $fault, $((nth - 1)) uses"
	else
		fail "$name: $fault"
	fi
}

# usage: program NAME POLICY FAULTS PROGRAM [ARG...]
program() {
	local name=$1 policy=$2 faults=$3 fault
	shift 3
	if ! command -v "$1" >/dev/null; then
		skip "$name" "it was not built, for want of the vendor's headers"
		return
	fi
	"$@" >"$scratch/wanted" 2>/dev/null
	wanted_rc=$?
	for fault in $faults; do
		series "$name" "$policy" "$fault" "$@"
	done
}

all="mmap:12 munmap:12 mbind:1 mbind:12"
program 'HIP, on nodes' 'hip -> node:0' "$all" \
	env LD_LIBRARY_PATH="$top_builddir/tests/fakes/.libs" "$here/place_hip"
program 'HIP, managed' 'hipMalloc -> managed(hip:0 then node:0)' 'mmap:12' \
	env LD_LIBRARY_PATH="$top_builddir/tests/fakes/.libs" "$here/place_hip"
program 'Level Zero, on nodes' 'ze -> node:0' "$all" "$here/place_ze"
# A second each.
most=${HMS_TEST_FAULTS:-6}
program 'OpenCL' 'opencl, size >= 64K -> node:0' 'mbind:1 munmap:12' \
	"$top_builddir/tests/real/opencl"
finish
