#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Memory of a real OpenCL driver (PoCL) is where rules say, after kernels have
# written all of it.  Runs in topology `sockets`.  Catches memory that is bound
# too late, or that the driver replaces by its own.
. "$top_srcdir/tests/vm/place-lib.sh"
program=$top_builddir/tests/real/opencl
export POCL_CACHE_DIR=/run/pocl XDG_CACHE_HOME=/run POCL_MAX_PTHREAD_COUNT=1
unset OPENCL_LAYERS

if [ ! -x "$program" ]; then
	echo "1..0 # SKIP no headers (apt-get install opencl-c-headers ocl-icd-opencl-dev)"
	exit 0
fi
under 'opencl -> node:1' taskset -c 0 "$program" where
if [ "$rc" -eq 77 ]; then
	echo "1..0 # SKIP no OpenCL driver (apt-get install pocl-opencl-icd)"
	exit 0
fi
lies svm node1 'SVM on the other socket'
lies buffer node1 'a buffer on the other socket'
is 'and right' "$(grep computes <<<"$got")" 'kernel 4194304 computes right'
under 'clSVMAlloc -> node:0; clCreateBuffer -> node:1' taskset -c 1 \
	"$top_builddir/tests/real/opencl_dlopen" where
lies svm node0 'SVM by dlopen: its own rule'
lies buffer node1 'a buffer by dlopen: its own rule'
finish
