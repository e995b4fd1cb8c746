#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# hms report of a process that is gone, with its sites.  Would catch: frames
# named by the line after the call, names of another build of a file, a report
# as JSON that says less when it is read again, files that end early or hold
# anything.
. "$top_srcdir/tests/lib.sh" || exit 99
page=$scratch/1.status
make_page=$top_builddir/tests/tools/sites_page

cat >"$scratch/program.c" <<-'EOF'
	#include <stdlib.h>
	static inline void *inner(int n)
	{
		return malloc(n);
	}
	__attribute__((noinline)) void *outer(int n)
	{
		void *p = inner(n);
		((char *)p)[0] = 1;
		return p;
	}
	int main(int argc, char **argv)
	{
		char *p = outer(argc);
		return p[0];
	}
EOF
(cd "$scratch" && gcc -g -O2 -Wl,--build-id -o program program.c) || exit 99
id=$(readelf -n "$scratch/program" | awk '/Build ID/ { print $3 }')
after() { # FUNCTION : the return address of its first call
	objdump -d --no-show-raw-insn "$scratch/program" | awk -v name="<$1>:" '
		$2 == name { inside = 1 }
		inside && after { sub(":", "", $1); print $1; exit }
		inside && $2 == "call" { after = 1 }'
}
offsets=("$(after outer)" "$(after main)")
ok "a page and its sites" \
	"$make_page" "$page" "$scratch/program" "$id" "${offsets[@]}"

report() { # ARGUMENT... : what is said of callers, without the folder
	"$HMS_TOOL" report "$@" 2>&1 | sed -n '/^intercepted/,$p' |
		sed "s%$scratch/%%g; s%\.\.\./[^/ ]*/%%" | tail -n +2
}
wanted='rule mine: via "none" matches no code that was met
rule theirs: unknown site 0000000000000abc.12345000; the closest:
    0000000000001111.12345678     4 KiB  program+0xOUTR  inner (inlined)  program.c:4

sites by peak, 2 of 2; estimates from 2 samples, one per 512 KiB
site                      rule           calls     asked      live      peak      life
0000000000001111.12345678 mine               8     4 KiB     4 KiB     2 KiB         -
    program+0xOUTR  inner (inlined)  program.c:4
                    outer  program.c:8
    program+0xMAIN  main  program.c:14
0000000000002222.00000000 (no rule)          0         0         0         0         -
    (code of no file)
(unknown stacks, others)  (no rule)          1      10 B      10 B         0         -'
named() {
	sed "s/+0x${offsets[0]}/+0xOUTR/; s/+0x${offsets[1]}/+0xMAIN/"
}
is "functions and lines" "$(report "$page" | named)" "$wanted"
"$HMS_TOOL" report --json "$page" >"$scratch/report.json"
is "the same from JSON" "$(report "$scratch/report.json" | named)" "$wanted"
ok "JSON of JSON is the same" cmp "$scratch/report.json" \
	<("$HMS_TOOL" report --json "$scratch/report.json")
if command -v jq >/dev/null; then
	is "functions in JSON" "$(jq -c '.sites.sites[1].frames[] |
		[.changed, .functions[].name]' "$scratch/report.json")" \
		'[false,"inner","outer"]
[false,"main"]'
else
	skip "functions in JSON" "jq is not installed"
fi

"$make_page" -v "$page" "$scratch/program" "$id" "${offsets[@]}"
"$HMS_TOOL" report --json "$page" >"$scratch/vendors.json"
ok "JSON of JSON is the same: limits, devices and vendors" \
	cmp "$scratch/vendors.json" \
	<("$HMS_TOOL" report --json "$scratch/vendors.json")
vendors() {
	"$HMS_TOOL" report "$1" 2>&1 | sed -n '/^limit/,/^intercepted/p'
}
is "and so is the text" "$(vendors "$scratch/vendors.json")" "$(vendors "$page")"
is "which says them" "$(vendors "$page" | grep -c "^cuda:[01] \|^not as ruled\|\
^the vendor's last code was -700\|^hints of the program")" 16

other=${id%?}$([ "${id: -1}" = 0 ] && echo 1 || echo 0)
"$make_page" "$page" "$scratch/program" "$other" "${offsets[@]}"
is "a file of another build has no names" \
	"$(report "$page" | grep -c 'the file has changed since')" 3
"$make_page" "$page" "$scratch/nowhere" "$id" "${offsets[@]}"
is "a file that is gone has none" "$(report "$page" | grep +0x | tail -2)" \
	"    nowhere+0x${offsets[0]}
    nowhere+0x${offsets[1]}"

# Whatever is in the files, and wherever they end.
truncate -s -1 "$scratch/1.sites"
is "a table that is cut" "$(report "$page" | grep '^sites')" \
	'sites by peak, 1 of 1; estimates from 2 samples, one per 512 KiB'
is "a table that is cut is said" \
	"$("$HMS_TOOL" report "$page" 2>&1 >/dev/null | sed "s%$scratch/%%")" \
	"hms report: the sites of 1.status: it is cut off"
head -c 1000 /dev/zero >"$scratch/1.sites"
is "no table at all" \
	"$("$HMS_TOOL" report "$page" 2>&1 >/dev/null | sed "s%$scratch/%%")" \
	"hms report: the sites of 1.status: it is no table of sites of this version of HMS"
rm "$scratch/1.sites"
is "no table" "$("$HMS_TOOL" report "$page" 2>&1 | grep -c '^sites')" 0
is "no JSON" "$(echo '{"hms": ' >"$scratch/bad.json"
	"$HMS_TOOL" report "$scratch/bad.json" 2>&1 | wc -l
	"$HMS_TOOL" report "$scratch/bad.json" >/dev/null 2>&1
	echo $?)" "1
65"
is "JSON of something else" "$(echo '{"hms": 2}' >"$scratch/bad.json"
	"$HMS_TOOL" report "$scratch/bad.json" 2>&1 | sed "s%$scratch/%%")" \
	"hms report: bad.json: it is no report of this version of HMS"
finish
