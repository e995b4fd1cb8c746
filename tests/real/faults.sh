#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Page faults in reports, by thread and by site, against what the program
# knows: getrusage(2) of each thread, and the pages that it touched of each
# site's memory.  Catches faults charged to another thread or site, threads
# that are forgotten when they end, and numbers that text, JSON and a report
# that is read again disagree about.
. "${top_srcdir:?}/tests/lib.sh"
faulting=$top_builddir/tests/real/faulting
memory=$(mktemp -d /dev/shm/hms-test.XXXXXX) || exit 99
trap 'rm -rf "$scratch" "$memory"' EXIT
export XDG_RUNTIME_DIR=$scratch HMS_REPORT=$scratch/end.json
export HMS_POLICY="target slow = file:$memory; target fast = node:0
	rule all: map, size = 32M -> slow then fast, migrate"

if ! command -v jq >/dev/null; then
	skip "page faults" "no jq (apt-get install jq)"
	finish
fi
if [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -gt 2 ]; then
	skip "page faults" "perf_event_paranoid is above 2"
	finish
fi
head -c 163840 /dev/urandom >"$scratch/file" && sync "$scratch/file"

page() { # FILTER : of the running program's page
	"$HMS_TOOL" report --json "$pid" 2>/dev/null | jq -r "$1" 2>/dev/null
}
wait_for() { # FILTER : to be true; a loaded machine may need long
	local until=$((SECONDS + 60))

	until [ "$(page "$1")" = true ]; do
		[ $SECONDS -lt $until ] || return 1
	done
}
# Until nothing is left in the rings of what the program did before.
settled() {
	local until=$((SECONDS + 60)) now last='' ticks=0

	while [ $SECONDS -lt $until ]; do
		now=$(page '.learning.faults.seen')
		[ "$now" = "$last" ] || ticks=$(page .learning.ticks)
		last=$now
		[ "$(page ".learning.ticks > $ticks + 2")" = true ] && return
	done
	return 1
}
begin() { # TIMES
	coproc PROGRAM {
		LD_PRELOAD=$HMS_PRELOAD exec "$faulting" "$scratch/file" "$1"
	}
	pid=$PROGRAM_PID
	exec {to}>&"${PROGRAM[1]}" {from}<&"${PROGRAM[0]}"
	await ready
	ok "$1: memory that moves is looked at" wait_for '.learning |
		.state == "runs" and .ticks > 0 and (.thread_faults | length) > 0'
	settled
}
await() { # WORD : lines until then in $got
	local line

	got=
	while read -r -t 60 -u "$from" line && [ "$line" != "$1" ]; do
		got+=$line$'\n'
	done
}
go_on() {
	echo >&"$to"
}
end() {
	go_on
	wait "$pid"
	exec {to}>&- {from}<&-
}
threads() { # REPORT... : those of the program's own
	"$HMS_TOOL" report --json "$@" | jq -r '.learning.thread_faults |
		map(select(.name | IN("alpha", "beta", "gamma", "delta"))) |
		sort_by(.name)[] | "\(.name) \(.tid) \(.minor) \(.major)"'
}
site_of() { # FUNCTION : minor and major faults of its memory, at the end
	"$HMS_TOOL" report --json "$scratch/end.json" | jq -r --arg name "$1" \
		'.sites.sites[] | select([.frames[].functions[].name] |
			index($name)) | "\(.minor_faults) \(.major_faults)"'
}
# Does the page have the counts of those four lines, or a few more?  Their
# threads wake up once more at the end.
told() {
	local name tid minor major has ok=1

	while read -r name tid minor major; do
		has=$(awk -v n="$name" -v t="$tid" '$1 == n && $2 == t' <<<"$2")
		# shellcheck disable=SC2086
		set -- "$1" "$2" $has
		[ $# -eq 6 ] && [ "$5" -ge "$minor" ] &&
			[ "$5" -le $((minor + 8)) ] && [ "$6" -eq "$major" ] ||
			ok=0
	done <<<"${1%$'\n'}"
	[ $ok -eq 1 ]
}
by_thread() { # NAME
	local until=$((SECONDS + 60))

	go_on
	await touched
	witness=$got
	until told "$witness" "$(threads "$pid")"; do
		[ $SECONDS -lt $until ] || break
	done
	ok "$1: by thread, as getrusage(2) says" \
		told "$witness" "$(threads "$pid")"
	note "$witness"
	go_on
	await joined
	ok "$1: a thread that ended keeps its faults" wait_for \
		'.learning.thread_faults | any(.name == "gamma" and .ended)'
	end
	ok "$1: so they are in the report" \
		told "$witness" "$(threads "$scratch/end.json")"
	note "$(threads "$scratch/end.json")"
	is "$1: threads make up the process" "$(jq '.learning |
		([.thread_faults[].minor] | add) + .other_threads_faults.minor ==
		.faults.minor' "$scratch/end.json")" true
}
near() { # FAULTS MAJOR WANTED DEVIATION
	[ "$1" -ge $(($3 - $4)) ] && [ "$1" -le $(($3 + $4)) ] &&
		[ "$2" -eq 0 ]
}

# Each fault is recorded while `refault` waits for its own.
export HMS_SOURCE=refault
begin 10
by_thread "each recorded"
is "two threads in one mapping" "$(site_of map_one)" "450 0"
is "one in another" "$(site_of map_two)" "60 0"
is "one in a block of the heap" "$(site_of make_block)" "90 0"
majors=$(awk '$1 == "delta" { print $4 }' <<<"$witness")
if [ "$majors" -gt 0 ]; then
	ok "major ones are of no site: a file was mapped" [ "$(jq \
		.learning.siteless_faults.major "$scratch/end.json")" -ge "$majors" ]
else
	skip "major faults" "the file system of $scratch has none"
fi
text=$("$HMS_TOOL" report "$scratch/end.json")
is "as text: threads" "$(sed -nE \
	's/^ +([0-9]+)  (alpha|beta|gamma|delta) +\(ended\) +([0-9]+) +([0-9]+)$/\2 \1 \3 \4/p' \
	<<<"$text" | sort)" "$(threads "$scratch/end.json")"
# That of the memory that moves may be among them.
sites=$(sed -nE \
	's/^  site   [0-9a-f]{16}\.[0-9a-f]{8} +([0-9]+) +([0-9]+)$/\1 \2/p' \
	<<<"$text")
is "as text: sites" "$(grep -xE '(450|90|60) 0' <<<"$sites")" "450 0
90 0
60 0"
ok "those that faulted most first" sort -c -n -r -k 1,1 <<<"$sites"
"$HMS_TOOL" report --json "$scratch/end.json" >"$scratch/again.json"
is "a report that is read is written the same" \
	"$(jq -S '.learning' "$scratch/again.json")" \
	"$(jq -S '.learning' "$scratch/end.json")"

# Without memory that moves there is no worker: what the kernel counts.
printf '\n\n\n' | HMS_POLICY='heap, size >= 1M -> node:0' hms "$faulting" \
	"$scratch/file" 10 >"$scratch/lines"
ok "nothing moves: the process's are told" jq -e '.learning == null and
	.page_faults.minor >= 8192 + 600 and .page_faults.minor < 8192 + 2600' \
	"$scratch/end.json"
is "as text" "$("$HMS_TOOL" report "$scratch/end.json" |
	sed -nE 's/^page faults: ([0-9]+), ([0-9]+) of them major$/\1 \2/p')" \
	"$(jq -r '.page_faults | "\(.minor + .major) \(.major)"' \
		"$scratch/end.json")"

# One of 61 is recorded, for each thread.
export HMS_SOURCE=none
begin 200
by_thread "one of 61"
read -r minor major <<<"$(site_of map_one)"
ok "two threads in one mapping: $minor of 9000" near "$minor" "$major" 9000 122
read -r minor major <<<"$(site_of map_two)"
ok "one in another: $minor of 1200" near "$minor" "$major" 1200 61
read -r minor major <<<"$(site_of make_block)"
ok "one in a block: $minor of 1800" near "$minor" "$major" 1800 61
finish
