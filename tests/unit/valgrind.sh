# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# The unit tests once more, under valgrind: reads of memory that nobody wrote
# or that is no longer there, in the code that runs inside other people's
# programs.  Leaks are not looked for: HMS has no malloc, Criterion leaks.
. "$top_srcdir/tests/lib.sh"

if ! command -v valgrind >/dev/null; then
	skip 'unit tests under valgrind' 'no valgrind (apt-get install valgrind)'
	finish
fi
export HMS_UNDER_VALGRIND=1
# Criterion runs each test in a process of its own.
for program in $UNIT_PROGRAMS; do
	ok "$program" valgrind -q --trace-children=yes --error-exitcode=9 \
		--leak-check=no "$top_builddir/$program"
done
finish
