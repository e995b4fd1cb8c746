#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# CXL memory that the kernel's CXL drivers see: cxl-place.sh.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" cxl cxl-place.sh
