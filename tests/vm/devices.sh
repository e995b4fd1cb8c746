#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Device DAX as a target.  Runs inside the machine with topology `devdax`.
. "$top_srcdir/tests/vm/place-lib.sh"
. "$top_srcdir/tests/sources/ranks.sh"

ok 'the machine has a DAX device' test -c /dev/dax0.0
under 'map, size >= 1M -> dax:0.0' "$kinds" 8 map_of
ok 'maps are device memory' grep -q ' wrong=0 .* /dev/dax0.0$' <<<"$got"
[ $failures -eq 0 ] || why
under 'heap, size >= 64K -> dax:0.0' "$kinds" 8 heap_of
ok 'so is the heap' grep -q ' wrong=0 .* /dev/dax0.0$' <<<"$got"
under 'map, size >= 1M -> dax:0.0' "$kinds" 8 fork
is 'fork is copy on write' "$(head -n 1 <<<"$got")" 'fork child=0 parent=kept'
# What is unmapped is free again: the device has 1 GiB.
under 'map, size >= 1M -> dax:0.0, strict' "$kinds" 400 again again
ok 'blocks are given back' test "$(grep -c '^again pages=102400' <<<"$got")" -eq 6
under 'map, size >= 1M -> dax:0.0, strict' "$kinds" 1500 mmap
fails mmap
under 'map, size >= 1M -> dax:0.0 then node:1' "$kinds" 8 map_of mmap malloc
ok 'several kinds of target in one program' test $rc -eq 0
got=$(HMS_POLICY='heap | map, size >= 1M -> dax:0.0' LD_PRELOAD=$HMS_PRELOAD \
	/usr/bin/python3 -c 'x = bytearray(range(256)) * 65536
import os, sys
sys.stdout.flush()
pid = os.fork()
x[5] = 9 if pid else 7
if pid: os.waitpid(pid, 0)
print(sum(x), x[5])' 2>&1)
is 'python3 forks on device memory' "$got" \
	"$((255 * 128 * 65536 + 7 - 5)) 7
$((255 * 128 * 65536 + 9 - 5)) 9"


# Emulated, a fault of device memory takes as long as hot memory is left alone.
HMS_TEST_FACTOR=20 HMS_TEST_PERCENT=20 \
	ranks 'what is hot on a device' 1 refault device:/dev/dax0.0
finish
