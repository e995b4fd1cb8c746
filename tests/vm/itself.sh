#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The machine itself: what goes in must come out.  Catches lost output, lost
# exit statuses, words that are split, and a hang that nobody ends.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
machine=$top_srcdir/tests/vm/machine

cat >"$scratch/job" <<'EOF'
printf '<%s>' "$@"
echo
seq 500
nproc
ls -d /sys/devices/system/node/node[0-9]*
echo result >$HMS_OUT/file
touch "$(dirname "$0")/left-behind" /left-behind
exit 7
EOF
# shellcheck disable=SC2016
out=$(bash "$machine" -t sockets -o "$scratch/out" "$scratch/job" \
	'a  b' '$HOME' "'" '' 2>&1)
rc=$?
if [ $rc -eq 77 ]; then
	echo "1..0 # $out"
	exit 0
fi
is 'the exit status comes out' $rc 7
is 'words go in as they are' "$(head -n 1 <<<"$out")" "<a  b><\$HOME><'><>"
is 'all output comes out' "$(sed -n 2,501p <<<"$out")" "$(seq 500)"
is 'two CPUs on two nodes' "$(sed -n '502,$p' <<<"$out")" '2
/sys/devices/system/node/node0
/sys/devices/system/node/node1'
is 'results come out' "$(cat "$scratch/out/file")" result
ok 'nothing is left behind' test ! -e "$scratch/left-behind" -a ! -e /left-behind

echo 'sleep 600' >"$scratch/job"
bash "$machine" -t sockets -T 2 "$scratch/job" >"$scratch/late" 2>&1
is 'a machine that takes too long is ended' $? 124
mkdir "$scratch/bin"
for tool in bash sed realpath sort dirname; do
	ln -s "$(command -v $tool)" "$scratch/bin/$tool"
done
out=$(PATH=$scratch/bin bash "$machine" "$scratch/job")
is 'without QEMU it is skipped' "$? ${out:0:4}" '77 SKIP'
finish
