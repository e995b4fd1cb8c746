# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# For tests of place_hip and place_ze: what rules change, and nothing else.
#
#	changes NAME POLICY PROGRAM [ARG...]	stdin: the lines with "is" that
#			differ from those without HMS; all others are the same
#	said TEXT...	what the last run wrote as warnings, once each
#	fails POLICY CALL CODE	that call of the library fails each time: what
#			the program is told is the same as without HMS
. "$top_srcdir/tests/lib.sh" || exit 99

# usage: plain PROGRAM [ARG...]
plain() {
	timeout 30 "$@" >"$scratch/plain" 2>&1
	plain_rc=$?
}

changes() {
	local name=$1 policy=$2 rc
	shift 2
	cat >"$scratch/wanted"
	plain "$@"
	HMS_POLICY=$policy HMS_LOG=warn hms timeout 30 "$@" \
		>"$scratch/ruled" 2>"$scratch/err"
	rc=$?
	diff "$scratch/plain" "$scratch/ruled" | sed -n 's/^> //p' >"$scratch/new"
	if [ $rc -eq $plain_rc ] && cmp -s "$scratch/wanted" "$scratch/new" &&
		diff <(grep -v ' is ' "$scratch/plain") \
			<(grep -v ' is ' "$scratch/ruled") >"$scratch/diff"; then
		pass "$name"
	else
		fail "$name"
		note "rule: $policy; exit status $rc, without HMS $plain_rc"
		note "$(diff "$scratch/wanted" "$scratch/new" | head -20)"
		note "$(head -10 "$scratch/diff" "$scratch/err" 2>/dev/null)"
	fi
}

said() {
	local text
	for text; do
		is "it says once: $text" "$(grep -cF "$text" "$scratch/err")" 1
	done
}

silent() {
	is "and says nothing" "$(grep -v 'no such variable' "$scratch/err")" ""
}

fails() {
	local policy=$1 call=$2 code=$3
	shift 3
	cp "$HMS_FAKES" "$scratch/fakes"
	echo "$call $code" >>"$HMS_FAKES"
	plain "$@"
	HMS_POLICY=$policy hms timeout 30 "$@" >"$scratch/ruled" 2>"$scratch/err"
	rc=$?
	if [ $rc -eq $plain_rc ] && diff <(grep -v ' is ' "$scratch/plain") \
		<(grep -v ' is ' "$scratch/ruled") >"$scratch/diff"; then
		pass "$call fails: $policy"
	else
		fail "$call fails: $policy"
		note "exit status $rc, without HMS $plain_rc"
		note "$(head -10 "$scratch/diff" "$scratch/err")"
	fi
	cp "$scratch/fakes" "$HMS_FAKES"
}
