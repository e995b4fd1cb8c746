#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Memory that moves from node to node, see moves-data.sh.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" sockets moves-data.sh
