#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Programs under limits of the system: address space, mappings, refused
# system calls.  Output and exit status must be what they are without HMS.
# Catches reservations that need more room than there is, and errors of our
# own system calls that reach the program.  (overcommit_memory=2 changes the
# whole machine: see tests/vm/place-calm.sh.)
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

mkdir "$scratch/far"
far=file:$scratch/far
rules="heap, size < 4K -> $far; heap, size < 1M -> node:0
	map, size >= 1M -> $far then node:0; heap -> node:0"

# usage: same NAME COMMAND...
same() {
	local name=$1 plain plain_rc got rc

	shift
	plain=$("$@" 2>"$scratch/plain.err")
	plain_rc=$?
	got=$(HMS_POLICY=$rules LD_PRELOAD=$HMS_PRELOAD \
		"$@" 2>"$scratch/stderr")
	rc=$?
	if [ $plain_rc -eq 77 ]; then
		skip "$name" "$(head -n 1 "$scratch/plain.err")"
	elif [ "$got" = "$plain" ] && [ $rc -eq $plain_rc ]; then
		pass "$name"
	else
		fail "$name"
		note "without: $plain (exit status $plain_rc)"
		note "with:    $got (exit status $rc)"
		note "$(head -n 20 "$scratch/stderr")"
	fi
}

work='with recursive n(i) as (select 1 union all select i + 1 from n
	where i < 50000) select count(*), sum(i), length(group_concat(i)) from n'
python='import json, threading
def f(): json.dumps(list(range(50000)))
t = [threading.Thread(target=f) for _ in range(4)]
[x.start() for x in t]; [x.join() for x in t]
print(len(json.dumps({str(i): "x" * i for i in range(2000)})))'

for kib in 1000000 400000; do
	limited() (
		ulimit -v $kib
		"$@"
	)
	same "ulimit -v $kib: sqlite3" limited sqlite3 :memory: "$work"
	same "ulimit -v $kib: python3" limited /usr/bin/python3 -c "$python"
	same "ulimit -v $kib: bash" limited bash -c \
		'for i in {1..3000}; do x+=$i; done; echo ${#x} $(echo $x | wc -c)'
	same "ulimit -v $kib: too much" limited /usr/bin/python3 -c 'try:
	x = bytearray(2 << 30)
except MemoryError:
	print("MemoryError")'
done
limited() (
	ulimit -d 200000
	"$@"
)
same 'ulimit -d: python3' limited /usr/bin/python3 -c "$python"

refuse=$top_builddir/tests/real/refuse
for calls in mbind,move_pages mbind,move_pages,get_mempolicy,set_mempolicy \
	userfaultfd,memfd_create,madvise; do
	same "without $calls: sqlite3" "$refuse" $calls sqlite3 :memory: "$work"
	same "without $calls: python3" "$refuse" $calls \
		/usr/bin/python3 -c "$python"
	same "without $calls: sort" "$refuse" $calls \
		sort -n -r -S 8M "$top_srcdir/configure.ac"
done

same 'all mappings used up' "$top_builddir/tests/real/hoard"
finish
