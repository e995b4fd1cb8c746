#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Host memory for CUDA in a machine with two sockets, see cuda-place.sh.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" sockets cuda-place.sh
