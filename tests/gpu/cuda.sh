#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# CUDA shims on a real device.  Managed memory stays below 256 MiB in all, and
# no device is oversubscribed: more could hang it.  Skips, with a reason, where
# there is no device or no toolkit.  Would catch what the double cannot know:
# that the real run-time takes our functions, that kernels reach the memory,
# that the driver takes our advice.
. "$top_srcdir/tests/lib.sh" || exit 99

all() { # WHY : nothing can be tested
	skip "CUDA on a real device" "$1"
	finish
}
nvcc=$(command -v nvcc) || all "no nvcc (NVIDIA's toolkit)"
[ -e /dev/nvidiactl ] || all "no NVIDIA device here (/dev/nvidiactl)"
for kind in static shared; do
	"$nvcc" -O1 -cudart $kind -o "$scratch/$kind" "$top_srcdir/tests/gpu/app.cu" \
		>"$scratch/out" 2>&1 || all "nvcc cannot build: $(head -1 "$scratch/out")"
done
"$scratch/static" >"$scratch/out" 2>&1 || all "the device does not start: $(head -1 "$scratch/out")"
"$scratch/static" attributes | sed 's/^/# /'
export HMS_LOG=warn:$scratch/log

# gpu KIND POLICY COMMAND... : on one line
gpu() {
	rm -f "$scratch/log"
	HMS_POLICY=$2 hms "$scratch/$1" "${@:3}" 2>&1 | tr '\n' ';'
}
concurrent=$("$scratch/static" attributes | sed -n 's/^attribute 89: \([0-9]*\).*/\1/p')

for kind in static shared; do
	is "$kind: without a rule" "$(gpu $kind "rule x: cuda, size >= 1T -> default" \
		malloc 16 kind compute free)" "malloc: 0;is device;kernel computes right;free: 0;"
	is "$kind: on the device" "$(gpu $kind "rule d: cudaMalloc -> cuda:0" \
		malloc 16 kind compute free)" "malloc: 0;is device;kernel computes right;free: 0;"
	if [ "$concurrent" = 1 ]; then
		is "$kind: managed" "$(gpu $kind "rule m: cudaMalloc -> managed(cuda:0 then node:0)" \
			malloc 64 kind compute free)" \
			"malloc: 0;is managed;kernel computes right;free: 0;"
		is "$kind: managed, on the host" "$(gpu $kind "rule m: cudaMalloc -> managed(node:0)" \
			malloc 64 kind compute free)" \
			"malloc: 0;is managed;kernel computes right;free: 0;"
	else
		skip "$kind: managed" "no concurrent managed access (attribute 89)"
	fi
	is "$kind: device memory on the host" "$(gpu $kind "rule h: cudaMalloc -> node:0" \
		malloc 16 kind compute free)" "malloc: 0;is host;kernel computes right;free: 0;"
	is "$kind: pinned memory on a node" "$(gpu $kind "rule h: cudaMallocHost -> node:0" \
		host 16 kind node compute freehost)" \
		"host: 0;is host;node 0;kernel computes right;freehost: 0;"
	is "$kind: stream-ordered, on the device" "$(gpu $kind "rule a: cudaMallocAsync -> cuda:0" \
		async 16 kind compute freeasync)" \
		"async: 0;is device;kernel computes right;freeasync: 0;"
	is "$kind: stream-ordered, of a node or untouched" \
		"$(gpu $kind "rule a: cudaMallocAsync -> node:0" async 16 compute freeasync)" \
		"async: 0;kernel computes right;freeasync: 0;"
	is "$kind: a limit is out of memory" "$(gpu $kind "rule l: cudaMalloc -> cuda:0, limit 20M" \
		malloc 16 malloc 16)" "malloc: 0;malloc: 2;"
	is "$kind: a device that is not there" "$(gpu $kind "rule n: cudaMalloc -> cuda:63" \
		malloc 16 kind compute)" "malloc: 0;is device;kernel computes right;"
	is "$kind: captures are left alone" \
		"$(gpu $kind "rule m: cudaMalloc -> managed(cuda:0)" capture)" \
		"$("$scratch/$kind" capture 2>&1 | tr '\n' ';')"
	is "$kind: once memory is shared, it is the driver's" \
		"$(gpu $kind "rule d: cudaMalloc, size < 8M -> cuda:0; rule m: cudaMalloc -> managed(cuda:0)" \
			malloc 4 ipc malloc 16 kind)" "malloc: 0;ipc: 0;malloc: 0;is device;"
	is "$kind: the program's own managed memory" \
		"$(gpu $kind "rule m: cudaMallocManaged -> managed(cuda:0)" managed 64 kind compute free)" \
		"managed: 0;is managed;kernel computes right;free: 0;"
done

if "$nvcc" -O1 -o "$scratch/blas" "$top_srcdir/tests/gpu/blas.cu" -lcublas >"$scratch/out" 2>&1; then
	for policy in "rule d: cuda -> cuda:0" "rule m: cudaMalloc -> managed(cuda:0)" \
		"rule h: cudaMallocHost -> node:0"; do
		is "cuBLAS ($policy)" "$(HMS_POLICY=$policy hms "$scratch/blas" 2>&1)" right
	done
else
	skip "cuBLAS" "it is not installed"
fi
if python3 -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
	cat >"$scratch/torch.py" <<'END'
import torch
a = torch.ones(512, 512, device="cuda", requires_grad=True)
(a @ a).sum().backward()
print(float(a.grad.sum()))
END
	for policy in "rule d: cudaMalloc -> cuda:0" "rule m: cudaMalloc -> managed(cuda:0)"; do
		is "PyTorch ($policy)" "$(HMS_POLICY=$policy hms python3 "$scratch/torch.py" 2>&1)" \
			"$(python3 "$scratch/torch.py" 2>&1)"
	done
else
	skip "PyTorch" "it is not installed, or sees no device"
fi
finish
