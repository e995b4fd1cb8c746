# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# The unit tests once more, built with ASan and UBSan (the preloaded library
# itself cannot carry their run time): overruns, overflows, bad shifts.
. "$top_srcdir/tests/lib.sh"

# Shadow memory is what `ulimit -v` and some containers refuse.
echo 'int main(void) { return 0; }' >"$scratch/try.c"
if ! ${CC:-gcc} -fsanitize=address,undefined -o "$scratch/try" \
	"$scratch/try.c" >/dev/null 2>&1 || ! "$scratch/try"; then
	skip 'unit tests with sanitizers' "${CC:-gcc} has no ASan that runs here"
	finish
fi
unset MAKEFLAGS MFLAGS MAKELEVEL TESTS
mkdir "$scratch/build"
cd "$scratch/build" || exit 99
ok 'configure --enable-sanitizers' \
	"$top_srcdir/configure" --quiet --enable-sanitizers
# BUILT_SOURCES are made by the targets that name no program only.
# shellcheck disable=SC2086 # a list of programs
ok 'build' sh -c "make -s built-sources && make -s -j2 $UNIT_PROGRAMS"
for program in $UNIT_PROGRAMS; do
	ok "$program" "./$program"
done
finish
