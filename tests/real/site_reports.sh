#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Sites of a program as reports show them: while it runs, when it was killed,
# when it ended; and what becomes of a rule by site when the program is built
# anew.  Would catch: sites that are counted for other frames than are shown,
# pages and tables that do not find each other, hints that do not lead from one
# build to the next.
. "$top_srcdir/tests/lib.sh" || exit 99
export XDG_RUNTIME_DIR=$scratch HMS_SITES=exact
cd "$scratch" || exit 99

if ! command -v jq >/dev/null; then
	skip "sites in reports" "jq is not installed"
	finish
fi
source() { # MORE : the program, with other code before what is looked at
	cat <<-EOF
		#include <signal.h>
		#include <stdlib.h>
		#include <string.h>
		#include <stdio.h>
		#include <unistd.h>
		void *volatile kept[100];
		$1
		__attribute__((noinline)) void *make_small(int i)
		{
			return kept[i] = malloc(100);
		}
		__attribute__((noinline)) void *make_large(int i)
		{
			return kept[i] = calloc(1, 5000);
		}
		static __attribute__((noinline)) void fill(void)
		{
			for (int i = 0; i < 10; i++)
				make_small(i);
			for (int i = 10; i < 30; i++)
				make_large(i);
			for (int i = 10; i < 25; i++)
				free(kept[i]);
		}
		int main(int argc, char **argv)
		{
			fill();
			if (argc > 1 && !strcmp(argv[1], "kill"))
				kill(getpid(), SIGKILL);
			if (argc > 1) {
				puts("ready");
				fflush(stdout);
				getchar();
			}
			return 0;
		}
	EOF
}
source '' >prog.c
gcc -g -O1 -fno-optimize-sibling-calls -Wno-unused-result -o prog prog.c || exit 99

made_by() { # FUNCTION REPORT : of the site that a function is the caller of
	"$HMS_TOOL" report --json "$2" | jq -r --arg name "$1" '.sites.sites[] |
		select(.frames[0].functions[0].name == $name) |
		[.calls, .bytes, .live, .live_peak, .rule // "none",
			([.frames[].functions[].name] | .[0:3] | join("<"))] | @tsv' |
		tr '\t' ' '
}
line() { # TEXT : its line in the program
	grep -nF "$1" prog.c | cut -d: -f1
}
both_of() { # NAME REPORT
	is "$1: one site" "$(made_by make_small "$2")" \
		"10 1000 1000 1000 small make_small<fill<main"
	is "$1: the other" "$(made_by make_large "$2")" \
		"20 100000 25000 100000 none make_large<fill<main"
}
rules='rule small: heap, via make_small -> node:0'

HMS_REPORT=$scratch/end.json HMS_POLICY=$rules hms ./prog
both_of "ended" end.json
"$HMS_TOOL" report end.json >text
is "ended: lines" "$(grep -A2 '^    .*make_large ' text |
	sed -E "s%^ *prog\+0x[0-9a-f]+ +%%; s%$scratch/%%; s%\.\.\./[^/ ]*/%%")" \
	"make_large  prog.c:$(line 'calloc(1, 5000)')
fill  prog.c:$(line 'make_large(i);')
main  prog.c:$(line 'fill();')"

HMS_REPORT=$scratch/none.json HMS_POLICY=$rules \
	hms bash -c 'exec ./prog kill' 2>/dev/null
page=$(echo hms/*.status)
both_of "killed" "$page"

mkfifo in out
HMS_REPORT=$scratch/none.json HMS_POLICY=$rules LD_PRELOAD=$HMS_PRELOAD \
	./prog wait <in >out &
pid=$!
exec 3>in
read -r <out
both_of "running" "$pid"
echo >&3
wait $pid

# Another build: other addresses, another build-id, other sites.
id=$(jq -r '.sites.sites[] | select(.calls == 20 and .bytes == 100000) | .id' \
	end.json)
source '__attribute__((noinline)) void *first(int n)
	{ return kept[50] = malloc(7 * n); }
	__attribute__((constructor)) static void begin(void) { first(1); }' >prog.c
gcc -g -O1 -fno-optimize-sibling-calls -Wno-unused-result -o prog prog.c || exit 99
HMS_REPORT=$scratch/other.json HMS_POLICY="rule old: heap, site $id -> node:0
	rule gone: heap, via no_such_function -> node:0" hms ./prog
is "another build: one is unknown" \
	"$(jq -r '.unknown_sites[] | .rule + " " + .site' other.json)" "old $id"
"$HMS_TOOL" report other.json >text
is "another build: the closest is the same function" \
	"$(grep -A1 '^rule old: unknown site' text | tail -1 |
		grep -oE 'make_[a-z]+')" make_large
is "a glob that matches nothing" "$(grep '^rule gone' text)" \
	'rule gone: via "no_such_function" matches no code that was met'
now=$(jq -r '.unknown_sites[0].closest[0]' other.json)
HMS_REPORT=$scratch/now.json HMS_POLICY="rule now: heap, site $now -> node:0" \
	hms ./prog
is "its new ID takes its calls" "$(jq '.rules[0].calls' now.json)" 20
finish
