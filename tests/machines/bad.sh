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
	awk 'seen; /^$/ { seen = 1 }' "$file" >"$scratch/wanted"
	answers "$name" "$scratch/wanted"
	# The library says nothing of it unasked, and runs the program.
	is "$name: a program runs on" \
		"$(HMS_POLICY='malloc, size >= 1G -> best bandwidth for cpu' \
			hms /bin/echo fine 2>&1)" fine
done

# Catches: hms.conf that can name only what was found before it was read.
HMS_TOPOLOGY=$(machine conf-ways) || exit 99
export HMS_TOPOLOGY
"$HMS_TOOL" list --text >"$scratch/out" 2>"$scratch/err"
is "hms.conf may speak of ways that are found later" \
	"$(cat "$scratch/err"; grep 95ns "$scratch/out"; grep 70ns "$scratch/out")" \
	"v1 link memory:0 initiators=cpu:0 targets=node:0 latency=95ns@user \
bandwidth=120000MB/s@user
v1 bridge from=fabric:0 to=memory:1 latency=70ns@user bandwidth=30000MB/s@user"

# Catches: a machine made up where none was found.
for path in "$scratch/nowhere" "$scratch/err"; do
	HMS_TOPOLOGY=$path "$HMS_TOOL" list >"$scratch/out" 2>&1
	is "no folder is no machine (${path##*/}): status" "$?" 66
	is "no folder is no machine (${path##*/}): it is named" \
		"$(cat "$scratch/out")" \
		"hms list: $path: cannot read the machine: No such file or directory"
done
finish
