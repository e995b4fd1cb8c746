#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Level Zero's memory by rules, under the real loader, with a driver that is a
# double; see place_ze.c.  Would catch what place_hip.sh would.
. "$top_srcdir/tests/vendor/place-lib.sh"
here=$top_builddir/tests/vendor
linked=$here/place_ze
if [ ! -x "$linked" ]; then
	echo "1..0 # SKIP no loader (apt-get install libze-dev)"
	exit 0
fi
unset LD_LIBRARY_PATH
export HMS_FAKES=$scratch/machine
export ZE_ENABLE_ALT_DRIVERS=$top_builddir/tests/fakes/.libs/ze_driver.so
machine() {
	cat >"$HMS_FAKES" <<-END
		ze device pci=0000:17:00.0 memory=16777216 peers=2 $1 name=Double A
		ze device pci=0000:65:00.0 memory=16777216 peers=1 $1 name=Double B
	END
}
machine ''

changes 'no rule about Level Zero' 'heap -> node:0' "$linked" </dev/null
changes 'left alone' 'ze -> default' "$linked" </dev/null
silent
rule='zeMemAllocDevice -> managed(ze:0 then node:0)'
shared='device is shared of 0, placed 0x400'
changes 'shared, on the device first' "$rule" "$linked" <<<"$shared"
changes 'linked, -z now' "$rule" "$here/place_ze_now" <<<"$shared"
changes 'linked, -fno-plt' "$rule" "$here/place_ze_noplt" <<<"$shared"
changes 'dlopen and dlsym' "$rule" "$here/place_ze_dlopen" <<<"$shared"
changes 'RTLD_LOCAL plugin, linked' "$rule" "$here/plugin" \
	"$here/.libs/libplace_ze.so" <<<"$shared"
changes 'shared, on the host first' 'zeMemAllocDevice -> managed(node:0)' \
	"$linked" <<<'device is shared of 0, placed 0x8'
changes 'on another device' 'zeMemAllocDevice -> ze:1' "$linked" \
	<<<'device is device of 1'
changes 'on its own device' 'zeMemAllocDevice -> ze:0' "$linked" </dev/null
changes 'shared memory of the program' 'zeMemAllocShared -> node:0' "$linked" \
	<<<'shared is shared of 0, placed 0x8'
changes 'shared memory, on the device' 'zeMemAllocShared -> ze:0' "$linked" \
	<<<'shared is shared of 0, placed 0x400'
changes 'memory of the system is out of reach' 'zeMemAllocHost -> node:0' \
	"$linked" </dev/null
said "cannot use the system's memory"
changes 'a device that is not there' 'zeMemAllocDevice -> ze:7' "$linked" \
	</dev/null
said 'there is no such device here'
changes 'after a handle was asked for' "$rule" "$linked" ipc <<<"$shared
handle is refused"
said 'this process shares device memory'
HMS_SHIMS=-ze changes 'switched off' "$rule" "$linked" </dev/null

machine tables=1
changes 'memory of the system for the host' 'zeMemAllocHost -> node:0' \
	"$linked" <<-END
		host is host of none, bound
		now is host of none, bound
		later is host of none, bound
		later is still there
	END
changes 'memory of the system for a device' 'zeMemAllocDevice -> node:0' \
	"$linked" <<<'device is host of none, bound'
machine apart=1
changes 'no concurrent access' "$rule" "$linked" </dev/null
said 'cannot access managed memory at the same time'
machine peers=0
changes 'a device out of reach' 'zeMemAllocDevice -> ze:1' "$linked" </dev/null
said "does not reach the other one's memory"
machine memory=10485760
HMS_POLICY='zeMemAllocDevice -> managed(ze:0)' hms "$linked" room \
	>"$scratch/out"
is 'a device that is full: its own error' \
	"$(grep '^piece ..*: ' "$scratch/out" | grep -v range)" \
	'piece 0: 0x0
piece 1: 0x0
piece 2: 0x70000003
piece 3: 0x70000003'
machine tables=1
HMS_POLICY='target few = node:0; limit few 6M; zeMemAllocHost -> few, strict' \
	HMS_LOG=warn hms "$linked" >"$scratch/out"
is 'host memory under a limit, strictly' "$(grep '^host: ' "$scratch/out")" \
	'host: 0x0'

# --- a driver that fails -----------------------------------------------------
machine ''
for call in zeMemAllocShared zeDriverGet zeDeviceGet \
	zeDeviceGetMemoryAccessProperties zeDeviceGetMemoryProperties \
	zeMemFree; do
	fails "$rule" "ze $call" 1879048193 "$linked"
done
fails 'zeMemAllocDevice -> ze:0' 'ze zeMemAllocDevice' 1879048193 "$linked"
fails 'zeMemAllocDevice -> ze:1' 'ze zeDeviceCanAccessPeer' 1879048193 "$linked"
machine tables=1
for call in zeDeviceGetMemoryAccessProperties zeContextDestroy zeMemAllocHost; do
	fails 'zeMemAllocDevice -> node:0' "ze $call" 1879048193 "$linked"
done
finish
