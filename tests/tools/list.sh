#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# hms list and hms where, on recorded machines: catches output that says
# something else than the machine, does not fit a terminal, or cannot be read
# by what it is for (jq, XML parsers, hwloc), and recordings that are another
# machine or tell whose it is.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$top_srcdir/tests/machines/machines.sh"

cd "$scratch" || exit 99
export HOME=$scratch
unset XDG_CONFIG_HOME XDG_STATE_HOME HMS_TOPOLOGY NO_COLOR
if ! command -v python3 >/dev/null; then
	skip "hms list" "python3 is not installed"
	finish
fi
python3 "$top_srcdir/tests/machines/unpack.py" "$scratch/machines" \
	"$top_srcdir"/tests/tools/tiers.machine \
	"$top_srcdir"/tests/machines/*.machine || exit 99
python3 "$top_srcdir/tests/machines/unpack.py" "$scratch/bad" \
	"$top_srcdir"/tests/machines/bad/*.machine || exit 99
tiers=$scratch/machines/tiers
# Every way of every initiator of 1,024 is a matter of minutes and gigabytes.
mapfile -t most < <(printf '%s\n' machines/* | grep -v 1024)

list() {
	"$HMS_TOOL" list "$@"
}

# What QEMU is told in tests/vm, to the letter, and where each number is from.
is "the tree, and the numbers that the firmware tells" \
	"$(list --topology "$tiers" | sed -n '1,/^$/p')" "\
MACHINE             WHAT        SIZE     ns       MB/s  ABOUT
cpu:0               CPUs 0-1
  node:0            dram?      1 GiB   80 f   204800 f
  node:1            hbm?       1 GiB   60 f   409600 f
  node:2            cxl?       1 GiB  250 f    61440 f
  node:3            pmem       1 GiB  350 f    30720 f
  pci:0000:41:00.0  gpu                                 A<B>&\"C', cuda:0, gpu:0
    cuda:0          gpu       80 GiB  275 g  2039000 d  A<B>&\"C', 0000:41:00.0
  pci:0000:42:00.0  nic                                 nic:enx0123456789ab"
is "the table of targets" \
	"$(list --topology "$tiers" | sed -n '/^TARGET/,/^$/p')" "\
TARGET  KIND     SIZE      FREE  MANAGER  TIER  PROPS  BEST ns  BEST MB/s
node:0  dram?   1 GiB   512 MiB  kernel      4  c.a.      80 f   204800 f
node:1  hbm?    1 GiB  1000 MiB  kernel      4  c.a.      60 f   409600 f
node:2  cxl?    1 GiB  1000 MiB  kernel      4  c.a.     250 f    61440 f
node:3  pmem    1 GiB  1000 MiB  kernel     22  c.a.     350 f    30720 f
cuda:0  gpu    80 GiB         ?  driver      -  ....     275 g  2039000 d"
is "who reaches what how fast" \
	"$(list --topology "$tiers" | sed -n '/^BANDWIDTH/,/^$/p')" "\
BANDWIDTH, MB/s     node:0    node:1   node:2   node:3     cuda:0
cpu:0             204800 f  409600 f  61440 f  30720 f    63000 d
pci:0000:41:00.0   63015 f   63015 f  61440 f  30720 f  2039000 d
pci:0000:42:00.0    7876 f    7876 f   7876 f   7876 f     7876 f"
# Also catches a limit of another group, of version 1 or 2, and pages mixed up.
is "what the process may use in all stands under the table" \
	"$(list --topology machines/confined | sed -n '/^TARGET/,/^$/p')" "\
TARGET  KIND      SIZE     FREE  MANAGER  TIER  PROPS  BEST ns  BEST MB/s
node:0  dram?  192 GiB  180 GiB  kernel      4  c.a.      81 f    84000 f
node:1  dram?  192 GiB  180 GiB  kernel      4  c.a.x     81 f    84000 f
This process may use 4 GiB in all (cgroup memory.max)"
is "so it does in a control group of version 1" \
	"$(list --topology machines/knl-flat-snc4 | grep '^This')" \
	"This process may use 64 GiB in all (cgroup memory.limit_in_bytes)"
is "nothing is said where nothing limits it" \
	"$(list --topology machines/one-node | grep '^This')" ""
is "huge pages are shown when asked for" \
	"$(list --topology machines/confined | grep -c HUGE)
$(list -v --topology machines/confined | sed -n '/^HUGE/,/^$/p')" "\
0
HUGE PAGES     OF  PAGES  FREE
node:0      2 MiB    512   100
node:0      1 GiB      4     3
node:1      2 MiB      0     0"
is "where something should run" \
	"$("$HMS_TOOL" where --topology "$tiers" hbm)" "\
node:1  hbm, 1 GiB
FROM                 ns      MB/s  CPUS                   WAY
cpu:0              60 f  409600 f  0-1                    memory:1
pci:0000:41:00.0  517 g   63015 f  (cuda:0)               pcie:0000:41:00.0 > ..
pci:0000:42:00.0  517 g    7876 f  (nic:enx0123456789ab)  pcie:0000:42:00.0 > ..
nearest: taskset -c 0-1 PROGRAM"
is "where asks for a name that it knows" \
	"$("$HMS_TOOL" where --topology "$tiers" cud:0 2>&1; echo "$?")" "\
hms where: this machine has no memory \"cud:0\"; did you mean \"cuda:0\"?
hms where: \`hms list\` shows what it has
65"

# Columns of code points; the line for taskset is for copying, however long.
wide() {
	local folder
	for folder in machines/* bad/*; do
		list --topology "$folder" 2>/dev/null
		case $folder in *1024) ;; *) list -v --topology "$folder" ;; esac
		"$HMS_TOOL" where --topology "$folder" dram
	done 2>/dev/null | grep -v '^nearest: ' | grep -E '.{81}' | head -5
}
is "nothing is wider than 80 columns on any machine" "$(wide)" ""

# What a terminal gets; script(1) makes one.
if command -v script >/dev/null; then
	terminal() {
		TERM=xterm script -qec "$1" /dev/null </dev/null | tr -d '\r'
	}
	run="'$HMS_TOOL' list --topology '$tiers'"
	ok "a terminal gets colours" \
		grep -q $'\033\\[31m  node:1\033\\[0m' <(terminal "$run")
	is "but not if they are not wanted" \
		"$(terminal "NO_COLOR=1 $run")" "$(list --topology "$tiers")"
	is "a wide one gets what does not fit 80 columns" "$(
		NO_COLOR=1 terminal "stty cols 120; '$HMS_TOOL' where \
			--topology '$tiers' hbm" | sed -n 4p
	)" "pci:0000:41:00.0  517 g   63015 f  (cuda:0)               \
pcie:0000:41:00.0 > fabric:0 > memory:1"
else
	skip "a terminal gets colours" "script is not installed"
fi

if command -v jq >/dev/null; then
	list --topology "$tiers" --json >tiers.json
	is "JSON has values with their origin" "$(jq -c '
		[.hms_topology, (.targets[] | select(.id == "node:3") |
			.kind, .size, .tier, .granularity)],
		(.links[] | select(.id == "memory:1") | ."read-latency",
			."read-bandwidth", .initiators),
		(.initiators[] | select(.kind == "gpu") | .name)' tiers.json)" "\
[1,{\"value\":\"pmem\",\"origin\":\"user\"},\
{\"value\":1073741824,\"origin\":\"firmware\"},22,null]
{\"value\":60,\"origin\":\"firmware\"}
{\"value\":409600,\"origin\":\"firmware\"}
[\"cpu:0\"]
\"A<B>&\\\"C'\""
	is "JSON has the limit and the huge pages" "$(
		list --topology machines/confined --json | jq -c '.memory_limit,
			(.targets[] | .huge_pages)'
		list --topology "$tiers" --json | jq -c '.memory_limit,
			.targets[4].huge_pages'
	)" '{"value":4294967296,"file":"sys/fs/cgroup/box/memory.max"}
[{"size":2097152,"total":512,"free":100},{"size":1073741824,"total":4,"free":3}]
[{"size":2097152,"total":0,"free":0}]
null
[]'
	# An object in one of them that the other lacks.
	missing() {
		local folder
		for folder in "${most[@]}" bad/*; do
			list --topology "$folder" --json 2>/dev/null |
				jq -r '(.targets | map("target " + .id)) +
					(.initiators | map("initiator " + .id)) +
					(.links | map("link " + .id)) +
					(.bridges | map("bridge " + .from)) | .[]' |
				sort >said
			list --topology "$folder" --text 2>/dev/null |
				sed -E 's/^v1 //; s/^bridge [^ ]*from=/bridge /' |
				cut -d' ' -f1,2 | sort | cmp - said
		done
	}
	is "JSON and text have the same objects on every machine" "$(missing)" ""
else
	skip "JSON" "jq is not installed"
fi

pictures() {
	local folder
	for folder in "${most[@]}" bad/*; do
		list --topology "$folder" --svg >picture.svg 2>/dev/null
		list --topology "$folder" --json >picture.json 2>/dev/null
		python3 "$top_srcdir/tests/tools/picture.py" picture.svg \
			picture.json 2>&1 | sed "s|^|$folder: |"
	done | head -20
}
is "pictures have everything, and nothing over another" "$(pictures)" ""

lstopo=$(command -v lstopo-no-graphics || command -v lstopo)
if [ -n "$lstopo" ]; then
	# Would also catch sets that hwloc repairs with a message.
	loads() {
		local folder
		for folder in "${most[@]}" bad/*; do
			list --topology "$folder" --xml >machine.xml 2>/dev/null
			"$lstopo" --input machine.xml --of console 2>&1 >/dev/null |
				sed "s|^|$folder: |"
			[ "${PIPESTATUS[0]}" = 0 ] || echo "$folder: fails"
		done
	}
	is "hwloc loads every machine" "$(loads)" ""
	list --topology "$tiers" --xml >tiers.xml
	is "hwloc sees the nodes, their sizes and the devices" "$(
		"$lstopo" --input tiers.xml --of console --no-caches |
			grep -vE ' PU '
	)" "Machine (4096MB total)
  NUMANode(DRAM) L#0 (P#0 1024MB)
  NUMANode(HBM) L#1 (P#1 1024MB)
  NUMANode(CXL-DRAM) L#2 (P#2 1024MB)
  NUMANode(NVM) L#3 (P#3 1024MB)
  CoProc \"cuda0\"
  Net \"enx0123456789ab\""
	is "hwloc sees who reaches them how fast" "$(
		"$lstopo" --input tiers.xml --memattrs |
			grep -E "^Mem.*\`(Bandw|Laten)|from cpuset" | sed -n '1,7p'
	)" "Memory attribute #2 name \`Bandwidth' flags 5
  NUMANode L#0 = 204800 from cpuset 0x00000003 (Machine L#0)
  NUMANode L#1 = 409600 from cpuset 0x00000003 (Machine L#0)
  NUMANode L#2 = 61440 from cpuset 0x00000003 (Machine L#0)
  NUMANode L#3 = 30720 from cpuset 0x00000003 (Machine L#0)
  NUMANode L#0 = 204800 from cpuset 0x00000003 (Machine L#0)
  NUMANode L#1 = 409600 from cpuset 0x00000003 (Machine L#0)"
else
	skip "hwloc loads every machine" "hwloc is not installed"
fi

# A recording of a recording is the same machine.
differences() {
	local folder format
	for folder in "${most[@]}"; do
		rm -rf again
		list --topology "$folder" --record again >/dev/null 2>&1 ||
			echo "$folder: cannot be recorded"
		for format in --verbose --text --json; do
			list --topology "$folder" $format 2>&1 |
				sed "s|$folder/|again/|g; s/enx0123456789ab/enx000000000000/" >old
			list --topology again $format >new 2>&1
			cmp old new || echo "$folder: $format"
		done
	done
}
is "a recording replays every machine" "$(differences)" ""

list --record here >/dev/null 2>&1
real() {
	list "$@" --text 2>/dev/null | sed -E 's/ free=[^ ]*//'
}
is "a recording of this machine replays it" "$(real --topology here)" \
	"$(real | sed -E 's/enx[0-9a-f]{12}/enx000000000000/')"
secrets() {
	local secret
	for secret in $(cat /etc/machine-id /sys/class/net/*/address \
		/sys/class/dmi/id/*serial /sys/class/dmi/id/*uuid 2>/dev/null |
		grep -E '.{8}' | grep -v '^00:00:00:00:00:00$') 0123456789ab; do
		grep -rlF -e "$secret" here again
	done
	find here again -name '*0123456789ab*'
}
rm -rf again
list --topology "$tiers" --record again >/dev/null
is "a recording tells nothing that names a machine" "$(secrets)" ""

mkdir full
touch full/file
is "a recording does not go into a folder that has something" \
	"$(list --record full 2>&1; echo "$?")" "hms list: full: is not empty
73"
is "nor where no folder can be made" \
	"$(list --record full/file/below 2>&1; echo "$?")" \
	"hms list: full/file/below: Not a directory
73"
if unshare -rm true 2>/dev/null; then
	mkdir small
	# shellcheck disable=SC2016
	is "a full device is an error" "$(
		unshare -rm sh -c 'mount -t tmpfs -o size=16k,nr_inodes=4000 x small &&
			"$1" list --topology "$2" --record small/here; echo "$?"' \
			sh "$HMS_TOOL" "$scratch/machines/big-64" 2>&1 |
			sed -E 's|/sys/.*:|/...:|'
	)" "hms list: small/here/...: No space left on device
74"
else
	skip "a full device is an error" "no mounts here"
fi
is "output that cannot be written is an error" \
	"$(list --topology "$tiers" 2>&1 >/dev/full; echo "$?")" \
	"hms: standard output: No space left on device
74"

usage="usage: hms list [--topology FOLDER] [--json|--svg|--text|--xml] [--watch] [-v]
       hms list [--topology FOLDER] --record FOLDER
64"
for wrong in --jsn "--json --svg" more "--record x --json" --topology; do
	# shellcheck disable=SC2086
	is "usage: hms list $wrong" "$(list $wrong 2>&1; echo "$?")" "$usage"
done
is "a folder that is not there has a status of its own" \
	"$(list --topology ./none 2>&1; echo "$?")" \
	"hms list: ./none: cannot read the machine: No such file or directory
66"

# Memory comes, grows and goes while it runs; each line is waited for.
cp -a "$tiers" moving
nodes=moving/sys/devices/system/node
mv $nodes/node3 away
echo 0-2 | tee $nodes/has_memory $nodes/online >/dev/null
mkfifo lines
list --topology moving --watch >lines 2>&1 &
watcher=$!
exec 3<lines
until_line() { # PATTERN : the first line from now on that matches
	local line
	while read -r -t 30 line <&3; do
		# shellcheck disable=SC2254
		case $line in $1) echo "$line" && return ;; esac
	done
	echo "no line like $1"
}
is "watch shows the machine first" "$(until_line 'Props:*')" \
	"Props: c coherent, p persistent, a for CPUs, h hot-pluggable, x not for you"
mv away $nodes/node3
echo 0-3 | tee $nodes/online $nodes/has_memory >/dev/null
is "watch says what came" "$(until_line '[-+~]*')" "+ node:3 pmem 1 GiB"
is "and shows it" "$(until_line 'node:3*')" \
	"node:3            pmem       1 GiB  350 f    30720 f"
until_line 'Props:*' >/dev/null
sed -i 's/MemTotal: *1048576/MemTotal: 2097152/' $nodes/node1/meminfo
is "watch says what grew" "$(until_line '[-+~]*')" \
	"~ node:1 hbm 1 GiB -> hbm 2 GiB"
until_line 'Props:*' >/dev/null
mv $nodes/node3 away
echo 0-2 | tee $nodes/has_memory $nodes/online >/dev/null
is "watch says what went" "$(until_line '[-+~]*')" "- node:3 pmem 1 GiB"
kill -INT "$watcher" 2>/dev/null || kill "$watcher"
exec 3<&-
kill "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
finish
