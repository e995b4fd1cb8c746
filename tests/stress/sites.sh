#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Rules by caller while libraries come and go, see site_modules.c, and in all
# the moments that are bad for them, see site_hunters.c.
. "${top_srcdir:?}/tests/lib.sh"
here=$top_builddir/tests/stress
export XDG_RUNTIME_DIR=$scratch

if ! command -v jq >/dev/null; then
	skip "libraries that come and go" "jq is not installed"
	finish
fi
# usage: turns RULE COUNT...: its calls are those that the program counts so.
turns() {
	local rule=$1 name got wanted=0

	shift
	got=$(HMS_POLICY="heap, $rule -> node:0" \
		HMS_REPORT=$scratch/report.json hms "$here/site_modules" \
		"$here/.libs" "$scratch" "$rounds" 2>&1)
	for name; do
		wanted=$((wanted + $(sed -n "s/.*\b$name=\([0-9]*\).*/\1/p" <<<"$got")))
	done
	is "$rule: its calls and no others" \
		"$(jq -r '.rules[0].calls' "$scratch/report.json")" "$wanted"
	is "$rule: nothing grows" "$(sed 's/.*=[0-9]* //' <<<"$got")" \
		'alike steady'
}

# With HMS_TEST_SECONDS each of these runs as long.
rounds=${HMS_TEST_ROUNDS:-500}
[ -n "${HMS_TEST_SECONDS:-}" ] && rounds=0
turns 'from libturn_a.so' a
turns 'via turn_make@libturn_a.so' a
turns 'via "*"@libturn_a.so' a
turns 'via made_a, from "*_a.so"' a
turns 'via picked' picked
turns 'from libturn_x.so' x
turns 'via others' g
turns 'via behind'

# Each bad moment must have been met, or nothing was tested.
hunts=${HMS_TEST_HUNTS:-40}
libunwind=
ldconfig -p | grep -q 'libunwind\.so\.8' || libunwind=unwound
for rule in 'via no_such_function' 'via deep, from site_hunters' \
	'from libhunt.so' 'site 0123456789abcdef'; do
	got=$(HMS_POLICY="heap, $rule -> node:0" hms \
		"$here/site_hunters" "$here/.libs" "$hunts" 2>&1)
	is "$rule: no deadlock" "$(sed -n '1p;$p' <<<"$got")" \
		"$hunts of $hunts
the end"
	is "$rule: each was met" "$(sed -n 's/=0$//p' <<<"$got")" "$libunwind"
	[ -n "${HMS_TEST_SHOW:-}" ] && note "$got"
done
finish
