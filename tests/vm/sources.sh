#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What says how often memory is accessed, see sources-rank.sh.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" sockets sources-rank.sh
