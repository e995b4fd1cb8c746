#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Rules by caller, on real NUMA tiers; see callers-place.sh.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" tiers callers-place.sh
