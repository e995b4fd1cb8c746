#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every function that we stand in for, by every way that a program can reach
# it: ours is reached, and passes on what it was given; see calls_cuda.c.
. "$top_srcdir/tests/lib.sh" || exit 99

here=$top_builddir/tests/vendor
export LD_LIBRARY_PATH=$top_builddir/tests/fakes/.libs
export HMS_FAKES=$scratch/machine HMS_FAKES_CALLS=$scratch/calls
cat >"$HMS_FAKES" <<'END'
cuda device pci=0000:17:00.0 memory=1073741824 peers=2 pools=1 name=Double A
cuda device pci=0000:65:00.0 memory=1073741824 peers=1 pools=1 name=Double B
END
rows=$(grep -c '^HMS_HOOK(CUDA' "$top_srcdir/shims/hooks.def")

# without NAME COMMAND... : what it says and is called with, by itself
without() {
	rm -f "$HMS_FAKES_CALLS"
	"${@:2}" >"$scratch/$1.said" 2>&1 || note "$1: exit status $?"
	grep -v '^cuGetProcAddress' "$HMS_FAKES_CALLS" >"$scratch/$1.calls"
}

# reach NAME COMMAND... : by a way, each function is ours and does the same
reach() {
	local name=$1
	shift
	without plain "$@"
	rm -f "$HMS_FAKES_CALLS"
	HMS_POLICY="rule c: cuda -> default" hms "$@" >"$scratch/said" 2>&1
	is "$name: it runs" "$?" 0
	# Of device 0 we ask ourselves, once.
	grep -v '^cuGetProcAddress\|^cuDeviceTotalMem_v2 0' "$HMS_FAKES_CALLS" \
		>"$scratch/calls.hms"
	is "$name: every function is ours" "$(
		sed -nE 's/^(cu[A-Za-z0-9_]+) of libhms_preload.so: .*/\1/p' \
			"$scratch/said" | sort -u | wc -l)" "$rows"
	is "$name: none goes around" "$(grep -v ' of libhms_preload.so: ' "$scratch/said")" ""
	is "$name: the driver is called the same" \
		"$(diff "$scratch/plain.calls" "$scratch/calls.hms")" ""
	is "$name: the program is told the same" "$(diff \
		<(sed 's/ of [^:]*//' "$scratch/plain.said") \
		<(sed 's/ of [^:]*//' "$scratch/said"))" ""
	# Nothing is asked for: nothing is in the way.
	hms "$@" >"$scratch/said" 2>&1
	is "$name: without rules it is told the same" "$(diff \
		<(sed 's/ of [^:]*//' "$scratch/plain.said") \
		<(sed 's/ of [^:]*//' "$scratch/said"))" ""
}

reach "linked" "$here/calls_linked"
reach "linked, -z now" "$here/calls_now"
reach "linked, -fno-plt" "$here/calls_noplt"
reach "dlopen and dlsym" "$here/calls_dlopen" dlsym
reach "cuGetProcAddress of four arguments" "$here/calls_dlopen" resolver-4
reach "cuGetProcAddress of five arguments" "$here/calls_dlopen" resolver-5
reach "RTLD_LOCAL plugin, linked" "$here/plugin" "$here/.libs/libcalls_linked.so"
reach "RTLD_LOCAL plugin, dlsym" "$here/plugin" "$here/.libs/libcalls_dlopen.so" dlsym
reach "RTLD_LOCAL plugin, resolver" "$here/plugin" "$here/.libs/libcalls_dlopen.so" resolver-5

# Each version and flag leads to the row that means it, and to no other.
for way in resolver-4 resolver-5; do
	without edges "$here/calls_dlopen" "$way" edges
	HMS_POLICY="rule c: cuda -> default" hms "$here/calls_dlopen" "$way" edges \
		>"$scratch/said" 2>&1
	is "$way: the double knows the versions" "$(
		grep -E 'BEFORE|AFTER' "$scratch/edges.said"
		grep -v 'another is meant' "$scratch/edges.said" | grep -v ': min max - -$')" ""
	is "$way: versions and flags mean the same" \
		"$(diff "$scratch/edges.said" "$scratch/said")" ""
done
finish
