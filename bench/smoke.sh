# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# The benchmark's scripts work.  No time is looked at: a timed test fails
# on a busy machine, and then nobody believes it.
. "$top_srcdir/tests/lib.sh"

# Debian's own, not one that a version manager put first.
run() {
	/usr/bin/python3 "$top_srcdir/bench/run" -q -n 1 "$@"
}

if ! [ -x /usr/bin/python3 ] || ! ls /usr/lib/*/libjemalloc.so.2 \
	>/dev/null 2>&1; then
	skip "bench/run" "needs python3 and libjemalloc2"
	finish
fi

# Catches: a mode that crashes or is lost, a table without its numbers.
run -p pair64 -p true >"$scratch/out" 2>"$scratch/err"
is "bench/run ends well" "$?" 0
note "$(cat "$scratch/err")"
is "nothing failed" "$(grep failed "$scratch/err")" ""
is "header of the summary" \
	"$(grep -E '^mode +time +worst +CPU +worst +RSS +worst$' \
		"$scratch/out" | wc -l)" 1
for mode in glibc jemalloc off none miss 64K hit 2nd 3rd 4th report; do
	is "a row with numbers for $mode" \
		"$(grep -cE "^$mode( +[0-9.]+ +(pair64|true) [0-9.]+){3}$" \
			"$scratch/out")" 1
done
is "two programs against all modes" \
	"$(grep -cE '^(pair64|true)( +[0-9.]+){10,}$' "$scratch/out")" 7

# Catches: Markdown that no longer has as many rules as columns.
run -p pair16 -m none --markdown >"$scratch/md" 2>/dev/null
is "Markdown" "$(sed -n '3,5p' "$scratch/md")" "$(
	echo '| mode | time | worst | CPU | worst | RSS | worst |'
	echo '|---|---|---|---|---|---|---|'
	sed -n 5p "$scratch/md" | grep '^| jemalloc | 1.00 |'
)"
# Catches: an unknown name silently measuring nothing.
run -p nosuch >/dev/null 2>&1
is "an unknown program is an error" "$?" 69

# Catches: rules that make the program fail on a recorded machine.
/usr/bin/python3 "$top_srcdir/bench/startup" -n 1 start-8 \
	>"$scratch/out" 2>"$scratch/err"
is "bench/startup ends well" "$?" 0
note "$(cat "$scratch/err")"
is "two rows without a rule, five with one" \
	"$(grep -cE '^  [a-z].*( +[0-9]+){2}$' "$scratch/out") \
$(grep -cE '^  [a-z].*( +[0-9]+ +[+-][0-9]+){2}$' "$scratch/out")" "2 5"
finish
