#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Machines with mistakes in them: hms list names each with its file and line,
# once and nothing else, ends well, and what can be used is used.  Catches: a
# mistake that is swallowed, a reader that gives up, a message that names
# nobody.
#
# bad/NAME.expected: the messages, an empty line, then requests and answers as
# in answers/.
. "$top_srcdir/tests/lib.sh"
. "$top_srcdir/tests/machines/machines.sh"
export HOME=$scratch
unset XDG_CONFIG_HOME XDG_STATE_HOME

only=${1:-}
for file in "$top_srcdir"/tests/machines/bad/*.expected; do
	name=$(basename "$file" .expected)
	[ -z "$only" ] || [ "$name" = "$only" ] || continue
	HMS_TOPOLOGY=$(machine "bad/$name") || exit 99
	export HMS_TOPOLOGY
	"$HMS_TOOL" list >"$scratch/out" 2>"$scratch/err"
	is "$name: hms list succeeds" "$?" 0
	is "$name: what is wrong is said" \
		"$(sed "s|^$HMS_TOPOLOGY/|ROOT/|" "$scratch/err")" \
		"$(sed '/^$/,$d' "$file")"
	sed '1,/^$/d' "$file" >"$scratch/wanted"
	answers "$name" "$scratch/wanted"
	# The library says nothing of it unasked, and runs the program.
	is "$name: a program runs on" \
		"$(HMS_POLICY='malloc, size >= 1G -> best bandwidth for cpu' \
			hms /bin/echo fine 2>&1)" fine
done
finish
