#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# hms check and hms explain, to the letter, on recorded machines: catches
# output that no longer says what the policy means there, and exit statuses
# that scripts rely on.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

cd "$scratch" || exit 99
export HMS_TOPOLOGY=$top_srcdir/tests/unit/data/tiers
export HOME=$scratch
unset XDG_CONFIG_HOME

cat >rules.hms <<'END'
target fast = hbm then dram
rule table: malloc, size >= 1M -> fast then cxl, strict, limit 2G
rule logs : thread "log*"      -> node:1
rule other: process foo*, heap -> pmem
* -> interleave(fast*3, cxl)
limit fast 8G
END

is "check prints each rule's place on the machine" \
	"$("$HMS_TOOL" check rules.hms 2>&1)" "\
./rules.hms: 4 rules
RULE    PLACE                    ON THIS MACHINE
table   hbm then dram then cxl, strict, limit 2 GiB  hbm (node 2), then \
dram (nodes 0, 1), then cxl (node 4)
logs    node:1                   node:1
other   pmem                     pmem (node 5)
line 5  interleave(fast*3, cxl)  3/4 hbm (node 2) + 1/4 cxl (node 4), then \
3/4 dram (nodes 0, 1) + 1/4 cxl (node 4)
limit of fast: 8 GiB per process"

is "check says what a machine lacks" \
	"$(HMS_TOPOLOGY=${HMS_TOPOLOGY%tiers}plain "$HMS_TOOL" check '* -> hbm then cxl' 2>&1)" \
	"HMS_POLICY: 1 rule
RULE    PLACE         ON THIS MACHINE
line 1  hbm then cxl  cxl (node 1) [not on this machine: hbm]"

is "check says which memory may move" \
	"$("$HMS_TOOL" check 'heap -> hbm then dram; map -> cxl; brk -> hbm then cxl, pin; migrate auto' 2>&1)" \
	"HMS_POLICY: 3 rules
RULE       PLACE              ON THIS MACHINE
line 1     hbm then dram      hbm (node 2), then dram (nodes 0, 1); may move
line 1:24  cxl                cxl (node 4); stays: it has one target here
line 1:36  hbm then cxl, pin  hbm (node 2), then cxl (node 4); stays: it is pinned"

is "explain says whether memory may move, if somebody asks" \
	"$("$HMS_TOOL" explain malloc 1 -p 'malloc -> hbm then dram, migrate' 2>&1
		"$HMS_TOOL" explain malloc 1 -p 'malloc -> hbm then dram; migrate off' 2>&1)" \
	"line 1 matches: malloc -> hbm then dram, migrate
  place  hbm then dram
  here   hbm (node 2), then dram (nodes 0, 1)
  later  may move
line 1 matches: malloc -> hbm then dram
  place  hbm then dram
  here   hbm (node 2), then dram (nodes 0, 1)"

is "check points at an error" \
	"$("$HMS_TOOL" check 'malloc -> locl' 2>&1; echo "$?")" \
	"HMS_POLICY:1:11: error: unknown target \"locl\"; did you mean \"local\"?
malloc -> locl
          ^
65"

is "check points at a node that is not there" \
	"$("$HMS_TOOL" check '* -> hbm then node:3' 2>&1; echo "$?")" \
	"HMS_POLICY:1:15: error: there is no node 3 here; nodes here: 0, 1, 2, 4, 5
* -> hbm then node:3
              ^
65"

is "check warns, and succeeds" \
	"$("$HMS_TOOL" check '* -> local; heap -> hbm' 2>&1 >/dev/null; echo "$?")" \
	"HMS_POLICY:1:13: warning: this rule never matches: the rule before it, \
\"line 1\", takes all its calls
* -> local; heap -> hbm
            ^
0"

is "a file that is not there has a status of its own" \
	"$("$HMS_TOOL" check ./none 2>&1; echo "$?")" \
	"./none: error: cannot read the rules: there is no such file
66"

is "explain says why each rule before does not match" \
	"$("$HMS_TOOL" explain -p rules.hms 'malloc 4K from libx.so thread log1' 2>&1)" \
	"table does not match: 4096 bytes are less than 1048576
logs matches: rule logs : thread \"log*\"      -> node:1
  place  node:1
  here   node:1"

is "explain knows what it was not told" \
	"$("$HMS_TOOL" explain calloc 16 flags zeroed align 64 -p rules.hms 2>&1)" \
	"table does not match: it is not for calloc
logs does not match: the thread must be \"log*\", and the call does not say
other does not match: the program must be \"foo*\", and the call does not say
line 5 matches: * -> interleave(fast*3, cxl)
  place  interleave(fast*3, cxl)
  here   3/4 hbm (node 2) + 1/4 cxl (node 4), then 3/4 dram (nodes 0, 1) + 1/4 cxl (node 4)
  limit  fast: 8 GiB per process"

is "explain with no rule for the call" \
	"$("$HMS_TOOL" explain malloc 1 -p 'map -> hbm' 2>&1; echo "$?")" \
	"line 1 does not match: it is not for malloc
no rule matches: left to the system
0"

callers='rule a: heap, via "ns::Table::grow@lib*" -> node:0
	rule b: site 0123456789abcdef -> local'
is "explain knows functions by their symbols" \
	"$("$HMS_TOOL" explain malloc 1 via _ZN2ns5TableIiE4growEm@libq.so \
		-p "$callers" 2>&1 | head -1)" \
	'a matches: rule a: heap, via "ns::Table::grow@lib*" -> node:0'
is "explain says which callers would do" \
	"$("$HMS_TOOL" explain malloc 1 via main@libq.so \
		-p "$callers" 2>&1)" \
	'a does not match: the function among the callers is "main", not "ns::Table::grow"
b does not match: the site must be "0123456789abcdef", and the call does not say
no rule matches: left to the system'
is "explain knows sites" \
	"$("$HMS_TOOL" explain malloc 1 site 0123456789abcdef.01234567 \
		-p "$callers" 2>&1 | sed -n 2p)" \
	'b matches: rule b: site 0123456789abcdef -> local'
is "explain helps with a misspelt call" \
	"$("$HMS_TOOL" explain mallc 4M 2>&1; echo "$?")" \
	"hms explain: unknown API \"mallc\"; did you mean \"malloc\"?
64"

is "run --strict starts nothing under wrong rules" \
	"$("$HMS_TOOL" run --strict -p '* -> hmb' /bin/echo started 2>&1; echo "$?")" \
	"HMS_POLICY:1:6: error: unknown target \"hmb\"; did you mean \"hbm\"?
* -> hmb
     ^
hms run: /bin/echo is not started (--strict)
65"
finish
