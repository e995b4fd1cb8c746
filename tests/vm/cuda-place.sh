#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Host memory that the CUDA shims make is on the node of the rule, as the
# kernel says (move_pages), after the double of the driver has pinned it and
# the program has written it.  Runs in topology `sockets`.  Catches memory that
# is bound after it was touched, and a rule that is for the wrong step.
. "$top_srcdir/tests/vm/place-lib.sh"
program=$top_builddir/tests/vendor/gpu_static
export LD_LIBRARY_PATH=$top_builddir/tests/fakes/.libs
export HMS_FAKES=/run/machine
echo "cuda device pci=0000:17:00.0 memory=67108864 pools=1 name=Double" >$HMS_FAKES

# nodes POLICY CPU COMMAND... : where its memory is, says the kernel
nodes() {
	HMS_POLICY=$1 LD_PRELOAD=$HMS_PRELOAD taskset -c "$2" "$program" "${@:3}" 2>&1 |
		grep -v ' [0-9]*: 0$\|^free' | tr '\n' ' '
}

is 'pinned memory on the other socket' \
	"$(nodes 'cudaMallocHost -> node:1' 0 host 8388608 node freehost host 4096 node)" \
	'node: 1 node: 1 '
is 'and on this one' "$(nodes 'cudaMallocHost -> node:0' 1 host 8388608 node)" 'node: 0 '
is 'device memory on the host' "$(nodes 'cudaMalloc -> node:1' 0 malloc 8388608 node)" \
	'node: 1 '
is 'after a device with a limit' \
	"$(nodes 'target g = cuda:0; limit g 1M; cudaMalloc -> g then node:1' 0 malloc 8388608 node)" \
	'node: 1 '
finish
