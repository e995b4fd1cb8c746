#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Two sockets, see sockets-place.sh.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" sockets sockets-place.sh
