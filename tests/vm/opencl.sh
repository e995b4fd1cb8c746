#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# OpenCL in a machine with two sockets, see opencl-place.sh.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" sockets opencl-place.sh
