#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The worker as a program may notice it, see worker.c.  Catches a thread where
# there is to be none, and what it takes from the program where there is one.
. "${top_srcdir:?}/tests/lib.sh"
worker=$top_builddir/tests/stress/worker
mkdir "$scratch/memory"
chmod 1777 "$scratch" "$scratch/memory"
moves="heap, size >= 1M -> node:0 then file:$scratch/memory, migrate"

# usage: run NAME CASE [VARIABLE=VALUE...]
run() {
	local name=$1 case=$2

	shift 2
	env "$@" LD_PRELOAD="$HMS_PRELOAD" timeout 60 "$worker" "$case" \
		>"$scratch/out" 2>"$scratch/err"
	if [ $? -eq 0 ] && ! grep -q '^not ok' "$scratch/out" &&
		grep -q '^1\.\.[1-9]' "$scratch/out" && [ ! -s "$scratch/err" ]; then
		pass "$name"
	else
		fail "$name"
		note "$(cat "$scratch/out" "$scratch/err")"
	fi
}

for case in itself little signals close fork last ids begin; do
	run "memory that moves: $case" $case HMS_POLICY="$moves"
done
# From the file on, so that there is something to bring.
if HMS_POLICY="* -> node:0 then file:$scratch/memory" \
	"$top_builddir/tests/mover/data_linked" 0.1 0 2>&1 |
	grep -q 'moved forth 0, back 0;'; then
	skip "memory on the move: ids" "nothing moves from files here"
else
	run "memory on the move: ids" moving HMS_BUDGET=3%,100G HMS_POLICY="
		target slow = file:$scratch/memory
		map, size >= 1M -> slow then node:0, migrate
		migrate off planner threshold interval 5ms"
fi
run "migrate auto: itself" itself \
	HMS_POLICY="${moves%, migrate}; migrate auto"
run "rules without migrate" none HMS_POLICY="${moves%, migrate}"
run "migrate off" none HMS_POLICY="${moves%, migrate}; migrate off"
run "pinned, though migrate auto" none \
	HMS_POLICY="${moves%, migrate}, pin; migrate auto"
run "nowhere to go" none HMS_POLICY="heap, size >= 1M -> node:0, migrate"
run "switched off" none HMS_POLICY="$moves" HMS_DISABLE=1

# A filter that refuses clone3 and clone: memory is placed, said once.
LD_PRELOAD="$HMS_PRELOAD" HMS_LOG=warn HMS_POLICY="$moves" timeout 60 \
	"$top_builddir/tests/real/refuse" clone,clone3 "$worker" none \
	>"$scratch/out" 2>"$scratch/err"
ok "no thread can be made: the program runs" grep -q '^ok 1 ' "$scratch/out"
is "no thread can be made: said once" \
	"$(grep -c 'no thread can be made' "$scratch/err")" 1
# Nobody may say how threads run: it runs as its maker does.
LD_PRELOAD="$HMS_PRELOAD" HMS_POLICY="$moves" timeout 60 \
	"$top_builddir/tests/real/refuse" sched_setscheduler "$worker" none \
	>"$scratch/out" 2>&1
is "a sandbox without sched_setscheduler: there is a worker" \
	"$(cat "$scratch/out")" "not ok 1 - there is no worker
1..1"
finish
