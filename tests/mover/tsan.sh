#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The data check with the engine built for ThreadSanitizer: would catch what
# the mover and others touch without a lock or an atomic; see data.c.
. "$top_srcdir/tests/lib.sh"

seconds=${HMS_TEST_SECONDS:-2}
echo 'int main(void) { return 0; }' >"$scratch/try.c"
if ! ${CC:-gcc} -fsanitize=thread -o "$scratch/try" "$scratch/try.c" \
	>/dev/null 2>&1 || ! "$scratch/try"; then
	skip 'data check under TSan' "${CC:-gcc} has no TSan that runs here"
	finish
fi
unset MAKEFLAGS MFLAGS MAKELEVEL TESTS
mkdir "$scratch/build"
cd "$scratch/build" || exit 99
ok 'configure' "$top_srcdir/configure" --quiet \
	CFLAGS='-g -O1 -fsanitize=thread' LDFLAGS=-fsanitize=thread
ok 'build' sh -c 'make -s built-sources && make -s -j2 tests/mover/data_linked'
export HMS_TEST_DIRECT=$scratch
for folder in "$scratch" /dev/shm; do
	export HMS_POLICY="* -> node:0 then file:$folder"
	ok "data check under TSan, $(stat -f -c %T "$folder")" \
		tests/mover/data_linked "$seconds" 0
	note "$(tail -n 1 "$scratch/ok.out")"
done
finish
