#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Real programs of OpenCL on a real driver (PoCL), under the real loader.
# Catches answers that differ from those without HMS, memory that no rule sent
# anywhere and memory that was, and is not where it belongs; programs that load
# OpenCL themselves; a driver that fails.  Where pages are: tests/vm/opencl.sh.
. "${top_srcdir:?}/tests/lib.sh"
linked=$top_builddir/tests/real/opencl
loaded=$top_builddir/tests/real/opencl_dlopen
beneath=$top_builddir/tests/fakes/.libs/opencl_layer.so
# Compiled kernels are kept, so that only the first program compiles.
export POCL_CACHE_DIR=$scratch/pocl XDG_CACHE_HOME=$scratch
unset OPENCL_LAYERS FAKE_CL

if [ ! -x "$linked" ]; then
	echo "1..0 # SKIP no headers (apt-get install opencl-c-headers ocl-icd-opencl-dev)"
	exit 0
fi
"$linked" >"$scratch/plain"
case $? in
0) ;;
77)
	echo "1..0 # SKIP no OpenCL driver (apt-get install pocl-opencl-icd)"
	exit 0
	;;
*)
	fail "the program runs without HMS"
	note "$(cat "$scratch/plain")"
	finish
	;;
esac
grep -v '^bound' "$scratch/plain" >"$scratch/wanted"

# usage: same NAME POLICY PROGRAM: what the program finds is the same.
same() {
	HMS_POLICY=$2 hms timeout 60 "$3" >"$scratch/out" 2>"$scratch/err"
	local rc=$?

	if [ $rc -eq 0 ] && [ ! -s "$scratch/err" ] &&
		diff "$scratch/wanted" <(grep -v '^bound' "$scratch/out") \
			>"$scratch/diff"; then
		pass "$1"
	else
		fail "$1"
		note "exit status $rc"
		note "$(head -20 "$scratch/diff" "$scratch/err")"
	fi
}

# usage: bound: what the last program's kernel said of its memory.
bound() {
	sed -n 's/^bound //p' "$scratch/out"
}

rule='clSVMAlloc | clCreateBuffer, size >= 64K -> node:0'
wanted_bound='coarse 4096 no
coarse 4194304 yes
coarse after: gone
fine 4096 no
fine 4194304 yes
fine after: gone
atomics 4096 no
atomics 4194304 yes
atomics after: gone
one 4194304 yes
two 4096 no
three 4194304 yes
after: gone gone
four 4194304 yes
five 4096 no
after: gone
from 4194304 yes
to 4194304 yes
plain yes
plain after: gone
alloc yes
alloc after: gone
copy yes
copy after: gone
both yes
both after: gone
use no
use after: mapped
under a buffer 4194304 yes'

same "linked, by size" "$rule" "$linked"
is "its memory is bound, and given back" "$(bound)" "$wanted_bound"
same "by dlopen, by size" "$rule" "$loaded"
is "its memory too" "$(bound)" "$wanted_bound"
for policy in 'opencl -> node:0' '* -> node:0' 'heap -> node:0' \
	'opencl -> node:0; heap -> node:0' 'opencl -> default; heap -> node:0' \
	'opencl -> file:/dev/shm' 'opencl -> node:0, strict' \
	'clCreateBuffer -> node:0' 'opencl, from "libOpenCL*" -> node:0'; do
	same "$policy" "$policy" "$linked"
done
is "the caller is the program, not the loader" "$(bound | grep -c yes)" 0
same "by caller" 'opencl, from "opencl" -> node:0' "$linked"
is "memory by caller is bound" "$(bound | grep -c yes)" 18
same "no rule about OpenCL" 'map -> node:0' "$linked"
same "a rule of another process" 'opencl, process "other" -> node:0' "$linked"
same "shims off" "$rule" "$linked"
HMS_SHIMS=-opencl same "switched off" "$rule" "$linked"
is "nothing is bound then" "$(bound | grep -c yes)" 0

# --- out of memory: OpenCL's own errors --------------------------------------
HMS_POLICY='target few = node:0; limit few 1M
	opencl, size >= 1M -> few, strict' hms "$linked" refused >"$scratch/out"
is "strict, without room" "$? $(cat "$scratch/out")" \
	"0 svm NULL, buffer NULL -4
small memory"

# --- the environment ---------------------------------------------------------
HMS_POLICY='heap -> node:0' hms env >"$scratch/out"
is "no rule, no variable" "$(grep -c OPENCL "$scratch/out")" 0
HMS_POLICY=$rule hms env >"$scratch/out"
is "our own path" "$(grep OPENCL "$scratch/out")" "OPENCL_LAYERS=$HMS_PRELOAD"
HMS_POLICY=$rule OPENCL_LAYERS=/some/other.so hms env >"$scratch/out"
is "behind the user's" "$(grep OPENCL "$scratch/out")" \
	"OPENCL_LAYERS=/some/other.so:$HMS_PRELOAD"
HMS_POLICY=$rule hms sh -c 'sh -c env' >"$scratch/out"
is "once, in children too" "$(grep OPENCL "$scratch/out")" \
	"OPENCL_LAYERS=$HMS_PRELOAD"
(cd "$(dirname "$HMS_PRELOAD")" &&
	HMS_POLICY=$rule LD_PRELOAD=./libhms_preload.so env) >"$scratch/out"
is "in full, if LD_PRELOAD is not" "$(grep OPENCL "$scratch/out")" \
	"OPENCL_LAYERS=$(realpath "$HMS_PRELOAD")"
HMS_POLICY=$rule HMS_CHILDREN=drop hms "$linked" children >"$scratch/out"
is "gone after its use where children do without" \
	"$(cat "$scratch/out")" "OPENCL_LAYERS=(none)"
OPENCL_LAYERS=$beneath HMS_POLICY=$rule HMS_CHILDREN=drop hms "$linked" \
	children >"$scratch/out"
is "but for the user's" "$(cat "$scratch/out")" "OPENCL_LAYERS=$beneath"
OPENCL_LAYERS=$HMS_PRELOAD HMS_POLICY=$rule HMS_REPORT=$scratch/report \
	"$linked" >"$scratch/out"
is "a layer alone does nothing" "$? $(bound | grep -c yes)" "0 0"
ok "and reports nothing" test ! -e "$scratch/report"
OPENCL_LAYERS=$HMS_PRELOAD:$HMS_PRELOAD HMS_POLICY=$rule hms "$linked" \
	>"$scratch/out"
is "in the list twice" "$? $(bound | grep -c yes)" "0 13"

# --- beneath us another layer, and a driver that fails -----------------------
# usage: with WORDS ARG...: under the rule, with the layer beneath
with() {
	local words=$1
	shift
	FAKE_CL=$words OPENCL_LAYERS=$beneath HMS_POLICY=$rule HMS_LOG=warn \
		hms timeout 60 "$linked" "$@" >"$scratch/out" 2>"$scratch/err"
}
# usage: as_without WORDS: the program finds the same as without HMS
as_without() {
	local rc

	FAKE_CL=$1 OPENCL_LAYERS=$beneath timeout 60 "$linked" \
		>"$scratch/without" 2>/dev/null
	rc=$?
	with "$1"
	if [ $? -eq $rc ] && diff <(grep -v '^bound' "$scratch/without") \
		<(grep -v '^bound' "$scratch/out") >"$scratch/diff"; then
		pass "$1: as without HMS"
	else
		fail "$1: as without HMS"
		note "$(head -20 "$scratch/diff" "$scratch/err")"
	fi
}

with count where
is "the driver is not asked for what is ours" \
	"$(grep ^layer "$scratch/err")" "layer: clSVMAlloc 0 clCreateBuffer 1 ARM 0"
for words in 'fail=clGetContextInfo' 'fail=clGetDeviceInfo' \
	'fail=clGetCommandQueueInfo' 'fail=use' 'fail=clSVMAlloc' \
	'fail=clSetMemObjectDestructorCallback' 'fail=clEnqueueSVMFree' \
	'fail=clEnqueueSVMMigrateMem' 'fail=clCreateBuffer' 'gpu coarse' \
	'gpu system'; do
	as_without "$words"
done
with 'gpu coarse'
is "no memory of ours for a GPU that cannot read it" \
	"$(bound | grep -c yes) $(grep -c 'cannot use the system' "$scratch/err")" \
	"0 1"
with 'gpu system'
is "memory of ours for one that can" "$(bound | grep -c yes)" 13
with 'fail=use'
is "SVM is ours where buffers cannot be" "$(bound | grep -c yes)" 9
with strict
is "a driver that refuses to move what it does not know" \
	"$? $(grep -A1 ^migrate: "$scratch/out" | head -2)" \
	"0 migrate: 0 0
still right"
with 'arm count' arm
is "ARM's extension" "$? $(cat "$scratch/out") $(grep ^layer "$scratch/err")" \
	"0 bound arm yes no
arm 4194304 computes right
arm 4096 computes right
bound arm after: gone
bound arm yes
bound arm after: gone layer: clSVMAlloc 1 clCreateBuffer 0 ARM 1"

usm="0 intel: 0 0xTYPE
intel 4194304 computes right
intel freed: 0
intel: 0 0xTYPE
intel 4194304 computes right
intel freed: 0"
rule='clDeviceMemAllocINTEL -> managed(opencl:0 then node:0)'
with usm intel
is "Intel's device memory, shared by a rule" "$? $(cat "$scratch/out")" \
	"${usm//TYPE/4199}"
for words in 'usm apart' 'usm fail=clSharedMemAllocINTEL'; do
	with "$words" intel
	is "left as it is: $words" "$? $(cat "$scratch/out")" "${usm//TYPE/4198}"
done
rule='clDeviceMemAllocINTEL -> opencl:7'
with usm intel
is "left as it is: on a device that is not there" "$? $(cat "$scratch/out")" \
	"${usm//TYPE/4198}"
is "which is said once" "$(grep -c 'no such device' "$scratch/err")" 1
rule='clDeviceMemAllocINTEL -> node:0'
with usm intel
is "left as it is: on the host" "$? $(cat "$scratch/out")" "${usm//TYPE/4198}"

# --- the report --------------------------------------------------------------
HMS_POLICY="rule svm: clSVMAlloc -> node:0; rule buffer: clCreateBuffer -> node:0" \
	HMS_REPORT=$scratch/report.json hms "$linked" where >"$scratch/out"
if command -v jq >/dev/null; then
	is "calls of each rule" "$(jq -c '[.rules[] | [.name, .calls, .bytes]]' \
		"$scratch/report.json")" \
		'[["svm",1,4194304],["buffer",1,4194304]]'
else
	skip "calls of each rule" "jq is not installed"
fi
# malloc's memory for CPUs and OpenCL's device, which is a CPU here: the
# system's, where the rule says, and the kernel computes with it.
mkdir -p "$scratch/m/hms"
cat >"$scratch/m/hms/devices" <<'END'
initiator cpu:0 kind=cpu node=0 cpus=0 aliases=node:0,opencl:0
target node:0 kind=dram node=0 size=64G
link memory:0 initiators=cpu:0 targets=node:0 latency=90ns bandwidth=100GB/s
END
reaches="rule r: malloc, size >= 2M -> best bandwidth for cpu and opencl:0"
HMS_TOPOLOGY=$scratch/m same "malloc for a kernel" "$reaches" "$linked"
is "and the kernel reads it" "$(HMS_TOPOLOGY=$scratch/m HMS_POLICY=$reaches \
	HMS_REPORT=$scratch/report.json hms "$loaded" | grep '^malloc')" \
	"malloc 4194304 computes right"
is "which a rule decided on" "$(python3 -c "import json
print(json.load(open('$scratch/report.json'))['rules'][0]['bound_peak'] >= 4 << 20)")" True
finish
