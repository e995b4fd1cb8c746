#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# hms measure: that values are there and can be used, never how large they are
# beyond what physics allows; other programs may be running.  Catches results
# that are not found again or are of another machine, files of runs that were
# interrupted or failed, taking more memory than there is, and devices'
# libraries that take the tool with them.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$top_srcdir/tests/machines/machines.sh"

unset HMS_TOPOLOGY
export HOME=$scratch/home XDG_STATE_HOME=$scratch/state
export XDG_CONFIG_HOME=$scratch/config
few=(--quick --memory 16M -i cpu:0 -t node:0)
[ -d /sys/devices/system/node/node0 ] || {
	skip "hms measure" "this kernel shows no NUMA node"
	finish
}

# Root's results are the system's, and a test must not touch those: what is
# found again is measured by somebody else.
as_user=()
tool=$scratch/hms
cp "$HMS_TOOL" "$tool"
mkdir "$XDG_STATE_HOME" "$XDG_CONFIG_HOME" "$HOME"
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$scratch"
	chown 65534 "$XDG_STATE_HOME"
	as_user=(setpriv --reuid=65534 --clear-groups)
fi

stored=$("${as_user[@]}" "$tool" measure --dry-run 2>/dev/null |
	sed -n 's/^would be stored in //p')
app=$(sed -n 's/^#define HMS_MACHINE_APP "\(.*\)"/\1/p' \
	"$top_srcdir/engine/topology/where.h")
if id=$(systemd-id128 machine-id --app-specific="$app" 2>/dev/null); then
	is "the file's name does not tell the machine's id" \
		"$stored" "$XDG_STATE_HOME/hms/measured-$id"
else
	skip "the file's name does not tell the machine's id" \
		"no systemd-id128, or no /etc/machine-id"
fi
is "a dry run leaves nothing" "$(ls "$XDG_STATE_HOME")" ""

"${as_user[@]}" "$tool" measure "${few[@]}" >"$scratch/table" 2>"$scratch/err"
is "measuring succeeds" "$?" 0
is "it says that this was little memory" "$(grep -c \
	'^hms measure: node:0: measured over 16 MiB instead of ' "$scratch/err")" 1
is "the table has a row and says where it is stored" \
	"$(grep -cE '^cpu:0      node:0  ( +[0-9]+ ns){1}( +([0-9]+ ns|-)){1}( +[0-9.]+ GB/s){3}  \+-[0-9]+%$' "$scratch/table")
$(tail -1 "$scratch/table")" "1
Stored in $stored"
is "nothing else is left in the folder" \
	"$(ls -A "$XDG_STATE_HOME/hms")" "${stored##*/}"
is "every line of the file is as it should be" "$(grep -vE \
	'^# |^v1 fits node:[0-9]+ size=[0-9]+K( cpus=[0-9,-]+)?$|^v1 link cpu:0-node:0( [a-z]+-latency=[0-9]+ns@measured){1,2}( [a-z]+-bandwidth=[0-9]+MB/s@measured){0,3}$' \
	"$stored")" ""

# The values, and whether the readers use exactly these.
python3 - "$stored" <("${as_user[@]}" "$tool" list --json 2>&1) \
	>"$scratch/verdict" 2>&1 <<'END'
import json, re, sys
text = open(sys.argv[1]).read()
stored = {k: int(v) for k, v in re.findall(
    r" ([a-z-]+)=(\d+)(?:ns|MB/s)@measured", text)}
limits = {"latency": (1, 20000), "bandwidth": (10, 10**7)}
for name, value in stored.items():
    low, high = limits[name.split("-")[1]]
    if not low <= value <= high:
        print(name, value, "is impossible")
link = [x for x in json.load(open(sys.argv[2]))["links"]
        if x["id"] == "cpu:0-node:0"][0]
used = {n: link[n]["value"] for n in link
        if isinstance(link[n], dict) and link[n]["origin"] == "measured"}
wanted = {n: v for n, v in stored.items()
          if n.split("-")[0] in ("read", "write")}
print("used" if used == wanted and "read-latency" in used
      else f"stored {wanted}, used {used}")
END
is "the values are possible, and hms list has them" \
	"$(cat "$scratch/verdict")" "used"

# A set-user-id program must not believe its caller's files.
echo 'target node:0 kind=hbm' >"$scratch/hms.conf"
mkdir "$XDG_CONFIG_HOME/hms"
mv "$scratch/hms.conf" "$XDG_CONFIG_HOME/hms/hms.conf"
is "hms.conf has the last word" "$("$tool" list --text 2>&1 |
	grep -o '^v1 target node:0 kind=[a-z]*@[a-z]*')" \
	"v1 target node:0 kind=hbm@user"
if [ "$(id -u)" = 0 ] && ! findmnt -nT "$scratch" -o OPTIONS | grep -q nosuid
then
	cp "$tool" "$scratch/suid"
	chown 65534 "$scratch/suid"
	chmod 4755 "$scratch/suid"
	is "a set-user-id tool does not read its caller's hms.conf" \
		"$("$scratch/suid" list --text 2>&1 | grep -c 'kind=hbm@user')" 0
else
	skip "a set-user-id tool does not read its caller's hms.conf" \
		"needs root and a file system without nosuid"
fi
rm -r "$XDG_CONFIG_HOME/hms"

is "JSON is JSON, with all that was measured" \
	"$("$tool" measure "${few[@]}" --json -o "$scratch/json" 2>/dev/null |
		python3 -c 'import json, sys
x = json.load(sys.stdin)
print(x["hms"], x["load"], x["stored"], len(x["measured"]), sorted(
    k for k in x["measured"][0] if k in ("latency", "read-bandwidth",
                                         "write-plain", "copy-plain")))')" \
	"1 False $scratch/json 1 ['copy-plain', 'latency', 'read-bandwidth', 'write-plain']"
if [ "$(nproc)" -gt 1 ]; then
	"$tool" measure "${few[@]}" --load -o "$scratch/load" >"$scratch/out" 2>&1
	is "next to a load it is printed and not stored" \
		"$? $(grep -c 'next to a load' "$scratch/out") $(ls "$scratch/load" 2>/dev/null)" \
		"0 1 "
else
	skip "next to a load it is printed and not stored" "there is one CPU"
fi

# Interrupted as soon as it says that it is under way.
mkfifo "$scratch/progress"
for signal in INT TERM; do
	env --default-signal=INT "$tool" measure --memory 64M --progress \
		-o "$scratch/new/file" >/dev/null 2>"$scratch/progress" &
	pid=$!
	exec 5<"$scratch/progress"
	while read -r line <&5; do
		case $line in
		*latency*) break ;;
		esac
	done
	kill -$signal $pid
	wait $pid
	status=$?
	exec 5<&-
	is "SIG$signal ends it, and nothing is stored" \
		"$status $(ls -A "$scratch/new" 2>&1)" \
		"$((128 + $(kill -l $signal))) ls: cannot access '$scratch/new': No such file or directory"
done

is "without memory it says so, and stores nothing" "$(
	ulimit -v 200000
	"$tool" measure -o "$scratch/none" 2>&1 >/dev/null |
		sed -E 's/\([0-9.]+ .iB may/(N may/'
	echo "${PIPESTATUS[0]} $(ls "$scratch/none" 2>/dev/null)"
)" "hms measure: node:0: not measured: there is not enough free memory (N may \
be taken)
69 "
is "a folder that cannot be made" \
	"$("$tool" measure "${few[@]}" -o /dev/null/x 2>&1 >/dev/null |
		grep -v 'measured over\|other programs\|huge pages'; echo "${PIPESTATUS[0]}")" \
	"hms measure: cannot store it in /dev/null/x: Not a directory
73"
is "a folder in the way leaves no part of a file" \
	"$(mkdir -p "$scratch/way/file/x"
	"$tool" measure "${few[@]}" -o "$scratch/way/file" 2>&1 >/dev/null |
		grep -v 'measured over\|other programs\|huge pages'; echo "${PIPESTATUS[0]}"
	ls -A "$scratch/way")" \
	"hms measure: cannot store it in $scratch/way/file: Is a directory
73
file"

is "a misspelt target" "$("$tool" measure -t nod:0 2>&1; echo $?)" \
	"hms measure: there is no target nod:0; did you mean node:0?
64"
is "a misspelt initiator" "$("$tool" measure -i cpu0 2>&1; echo $?)" \
	"hms measure: there is no initiator cpu0; did you mean cpu:0?
64"
is "too little memory to ask for" "$("$tool" measure --memory 1M 2>&1; echo $?)" \
	"hms measure: 1M of memory is too little to measure anything: 4M at least
64"
is "a recorded machine cannot be measured" \
	"$(HMS_TOPOLOGY=$scratch "$tool" measure 2>&1; echo $?)" \
	"hms measure: HMS_TOPOLOGY names a recorded machine; only this one can be \
measured
64"

# What was measured on a recorded machine comes before what its firmware says.
two=$(machine two-sockets)
mkdir -p "$two/hms"
cat >"$two/hms/measured" <<'END'
v1 fits node:0 size=192G cpus=0-27,56-83
v1 fits node:1 size=192G cpus=28-55
v1 link cpu:0-node:0 read-latency=30ns@measured
v1 link cpu:1-node:1 read-latency=33ns@measured
END
is "explain goes by what was measured" \
	"$(HMS_TOPOLOGY=$two "$tool" explain -p '* -> best latency for cpu:0' \
		malloc 1M 2>/dev/null | grep -E 'measured|node:1 +dram')" \
	"     1. node:0  dram  30 ns measured
        cpu:0: cpu:0-node:0 (30 ns measured)
     2. node:1  dram  170 ns guessed"
is "list says what does not fit, and what firmware disagrees about" \
	"$(HMS_TOPOLOGY=$two "$tool" list --text 2>&1 >/dev/null)" \
	"$two/hms/measured:2: node 1 has other CPUs than when it was measured; its \
values are left out, measure again
$two/hms/measured: cpu:0-node:0: firmware says something else than was \
measured: read-latency 30 ns against 81"
finish
