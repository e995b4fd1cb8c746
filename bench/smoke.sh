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

# Rules by caller.  Catches: a mode or a program that is lost, a row without
# its numbers, a table without its goals.
run --sites --reports "$scratch/reports" >"$scratch/out" 2>"$scratch/err"
is "bench/run --sites ends well" "$?" 0
note "$(cat "$scratch/err")"
is "nothing of it failed" "$(grep failed "$scratch/err")" ""
number='( +[0-9]+[.][0-9]+)'
modes=7
compared=
if [ -e "$top_builddir/bench/.libs/libunwind_each.so" ]; then
	compared='unwind8 unwind backtrace'
	modes=10
else
	skip "full unwinds" "libunwind-dev was not there for configure"
fi
have=1
for program in redis sqlite3 python3 gcc perl lua git-gc; do
	grep -q "^bench: $program skipped" "$scratch/err" && have=
done
if [ -n "$have" ]; then
	is "real programs, by CPU and by wall clock" "$(grep -cE \
		"^(redis|sqlite3|python3|gcc|perl|lua|git-gc)$number{$modes}$" \
		"$scratch/out")" 14
else
	skip "real programs" "not all of them are installed"
fi
is "allocation-only programs" "$(grep -cE \
	"^(larson|handover|threads)$number{$modes}$" "$scratch/out")" 3
is "nanoseconds" "$(grep -cE \
	"^(pair16|pair64|pair1000|random)$number{$modes}$" "$scratch/out")" 4
is "batch64 is both" \
	"$(grep -cE "^batch64$number{$modes}$" "$scratch/out")" 2
is "scaling" \
	"$(grep -cE "^(own|swapped) blocks$number{$modes}$" "$scratch/out")" 2
is "goals" "$(grep -E '^goal ' "$scratch/out" | tr -s ' ' | sort -u)" "$(
	cat <<-END
		goal - 1.02 1.04 1.15 1.15 1.05 1.50${compared:+ - - -}
		goal - 1.05 1.10 1.35 1.35 1.10 3.00${compared:+ - - -}
		goal - 1.08 1.08 1.08 1.08 1.08 1.08${compared:+ - - -}
	END
)"

# Catches: a document that loses what is around the table.
printf '%s\n' above '<!-- sites: begin -->' old '<!-- sites: end -->' below \
	>"$scratch/document"
run --sites -p pair16 -m none --into "$scratch/document" \
	>"$scratch/out" 2>/dev/null
is "a table goes into a document" \
	"$(sed 's/^1 run, .*/RUNS/; s/[0-9]*[.][0-9]/0.0/g' \
		"$scratch/document")" "$(
		cat <<-END
			above
			<!-- sites: begin -->
			RUNS

			| Nanoseconds per malloc and free | jemalloc | none |
			|---|---|---|
			| pair16 | 0.0 | 0.0 |
			<!-- sites: end -->
			below
		END
	)"

# share PROGRAM MODE : of 100 heap calls, how many the first rule had
share() {
	jq -s '([.[].rules[0].calls // 0] | add) * 100 /
		([.[].families.heap.calls] | add) | round' \
		"$scratch/reports/$1.$2".*.json
}

# Catches: rules that ask nobody, or find other callers than are meant.  Not
# git: of the small input it makes too little.
for program in larson handover batch64 threads pair16 random \
	redis sqlite3 python3 gcc perl lua; do
	for mode in from-2 via=; do
		if ! command -v jq >/dev/null || ! ls \
			"$scratch/reports/$program.$mode".*.json \
			>/dev/null 2>&1; then
			skip "$program under $mode" "no such program"
			continue
		fi
		got=$(share "$program" "$mode")
		if [ $mode = via= ]; then
			ok "$program: the stacks of $got % were looked at" \
				test "$got" -ge 95
		else
			ok "$program: $got % are the half" \
				test "$got" -ge 35 -a "$got" -le 65
		fi
	done
done
# Catches: modes that account for nothing, or not for each call.
if command -v jq >/dev/null; then
	for program in larson random; do
		is "$program: every call has its site" "$(jq -c '[.sites.mode,
			([.sites.sites[].calls] | add) - .families.heap.calls]' \
			"$scratch/reports/$program".exact.*.json)" '["exact",0]'
		is "$program: sampled" "$(jq -c '[.sites.mode,
			([.sites.sites[].calls] | add) > 0]' \
			"$scratch/reports/$program".sampled.*.json)" \
			'["sampled",true]'
	done
fi
# Catches: what is there to compare with does not unwind, or not so far.
for mode in $compared; do
	is "every call is unwound: $mode" "$(awk '{ print $1 }' \
		"$scratch/reports/pair16.$mode.count")" 200001
done
depth() {
	awk '{ calls += $1; frames += $2 } END { print int(frames / calls) }' \
		"$scratch/reports/gcc.$1.count"
}
if [ -e "$scratch/reports/gcc.unwind.count" ]; then
	is "eight frames" "$(depth unwind8)" 7
	ok "gcc's stacks are deeper" test "$(depth unwind)" -gt 15
	is "both unwinders see the same depth" \
		"$(depth backtrace)" "$(depth unwind)"
fi

# Catches: rules that make the program fail on a recorded machine.
/usr/bin/python3 "$top_srcdir/bench/startup" -n 1 start-8 \
	>"$scratch/out" 2>"$scratch/err"
is "bench/startup ends well" "$?" 0
note "$(cat "$scratch/err")"
is "two rows without a rule, five with one" \
	"$(grep -cE '^  [a-z].*( +[0-9]+){2}$' "$scratch/out") \
$(grep -cE '^  [a-z].*( +[0-9]+ +[+-][0-9]+){2}$' "$scratch/out")" "2 5"
# Catches: rules by caller or reports that fail at the start.
/usr/bin/python3 "$top_srcdir/bench/startup" -n 1 - \
	>"$scratch/out" 2>"$scratch/err"
is "bench/startup of this machine ends well" "$?" 0
note "$(cat "$scratch/err")"
is "two of rules by caller, three of reports" \
	"$(grep -oE '^  (from|via|report|report, sampled|report, exact) ' \
		"$scratch/out" | tr -d '\n')" \
	"  from   via   report   report, sampled   report, exact "
finish
