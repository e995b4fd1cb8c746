#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Two sockets, see sockets-place.sh.
. "$top_srcdir/tests/vm/run.sh" sockets sockets-place.sh
