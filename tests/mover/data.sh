#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Memory moves between a node and files, to and fro, while threads write it,
# hand it to system calls and devices, map, protect and fork.  Would catch any
# byte lost or seen wrong, and a call that fails because its memory moves; see
# tests/mover/data.c.  HMS_TEST_SECONDS=600 for long.
. "$top_srcdir/tests/lib.sh"

seconds=${HMS_TEST_SECONDS:-2}
data=$top_builddir/tests/mover/data
linked=$top_builddir/tests/mover/data_linked

. "$top_srcdir/tests/mover/lib.sh"

supported() {
	"$linked" 0.1 0 >"$scratch/out" 2>&1 &&
		! grep -q 'moved forth 0, back 0;' "$scratch/out"
}

export HMS_POLICY="* -> node:0 then file:$scratch"
if ! supported; then
	skip 'node and file' 'userfaultfd for kernel faults, or UFFDIO_MOVE, is not to be had here'
else
	run 'node and disk file, under the preload' "file:$scratch" \
		env LD_PRELOAD="$HMS_PRELOAD" "$data" "$seconds" 5
	run 'node and tmpfs file, under the preload' "file:/dev/shm" \
		env LD_PRELOAD="$HMS_PRELOAD" "$data" "$seconds" 5
	run 'node and disk file, engine alone' "file:$scratch" \
		"$linked" "$seconds" 5
	run 'node and tmpfs file, engine alone' "file:/dev/shm" \
		"$linked" "$seconds" 5
fi

# Somebody who may not stop a block in the kernel places, and moves nothing.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null &&
	[ "$(cat /proc/sys/vm/unprivileged_userfaultfd 2>/dev/null)" = 0 ]; then
	chmod 777 "$scratch"
	run 'without privileges nothing moves, nothing is lost' "file:/dev/shm" \
		setpriv --reuid 65534 --regid 65534 --clear-groups \
		env LD_PRELOAD="$HMS_PRELOAD" "$data" "$seconds" 0 1
else
	skip 'without privileges' 'needs root, setpriv and vm.unprivileged_userfaultfd = 0'
fi
finish
