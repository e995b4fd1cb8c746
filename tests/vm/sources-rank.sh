#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Sources on Debian's kernel with NUMA balancing, forced one by one: each finds
# the hot set of tests/sources/rank.c.  Runs in topology `sockets`.  Catches
# what an ordinary host's kernel does not show: hint faults that never come
# because of HMS's own memory policy, or times taken from the wrong marking.
. "$top_srcdir/tests/lib.sh"
. "$top_srcdir/tests/sources/ranks.sh"

is 'the kernel balances' "$(cat /proc/sys/kernel/numa_balancing)" 1
# Emulated: each system call takes 20 times as long.  Times are the kernel's: a
# second and more of CPU time between markings.
export HMS_TEST_FACTOR=5 HMS_TEST_PERCENT=20
ranks 'hint faults of small pages' 1 hint anon
HMS_TEST_FACTOR=3 ranks 'accessed bits of small pages' 1 accessed anon
ranks 'refault of a memfd' 1 refault shared
for source in rwp written; do
	ok "$source says what this kernel lacks" \
		bash -c "$rank $source | grep '# SKIP $source: this kernel has no'"
done
echo 0 >/proc/sys/kernel/numa_balancing
ok 'hint says that the kernel does not balance' \
	bash -c "$rank hint | grep 'SKIP hint: kernel.numa_balancing is 0'"
echo 1 >/proc/sys/kernel/numa_balancing
echo 3 >/proc/sys/kernel/perf_event_paranoid
ok 'an administrator may forbid it all but accessed bits' \
	su nobody -s /bin/bash -c "$rank refault |
		grep 'SKIP refault: perf_event_paranoid is 3'"
finish
