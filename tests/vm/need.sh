#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Memory asked for by need, with memory that comes and goes: need-place.sh.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" need need-place.sh
