#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What memory each request gets on each machine of tests/machines, as hms check
# prints it.  answers/NAME was written from what is known of the machine.
# Catches: a reader that misses or mixes up what a kernel shows, a path or a
# rank that is wrong, an order that changes from run to run.
. "$top_srcdir/tests/lib.sh"
. "$top_srcdir/tests/machines/machines.sh"
export HOME=$scratch
unset XDG_CONFIG_HOME XDG_STATE_HOME

only=${1:-}
for file in "$top_srcdir"/tests/machines/answers/*; do
	name=${file##*/}
	[ -z "$only" ] || [ "$name" = "$only" ] || continue
	HMS_TOPOLOGY=$(machine "$name") || exit 99
	export HMS_TOPOLOGY
	answers "$name" "$file"
done
finish
