#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Shows HMS at work on a machine with several kinds of memory: Debian's
# sqlite3, unmodified, under three rules.  Run by `./quickstart tiers`:
#
#	tests/vm/machine -t tiers tests/vm/demo.sh
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
: "${HMS_PRELOAD:=$top/build/.libs/libhms_preload.so}"
[ -r "$HMS_PRELOAD" ] || { echo "no $HMS_PRELOAD: run make first" >&2; exit 69; }
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

rules='# The database cache: fast memory first, 24 MiB of it at most.
target quick = hbm
target fast  = quick then cxl
limit quick 24M
rule cache: heap, size 4K..64K -> fast
rule large: heap, size > 64K   -> cxl
rule small: heap               -> dram'

for node in /sys/devices/system/node/node[0-9]*; do
	read -r _ _ _ kib _ < <(grep MemTotal "$node/meminfo")
	printf '%s: %4d MiB' "${node##*/}" $((kib / 1024))
	if [ -r "$node/access0/initiators/read_latency" ]; then
		printf ', %3d ns, %6d MB/s' \
			"$(cat "$node/access0/initiators/read_latency")" \
			"$(cat "$node/access0/initiators/read_bandwidth")"
	fi
	[ -s "$node/cpulist" ] && [ -n "$(cat "$node/cpulist")" ] &&
		printf ', CPUs %s' "$(cat "$node/cpulist")"
	echo
done
printf '\nThe rules:\n%s\n\nsqlite3 works:\n' "$rules"

# The last line is the kernel's answer, not ours: numa_maps while it runs.
cat >"$scratch/work.sql" <<'EOF'
create table t(id integer primary key, name text, noise blob);
insert into t select value, hex(value * 7), randomblob(900)
	from generate_series(1, 30000);
create index by_name on t(name);
select count(*) || ' rows, ' || sum(length(noise)) || ' bytes of noise' from t;
.shell cat /proc/$PPID/numa_maps >"$KERNEL"
EOF
export KERNEL=$scratch/numa_maps
HMS_PROCESSES=sqlite3 HMS_POLICY=$rules HMS_REPORT=stderr \
	LD_PRELOAD=$HMS_PRELOAD \
	sqlite3 :memory: <"$scratch/work.sql" 2>"$scratch/report"
rc=$?
printf '\nWhat HMS reports:\n'
cat "$scratch/report"
printf '\nWhat the kernel says (/proc/PID/numa_maps, just before its end):\n'
awk '/anon=/ {
	for (i = 3; i <= NF; i++)
		if (split($i, part, "=") == 2 && part[1] ~ /^N[0-9]+$/)
			n[part[1]] += part[2]
}
END {
	for (i = 0; i < 16; i++)
		if (n["N" i])
			printf "node%d: %8.1f MiB\n", i, n["N" i] / 256
}' "$KERNEL"
exit $rc
