#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The examples of hms-topology(5): catches a manual page whose lines HMS does
# not understand, or a machine made up in text that is not taken for one.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

export HOME=$scratch
unset XDG_CONFIG_HOME XDG_STATE_HOME HMS_TOPOLOGY
page=$top_srcdir/doc/hms-topology.5
mkdir -p "$scratch/m/hms"

example() { # WORD: the literal block that has it
	awk -v word="$1" '
		/^\.Bd -literal/ { block = ""; inside = 1; next }
		/^\.Ed/ { if (index(block, word)) printf "%s", block; inside = 0 }
		inside { block = block $0 "\n" }' "$page"
}

example "bandwidth=500GB/s" >"$scratch/m/hms/devices"
is "a made-up machine is what its text says" \
	"$("$HMS_TOOL" list --topology "$scratch/m" --text 2>&1 |
		grep -E '^v1 (target|initiator|link memory)')" "\
v1 target node:0 kind=dram@driver node=0@driver size=64G@driver
v1 target node:1 kind=hbm@driver node=1@driver size=16G@driver
v1 initiator cpu:0 kind=cpu node=0 cpus=0-7 aliases=node:0
v1 link memory:0 initiators=cpu:0 targets=node:0 latency=90ns@driver \
bandwidth=100000MB/s@driver
v1 link memory:1 initiators=cpu:0 targets=node:1 latency=120ns@driver \
bandwidth=500000MB/s@driver"
is "the page's question has its answer" \
	"$(HMS_TOPOLOGY=$scratch/m "$HMS_TOOL" explain \
		--policy 'heap -> best bandwidth' 'malloc 1M' 2>&1 |
		grep '^  here')" "  here   node:1, then node:0"
is "it has no more nodes than its text" \
	"$(HMS_TOPOLOGY=$scratch/m "$HMS_TOOL" check '* -> node:2' 2>&1 |
		head -1)" \
	"HMS_POLICY:1:6: error: there is no node 2 here; nodes here: 0, 1"

# Four nodes with CPUs of their own, for the overrides to be about.
for n in 0 1 2 3; do
	echo "initiator cpu:$n kind=cpu node=$n"
	echo "target node:$n kind=dram node=$n size=8G"
	echo "link memory:$n initiators=cpu:$n targets=node:$n"
done >"$scratch/m/hms/devices"
example "distances of the ring" >"$scratch/m/hms/conf"
is "the page's overrides are understood" \
	"$("$HMS_TOOL" list --topology "$scratch/m" --text 2>&1 | grep @user)" "\
v1 target node:2 kind=hbm@user node=2@driver size=8G@driver
v1 link cpu:0-node:3 initiators=cpu:0 targets=node:3 latency=140ns@user
v1 link cpu:1-node:3 initiators=cpu:1 targets=node:3 bandwidth=12000MB/s@user"

printf '%s\n' 'target node:2 kind=hmb' 'target nod:1 kind=hbm' \
	>"$scratch/m/hms/conf"
is "mistakes in overrides are said, with their lines" \
	"$("$HMS_TOOL" list --topology "$scratch/m" 2>&1 >/dev/null)" "\
$scratch/m/hms/conf:1: no kind is \"hmb\"; did you mean \"hbm\"?
$scratch/m/hms/conf:2: there is no target \"nod:1\"; did you mean \"node:1\"?"
finish
