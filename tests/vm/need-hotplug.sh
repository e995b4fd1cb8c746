# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Part of need-place.sh: a DAX device becomes node 3 while programs run, and
# goes again.  Catches a topology that is read once for all processes, one
# that changes under a running process, and a watcher that sees nothing.

# usage: start FD POLICY KIND...: a program that waits on its input FD.
start() {
	local fd=$1

	policy=$2
	shift 2
	ran="kinds 8 $*"
	rm -f "$scratch/in" "$scratch/answer"
	mkfifo "$scratch/in" "$scratch/answer"
	HMS_POLICY=$policy LD_PRELOAD=$HMS_PRELOAD "$kinds" 8 "$@" \
		<"$scratch/in" >"$scratch/answer" 2>"$scratch/stderr" &
	eval "exec $fd>\"$scratch/in\" $((fd + 1))<\"$scratch/answer\""
}

# usage: heard FD: its lines so far, to where it waits; 60 s at most.
heard() {
	local line

	got=
	while read -r -t 60 -u "$1" line; do
		[ "$line" = wait ] && return
		got+=$line$'\n'
	done
}

# usage: ended FD: lets it go on to its end.
ended() {
	eval "echo go >&$1; exec $1>&-"
	got=$(cat <&$(($1 + 1)))
	wait $!
	rc=$?
}

mkfifo "$scratch/watch"
"$HMS_TOOL" list --watch >"$scratch/watch" 2>"$scratch/watch.err" &
watcher=$!
exec 7<"$scratch/watch"
# usage: told PATTERN NAME: the watcher says so within a minute.
told() {
	local line all=

	while read -r -t 60 -u 7 line; do
		all+=$line$'\n'
		# shellcheck disable=SC2053
		if [[ $line == $1 ]]; then
			pass "$2"
			return
		fi
	done
	fail "$2"
	note "wanted: $1"
	note "$all"
}

told '*node:2*' 'the watcher shows what there is'
rc=0
start 5 'heap | map -> pmem then hbm' malloc mmap wait mmap malloc
heard 6
most malloc node1 'no persistent memory yet: malloc'
lies mmap node1 'no persistent memory yet: mmap'

daxctl reconfigure-device --mode=system-ram dax0.0 >"$scratch/daxctl" 2>&1
ok 'node 3 is there' grep -qw '0-3' /sys/devices/system/node/has_memory
told '*node:3*' 'the watcher says that node 3 came'
ended 5
most malloc node1 'a program that ran before: unharmed, as before: malloc'
lies mmap node1 'a program that ran before: unharmed, as before: mmap'

goes 'best bandwidth for cpu' 1
goes 'best capacity' 2
goes pmem 3 malloc small mmap
goes node:3 3
goes 'pmem then hbm' 3
under 'map, size >= 1M -> interleave(hbm, pmem)' "$kinds" 58 mmap
near mmap node1 93 '40 of 40:3'
near mmap node3 7 '3 of 40:3'
now_listed

# --- and goes again: node 3 is taken offline ------------------------------------
start 5 'map -> pmem then hbm' mmap wait mmap
heard 6
lies mmap node3 'the program is on node 3'
ended 5
lies mmap node3 'and stays there'
daxctl reconfigure-device --force --mode=devdax dax0.0 \
	>"$scratch/daxctl" 2>&1
ok 'node 3 is gone' grep -qw '0-2' /sys/devices/system/node/has_memory
told '*node:3*' 'the watcher says that node 3 went'
goes 'pmem then hbm' 1
goes 'best capacity' 2
kill $watcher
wait $watcher
is 'the watcher said nothing else' "$(cat "$scratch/watch.err")" ''
exec 7<&-
