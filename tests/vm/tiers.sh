#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Placement on real NUMA tiers, see place.sh; one boot for all of it.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" tiers place.sh
