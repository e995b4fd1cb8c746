#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# hms and the run-time libraries of devices, with doubles of them and with the
# real PoCL: catches libraries that are not opened, or opened by who must not,
# a broken one that takes the tool with it, and recordings that lose devices.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

cd "$scratch" || exit 99
export HOME=$scratch HMS_FAKES=$scratch/fakes
unset XDG_CONFIG_HOME XDG_STATE_HOME HMS_TOPOLOGY
unset CUDA_VISIBLE_DEVICES HIP_VISIBLE_DEVICES

with_fakes() {
	LD_LIBRARY_PATH=$top_builddir/tests/fakes/.libs "$@"
}

# Addresses that no machine has: a real GPU is not in the way.
cat >fakes <<'END'
cuda device pci=fe00:17:00.0 memory=85899345920 clock=2619000 width=5120 peers=2 near=2 name=NVIDIA H100
cuda device pci=fe00:4c:00.0 memory=85899345920 clock=2619000 width=5120 peers=1 near=1 name=NVIDIA H100
opencl device pci=fe00:17:00.0 memory=85899345920 name=H100
END

# But for the ways to sockets, of which a machine may have several.
lines() {
	grep 'fe00:' | grep -v 'fabric:'
}

is "list has what the libraries say" \
	"$(with_fakes "$HMS_TOOL" list --text | lines | sort)" "\
v1 bridge from=peer:fe00:17:00.0 to=vram:fe00:4c:00.0
v1 bridge from=peer:fe00:4c:00.0 to=vram:fe00:17:00.0
v1 initiator pci:fe00:17:00.0 kind=gpu aliases=cuda:0,opencl:0 name=\"NVIDIA H100\"
v1 initiator pci:fe00:4c:00.0 kind=gpu aliases=cuda:1 name=\"NVIDIA H100\"
v1 link pcie:fe00:17:00.0 initiators=pci:fe00:17:00.0 latency=457ns@guessed
v1 link pcie:fe00:4c:00.0 initiators=pci:fe00:4c:00.0 latency=457ns@guessed
v1 link peer:fe00:17:00.0 initiators=pci:fe00:17:00.0 latency=400ns@guessed bandwidth=150000MB/s@guessed
v1 link peer:fe00:4c:00.0 initiators=pci:fe00:4c:00.0 latency=400ns@guessed bandwidth=150000MB/s@guessed
v1 link vram:fe00:17:00.0 initiators=pci:fe00:17:00.0 targets=cuda:0 latency=275ns@guessed bandwidth=3352320MB/s@driver
v1 link vram:fe00:4c:00.0 initiators=pci:fe00:4c:00.0 targets=cuda:1 latency=275ns@guessed bandwidth=3352320MB/s@driver
v1 target cuda:0 kind=gpu@driver size=80G@driver manager=driver@driver coherent=no@driver cpu-access=no@driver device=fe00:17:00.0 name=\"NVIDIA H100\"
v1 target cuda:1 kind=gpu@driver size=80G@driver manager=driver@driver coherent=no@driver cpu-access=no@driver device=fe00:4c:00.0 name=\"NVIDIA H100\""

ok "they are recorded" with_fakes "$HMS_TOOL" list --record machine
is "a recording says the same without any library" \
	"$(HMS_TOPOLOGY=$scratch/machine "$HMS_TOOL" list --text | lines | sort)" \
	"$(with_fakes "$HMS_TOOL" list --text | lines | sort)"

is "rules may name them" \
	"$(with_fakes "$HMS_TOOL" check '* -> best bandwidth for cpu and cuda:1' 2>&1 |
		sed -n 's/^line 1  best bandwidth for cpu and cuda:1  //p' | grep -c node:)" 1

# One broken driver.
for fault in "crash|cuda: it crashed with signal 6" \
	"exit|cuda: it ended the process" "print|" "999|cuda: cuInit() says 999"; do
	echo "cuda cuInit ${fault%%|*}" >fakes
	echo "hip device pci=fe00:c1:00.0 memory=1073741824 name=MI" >>fakes
	with_fakes "$HMS_TOOL" list --text >out 2>err
	is "cuInit: ${fault%%|*}: the tool goes on, and says it" \
		"$? $(grep -c '^v1 target hip:0 ' out) $(cat err)" "0 1 ${fault#*|}"
done

if [ -e /etc/OpenCL/vendors/pocl.icd ] && ldconfig -p | grep -q libOpenCL.so.1; then
	export OCL_ICD_VENDORS=pocl.icd
	is "the real PoCL runs on CPUs" "$("$HMS_TOOL" list --text |
		grep -cE '^v1 initiator (cpu:[0-9]+ .*[=,]opencl:0|opencl:0 kind=other)')" 1
	is "its memory is no memory of its own" \
		"$("$HMS_TOOL" list --text | grep -c '^v1 target opencl:')" 0
else
	skip "the real PoCL runs on CPUs" \
		"no PoCL (apt-get install pocl-opencl-icd ocl-icd-libopencl1)"
fi
finish
