#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The report arrives however a program ends, and harms no program.  Would
# catch: calls that are not counted or counted twice, a report lost because the
# program closed standard error or called _exit, one that ends in a file of the
# program's, a page that dies with its process, an exit status that changes, a
# program that never ends.
. "$top_srcdir/tests/lib.sh" || exit 99
ends=$top_builddir/tests/real/ends
export XDG_RUNTIME_DIR=$scratch
export HMS_POLICY='rule mine: malloc, size = 1000 -> node:0'
report=$scratch/report.json

field() { # FILTER [FILE]
	jq -r "$1" "${2:-$report}" 2>&1
}

if ! command -v jq >/dev/null; then
	skip "the report at the end" "jq is not installed"
	finish
fi

HMS_REPORT=$report hms "$ends"
is "exit status is the program's" $? 3
is "every call is counted, once" \
	"$(field '.rules[0] | "\(.name) \(.calls) \(.bytes)"')" "mine 1000 1000000"
is "the policy is named" "$(field '"\(.policy) \(.refusal) \(.phase)"')" \
	"HMS_POLICY null draining"
is "all bound memory is accounted for" "$(field '.rules[0] |
	(.first + .spilled + .refused == .bound) and
	([.wanted[]] | add) + .refused == .bound and
	([.actual.nodes[]] | add) + .actual.file + .actual.untouched == .bound')" true
is "touched pages are where the rule says" "$(field '.rules[0].actual |
	(.nodes | keys == ["0"]) and .nodes["0"] >= 1000000')" true
is "the status page is gone" "$(find "$scratch" -name '*.status')" ""
is "nothing is left beside the report" "$(cd "$scratch" && echo report*)" \
	"report.json"

for place in node:0 default; do
	asked=$(HMS_POLICY="map, size = 8M -> $place" HMS_REPORT=$report \
		hms "$ends" map)
	[ "$place" = node:0 ] || asked=0
	is "$place: actual is what move_pages says to the program" \
		"$(field '.rules[0].actual.nodes["0"] // 0')" "$asked"
done
is "file: pages are in the file" "$(
	mkdir "$scratch/memory"
	HMS_POLICY="map, size = 8M -> file:$scratch/memory" HMS_REPORT=$report \
		hms "$ends" map >/dev/null
	field '.rules[0] | .actual.file + .actual.untouched == .bound and
		.actual.file >= 1234 * 4096 and .bound == 8388608'
)" true

HMS_REPORT=$report.2.json hms "$ends" _exit
is "_exit: status" $? 3
is "_exit: report" "$(field '.rules[0].calls' "$report.2.json")" 1000

HMS_REPORT=stderr hms ls / >/dev/null 2>"$scratch/err"
is "ls closes standard error first" "$(head -c 8 "$scratch/err")" "hms: ls,"
HMS_REPORT=stderr hms "$ends" close 2>"$scratch/err"
is "a program that closes everything: status" $? 3
# Its copy was closed, too: nothing may be written anywhere.
is "a program that closes everything: silence" "$(cat "$scratch/err")" ""
HMS_REPORT=stderr hms "$ends" 2>&-
is "no standard error from the start: status" $? 3
(cd "$scratch" && HMS_REPORT=stderr hms sh -c 'exec 2>file; echo text >&2' 2>&-)
is "no standard error from the start: no report in a file" \
	"$(cat "$scratch/file")" "text"

HMS_REPORT=$scratch/fork.%p.json hms "$ends" fork
is "fork: two reports of 1,000 calls" \
	"$(for file in "$scratch"/fork.*.json; do
		field '.rules[0].calls' "$file"
	done | xargs)" "1000 1000"
HMS_REPORT=$scratch/name.%e.%r.%%.json OMPI_COMM_WORLD_RANK=7 hms "$ends"
ok "names: program, rank, percent" test -f "$scratch/name.ends.7.%.json"

is "a signal's handler ends it, in the middle of a call of ours" \
	"$(HMS_POLICY='map -> node:0' HMS_REPORT=$scratch/middle.%p.json \
		hms "$ends" interrupted)" 100

mkdir "$scratch/slow"
HMS_POLICY="$HMS_POLICY
	rule rest: heap, size >= 32M -> node:0 then file:$scratch/slow, migrate" \
	HMS_REPORT=$scratch/little.json hms "$ends" little
is "_exit on a handler's little stack, while HMS learns: status" $? 3
is "and the report is there" \
	"$(field '.rules[0].calls, (.learning | length > 0)' "$scratch/little.json" |
		xargs)" "1000 true"

mkdir "$scratch/away"
HMS_REPORT=$scratch/none/report hms "$ends" 2>"$scratch/err"
is "unwritable: status" $? 3
is "unwritable: said once" "$(cat "$scratch/err")" \
	"hms: HMS_REPORT: cannot write $scratch/none/report: No such file or directory"
HMS_REPORT=$scratch/away hms "$ends" 2>"$scratch/err"
is "a folder: said once" "$(cat "$scratch/err")" \
	"hms: HMS_REPORT: cannot write $scratch/away: Is a directory"
# A device of our own: a failing test must not harm the system's.
if mknod "$scratch/full" c 1 7 2>/dev/null && [ -w "$scratch/full" ] &&
	! echo x 2>/dev/null >"$scratch/full"; then
	HMS_REPORT=$scratch/full hms "$ends" 2>"$scratch/err"
	is "full disk: status" $? 3
	is "full disk: said" "$(cat "$scratch/err")" \
		"hms: HMS_REPORT: cannot write $scratch/full: No space left on device"
	ok "full disk: still a device" test -c "$scratch/full"
else
	skip "full disk" "no devices can be made here"
fi
(
	ulimit -f 1
	HMS_REPORT=$scratch/limited hms "$ends" 2>/dev/null
)
is "ulimit -f: status" $? 3

# killed SIGNAL : runs, waits until all calls are made, kills; sets $pid
killed() {
	mkfifo "$scratch/ready.$1"
	HMS_REPORT=$scratch/never LD_PRELOAD=$HMS_PRELOAD "$ends" wait \
		>"$scratch/ready.$1" &
	pid=$!
	read -r _ <"$scratch/ready.$1"
	"$HMS_TOOL" report "$pid" >"$scratch/live" 2>&1
	kill -"$1" "$pid"
	wait "$pid" 2>/dev/null
}

killed KILL
is "running: hms report" "$(head -c 7 "$scratch/live")" "running"
ok "running: calls so far" grep -qE '^mine +node:0 +1000 ' "$scratch/live"
ok "running: asks the kernel now" grep -q '^whole process now:' "$scratch/live"
"$HMS_TOOL" report "$pid" >"$scratch/dead"
is "SIGKILL: hms report" "$(head -c 4 "$scratch/dead")" "died"
ok "SIGKILL: calls to the last one" grep -qE '^mine +node:0 +1000 ' "$scratch/dead"
ok "SIGKILL: where pages were" grep -qE '^  mine +node:0 ' "$scratch/dead"
"$HMS_TOOL" report --json "$scratch/hms/$pid.status" >"$scratch/dead.json"
is "SIGKILL: as JSON, by file" \
	"$(field '"\(.phase) \(.rules[0].calls)"' "$scratch/dead.json")" "died 1000"
killed SEGV
"$HMS_TOOL" report "$pid" >"$scratch/dead"
is "SIGSEGV: hms report" "$(head -c 4 "$scratch/dead")" "died"
ok "no report was written" test ! -e "$scratch/never"

mkfifo "$scratch/asked"
HMS_POLICY='map, size = 8M -> node:0' HMS_REPORT=$scratch/never \
	LD_PRELOAD=$HMS_PRELOAD "$ends" live >"$scratch/asked" &
pid=$!
read -r asked <"$scratch/asked"
"$HMS_TOOL" report --json "$pid" >"$scratch/live.json"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
is "running: pages are where move_pages says to the program itself" \
	"$(field '.rules[0].actual.nodes["0"]' "$scratch/live.json")" "$asked"
"$HMS_TOOL" report --json "$pid" >"$scratch/dead.json"
is "dead: pages are where they were at the last look" \
	"$(field '.rules[0].actual.untouched' "$scratch/dead.json")" 8388608

"$HMS_TOOL" report 999999999 2>/dev/null
is "no such process (EX_NOINPUT)" $? 66
"$HMS_TOOL" report "$scratch/dead" 2>/dev/null
is "no status page (EX_DATAERR)" $? 65

HMS_POLICY='malloc -> nod:1' HMS_REPORT=$report hms "$ends" 2>/dev/null
is "a policy with an error: status" $? 3
ok "a policy with an error: the report says why" \
	test "$(field '.refusal | contains("nod:1")')" = true
is "without HMS_REPORT nothing is made" \
	"$(XDG_RUNTIME_DIR=$scratch/away hms "$ends"; ls "$scratch/away")" ""
finish
