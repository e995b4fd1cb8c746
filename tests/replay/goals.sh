#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# hms replay, as people call it: what it must say of programs whose best answer
# is known, and the goals of the default planner.  Would catch: a planner that
# got worse on any of the programs, one that moves too much, results that
# change by themselves.
. "$top_srcdir/tests/lib.sh" || exit 99

replay() {
	"$HMS_TOOL" replay --json --no-bound "$@"
}

if ! command -v jq >/dev/null; then
	skip "hms replay" "no jq (apt-get install jq)"
	finish
fi

# 0.92 of all accesses to the fifth that is fast, idle latencies: 140 ns of
# 140 + 0.08 * 150; load makes fast memory a little slower than that.
"$HMS_TOOL" replay --json --seconds 40 --case hot --planner none \
	--planner rate >"$scratch/hot"
of_hot() { # FILTER : passes if it is true
	jq -e ".cases[0] | $1" "$scratch/hot"
}
ok "hot: the best is 0.92 by hand" of_hot \
	'.static > 0.915 and .static < 0.928 and .bound > 0.915'
ok "hot: a fifth is hot, if nothing moves" of_hot \
	'.planners.none | .relative > 0.5 and .relative < 0.58 and .moves == 0'
ok "hot: rate gets there, and moves each block about once" of_hot \
	'.planners.rate | .relative > 0.91 and .moves > 500 and .moves < 2500'
ok "hot: most promotions pay" of_hot '.planners.rate | .paid > .lost'

# 90 % of accesses follow the set: 0.92 but for the time to notice; of six sets
# two fit what stays.
replay --seconds 60 --case shift10 --planner rate >"$scratch/shift"
ok "shift10: rate follows, nothing that stays does" \
	jq -e '.cases[0] | .static < 0.7 and .planners.rate.relative > 0.89' \
	"$scratch/shift"

# Nothing is to be gained: 140 of 140 + 0.8 * 150, and load.
replay --seconds 30 --case uniform --planner rate >"$scratch/uniform"
ok "uniform: nothing is gained, little is lost" \
	jq -e '.cases[0] | .static > 0.52 and .static < 0.55 and
		.planners.rate.relative > 0.99 * .static' "$scratch/uniform"

same() { # of the same seed, but for the clock
	replay --seconds 10 --blocks 512 --seed "$1" |
		jq 'del(.. | .cpu?)' | sha256sum
}
is "the same seed is the same program" "$(same 4)" "$(same 4)"
ok "another seed is another" test "$(same 4)" != "$(same 5)"

replay --planner rate --planner arms >"$scratch/all"
goal() { # FILTER : passes if it is true
	jq -e ".planners.rate as \$rate | .planners.arms as \$arms | $1" \
		"$scratch/all"
}
note "$(jq -c '.planners.rate' "$scratch/all")"
is "all programs" "$(jq '.cases | length' "$scratch/all")" \
	"$(grep -c '^REPLAY_CASE' "$top_srcdir/tools/replay/cases.def")"
ok "geometric mean at least 0.85" goal '$rate.mean >= 0.85'
ok "never more than 2 % below what stays" goal '$rate.worst >= 0.98'
ok "less than half of what arms moves" goal '$rate.bytes < $arms.bytes / 2'

# Recordings: alone, and beside a generator that is named.
trace=$top_srcdir/tests/fuzz/traces/sampled
is "a recording" "$(replay "$trace" --planner rate --planner tpp |
	jq -c '[.cases[] | [.recorded, (.planners | length)]]')" "[[true,2]]"
is "a recording and a program" "$(replay --seconds 2 --case hot "$trace" |
	jq -c '[.cases[].recorded]')" "[true,false]"

usage() {
	"$HMS_TOOL" replay "$@" >"$scratch/out" 2>&1
	echo "$? $(cat "$scratch/out")"
}
is "an unknown planner" "$(usage --planner rat)" \
	"64 hms replay: rat: no such planner; did you mean rate?"
is "an unknown program" "$(usage --case zpif)" \
	"64 hms replay: zpif: no such case; did you mean zipf?"
is "too many programs" "$(yes "$trace" | head -n 64 |
	xargs "$HMS_TOOL" replay --no-bound --seconds 1 --case hot \
		--planner none 2>&1 | tail -n 1)" \
	"hms replay: at most 64 programs at a time"
is "numbers out of range" "$(usage --fast 2)" \
	"64 hms replay: 2: out of range"
echo no recording >"$scratch/text"
is "a file that is none" "$(usage "$scratch/text")" \
	"65 hms replay: $scratch/text: is no recording"
is "a file that is not there" "$(usage "$scratch/gone")" \
	"65 hms replay: $scratch/gone: cannot be read"
finish
