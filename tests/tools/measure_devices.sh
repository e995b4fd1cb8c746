#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# hms measure with devices: CUDA by its double (tests/fakes), OpenCL by PoCL.
# Catches a device without its rows, device memory that is not
# given back, a driver that hangs or crashes and takes results with it, and
# results of one run that are lost by the next.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

unset HMS_TOPOLOGY
export HOME=$scratch XDG_STATE_HOME=$scratch/state XDG_CONFIG_HOME=$scratch
export HMS_FAKES=$scratch/fakes HMS_FAKES_LEFT=$scratch/left
few=(--quick --memory 8M)
fake=$top_builddir/tests/fakes/.libs/libcuda.so.1
[ -e "$fake" ] && [ -d /sys/devices/system/node/node0 ] || {
	skip "hms measure with devices" "$fake is not built, or there are no nodes"
	finish
}
as_user=()
tool=$scratch/hms
cp "$HMS_TOOL" "$tool"
mkdir "$scratch/lib" "$XDG_STATE_HOME"
cp "$fake" "$scratch/lib"
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$scratch"
	chown 65534 "$XDG_STATE_HOME"
	as_user=(setpriv --reuid=65534 --clear-groups)
fi

measure() {
	LD_LIBRARY_PATH=$scratch/lib "${as_user[@]}" "$tool" measure \
		"${few[@]}" "$@"
}

# A driver that does what the argument says besides.
driver() {
	{
		echo 'cuda device pci=0000:17:00.0 memory=8589934592 name=A GPU'
		[ $# -eq 0 ] || echo "cuda $*"
	} >"$HMS_FAKES"
	: >"$HMS_FAKES_LEFT"
	chmod 666 "$HMS_FAKES_LEFT"
}

links() {
	grep -o '^v1 link.*' "$XDG_STATE_HOME"/hms/measured-* |
		sed -E 's/.*v1 link/link/; s/=[0-9]+/=N/g'
}

driver
measure -i cuda:0 >"$scratch/out" 2>"$scratch/err"
is "a device has a row for each node, and one for its own memory" "$? $(
	sed -nE 's/ [0-9]+\.[0-9]+ GB/ N GB/g; s/  +/ /g; s/ \+-.*//; s/^cuda/&/p' \
		"$scratch/out"
)" "0 cuda:0 node:0 - - N GB/s N GB/s -
cuda:0 cuda:0 - - - - N GB/s"
is "everything is given back to the driver" \
	"$(sort -u "$HMS_FAKES_LEFT")" "contexts 0 memories 0 registered 0"
is "what it gets of the node is stored" "$(links)" \
	"link pci:0000:17:00.0-node:0 read-bandwidth=N""MB/s@measured \
write-bandwidth=N""MB/s@measured"

measure -i cpu:0 -t node:0 >"$scratch/out" 2>&1
is "another pair's results stay" "$(links | cut -d' ' -f2 | sort)" \
	"cpu:0-node:0
pci:0000:17:00.0-node:0"

for call in 'cuMemAlloc_v2 2' 'cuMemHostRegister_v2 712'; do
	driver "$call"
	is "an error of ${call% *} is said, and all is given back" "$(
		measure -i cuda:0 -t node:0 --print 2>&1 >/dev/null
		echo "$? $(sort -u "$HMS_FAKES_LEFT")"
	)" "hms measure: cuda: no memory on the device's side: error ${call#* }
69 contexts 0 memories 0 registered 0"
done
driver cuMemcpyDtoH_v2 700
is "a copy that fails" \
	"$(measure -i cuda:0 -t node:0 --print 2>&1 >/dev/null; echo $?)" \
	"hms measure: cuda: a copy failed
69"
driver cuMemcpyHtoD_v2 crash
is "a driver that crashes" \
	"$(measure -i cuda:0 -t node:0 --print 2>&1 >/dev/null; echo $?)" \
	"hms measure: cuda: its library ended the process
69"

# Told apart from a slow one by nothing but the interrupt.  The CPUs have been
# measured by then, and that must not be stored, either.
driver cuMemcpyHtoD_v2 hang
mkfifo "$scratch/progress"
LD_LIBRARY_PATH=$scratch/lib env --default-signal=INT "$tool" measure \
	"${few[@]}" -i cpu:0 -i cuda:0 -t node:0 --progress -o "$scratch/none" \
	>/dev/null 2>"$scratch/progress" &
pid=$!
exec 5<"$scratch/progress"
while IFS= read -r line <&5; do
	case $line in
	*cuda*) break ;;
	esac
done
kill -INT $pid
wait $pid
is "a driver that hangs can be interrupted" \
	"$? $line $(ls "$scratch/none" 2>/dev/null)" \
	"130  50 % copies of cuda's devices "
exec 5<&-

if "$tool" list --text 2>/dev/null | grep -q 'aliases=.*opencl:0'; then
	"$tool" measure "${few[@]}" -i opencl:0 -t node:0 --print \
		>"$scratch/out" 2>"$scratch/err"
	is "OpenCL on the CPUs is measured" "$? $(cat "$scratch/err")" "0 "
	is "and is not taken for what CPUs can do" \
		"$(grep -c '^v1 link' "$scratch/out")" 0
else
	skip "OpenCL on the CPUs is measured" \
		"there is no device opencl:0 (apt-get install pocl-opencl-icd)"
fi
finish
