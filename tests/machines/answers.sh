#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What memory each request gets on each machine of tests/machines, as hms check
# prints it.  answers/NAME was written from what is known of the machine.
# Catches: a reader that misses or mixes up what a kernel shows, a path or a
# rank that is wrong, an order that changes from run to run.
#
# A line is REQUEST => ANSWER: nodes of a step, "; " before the next one; "each
# 0-3" is four steps; "1/2 0 + 1/2 1" an interleave; "none": not there.
. "$top_srcdir/tests/lib.sh"
. "$top_srcdir/tests/machines/machines.sh"
export HOME=$scratch
unset XDG_CONFIG_HOME XDG_STATE_HOME

# "each 0-2; 5" -> "0; 1; 2; 5"
expanded() {
	local step out=() n
	while IFS= read -r step; do
		if [[ $step =~ ^each\ ([0-9]+)-([0-9]+)$ ]]; then
			for ((n = BASH_REMATCH[1]; n <= BASH_REMATCH[2]; n++)); do
				out+=("$n")
			done
		else
			out+=("$step")
		fi
	done < <(sed 's/; /\n/g' <<<"$1")
	local IFS=';'
	sed 's/;/; /g' <<<"${out[*]}"
}

# "hbm (nodes 4, 5, 6), then node:0" -> "4-6; 0"
nodes_of() {
	sed -E 's/^left to the system \[not on this machine: .*/none/
		s/ \[not on this machine: [^]]*\]//
		s/, then /\n/g' <<<"$1" | sed -E 's/ \+ /\n+ /g' |
	while IFS= read -r share; do
		local before=
		[[ $share =~ ^(\+ )?([0-9]+/[0-9]+ )? ]] && before=${BASH_REMATCH[0]}
		case $share in
		*"(node "* | *"(nodes "*)
			share=${share##*(node}
			share=${share#s}
			share=$(tr -d ' )' <<<"$share" | ranges) ;;
		*node:*) share=${share##*node:} ;;
		esac
		echo "$before$share"
	done | awk '{ printf "%s%s", NR == 1 ? "" : /^\+/ ? " " : "; ", $0 }
		END { print "" }'
}

# "4,5,6,9" -> "4-6,9"
ranges() {
	tr ',' '\n' | awk '
		function put() {
			printf "%s%s", n++ ? "," : "", first
			if (last != first)
				printf "-%s", last
		}
		NR == 1 { first = last = $1; next }
		$1 == last + 1 { last = $1; next }
		{ put(); first = last = $1 }
		END { put() }'
}

# What hms check says of "* -> REQUEST" on the machine at hand.
asked() {
	if ! "$HMS_TOOL" check "* -> $1" >"$scratch/out" 2>&1; then
		cat "$scratch/out"
		return
	fi
	# The last column of the last line.
	local row
	row=$(tail -1 "$scratch/out")
	row=${row#"line 1  $1"}
	nodes_of "${row#"${row%%[! ]*}"}"
}

only=${1:-}
for file in "$top_srcdir"/tests/machines/answers/*; do
	name=${file##*/}
	[ -z "$only" ] || [ "$name" = "$only" ] || continue
	HMS_TOPOLOGY=$(machine "$name") || exit 99
	export HMS_TOPOLOGY
	while IFS= read -r line; do
		case $line in
		'#'* | '') continue ;;
		esac
		is "$name: ${line% => *}" "$(asked "${line% => *}")" \
			"$(expanded "${line#* => }")"
	done <"$file"
done
finish
