# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Part of place.sh: a kernel that promises no memory it does not have
# (overcommit_memory=2).  Programs must do what they do without HMS; catches
# reservations that such a kernel refuses or charges for.
rules='heap, size < 4K -> node:1; heap -> node:2; map, size >= 1M -> node:1'
work='with recursive n(i) as (select 1 union all select i + 1 from n
	where i < 20000) select count(*), sum(i), length(group_concat(i)) from n'

# usage: same NAME COMMAND...: output and status as without the preload.
same() {
	local name=$1 plain plain_rc

	shift
	plain=$("$@" 2>"$scratch/stderr")
	plain_rc=$?
	under "$rules" "$@"
	if [ "$got" = "$plain" ] && [ $rc -eq $plain_rc ]; then
		pass "$name"
	else
		fail "$name"
		note "without: $plain (exit status $plain_rc)"
		why
	fi
}

echo 2 >/proc/sys/vm/overcommit_memory
same 'overcommit_memory=2: sqlite3' sqlite3 :memory: "$work"
same 'overcommit_memory=2: python3' /usr/bin/python3 -c \
	'import json; print(len(json.dumps(list(range(200000)))))'
same 'overcommit_memory=2: bash' bash -c 'for i in {1..2000}; do x+=$i; done
	echo ${#x} $(echo $x | wc -c)'
under "$rules" "$kinds" 8 mmap malloc fork
lies mmap node1 'overcommit_memory=2: maps are placed'
most malloc node2
# More than the kernel will promise: an error for the program, not a crash.
under "$rules" "$kinds" 4000 malloc
fails malloc
echo 0 >/proc/sys/vm/overcommit_memory
