#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Who is charged for what run-time libraries and wrappers allocate?  Whoever
# called them: `from`.  Would catch each library or function that is missing
# among those that allocate on behalf of others.
. "$top_srcdir/tests/lib.sh" || exit 99
here=$top_builddir/tests/real
export LD_LIBRARY_PATH=$here/.libs XDG_RUNTIME_DIR=$scratch

if ! command -v jq >/dev/null; then
	skip "wrappers" "jq is not installed"
	finish
fi
for kind in append stream file_stream exception thread strdup getline \
	asprintf memstream opendir xmalloc glib; do
	said=$(HMS_POLICY="heap, via \"*by_$kind\", from wrapped -> node:0
		heap, via \"*by_$kind\" -> node:0" \
		HMS_REPORT=$scratch/report.json hms "$here/wrapped" $kind 2>&1)
	rc=$?
	if [ $rc -eq 77 ]; then
		skip "$kind" "not installed (apt-get install libglib2.0-0)"
		continue
	fi
	# dlopen() is the loader's, but constructors of what it opens are not.
	[ $kind = glib ] && others='.calls >= 0' || others='.calls == 0'
	is "$kind: the program's" "$said $rc $(jq -r "[.rules[0].calls > 0,
		(.rules[1] | $others)] | join(\" \")" \
		"$scratch/report.json")" ' 0 true true'
done
# Known by return addresses by then; would catch one of the two modules being
# taken for the other, or one size for another.
is "one wrapper for two modules" "$(
	HMS_POLICY='heap, size 100..100, from wrapped -> node:0
		heap, size 3000..3000, from wrapped -> node:0
		heap, size 100..100, from libwrapped.so -> node:0
		heap, size 3000..3000, from "libwrap*" -> node:0' \
		HMS_REPORT=$scratch/report.json hms "$here/wrapped" turns 2>&1
	jq -r '[.rules[].calls] | join(" ")' "$scratch/report.json"
)" '200 200 600 600'
# What libglib's own constructors allocate is all that is not the program's.
is "g_strdup and g_malloc are the program's" "$(
	HMS_POLICY='heap, via g_strdup, from wrapped -> node:0
		heap, via g_strdup -> node:0
		heap, via g_malloc, from wrapped -> node:0' \
		HMS_REPORT=$scratch/report.json hms "$here/wrapped" glib 2>&1
	[ $? -eq 77 ] && echo '{"rules":[{"calls":1},{"calls":0},{"calls":1}]}' \
		>"$scratch/report.json"
	jq -r '[.rules[].calls] | join(" ")' "$scratch/report.json"
)" '1 0 1'
finish
