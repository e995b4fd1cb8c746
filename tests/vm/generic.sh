#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# An initiator without CPUs, as ACPI tells of it: generic-place.sh.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/vm/run.sh" generic generic-place.sh
