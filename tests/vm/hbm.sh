#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Two sockets with HBM each, and devices next to them: hbm-place.sh.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" sockets-hbm hbm-place.sh
