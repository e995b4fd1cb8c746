#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# HIP's memory by rules, on a double of its runtime; see place_hip.c.  Would
# catch: a call that a rule does not reach, or by one way only; memory that is
# not where the rule says, or that nobody gives back; an error that is ours and
# not the runtime's; anything changed while a stream is captured.
. "$top_srcdir/tests/vendor/place-lib.sh"
here=$top_builddir/tests/vendor
export LD_LIBRARY_PATH=$top_builddir/tests/fakes/.libs
export HMS_FAKES=$scratch/machine
machine() {
	cat >"$HMS_FAKES" <<-END
		hip device pci=0000:17:00.0 memory=16777216 peers=2 $1 name=Double A
		hip device pci=0000:65:00.0 memory=16777216 peers=1 name=Double B
	END
}
machine ''
linked=$here/place_hip

changes 'no rule about HIP' 'heap -> node:0' "$linked" </dev/null
changes 'left alone' 'hip -> default' "$linked" </dev/null
silent
managed_everywhere='hipMalloc is managed of 0
hipExtMallocWithFlags is managed of 0
hipMallocPitch is managed of 0
hipMemAllocPitch is managed of 0
hipMalloc3D is managed of 0
after it is managed of 0
handle is refused'
rule='hipMalloc -> managed(hip:0 then node:0)'
changes 'managed, on the device first' "$rule" "$linked" <<<"$managed_everywhere"
said 'a stream is being captured' 'this process shares device memory'
changes 'linked, -z now' "$rule" "$here/place_hip_now" <<<"$managed_everywhere"
changes 'linked, -fno-plt' "$rule" "$here/place_hip_noplt" \
	<<<"$managed_everywhere"
changes 'dlopen and dlsym' "$rule" "$here/place_hip_dlopen" \
	<<<"$managed_everywhere"
PLACE_BY=resolver changes 'hipGetProcAddress' "$rule" \
	"$here/place_hip_dlopen" <<<"$managed_everywhere"
changes 'RTLD_LOCAL plugin, linked' "$rule" "$here/plugin" \
	"$here/.libs/libplace_hip.so" <<<"$managed_everywhere"

changes 'managed, on the host first' 'hipMalloc -> managed(node:0)' "$linked" \
	<<<"${managed_everywhere//of 0/of -1}"
changes 'managed, of another device first' 'hipMalloc -> managed(hip:1)' \
	"$linked" <<<"${managed_everywhere//of 0/of 1}"
changes 'on another device' 'hipMalloc -> hip:1' "$linked" \
	< <(sed '/refused/d; s/managed of 0/device of 1/' \
		<<<"$managed_everywhere")
changes 'on its own device' 'hipMalloc -> hip:0' "$linked" </dev/null
changes 'on the host' 'hipMalloc -> node:0' "$linked" \
	< <(sed 's/managed of 0/host of 0, bound/' <<<"$managed_everywhere")
changes 'managed memory of the program' 'hipMallocManaged -> hip:1' \
	"$linked" <<<'hipMallocManaged is managed of 1'
changes 'host memory' 'hipHostMalloc -> node:0' "$linked" <<-END
	default is host of 0, bound
	mapped is host of 0, bound
	coherent is host of 0, bound
	hipHostAlloc is host of 0, bound
	hipMallocHost is host of 0, bound
	hipMemAllocHost is host of 0, bound
END
silent
changes 'by size' 'hipMalloc, size >= 8M -> node:0' "$linked" </dev/null
changes 'by caller' 'hipMalloc, from "place_hip" -> managed(hip:0)' "$linked" \
	<<<"$managed_everywhere"
HMS_SHIMS=-hip changes 'switched off' "$rule" "$linked" </dev/null

# --- what is not there, what cannot be had -----------------------------------
changes 'a device that is not there' 'hipMalloc -> hip:7' "$linked" </dev/null
said 'there is no such device here'
changes 'managed, with one that is not there' \
	'hipMalloc -> managed(hip:7 then node:0)' "$linked" </dev/null
said 'there is no such device here'
machine apart=1
changes 'no concurrent access' "$rule" "$linked" </dev/null
said 'cannot access managed memory at the same time'
machine peers=0
changes 'a device out of reach' 'hipMalloc -> hip:1' "$linked" </dev/null
said "does not reach the other one's memory"
machine memory=10485760
HMS_POLICY='hipMalloc -> managed(hip:0)' hms "$linked" room >"$scratch/out"
is 'a device that is full: its own error' \
	"$(grep '^piece ..*: ' "$scratch/out" | grep -v range)" \
	'piece 0: 0
piece 1: 0
piece 2: 2
piece 3: 2'
HMS_POLICY='hipMalloc -> managed(hip:0 then node:0)' hms "$linked" room \
	>"$scratch/out"
is 'a device that is full, then the host' \
	"$(grep ' is ' "$scratch/out")" 'piece 0 is managed of 0
piece 1 is managed of 0
piece 2 is managed of -1
piece 3 is managed of -1'
machine ''
HMS_POLICY='target few = node:0; limit few 6M; hipMalloc -> few, strict' hms \
	"$linked" room >"$scratch/out"
is 'a limit, strictly' "$(grep '^piece ..*: ' "$scratch/out" | grep -v range)" \
	'piece 0: 0
piece 1: 2
piece 2: 2
piece 3: 2'

HMS_POLICY='hipMalloc -> hip:0, limit 1M' hms "$linked" rows >"$scratch/out"
is 'rows give back what they were charged' "$(sort -u "$scratch/out")" \
	'rows: 0 0'

for policy in 'hip -> node:0' 'hip -> managed(hip:0 then node:0)' \
	'hipMalloc, size >= 16K -> node:0; hipHostMalloc -> node:0; hip -> hip:1'; do
	changes "several threads: $policy" "$policy" "$linked" threads </dev/null
done
is 'they lose nothing' "$(cat "$scratch/ruled")" 'threads: fine'

# --- a runtime that fails ----------------------------------------------------
for call in hipMallocManaged hipMemAdvise hipGetDeviceCount hipGetDevice \
	hipDeviceTotalMem hipDeviceGetAttribute; do
	fails "$rule" "hip $call" 719 "$linked"
done
for call in hipMalloc hipFree hipFreeAsync; do
	fails 'hipMalloc -> hip:0' "hip $call" 719 "$linked"
done
for call in hipHostRegister hipHostGetDevicePointer hipDeviceSynchronize; do
	fails 'hip -> node:0' "hip $call" 719 "$linked"
done
for call in hipSetDevice hipDeviceEnablePeerAccess hipDeviceCanAccessPeer; do
	fails 'hipMalloc -> hip:1' "hip $call" 719 "$linked"
done
echo "hip hipHostUnregister 719" >>"$HMS_FAKES"
HMS_POLICY='hipMalloc -> node:0' hms "$linked" >"$scratch/out"
is 'memory that is still registered stays' \
	"$(grep '^hipMalloc freed' "$scratch/out")" 'hipMalloc freed: 719 LEFT'
machine ''
(
	unset LD_LIBRARY_PATH
	HMS_POLICY=$rule hms "$here/place_hip_dlopen"
	exit $?
) >/dev/null 2>&1
is 'no runtime at all: the program finds out itself' $? 77
finish
