#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# hms check and hms explain of memory that is asked for by need, to the letter,
# and the library under such rules on recorded machines: catches places that
# are not what the machine answers, reasons that are not said, and programs
# that suffer from rules that their machine cannot follow.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$top_srcdir/tests/machines/machines.sh"

cd "$scratch" || exit 99
export HOME=$scratch
unset XDG_CONFIG_HOME XDG_STATE_HOME HMS_TOPOLOGY

xeon=$(machine xeon-max-flat)
gh200=$(machine gh200)
server=$(machine gpu-server)
tiers=$top_srcdir/tests/unit/data/tiers

is "check shows the steps of a wish" \
	"$(HMS_TOPOLOGY=$xeon "$HMS_TOOL" check \
		'* -> best bandwidth for cpu then local; heap -> near cpu' 2>/dev/null)" "\
HMS_POLICY: 2 rules
RULE       PLACE                              ON THIS MACHINE
line 1     best bandwidth for cpu then local  node:8-15, then node:0-7, \
then local (next to the CPU that touches it first)
line 1:41  near cpu                           local (next to the CPU that \
touches it first)"

is "check warns of an initiator that is not here" \
	"$(HMS_TOPOLOGY=$tiers "$HMS_TOOL" check '* -> near gpu:0 then dram' 2>&1; echo "$?")" "\
HMS_POLICY:1:6: warning: there is no gpu:0 here; \"near gpu:0\" is left out; \
initiators here: cpu, cpu:0, cpu:1
* -> near gpu:0 then dram
     ^
HMS_POLICY: 1 rule
RULE    PLACE                 ON THIS MACHINE
line 1  near gpu:0 then dram  dram (nodes 0, 1) [not on this machine: near gpu:0]
0"

is "check: a GPU's node is had by asking" \
	"$(HMS_TOPOLOGY=$gh200 "$HMS_TOOL" check \
		'map -> best capacity; heap -> local then gpu; * -> dram then hbm' 2>&1 | tail -3)" "\
line 1     best capacity   node:0
line 1:23  local then gpu  local (next to the CPU that touches it first), then gpu (node 1)
line 1:47  dram then hbm   dram (node 0) [not on this machine: hbm]"

is "check: the preset bandwidth spreads over all nodes by their speed" \
	"$(HMS_TOPOLOGY=$tiers "$HMS_TOOL" check bandwidth 2>&1 | tail -1)" "\
all   interleave(best bandwidth) then best bandwidth  10/63 node:0 + 10/63 \
node:1 + 39/63 node:2 + 3/63 node:4 + 1/63 node:5, then node:2, then \
node:0-1, then node:4, then node:5"

is "explain shows candidates, values, ways and why others lost" \
	"$(HMS_TOPOLOGY=$server "$HMS_TOOL" explain \
		-p '* -> best latency for cpu:0 and cuda:0' malloc 1M 2>&1)" "\
line 1 matches: * -> best latency for cpu:0 and cuda:0
  place  best latency for cpu:0 and cuda:0
  here   node:0, then node:1
  best latency for cpu:0 and cuda:0:
     1. node:0  dram  567 ns guessed
        pci:0000:17:00.0: pcie:0000:17:00.0 (63.02 GB/s firmware, 457 ns \
guessed) > bridge > fabric:0 > bridge > memory:0 (245 GB/s firmware, 110 ns firmware)
     2. node:1  dram  688 ns guessed
        pci:0000:17:00.0: pcie:0000:17:00.0 (63.02 GB/s firmware, 457 ns \
guessed) > bridge > fabric:0 > bridge (116.7 GB/s guessed, 121 ns guessed) > \
memory:1 (245 GB/s firmware, 110 ns firmware)
     -  cuda:0  gpu   a driver's memory: only by its name
     -  cuda:1  gpu   a driver's memory: only by its name"

is "explain says who does not reach a memory" \
	"$(HMS_TOPOLOGY=$gh200 "$HMS_TOOL" explain -p '* -> best bandwidth' malloc 1M 2>&1 |
		tail -1)" "\
     -  node:1  gpu   a GPU's memory, and no GPU is asked for"

# Nodes of that machine are not all here: what the kernel refuses stays as it is.
for policy in '* -> best bandwidth' '* -> best latency for cpu:5 then best capacity' \
	'* -> interleave(hbm, dram)' '* -> near node:3, strict' bandwidth; do
	is "a program runs as without: $policy" \
		"$(HMS_TOPOLOGY=$xeon HMS_POLICY=$policy hms sort -r <<<$'a\nc\nb' 2>&1)" $'c\nb\na'
done
is "the library says what it leaves out, if it is asked to" \
	"$(env -u HMS_TOOL -u HMS_PRELOAD HMS_TOPOLOGY="$tiers" HMS_LOG=warn \
		HMS_POLICY='heap -> near cuda:7' LD_PRELOAD="$HMS_PRELOAD" \
		/bin/echo ok 2>&1)" "\
hms: HMS_POLICY:1:9: warning: there is no cuda:7 here; \"near cuda:7\" is left \
out; initiators here: cpu, cpu:0, cpu:1
heap -> near cuda:7
        ^
hms: 1 place(s) name only memory that this machine lacks; that memory is left alone
ok"
is "the library says nothing unasked" \
	"$(HMS_TOPOLOGY=$tiers HMS_POLICY='heap -> near cuda:7' \
		hms /bin/echo fine 2>&1)" fine
is "a recorded machine that is not there is said, and the program runs" \
	"$(HMS_TOPOLOGY=$scratch/none HMS_POLICY='heap -> dram' \
		hms /bin/echo runs 2>&1)" \
	"hms: HMS_TOPOLOGY: $scratch/none: there is no such folder
runs"
finish
