#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Sources keep the rules of the house.  Would catch: an include across rooms
# that doc/ARCHITECTURE.md does not allow, a file without licence, one that
# grew too long, one that clang-format or shellcheck would complain about.
. "$top_srcdir/tests/lib.sh" || exit 99
. "$top_srcdir/tests/lint/files.sh"
cd "$top_srcdir" || exit 99

# "room|may may may" for each row of the table of includes
table=$(sed -n '/^## Who may include/,/^## The way/p' doc/ARCHITECTURE.md |
	sed -nE 's/^\| `([^`]*)` \| (.*) \|$/\1|\2/p' | tr -d '`')
ok "the table of includes is there" test -n "$table"

includes=$(files .c .h .y .l .S .def | grep -vE '^(tests|bench|include)/' |
	xargs grep -oHE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"[^"]+"' |
	sed -E 's/:[[:space:]]*#[^"]*"([^"]+)"/ \1/')
nothing "includes follow the table" "$(awk -F'|' '
	NR == FNR { may[$1] = " " $2 " "; next }
	{
		split($0, pair, " ")
		room = pair[1]
		while (sub(/\/[^\/]*$/, "", room) && !(room in may))
			;
		if (!(room in may)) {
			print pair[1] ": no row for its room"
			next
		}
		what = pair[2]
		if (what ~ /rules_(scan|parse)\.h$|presets\.inc$/)
			next
		while (index(may[room], " " what " ") == 0)
			if (!sub(/\/[^\/]*$/, "", what)) {
				print pair[1] " includes " pair[2]
				break
			}
	}' <(echo "$table") <(echo "$includes"))"

missing=
for path in $(files .c .h .y .l .S .def .sh .mk .hms .py .ac .am) .ci/run quickstart; do
	case $path in
	*/local.mk | tests/*.mk | shims/*.mk) continue ;;
	config/*.hms | tests/fuzz/*.hms) continue ;; # shown to people as they are
	esac
	head -5 "$path" | grep -q 'SPDX-License-Identifier: BSD-2-Clause' ||
		missing+="$path "
done
nothing "every file names its licence" "$missing"

# Unit tests of one room are one program, so they may be longer.
nothing "no file is longer than 450 lines" "$(
	files .c .h .S .sh .py | xargs wc -l | awk '
		$2 != "total" && $1 > ($2 ~ /^tests\/unit\// ? 650 : 450) {
			print $2 ": " $1
		}'
)"

if command -v clang-format >/dev/null; then
	nothing "clang-format changes nothing" "$(
		files .c .h | xargs clang-format --dry-run 2>&1 |
			grep -oE '^[^ :]+\.[ch]:' | sort -u
	)"
else
	skip "clang-format changes nothing" "clang-format is not installed"
fi

if command -v shellcheck >/dev/null; then
	# SC1091, SC2154: tests/lib.sh is found by a variable.  SC2034: what a
	# file defines for those that source it looks unused.
	nothing "shellcheck has no complaints" "$(
		{
			files .sh
			for path in .ci/run quickstart; do echo "$path"; done
		} | xargs shellcheck -S warning -f gcc -e SC1091,SC2034,SC2154 2>&1 | head -40
	)"
else
	skip "shellcheck has no complaints" "shellcheck is not installed"
fi
finish
