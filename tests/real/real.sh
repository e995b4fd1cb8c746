# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# For tests with unmodified programs of Debian.
#
#	need PACKAGE PROGRAM...		false, and a loud skip, if one is missing
#	same NAME COMMAND		bash text; run without HMS, then under each
#					policy: same stdout, same exit status
#
# A command runs in an empty folder of its own, always of the same name, with
# $here, where this test keeps what its commands read.  It catches any change
# that the preload makes to a program, a word of HMS on stderr, and a run in
# which HMS did nothing: a report has to show calls that followed a rule.
. "${top_srcdir:?}/tests/lib.sh"

here=$scratch/here
work=$scratch/work
memory=$scratch/memory
reports=$scratch/reports
mkdir "$here" "$memory"
# Servers give up root; what they allocate still goes to the same files.
chmod 755 "$scratch"
chmod 1777 "$memory"
export here work
policies=${HMS_TEST_POLICIES-node file}

# Some builds of programs have an allocator inside; HMS has to say so.
bundled="'s own, so rules for heap calls cannot act\$"

need() {
	local package=$1 program

	shift
	for program; do
		if ! command -v "$program" >/dev/null; then
			skip "$program" "not installed (apt-get install $package)"
			return 1
		fi
	done
}

rules() {
	case $1 in
	node)
		echo "rule big: heap, size >= 1K -> node:0
			rule small: heap -> local
			rule map: map, size >= 64K -> interleave(node:0*2, node:0*1)" ;;
	file)
		echo "rule heap: heap, size >= 512 -> file:$memory
			rule map: map, size >= 1M -> file:$memory then node:0" ;;
	moves)
		# As much of it as possible, as often as possible.
		echo "target slow = file:$memory
			rule heap: heap, size >= 512 -> slow then node:0, migrate
			rule map: map, size >= 1M -> slow then node:0, migrate
			migrate off planner threshold interval 5ms" ;;
	callers)
		# Every call is walked, to the stack's end: libc is there.
		echo "rule none: heap, via \"*no_such*\" -> local
			rule stack: heap, via \"*\"@\"libc.so*\", size >= 256 -> file:$memory
			rule lib: heap, from \"lib*\" -> node:0
			rule site: heap, site 0123456789abcdef -> local
			rule map: map, from \"lib*\", size >= 1M -> file:$memory" ;;
	esac
}

# True if some process of the last run had calls that a rule matched.
followed() {
	/usr/bin/python3 - "$reports" <<-'END'
		import json, pathlib, sys
		for path in pathlib.Path(sys.argv[1]).glob("*.json"):
		    report = json.loads(path.read_text())
		    if any(rule["calls"] for rule in report["rules"]):
		        sys.exit(0)
		sys.exit(1)
	END
}

# Runs a command; its stdout and exit status are then in $scratch/NAME.
run_as() {
	local name=$1 command=$2

	rm -rf "$work" "$reports"
	mkdir "$work" "$reports"
	chmod 1777 "$work" "$reports"
	(
		cd "$work" || exit
		if [ "$name" != without ]; then
			HMS_POLICY=$(rules "$name")
			HMS_REPORT=$reports/%e.%p.json
			LD_PRELOAD=$HMS_PRELOAD
			export HMS_POLICY HMS_REPORT LD_PRELOAD
		fi
		exec timeout "${limit:-120}" bash -c "$command"
	) >"$scratch/$name" 2>"$scratch/$name.err" </dev/null
	echo "exit status $?" >>"$scratch/$name"
}

same() {
	local name=$1 command=$2 policy

	run_as without "$command"
	[ -n "${HMS_TEST_SHOW:-}" ] && note "$(cut -c 1-200 "$scratch/without")"
	if [ "${expect:-0}" != any ] &&
		! tail -n 1 "$scratch/without" | grep -q " ${expect:-0}\$"; then
		fail "$name, without HMS"
		note "$(tail -n 20 "$scratch/without")"
		note "$(tail -n 20 "$scratch/without.err")"
		return
	fi
	[ -z "$policies" ] && pass "$name, without HMS"
	for policy in $policies; do
		run_as "$policy" "$command"
		if ! cmp -s "$scratch/without" "$scratch/$policy"; then
			fail "$name, $policy: output differs"
			note "$(diff "$scratch/without" "$scratch/$policy" |
				head -n 40)"
			note "$(tail -n 20 "$scratch/$policy.err")"
		elif grep '^hms: ' "$scratch/$policy.err" | grep -qv "$bundled"; then
			fail "$name, $policy: HMS said something"
			note "$(grep '^hms: ' "$scratch/$policy.err" | head)"
		elif ! followed; then
			fail "$name, $policy: no report shows calls of a rule"
			note "$(ls "$reports" | head)"
		else
			pass "$name, $policy"
		fi
	done
}
