#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# CUDA programs under rules, on the double of the driver: what each rule makes
# of each call, what the program sees, and that all of it is given back.
#
# Would catch: memory that is not where the rule says, or is not memory; a
# limit or a full device that is not told as the vendor tells it; something of
# ours during a capture, or in a process that shares memory; a pointer freed
# by the wrong side.
. "$top_srcdir/tests/lib.sh" || exit 99

here=$top_builddir/tests/vendor
export LD_LIBRARY_PATH=$top_builddir/tests/fakes/.libs:$here/.libs
export HMS_FAKES=$scratch/machine HMS_FAKES_CALLS=$scratch/calls
export HMS_LOG=warn:$scratch/log

# machine [PROPERTY...] : two devices of 64 MiB
machine() {
	for bus in 17 65; do
		echo "cuda device pci=0000:$bus:00.0 memory=67108864 peers=3 pools=1 $* name=Double"
	done >"$HMS_FAKES"
}
machine

# gpu POLICY COMMAND... : what the program says, on one line
gpu() {
	rm -f "$HMS_FAKES_CALLS" "$HMS_LOG" "$scratch/log"
	HMS_POLICY=$1 hms "$here/${program:-gpu_static}" "${@:2}" 2>&1 | tr '\n' ';'
}

# calls : those of the driver that matter, on one line
calls() {
	grep -v '^cuGetProcAddress\|^cuDeviceTotalMem\|^cuMemHostGetDevicePointer' \
		"$HMS_FAKES_CALLS" | tr '\n' ';'
}

works="malloc 4194304: 0;free: 0;"
for program in gpu_shared gpu_static gpu_own gpu_old; do
	is "$program: without a rule it is the driver's" \
		"$(gpu "rule x: cuda, size >= 1G -> default" malloc 4194304 free)" "$works"
	is "$program: called as ever" "$(calls)" "cuMemAlloc_v2 4194304;cuMemFree_v2;"
	is "$program: managed" \
		"$(gpu "rule m: cudaMalloc -> managed(cuda:0 then node:0)" \
			malloc 4194304 is-managed free)" \
		"malloc 4194304: 0;is-managed: 0, 1;free: 0;"
	is "$program: with its places" "$(calls)" \
		"cuMemAllocManaged 4194304 1;cuMemAdvise_v2 4194304 3 1:0;cuPointerGetAttribute 8;cuMemFree_v2;"
done
program=gpu_static

# Where managed memory is preferred, and who else may reach it.
gpu "rule m: cudaMalloc -> managed(node:0 then cuda:1)" malloc 4194304 free >/dev/null
is "managed on a node, for two devices" "$(calls)" \
	"cuMemAllocManaged 4194304 1;cuMemAdvise_v2 4194304 3 3:0;cuMemAdvise_v2 4194304 5 1:0;cuMemAdvise_v2 4194304 5 1:1;cuMemFree_v2;"
is "what is full spills to the node" \
	"$(gpu "rule m: cudaMalloc -> managed(cuda:0 then node:0)" \
		malloc 50331648 malloc 33554432 free free)" \
	"malloc 50331648: 0;malloc 33554432: 0;free: 0;free: 0;"
is "and is preferred there" "$(calls | grep -o 'cuMemAdvise_v2 [0-9]* 3 [0-9:]*' |
	tr '\n' ' ')" "cuMemAdvise_v2 50331648 3 1:0 cuMemAdvise_v2 33554432 3 3:0 "
is "without a node it is out of memory, as the driver says it" \
	"$(gpu "rule m: cudaMalloc -> managed(cuda:0)" \
		malloc 50331648 malloc 33554432 free malloc 33554432)" \
	"malloc 50331648: 0;malloc 33554432: 2;free: 0;malloc 33554432: 0;"
is "memory that is promised is not free" \
	"$(gpu "rule m: cudaMalloc -> managed(cuda:0)" malloc 50331648 info)" \
	"malloc 50331648: 0;info: 0, 16777216 of 67108864;"
is "managed, then the device itself" \
	"$(gpu "rule m: cudaMalloc -> managed(cuda:1) then cuda:0" \
		malloc 50331648 malloc 33554432 is-managed)" \
	"malloc 50331648: 0;malloc 33554432: 0;is-managed: 0, 0;"
is "rows of a pitch" "$(gpu "rule m: cudaMalloc -> managed(cuda:0)" pitch 1000 free)" \
	"pitch 10240: 0;free: 0;"
is "are managed too" "$(calls)" \
	"cuMemAllocManaged 10240 1;cuMemAdvise_v2 10240 3 1:0;cuMemFree_v2;"
gpu "rule m: cudaMallocManaged -> managed(cuda:1)" managed 4194304 free >/dev/null
is "managed memory of the program's is placed" "$(calls)" \
	"cuMemAllocManaged 4194304 1;cuMemAdvise_v2 4194304 3 1:1;cuMemAdvise_v2 4194304 5 1:0;cuMemFree_v2;"
gpu "rule m: cudaMallocManaged -> managed(cuda:1)" attached 4194304 free >/dev/null
is "but not what is attached to the host" "$(calls)" \
	"cuMemAllocManaged 4194304 2;cuMemFree_v2;"

# Another device.
is "on another device" "$(gpu "rule p: cudaMalloc -> cuda:1" malloc 4194304 info free info)" \
	"malloc 4194304: 0;info: 0, 67108864 of 67108864;free: 0;info: 0, 67108864 of 67108864;"
is "by the driver's own call" "$(calls)" \
	"cuMemAlloc_v2 4194304;cuMemGetInfo_v2;cuMemFree_v2;cuMemGetInfo_v2;"
is "full there, then here" "$(gpu "rule p: cudaMalloc -> cuda:1 then cuda:0" \
	malloc 50331648 info malloc 50331648 info malloc 50331648)" \
	"malloc 50331648: 0;info: 0, 67108864 of 67108864;malloc 50331648: 0;info: 0, 16777216 of 67108864;malloc 50331648: 2;"
is "strict is full at once" "$(gpu "rule p: cudaMalloc -> cuda:1 then cuda:0, strict" \
	malloc 50331648 malloc 50331648)" "malloc 50331648: 0;malloc 50331648: 2;"
machine peers=0
is "without a way there it passes through" \
	"$(gpu "rule p: cudaMalloc -> cuda:1" malloc 4194304 info)" \
	"malloc 4194304: 0;info: 0, 62914560 of 67108864;"
ok "which is said" grep -q "does not reach" "$scratch/log"
machine

# Limits of rules and of names.
is "a rule's limit" "$(gpu "rule l: cudaMalloc -> cuda:0, limit 6M" \
	malloc 4194304 malloc 4194304 free malloc 4194304)" \
	"malloc 4194304: 0;malloc 4194304: 2;free: 0;malloc 4194304: 0;"
for place in "cuda:0, limit 6M" "cuda:1, limit 6M" "managed(cuda:0), limit 6M" \
	"node:0, strict, limit 6M"; do
	is "a device that is reset has all its room: $place" "$(gpu \
		"rule l: cudaMalloc -> $place" \
		malloc 4194304 device 1 reset device 0 reset malloc 4194304 |
		grep -o 'malloc[^;]*')" \
		"malloc 4194304: 0
malloc 4194304: 0"
done
is "rows give back what they were charged" "$(gpu \
	"rule l: cudaMalloc -> cuda:0, limit 8K" \
	pitch 100 free pitch 100 free pitch 100 free pitch 100 free)" \
	"pitch 2560: 0;free: 0;pitch 2560: 0;free: 0;pitch 2560: 0;free: 0;pitch 2560: 0;free: 0;"
is "a name's limit, then elsewhere" "$(gpu "target g = cuda:0; limit g 6M
	rule l: cudaMalloc -> g then managed(cuda:1)" \
	malloc 4194304 is-managed malloc 4194304 is-managed)" \
	"malloc 4194304: 0;is-managed: 0, 0;malloc 4194304: 0;is-managed: 0, 1;"

# Host memory.
is "device memory on the host" "$(gpu "rule h: cudaMalloc -> node:0" \
	malloc 4194304 range node free)" \
	"malloc 4194304: 0;range: 0, right, 4194304;node: 0;free: 0;"
is "is registered" "$(calls)" "cuMemHostRegister_v2 4194304 3;cuMemHostUnregister;"
is "pinned memory on a node" "$(gpu "rule h: cudaMallocHost -> node:0" \
	host 1000000 node flags unregister freehost host 4194304 freehost)" \
	"host 1000000: 0;node: 0;flags: 0, 0;unregister: 713;freehost: 0;host 4194304: 0;freehost: 0;"
is "is bound, then registered" "$(calls)" \
	"cuMemHostRegister_v2 1003520 3;cuMemHostUnregister;cuMemHostRegister_v2 4194304 3;cuMemHostUnregister;"
is "write-combined memory stays the driver's" \
	"$(gpu "rule h: cudaMallocHost -> node:0" combined 4096 flags freehost)" \
	"combined 4096: 0;flags: 0, 4;freehost: 0;"
is "by its own call" "$(calls)" "cuMemHostAlloc 4096 4;cuMemHostGetFlags;cuMemFreeHost;"

# Stream-ordered memory: pools, or untouched.
is "in stream order from another device's pool" "$(gpu "rule a: cudaMallocAsync -> cuda:1" \
	stream async 4096 async 8192 freeasync freeasync)" \
	"stream: 0;async 4096: 0;async 8192: 0;freeasync: 0;freeasync: 0;"
is "of which there is one" "$(calls)" \
	"cuMemPoolCreate 1:1;cuMemPoolSetAccess 2 1:0;cuMemAllocFromPoolAsync 4096 2 1;cuMemAllocFromPoolAsync 8192 2 1;cuMemFreeAsync 1;cuMemFreeAsync 1;"
gpu "rule a: cudaMallocAsync -> node:0" stream async 4096 freeasync >/dev/null
is "from a node's pool" "$(calls)" \
	"cuMemPoolCreate 3:0;cuMemPoolSetAccess 100 1:0;cuMemAllocFromPoolAsync 4096 100 1;cuMemFreeAsync 1;"
program=gpu_own gpu "rule a: cudaMallocAsync -> node:0" stream async 4096 freeasync >/dev/null
is "each thread's own stream" "$(calls)" \
	"cuMemPoolCreate 3:0;cuMemPoolSetAccess 100 1:0;cuMemAllocFromPoolAsync_ptsz 4096 100 1;cuMemFreeAsync_ptsz 1;"
gpu "rule a: cudaMallocAsync -> managed(cuda:0)" stream async 4096 freeasync >/dev/null
is "never managed" "$(calls)" "cuMemAllocAsync 4096 0 1;cuMemFreeAsync 1;"
machine pools=0
gpu "rule a: cudaMallocAsync -> node:0" stream async 4096 freeasync >/dev/null
is "without such pools, untouched" "$(calls)" "cuMemAllocAsync 4096 0 1;cuMemFreeAsync 1;"
machine
is "device memory that we made managed, freed in order" \
	"$(gpu "rule m: cudaMalloc -> managed(cuda:0)" stream malloc 4096 freeasync)" \
	"stream: 0;malloc 4096: 0;freeasync: 0;"
is "is freed by the call for it" "$(calls | grep -o 'cuMemFree[^;]*')" "cuMemFree_v2"

# Capture: nothing of ours.
is "while a stream is captured" "$(gpu "rule m: cudaMalloc|cudaMallocHost -> managed(cuda:0) then node:0
	rule a: cudaMallocAsync -> cuda:1" \
	stream begin malloc 4096 async 4096 host 4096 end malloc 8192)" \
	"stream: 0;begin: 0;malloc 4096: 0;async 4096: 0;host 4096: 0;end: 0;malloc 8192: 0;"
is "all passes through" "$(calls)" \
	"cuStreamBeginCapture_v2 1 0;cuMemAlloc_v2 4096;cuMemAllocAsync 4096 0 1;cuMemAllocHost_v2 4096;cuStreamEndCapture 1;cuMemAllocManaged 8192 1;cuMemAdvise_v2 8192 3 1:0;"

for code in 1 400 903 908; do
	echo "cuda cuStreamEndCapture $code" >>"$HMS_FAKES"
	gpu "rule m: cudaMalloc -> managed(cuda:0)" \
		stream begin end malloc 8192 >/dev/null
	is "a capture that the driver does not end, $code, goes on" \
		"$(calls | grep -o 'cuMemAlloc[^;]*')" "cuMemAlloc_v2 8192"
	machine
done

# Sharing with other processes.
is "once memory is shared, nothing is redirected" \
	"$(gpu "rule m: cudaMalloc -> managed(cuda:0)" malloc 4096 ipc malloc 8192 ipc free free)" \
	"malloc 4096: 0;ipc: 1;malloc 8192: 0;ipc: 0;free: 0;free: 0;"
is "but what was, is freed" "$(calls)" \
	"cuMemAllocManaged 4096 1;cuMemAdvise_v2 4096 3 1:0;cuIpcGetMemHandle;cuMemAlloc_v2 8192;cuIpcGetMemHandle;cuMemFree_v2;cuMemFree_v2;"
ok "which is said" grep -q "shares device memory" "$scratch/log"
is "memory that is the device's own can be shared" \
	"$(gpu "rule m: cudaMalloc -> cuda:0" malloc 4096 ipc free)" \
	"malloc 4096: 0;ipc: 0;free: 0;"
is "about which nothing is said" \
	"$(grep -v 'no such variable' "$scratch/log")" ""
cp "$here/.libs/libdlsym_hidden.so" "$scratch/libnccl.so.2"
is "a process with NCCL" "$(
	rm -f "$HMS_FAKES_CALLS"
	HMS_POLICY="rule m: cudaMalloc -> managed(cuda:0)" \
		LD_PRELOAD="$HMS_PRELOAD $scratch/libnccl.so.2" "$here/gpu_static" malloc 4096
	calls)" "malloc 4096: 0
cuMemAlloc_v2 4096;"
machine apart=1
gpu "rule m: cudaMalloc -> managed(cuda:0)" malloc 4096 >/dev/null
is "without concurrent access, not managed" "$(calls)" "cuMemAlloc_v2 4096;"
machine

# Bad input.
is "a device that is not there" "$(gpu "rule m: cudaMalloc -> cuda:7" malloc 4096 malloc 4096 free free)" \
	"malloc 4096: 0;malloc 4096: 0;free: 0;free: 0;"
is "is said once" "$(grep -c "no such device" "$scratch/log")" 1
is "managed on a device that is not there" \
	"$(gpu "rule m: cudaMalloc -> managed(cuda:7)" malloc 4096; calls)" \
	"malloc 4096: 0;cuMemAlloc_v2 4096;"
is "unknown pointers go to the driver" "$(gpu "rule m: cudaMalloc -> managed(cuda:0)" \
	free-unknown malloc 4096 keep-free free; calls)" \
	"free-unknown: 1;malloc 4096: 0;keep-free: 0;free: 1;cuMemFree_v2;cuMemAllocManaged 4096 1;cuMemAdvise_v2 4096 3 1:0;cuMemFree_v2;cuMemFree_v2;"
is "no driver is still 35" "$(LD_LIBRARY_PATH=$here/.libs \
	gpu "rule m: cudaMalloc -> managed(cuda:0)" malloc 4096 free)" "malloc 4096: 35;free: 35;"
is "for the library too" "$(program=gpu_shared LD_LIBRARY_PATH=$here/.libs \
	gpu "rule m: cudaMalloc -> managed(cuda:0)" malloc 4096)" "malloc 4096: 35;"
: >"$HMS_FAKES"
is "no device is still 100" "$(gpu "rule m: cudaMalloc -> managed(cuda:0)" malloc 4096)" \
	"malloc 4096: 100;"
machine

# Managed memory that moves: what spilled comes forward when there is room, on
# a stream of the program's, before its kernel.
moves="rule m: cudaMalloc -> managed(cuda:0 then node:0), migrate"
is "nothing moves while the device is full" \
	"$(gpu "$moves" stream malloc 50331648 malloc 33554432 launch info; calls | grep -c Prefetch)" \
	"stream: 0;malloc 50331648: 0;malloc 33554432: 0;launch: 0;info: 0, 16777216 of 67108864;0"
is "what spilled comes forward" \
	"$(gpu "$moves" stream malloc 50331648 swap 33554432 launch launch info)" \
	"stream: 0;malloc 50331648: 0;swap 33554432: 0;launch: 0;launch: 0;info: 0, 33554432 of 67108864;"
is "by one prefetch, before the kernel" "$(calls | sed 's/.*cuMemFree_v2;//')" \
	"cuMemAdvise_v2 33554432 3 1:0;cuMemPrefetchAsync_v2 33554432 1:0 0 1;cuLaunchKernel 1 1 1 32 1 1 0 1;cuLaunchKernel 1 1 1 32 1 1 0 1;cuMemGetInfo_v2;"
for stays in "launch begin:never in the null stream" "stream begin launch:never during a capture"; do
	set -- ${stays%%:*}
	gpu "$moves" "$1" malloc 50331648 swap 33554432 "${@:2}" >/dev/null
	is "${stays#*:}" "$(calls | grep -c Prefetch)" 0
done
gpu "$moves" stream malloc 50331648 malloc 33554432 prefetch under-free launch >/dev/null
is "what the program sent somewhere stays" "$(calls | grep -o 'cuMemPrefetch[^;]*')" \
	"cuMemPrefetchAsync_v2 33554432 2:-1 0 1"
gpu "${moves%, migrate}" stream malloc 50331648 swap 33554432 launch >/dev/null
is "without migrate it stays" "$(calls | grep -c Prefetch)" 0
is "for each thread's own stream" "$(program=gpu_own gpu "$moves" stream malloc 50331648 \
	swap 33554432 launch >/dev/null; calls | grep -o 'cuMemPrefetch[^;]*')" \
	"cuMemPrefetchAsync_v2_ptsz 33554432 1:0 0 1"
echo "cuda cuMemPrefetchAsync_v2 999" >>"$HMS_FAKES"
is "a prefetch that fails is not told" \
	"$(gpu "$moves" stream malloc 50331648 swap 33554432 launch info)" \
	"stream: 0;malloc 50331648: 0;swap 33554432: 0;launch: 0;info: 0, 67108864 of 67108864;"
machine

# What the program's profiler is told of the device's accesses is heat: memory
# that is not used makes room for what is.
paced() {
	rm -f "$HMS_FAKES_CALLS"
	HMS_POLICY=$1 hms "$here/paced" "${@:2}"
}
is "a planner sends away what is idle, and then what is fetched here" \
	"$(paced "$moves")" "50331648 3:0;33554432 1:0;"
is "but not what the program sent somewhere" "$(paced "$moves" hint)" "33554432 2:-1;"

# What the report says: asked and given, by device, and why not.
export HMS_REPORT=$scratch/report.json
gpu "rule m: cudaMalloc, size > 1M -> managed(cuda:0)
	rule p: cudaMalloc -> cuda:1
	rule h: cudaMallocHost -> node:0" \
	malloc 4194304 malloc 4096 host 8192 combined 4096 stream prefetch \
	malloc 67108864 begin malloc 8192 end >/dev/null
unset HMS_REPORT
# of EXPRESSION : from the report, as Python has it
of() {
	python3 -c "import json,sys; r = json.load(open('$scratch/report.json'))
d = {x['name']: x for x in r['devices']}
print($1)"
}
is "the report has calls, and how many were redirected" \
	"$(of "[r['vendor_calls'][a][k] for a in ('cudaMalloc', 'cudaMallocHost') for k in ('calls', 'bytes', 'redirected')]")" \
	"[4, 71315456, 2, 2, 12288, 1]"
is "bytes asked of a device, and what they are" \
	"$(of "[d['cuda:0'][k] for k in ('memory', 'asked', 'own', 'managed', 'pinned')]")" \
	"[67108864, 4206592, 8192, 4194304, 4096]"
is "and of the other one" "$(of "[d['cuda:1'][k] for k in ('asked', 'peer')]")" "[0, 4096]"
is "and why some were not as ruled" \
	"$(of "{k: v for k, v in r['vendor_refusals'].items() if v}")" \
	"{'capture': 1, 'no_room': 1, 'write_combined': 1}"
is "rules have what they were charged" "$(of "[x['bound'] for x in r['rules']]")" \
	"[4194304, 4096, 8192]"
is "targets have what the driver handed out" \
	"$(of "[(x['name'], x['actual']) for x in r['targets'] if x['name'] != 'node:0']")" \
	"[('cuda:0', 0), ('managed(cuda:0)', 4194304), ('cuda:1', 4096)]"
is "the text says it too" "$(HMS_REPORT=stderr gpu "rule p: cudaMalloc -> cuda:1" malloc 4096 |
	tr ';' '\n' | grep -c '^cuda:1 *64 MiB  .* 4 KiB\|cudaMalloc 1 for 4 KiB, 1 redirected\|^intercepted:.*, cuda 1 calls')" 3

# What the program's own profiler takes out of CUPTI's buffers, we see too.
is "a program with a profiler" "$(HMS_REPORT=$scratch/report.json \
	HMS_POLICY="rule d: cuda -> default" hms "$here/profiled")" \
	"$("$here/profiled")"
is "its counters are in the report" \
	"$(of "[d['cuda:1'][k] for k in ('faults', 'fetched', 'evicted')]")" "[3, 4196, 8192]"
is "and in its text" "$(HMS_REPORT=stderr HMS_POLICY="rule d: cuda -> default" \
	hms "$here/profiled" 2>&1 | grep -c '^cuda:1: 3 faults, 4.1 KiB fetched, 8 KiB evicted')" 1

# The program's own word, and two run-times in one process.
is "the program's prefetch" "$(gpu "rule m: cudaMalloc -> managed(cuda:0)" \
	stream malloc 4096 prefetch free; calls)" \
	"stream: 0;malloc 4096: 0;prefetch: 0;free: 0;cuMemAllocManaged 4096 1;cuMemAdvise_v2 4096 3 1:0;cuMemPrefetchAsync_v2 4096 2:-1 0 1;cuMemFree_v2;"
is "of an older run-time" "$(program=gpu_old gpu "rule m: cudaMalloc -> managed(cuda:0)" \
	stream malloc 4096 prefetch free; calls)" \
	"stream: 0;malloc 4096: 0;prefetch: 0;free: 0;cuMemAllocManaged 4096 1;cuMemAdvise_v2 4096 3 1:0;cuMemPrefetchAsync 4096 -1 1;cuMemFree_v2;"
is "a plugin with a run-time inside" "$(rm -f "$HMS_FAKES_CALLS"
	HMS_POLICY="rule m: cudaMalloc -> managed(cuda:0)" \
		LD_PRELOAD="$HMS_PRELOAD $here/.libs/libcudart.so.13" \
		"$here/plugin" "$here/.libs/libgpu_old.so" stream malloc 4096 prefetch free |
		tr '\n' ';'
	calls)" \
	"stream: 0;malloc 4096: 0;prefetch: 0;free: 0;cuMemAllocManaged 4096 1;cuMemAdvise_v2 4096 3 1:0;cuMemPrefetchAsync 4096 -1 1;cuMemFree_v2;"
finish
