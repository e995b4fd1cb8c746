#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# NVIDIA's real run-time, where its toolkit is installed, on the double of the
# driver: what it asks the driver for passes through our hooks.  It goes no
# further, by design: the double has documented functions only.  Would catch a
# hook that a real, statically linked program goes around.
. "$top_srcdir/tests/lib.sh" || exit 99
: "${CC:=cc}"

nvcc=$(command -v nvcc)
cuda=${CUDA_HOME:-${nvcc%/bin/nvcc}}
[ -n "$cuda" ] || cuda=/usr/local/cuda
lib=$cuda/lib64
export HMS_FAKES=$scratch/machine HMS_FAKES_CALLS=$scratch/calls
export LD_LIBRARY_PATH=$top_builddir/tests/fakes/.libs:$lib
echo "cuda device pci=0000:17:00.0 memory=67108864 name=Double" >"$HMS_FAKES"

# names : that the hooks answered for with ours
names() {
	sed -nE 's/^.*hms: (cu[A-Za-z]+), version ([0-9]+)(.*): ours$/\1 \2\3/p' \
		"$scratch/log" | sed 's/,.*stream/ own/' | sort -u
}

# Those of the run-time's requests that allocate, free, place or capture.
wanted="cuIpcGetMemHandle 4010
cuLaunchKernel 4000
cuMemAdvise 12020
cuMemAdvise 8000
cuMemAlloc 3020
cuMemAllocAsync 11020
cuMemAllocAsync 11020 own
cuMemAllocFromPoolAsync 11020
cuMemAllocManaged 6000
cuMemAllocPitch 3020
cuMemFree 3020
cuMemFreeAsync 11020
cuMemFreeAsync 11020 own
cuMemFreeHost 2000
cuMemGetInfo 3020
cuMemHostAlloc 2020
cuMemHostRegister 6050
cuMemPrefetchAsync 12020
cuMemPrefetchAsync 12020 own
cuMemPrefetchAsync 8000
cuMemPrefetchAsync 8000 own
cuPointerGetAttributes 7000
cuStreamEndCapture 10000"

# try NAME COMMAND...
try() {
	local name=$1 plain
	shift
	plain=$("$@" 2>&1)
	rm -f "$scratch/log"
	is "$name: is told what it is told without HMS" "$(
		HMS_LOG=debug:$scratch/log \
			HMS_POLICY="rule m: cudaMalloc -> managed(cuda:0)" hms "$@" 2>&1)" \
		"$plain"
	is "$name: what it allocates with leads to us" \
		"$(comm -23 <(echo "$wanted") <(names))" ""
	is "$name: without a driver it is told 35" \
		"$(LD_LIBRARY_PATH=$lib HMS_POLICY="rule m: cuda -> managed(cuda:0)" \
			hms "$@" 2>&1)" 35
}

build() { # OUTPUT LIBRARY...
	$CC -w -I"$cuda/include" "$top_srcdir/tests/vendor/nvidia.c" -o "$scratch/$1" \
		"${@:2}" -ldl -lrt -lpthread -lstdc++ >"$scratch/out" 2>&1
}

if [ -f "$lib/libcudart_static.a" ] &&
	build static "$lib/libcudart_static.a"; then
	try "NVIDIA's static run-time" "$scratch/static"
else
	skip "NVIDIA's static run-time" "its toolkit is not installed"
fi
if [ -f "$lib/libcudart.so" ] && build shared -L"$lib" -lcudart; then
	try "NVIDIA's shared run-time" "$scratch/shared"
else
	skip "NVIDIA's shared run-time" "its toolkit is not installed"
fi
finish
