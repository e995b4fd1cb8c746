#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Memory of malloc and mmap that a rule wants reachable by a device, on the
# double of CUDA's driver: managed where the device needs it, and right whatever
# the program does to it.
#
# Would catch: memory that the device does not see, or that is lost, stale or
# shared with a child after a part was unmapped, protected, mapped over, after
# a fork, or when the driver's context ended, also while another thread writes;
# a driver called where it must not be, or that waits for itself; memory that is
# never given back.
. "$top_srcdir/tests/lib.sh" || exit 99

here=$top_builddir/tests/vendor
export LD_LIBRARY_PATH=$top_builddir/tests/fakes/.libs:$here/.libs
export HMS_FAKES=$scratch/machine HMS_FAKES_CALLS=$scratch/calls
export HMS_LOG=warn:$scratch/log HMS_TOPOLOGY=$scratch/m
mkdir -p "$scratch/m/hms"
cat >"$scratch/m/hms/devices" <<'END'
initiator cpu:0 kind=cpu node=0 cpus=0 aliases=node:0
initiator pci:fe00:17:00.0 kind=gpu aliases=cuda:0
initiator pci:fe00:65:00.0 kind=gpu aliases=cuda:1
target node:0 kind=dram node=0 size=64G
link memory:0 initiators=cpu:0,pci:fe00:17:00.0,pci:fe00:65:00.0 targets=node:0 latency=90ns bandwidth=100GB/s
END
policy="target both = best bandwidth for cpu and cuda:0
rule r: heap|map, size >= 2M -> both"

# machine [PROPERTY...] : two devices of 64 MiB
machine() {
	for bus in 17 65; do
		echo "cuda device pci=fe00:$bus:00.0 memory=67108864 peers=3 $* name=Double"
	done >"$HMS_FAKES"
}
machine

# does COMMAND... : what the program says, on one line, and its exit status
does() {
	rm -f "$HMS_FAKES_CALLS" "$HMS_LOG" "$scratch/log"
	timeout 60 env LD_PRELOAD="$HMS_PRELOAD" HMS_POLICY="$policy" \
		"$here/reached" "$@" >"$scratch/out" 2>&1
	local rc=$?
	tr '\n' ';' <"$scratch/out"
	[ $rc -eq 0 ] || echo "exit $rc"
}

# calls : those of the driver that matter, on one line
calls() {
	grep '^cuMemAllocManaged\|^cuMemAdvise\|^cuMemFree\|^cuMemHost' \
		"$HMS_FAKES_CALLS" | tr '\n' ';'
}
# The driver is tried out before it serves.
tried="cuMemAllocManaged 2097152 1;cuMemFree_v2;cuMemAllocManaged 2097152 1;cuMemFree_v2;cuMemAllocManaged 2097152 1;cuMemFree_v2;"

is "before the program uses a device, memory is the system's" \
	"$(does malloc 4194304 start)" \
	"malloc: right, device does not;start: 0;"
is "so no driver is called" "$(calls)" ""
is "then it is the device's too" "$(does start malloc 4194304 free)" \
	"start: 0;malloc: right, device reads;"
is "managed, near its CPUs, for that device" "$(calls)" \
	"${tried}cuMemAllocManaged 4194304 1;cuMemAdvise_v2 4194304 3 3:0;cuMemAdvise_v2 4194304 5 1:0;"
is "smaller memory stays the system's" "$(does start malloc 1048576 free)" \
	"start: 0;malloc: right, device does not;"
is "of calloc, and again after it was freed" \
	"$(does start calloc 5000000 free calloc 5000000 free)" \
	"start: 0;calloc: right, device reads;calloc: right, device reads;"
is "which is the same block" "$(calls | grep -o 'Managed 6291456' | wc -l)" 1
is "what was freed goes back when the program frees device memory" \
	"$(does start malloc 4194304 free again; calls | sed 's/.*5 1:0;//')" \
	"start: 0;malloc: right, device reads;again: 0;cuMemFree_v2;cuMemFree_v2;"
is "realloc" "$(does start malloc 4194304 realloc 9000000 realloc 8000000 realloc 2097152 realloc 4096 realloc 3000000 free)" \
	"start: 0;malloc: right, device reads;realloc: right, device reads;realloc: right, device reads;realloc: right, device reads;realloc: right, device does not;realloc: right, device does not;"

for how in malloc map; do
	[ $how = map ] && end=unmap || end=free
	for what in unmap-part protect-part cover dontneed reset reset-writing; do
		is "$how, $what: right, and not the device's any more" \
			"$(does start $how 8388608 $what $end again $how 4194304 | sed 's/unmap: 0;//')" \
			"start: 0;$how: right, device reads;$what: right, device does not;again: 0;$how: right, device reads;"
	done
	for what in protect-same hint fork; do
		is "$how, $what: right, and still the device's" \
			"$(does start $how 8388608 $what $end again $how 4194304 | sed 's/unmap: 0;//')" \
			"start: 0;$how: right, device reads;$what: right, device reads;again: 0;$how: right, device reads;"
	done
	is "$how, registered by the program: ordinary memory" \
		"$(does start $how 4194304 register check)" \
		"start: 0;$how: right, device reads;register: 0, 0;check: right, device does not;"
done
is "a mapping that grows moves to one that is the device's" \
	"$(does start map 4194304 grow check unmap)" \
	"start: 0;map: right, device reads;grow: right, device reads;check: right, device reads;unmap: 0;"
is "one that shrinks is ordinary" "$(does start map 8388608 shrink check unmap again)" \
	"start: 0;map: right, device reads;shrink: right, device does not;check: right, device does not;unmap: 0;again: 0;"
is "all of it goes back: what is left is the program's" "$(
	does start map 8388608 unmap-part unmap malloc 8388608 protect-part free \
		malloc 8388608 cover free map 4194304 unmap again >/dev/null
	echo "$(calls | grep -o Managed | wc -l) $(calls | grep -o Free | wc -l)"
)" "7 8"

is "a driver's own memory is the system's, lest it wait for itself" \
	"$(does start malloc 1048576 reset)" \
	"start: 0;malloc: right, device does not;reset: right, device does not;"

# Where it must not be.
is "while a stream is captured" "$(does start stream malloc 4194304 free begin malloc 8388608 check free end)" \
	"start: 0;stream: 0;malloc: right, device reads;malloc: right, device does not;check: right, device does not;"
is "what is turned back during a capture asks nothing of the driver" \
	"$(does start stream malloc 8388608 begin protect-part free end; calls | sed 's/.*5 1:0;//')" \
	"start: 0;stream: 0;malloc: right, device reads;protect-part: right, device does not;"
is "in a process that shares device memory" "$(does start malloc 4194304 ipc malloc 8388608)" \
	"start: 0;malloc: right, device reads;ipc: 0;malloc: right, device does not;"
is "a driver is not tried out while it may be busy" \
	"$(does start stream launch malloc 4194304 again malloc 4194304)" \
	"start: 0;stream: 0;launch: 0;malloc: right, device does not;again: 0;malloc: right, device reads;"
machine apart=1
is "without concurrent access" "$(does start malloc 4194304)" \
	"start: 0;malloc: right, device does not;"
ok "which is said" grep -q "at the same time" "$scratch/log"
machine tables=1
is "where devices read the system's memory it stays that" \
	"$(does start malloc 4194304 map 4194304; calls)" \
	"start: 0;malloc: right, device reads;map: right, device reads;"
is "and nothing is said" "$(grep -v 'no such variable' "$scratch/log")" ""
machine hidden=1
is "a driver that unmaps behind our back gets none of it" \
	"$(does start malloc 4194304 check)" \
	"start: 0;malloc: right, device does not;check: right, device does not;"
ok "which is said, too" grep -q "cannot become ordinary memory" "$scratch/log"
machine
echo "cuda cuMemAllocManaged 2" >>"$HMS_FAKES"
is "one that has no memory is not asked for more" "$(does start malloc 4194304 check)" \
	"start: 0;malloc: right, device does not;check: right, device does not;"
machine
both=$policy
policy="rule r: heap, size >= 2M -> best bandwidth for cpu and cuda:0, limit 5M"
is "limits hold" "$(does start malloc 4194304 malloc 4194304)" \
	"start: 0;malloc: right, device reads;malloc: right, device does not;"

policy="rule r: heap, from \"reached\", size >= 2M -> best bandwidth for cpu and cuda:0"
is "also for a caller that is known" \
	"$(does start realloc 4194304 free realloc 4194304 free realloc 4194304)" \
	"start: 0;realloc: right, device reads;realloc: right, device reads;realloc: right, device reads;"

# HIP: launches are not seen, so it is tried out when the program frees.
sed -i 's/cuda:/hip:/' "$scratch/m/hms/devices"
echo "hip device pci=fe00:17:00.0 memory=67108864 name=Double" >"$HMS_FAKES"
is "memory for devices of HIP" "$(
	HMS_POLICY="rule r: heap|map, size >= 2M -> best latency for cpu and hip:0" \
		hms "$here/reached_hip" | tr '\n' ';')" \
	"before: right, the system's;unproven: right, the system's;malloc: right, HIP's;fork: right, HIP's;map: right, HIP's;protected: right, the system's;again: right, HIP's;register: 0;"
sed -i 's/hip:/cuda:/' "$scratch/m/hms/devices"
machine

# Without a rule that names a device nothing changes.
policy="rule r: heap|map, size >= 2M -> node:0; rule c: cuda -> default"
is "a rule about nodes" "$(does start malloc 4194304 map 4194304; calls)" \
	"start: 0;malloc: right, device does not;map: right, device does not;"
policy=$both

# A program with a sanitizer, which has a heap and a SIGSEGV of its own.
if ${CC:-cc} -O1 -D_GNU_SOURCE -fsanitize=address -I"$top_srcdir" "$top_srcdir/tests/vendor/reached.c" \
	"$here/libminicudart.a" -o "$scratch/asan" -ldl -lpthread 2>/dev/null; then
	is "-fsanitize=address" "$(
		export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0
		for what in unmap-part protect-part cover reset-writing fork grow; do
			HMS_SHIMS=all,-heap HMS_POLICY=$policy hms "$scratch/asan" \
				start map 8388608 $what unmap again 2>&1 | grep "$what"
		done | tr '\n' ';'
	)" "unmap-part: right, device does not;protect-part: right, device does not;cover: right, device does not;reset-writing: right, device does not;fork: right, device reads;grow: right, device reads;"
else
	skip "-fsanitize=address" "the compiler cannot"
fi

# The report.
HMS_REPORT=$scratch/report.json does malloc 4194304 start malloc 4194304 \
	map 8388608 dontneed >/dev/null
# of EXPRESSION : from the report, as Python has it
of() {
	python3 -c "import json,sys; r = json.load(open('$scratch/report.json'))
d = {x['name']: x for x in r['devices']}
print($1)"
}
is "the report has what is reached, what was, and why not" \
	"$(of "[d['cuda:0']['reach'], r['vendor_unreached'], r['vendor_refusals']['too_early']]")" \
	"[4194304, 8388608, 1]"
is "and its text" "$(HMS_REPORT=stderr does malloc 4194304 start malloc 4194304 \
	map 8388608 dontneed |
	tr ';' '\n' | grep -c '^not as ruled: 1, memory for a device before\|^memory that devices reached is ordinary again: 8 MiB\|^cuda:0: 4 MiB of malloc and mmap in its reach')" 3
finish
