#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Tables, files, exports and manual pages say the same.  Would catch: a symbol
# that is exported by accident or not at all, an option that nobody described,
# a row without a file, a file that is in no fragment and so never built.
. "$top_srcdir/tests/lib.sh" || exit 99
. "$top_srcdir/tests/lint/files.sh"
cd "$top_srcdir" || exit 99
: "${NM:=nm}"

different() { # FILE FILE : what is in only one of them
	diff "$1" "$2" | grep '^[<>]'
}

rows HMS_SHIM shims/shims.def | cut -d, -f1 | sort >"$scratch/wanted"
if [ -f "$HMS_PRELOAD" ]; then
	"$NM" -D --defined-only "$HMS_PRELOAD" | awk '{ print $3 }' |
		sed 's/@.*//' | grep -v '^HMS_' | sort -u >"$scratch/exported"
	nothing "the library exports what shims.def names (<: only there)" \
		"$(different "$scratch/wanted" "$scratch/exported")"
else
	skip "the library exports what shims.def names" "$HMS_PRELOAD is not built"
fi

rows HMS_OPTION config/options.def | grep -oE '"HMS_[A-Z]+"' | tr -d '"' |
	sort >"$scratch/options"
# HMS_LIBDIR is the tool's own.
sed -nE 's/^\.It Ev (HMS_[A-Z]+).*/\1/p' doc/hms.1 | grep -vx HMS_LIBDIR |
	sort >"$scratch/described"
nothing "hms(1) describes the options, and no others (<: only in the table)" \
	"$(different "$scratch/options" "$scratch/described")"

rows HMS_CMD tools/hms.def | cut -d, -f1 | sort >"$scratch/commands"
sed -nE 's/^\.It Cm ([a-z]+).*/\1/p' doc/hms.1 | grep -vx help |
	sort >"$scratch/described"
nothing "hms(1) describes the commands, and no others (<: only in the table)" \
	"$(different "$scratch/commands" "$scratch/described")"

rows HMS_API config/api.def | grep ', NOW$' | sed -E 's/^[^"]*"([^"]+)".*/\1/' |
	sort >"$scratch/apis"
nothing "hms-policy(5) names every API" "$(while read -r api; do
	grep -qF -- " $api" doc/hms-policy.5 || echo "$api"
done <"$scratch/apis")"

nothing "every file that shims.def names is there" "$(
	rows HMS_SHIM shims/shims.def | sed -E 's/.*, *//' | sort -u |
		while read -r file; do
			[ -f "shims/$file" ] || echo "shims/$file"
		done
)"
# calls_VENDOR.def or place_VENDOR.c has a call of each, which is made by each
# way to reach it: tests/vendor/reach.sh, place_VENDOR.sh.
nothing "every hook has a test (calls_*.def, place_*.c in tests/vendor)" "$(
	rows HMS_HOOK shims/hooks.def | cut -d, -f3 | tr -d ' ' |
		while read -r symbol; do
			grep -qE "^CALL\($symbol,|[^A-Za-z_]$symbol\(" \
				tests/vendor/calls_*.def tests/vendor/place_*.c ||
				echo "$symbol"
		done
)"
nothing "every hook is exported" "$(
	rows HMS_HOOK shims/hooks.def | cut -d, -f3 | tr -d ' ' |
		while read -r symbol; do
			grep -qE "^HMS_SHIM\($symbol," shims/shims.def || echo "$symbol"
		done
)"
nothing "every command has its file" "$(while read -r name; do
	[ -f "tools/$name.c" ] || echo "tools/$name.c"
done <"$scratch/commands")"

files .mk | xargs cat Makefile.am | tr -s ' \t\134' '\n' | sort -u >"$scratch/words"
nothing "every source is in a fragment" "$(
	files .c .h .y .l .S .def .hms .sh .py |
		grep -vxE 'autogen\.sh' |
		grep -vxFf "$scratch/words"
)"

if command -v mandoc >/dev/null; then
	# Pages of ours that are not installed yet cannot be found.
	nothing "manual pages are well-formed" "$(
		mandoc -Tlint -W style doc/*.[0-9] 2>/dev/null |
			grep -v 'referenced manual not found'
	)"
else
	skip "manual pages are well-formed" "mandoc is not installed"
fi
finish
