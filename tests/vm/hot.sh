#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Memory that moves, on real NUMA tiers, see hot-place.sh; one boot for it.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" tiers hot-place.sh 2400
