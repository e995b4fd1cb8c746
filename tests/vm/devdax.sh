#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Device memory as a target, see devices.sh.
. "$top_srcdir/tests/vm/run.sh" devdax devices.sh
