# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# What every shell test begins with: TAP, a scratch folder, the preload.
#
#	. "$top_srcdir/tests/lib.sh"
#	ok NAME COMMAND [ARG...]	passes if the command does
#	is NAME GOT WANTED		passes if the texts are equal
#	skip NAME WHY			says loudly what was not tested
#	finish				plan and exit status; last line of a test
set -u
: "${top_srcdir:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
: "${top_builddir:=$top_srcdir}"
: "${HMS_PRELOAD:=$top_builddir/.libs/libhms_preload.so}"
: "${HMS_TOOL:=$top_builddir/hms}"
export top_srcdir top_builddir HMS_PRELOAD HMS_TOOL
unset HMS_POLICY HMS_REPORT HMS_LOG HMS_DISABLE HMS_STRICT HMS_SHIMS
export LC_ALL=C.UTF-8

tests=0
failures=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/hms-test.XXXXXX") || exit 99
trap 'rm -rf "$scratch"' EXIT

pass() {
	tests=$((tests + 1))
	echo "ok $tests - $1"
}

fail() {
	tests=$((tests + 1))
	failures=$((failures + 1))
	echo "not ok $tests - $1"
}

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

ok() {
	local name=$1
	shift
	if "$@" >"$scratch/ok.out" 2>&1; then
		pass "$name"
	else
		local rc=$?
		fail "$name"
		note "exit status $rc of: $*"
		# What is wrong is said last.
		tail -c 6000 "$scratch/ok.out" | sed 's/^/# /'
	fi
}

is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1"
		note "got:" && note "$2"
		note "wanted:" && note "$3"
	fi
}

skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

# The command under the preload; policy and options come from the environment.
hms() {
	LD_PRELOAD="$HMS_PRELOAD" "$@"
}

finish() {
	echo "1..$tests"
	[ "$failures" -eq 0 ]
	exit
}
