#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Memory that moves, on any machine: a file is the slow memory, a node the
# fast one.  tests/vm/hot.c asks the kernel which of its hot memory is in no
# file, and knows what every page must hold.  Catches plans that are never made
# or carried out, limits that moving goes beyond, rules that it breaks, and
# data that it loses.
. "${top_srcdir:?}/tests/lib.sh"
hot=$top_builddir/tests/vm/hot
seconds=${HMS_TEST_SECONDS:-90}
memory=$(mktemp -d /dev/shm/hms-test.XXXXXX) || exit 99
trap 'rm -rf "$scratch" "$memory"' EXIT
export HMS_BUDGET=3%
got=

# usage: under POLICY ARGUMENT... ; stdout in $got, the report in $report
under() {
	policy=$1
	shift
	rm -f "$scratch/report.json"
	got=$(HMS_POLICY=$policy HMS_REPORT=$scratch/report.json \
		LD_PRELOAD=$HMS_PRELOAD "$hot" "$@" 2>"$scratch/err")
	rc=$?
}

learned() { # FILTER: of the report
	jq -r ".learning | $1" "$scratch/report.json" 2>&1
}

# usage: right NAME PHASES: that many came to their end, nothing is wrong
right() {
	if [ "$rc" -eq 0 ] && grep -qx 'wrong 0' <<<"$got" &&
		[ "$(grep -c ' there after ' <<<"$got")" -eq "$2" ] &&
		! grep -q 'child saw' <<<"$got"; then
		pass "$1"
	else
		fail "$1"
		note "rules: $policy"
		note "$(head -n 5 "$scratch/err")"
		note "$(learned . | tr -d '\n ' | cut -c 1-3000)"
	fi
	note "$got"
}

anonymous() {
	sed -n 's/^anonymous //p' <<<"$got"
}

base="target slow = file:$memory; target fast = node:0"
rule='rule all: heap | map, size >= 1M -> slow then fast'

under "$base; limit fast 48M; $rule, migrate" 128 16 2 anon "$seconds"
right "hot memory leaves the file, and others follow" 2
ok "the limit holds" [ "$(anonymous)" -le $((48 << 8)) ]
is "and held all the time" "$(jq '[.targets[] |
	select(.name == "node:0") | .bound_peak <= 50331648] | any' \
	"$scratch/report.json")" true
ok "the report says what moved" \
	[ "$(learned '[.moves[] | select(.to == "node:0") | .bytes] | add')" \
	-ge 28000000 ]
ok "and which source saw it" \
	[ "$(learned '[.sources[] | select(.use == "in use" and .sights > 0)] |
		length')" -ge 1 ]
# What is rendered from the page is rendered from its JSON again.
"$HMS_TOOL" report --json "$scratch/report.json" >"$scratch/again.json"
is "the report reads its own JSON" \
	"$(jq -c .learning "$scratch/again.json")" "$(learned . | jq -c .)"
ok "and how hot it is" \
	[ "$(learned '.tiers[0].rates | add')" -ge 8 ]

under "$base; limit fast 8M; $rule, migrate" -m 128 32 1 anon 10
right "more is hot than the limit allows" 0
ok "the limit holds, of mappings too" [ "$(anonymous)" -le $((8 << 8)) ]
is "and held all the time, of mappings too" "$(jq '[.targets[] |
	select(.name == "node:0") | .bound_peak <= 8388608] | any' \
	"$scratch/report.json")" true

under "$base; $rule, migrate" -f 64 8 4 none 2
right "children see what was there when they were made" 0

# What is moved up leaves room in the file system, which somebody else takes.
cat >"$scratch/filled" <<'EOF'
mount -t tmpfs -o size=100M none "$1" || exit 77
"${@:2}" &
pid=$!
# All of it has to be there before: it is placed elsewhere where it is full.
{
	until awk -v folder="$1" 'index($0, folder) { here = 1 }
		here && /^Rss:/ { sum += $2; here = 0 }
		END { exit sum < 65000 }' /proc/$pid/smaps; do
		kill -0 $pid || exit
	done
	while :; do cat /dev/zero >>"$1/other"; done
} 2>/dev/null &
wait $pid
rc=$?
kill $!
exit $rc
EOF
policy="$base; limit fast 24M; $rule, migrate; migrate auto planner threshold"
rm -f "$scratch/report.json"
got=$(HMS_POLICY=$policy HMS_REPORT=$scratch/report.json unshare -m \
	bash "$scratch/filled" "$memory" env LD_PRELOAD="$HMS_PRELOAD" \
	"$hot" 64 16 3 anon 4 2>"$scratch/err")
rc=$?
if [ -s "$scratch/report.json" ]; then
	is "a target that fills up loses nothing" \
		"$rc $(grep -x 'wrong 0' <<<"$got")" '0 wrong 0'
	note "$got"
	ok "and the report says what could not move" \
		[ "$(learned '.refused + .ends["no room"]')" -gt 0 ]
else
	skip "a target that fills up" "no mounts of our own here"
fi

under "$base; $rule, pin; migrate auto" 64 8 1 anon 3
right "pin: nothing moves" 0
is "pin: nothing moves, says the kernel" "$(anonymous)" 0
is "and there is nothing to report" "$(learned .)" null

under "$base; $rule; migrate auto planner none" 64 8 1 anon 4
right "planner none: nothing moves" 0
is "planner none: but it is looked at" "$(learned '.ticks > 10')" true

under "$base; $rule; migrate auto planner rate1" 64 8 1 none 1
is "an unknown planner is refused" "$(grep -c 'unknown planner "rate1"; did you mean "rate"?' \
	"$scratch/err")" 1
export HMS_SOURCE=acessed
under "$base; $rule, migrate" 64 8 1 none 1
is "an unknown source is refused" "$(grep -c 'HMS_SOURCE: error: unknown source "acessed"; did you mean "accessed"?' \
	"$scratch/err")" 1
unset HMS_SOURCE

# What a recording is good for: hms replay takes it.
HMS_TRACE=$scratch/trace under "$base; limit fast 48M; $rule, migrate" 64 8 1 anon 5
ok "a recording can be replayed" \
	"$HMS_TOOL" replay --planner rate "$scratch/trace"
finish
