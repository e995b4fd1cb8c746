# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# usage: . run.sh TOPOLOGY SCRIPT [SECONDS]: TAP of a script that runs in the
# machine, for so long at most.
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
top_builddir=$(cd "${top_builddir:-$top_srcdir}" && pwd)
: "${HMS_PRELOAD:=$top_builddir/.libs/libhms_preload.so}"
: "${HMS_TOOL:=$top_builddir/hms}"
export top_srcdir top_builddir HMS_PRELOAD HMS_TOOL
bash "$top_srcdir/tests/vm/machine" -t "$1" -T "${3:-600}" \
	"$top_srcdir/tests/vm/$2" |
	sed -u 's/^SKIP /1..0 # SKIP /'
rc=${PIPESTATUS[0]}
[ "$rc" -eq 77 ] && exit 0
exit "$rc"
