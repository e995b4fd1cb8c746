#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Each call of the driver fails, one at a time, under rules that need it: the
# program is told what it would be told, or served plainly; nothing is lost,
# and nothing is freed twice.
#
# Would catch: a failure of something that the program never asked for, told to
# it; memory left behind where a step half succeeded.
. "$top_srcdir/tests/lib.sh" || exit 99

here=$top_builddir/tests/vendor
export LD_LIBRARY_PATH=$top_builddir/tests/fakes/.libs
export HMS_FAKES=$scratch/machine HMS_FAKES_LEFT=$scratch/left

# machine [FUNCTION] : two devices; that function fails with 999
machine() {
	for bus in 17 65; do
		echo "cuda device pci=0000:$bus:00.0 memory=67108864 peers=3 pools=1 name=Double"
	done >"$HMS_FAKES"
	[ -z "${1:-}" ] || echo "cuda $1 999" >>"$HMS_FAKES"
}

# gpu POLICY COMMAND... : what it says, on one line, and whether it died
gpu() {
	HMS_POLICY=$1 hms "$here/gpu_static" "${@:2}" 2>&1 | tr '\n' ';'
	echo "${PIPESTATUS[0]}"
}

# left : what the program's end left with the driver; contexts are the run-time's
left() {
	tail -1 "$HMS_FAKES_LEFT" | sed 's/^contexts [0-9]* //'
	rm -f "$HMS_FAKES_LEFT"
}

# Ours alone: the program asks for none of these, so it must not notice.
quiet() { # NAME POLICY COMMAND...
	local name=$1 function plain
	shift
	machine
	plain=$(gpu "$@")
	for function in $functions; do
		machine "$function"
		rm -f "$HMS_FAKES_LEFT"
		is "$name: $function fails" "$(gpu "$@")" "$plain"
		is "$name: and nothing is left" "$(left)" "memories 0 registered 0"
	done
}

functions="cuMemAdvise_v2 cuMemAdvise cuMemAllocManaged cuDeviceTotalMem_v2
cuCtxGetDevice cuDeviceGetAttribute cuDeviceGet"
quiet "managed" "rule m: cudaMalloc -> managed(cuda:0 then node:0)" malloc 4194304 free
functions="cuDeviceCanAccessPeer cuCtxEnablePeerAccess cuCtxPushCurrent_v2
cuCtxGetDevice cuDeviceGetAttribute"
quiet "peer" "rule p: cudaMalloc -> cuda:1" malloc 4194304 free
functions="cuMemHostRegister_v2 cuMemHostGetDevicePointer_v2 cuCtxSynchronize
cuCtxGetDevice"
quiet "on the host" "rule h: cudaMalloc -> node:0" malloc 4194304 free malloc 4096 free
functions="cuMemHostRegister_v2 cuCtxGetDevice cuCtxSynchronize"
quiet "pinned" "rule h: cudaMallocHost -> node:0" host 4194304 freehost
functions="cuMemPoolCreate cuMemPoolSetAccess cuDeviceCanAccessPeer
cuCtxGetDevice cuStreamIsCapturing"
quiet "stream-ordered" "rule a: cudaMallocAsync -> cuda:1" \
	stream async 4096 async 4096 freeasync freeasync

# The program's own: it is told the driver's code, and may try again.
machine cuMemFree_v2
is "a free that fails is told" "$(gpu "rule m: cudaMalloc -> managed(cuda:0)" \
	malloc 4096 keep-free keep-free)" "malloc 4096: 0;keep-free: 999;keep-free: 999;0"
machine cuMemHostUnregister
is "memory that stays registered stays" "$(gpu "rule h: cudaMallocHost -> node:0" \
	host 4096 freehost)" "host 4096: 0;freehost: 999;0"
machine cuMemAlloc_v2
is "an allocation that fails is told" "$(gpu "rule l: cudaMalloc -> cuda:0, limit 4K" \
	malloc 4096 malloc 4096)" "malloc 4096: 999;malloc 4096: 999;0"
machine cuDevicePrimaryCtxRetain
is "no context is told" "$(gpu "rule m: cudaMalloc -> managed(cuda:0)" malloc 4096)" \
	"malloc 4096: 999;0"
for function in cuGetProcAddress_v2 cuInit cuDeviceGetCount; do
	machine $function
	is "$function fails" "$(gpu "rule m: cudaMalloc -> managed(cuda:0)" malloc 4096)" \
		"$("$here/gpu_static" malloc 4096 2>&1 | tr '\n' ';')0"
done
machine cuGetProcAddress
is "the older resolver fails" "$(HMS_POLICY="rule m: cudaMalloc -> managed(cuda:0)" \
	hms "$here/gpu_old" malloc 4096 2>&1)" "$("$here/gpu_old" malloc 4096 2>&1)"

# And the system's: with the faults library, each call that we make for this.
faulty=$top_builddir/tests/faults/.libs/libhms_preload_faults.so
machine
# survives NTH CALL
survives() {
	is "$2 $1 fails: memory works" "$(
		HMS_FAULT=$2:$1:12 HMS_POLICY="rule h: cudaMallocHost|cudaMalloc -> node:0" \
			LD_PRELOAD=$faulty "$here/gpu_static" \
			host 4194304 malloc 4096 free freehost 2>&1 |
			grep -v '^hms: ' | tr '\n' ';'
		echo "${PIPESTATUS[0]}")" \
		"host 4194304: 0;malloc 4096: 0;free: 0;freehost: 0;0"
}
for nth in $(seq 1 25); do
	survives "$nth" mmap
done
for nth in 1 2 3 4 '*'; do
	survives "$nth" mbind
done
survives 1 munmap
survives 2 munmap
finish
