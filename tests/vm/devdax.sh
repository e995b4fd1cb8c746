#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Device memory as a target, see devices.sh.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" devdax devices.sh
