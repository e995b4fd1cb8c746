# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# The switches of the library, with programs that know nothing of them.
# Catches: a kill switch that leaves something of us on, a filter that does
# not filter, children that keep what they should drop, words nobody asked for.
. "$top_srcdir/tests/lib.sh"

policy='heap -> node:0'

# Which of libc's break or ours a block of python's comes from; ctypes asks
# malloc itself, as any program would.
cat >"$scratch/whose.py" <<'EOF'
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
block = libc.malloc(1000)
for line in open('/proc/self/maps'):
    first, last = (int(x, 16) for x in line.split()[0].split('-'))
    if first <= block < last:
        print('libc' if line.rstrip().endswith('[heap]') else 'ours')
EOF
whose() {
	hms /usr/bin/python3 "$scratch/whose.py" 2>&1
}

if [ -x /usr/bin/python3 ]; then
	is 'rules: blocks are ours' "$(HMS_POLICY=$policy whose)" ours
	is 'HMS_DISABLE=1: blocks are libc'"'"'s' \
		"$(HMS_DISABLE=1 HMS_POLICY=$policy whose)" libc
	is 'a program that HMS_PROCESSES does not list: libc'"'"'s' \
		"$(HMS_PROCESSES='ls,redis*' HMS_POLICY=$policy whose)" libc
	is 'one that it lists: ours' \
		"$(HMS_PROCESSES='ls, python*' HMS_POLICY=$policy whose)" ours
	is 'HMS_SHIMS without heap: libc'"'"'s' \
		"$(HMS_SHIMS=-heap HMS_POLICY=$policy whose)" libc
else
	skip 'whose blocks' 'no /usr/bin/python3 (apt-get install python3)'
fi

# Disabled, not even the report is written.
HMS_DISABLE=1 HMS_POLICY=$policy HMS_REPORT=$scratch/none.json hms ls / \
	>/dev/null
ok 'HMS_DISABLE=1: no report' test ! -e "$scratch/none.json"

# What children get of us.
children() {
	hms env | sed -n 's/^LD_PRELOAD=//p'
}
is 'HMS_CHILDREN=inherit keeps LD_PRELOAD' "$(children)" "$HMS_PRELOAD"
is 'HMS_CHILDREN=drop takes us out' "$(HMS_CHILDREN=drop children)" ''
other=$(ldconfig -p | sed -n 's/.*libm\.so\.6 .*=> //p' | head -n 1)
is 'and nobody else' "$(HMS_CHILDREN=drop LD_PRELOAD="$other:$HMS_PRELOAD" env |
	sed -n 's/^LD_PRELOAD=//p')" "$other"

# Silence, unless asked for.
is 'no rules: not a word' "$(hms ls / 2>&1 >/dev/null)" ''
is 'good rules: not a word' "$(HMS_POLICY=$policy hms ls / 2>&1 >/dev/null)" ''
is 'HMS_LOG=off: not even errors' \
	"$(HMS_LOG=off HMS_POLICY='mallok -> node:0' hms ls / 2>&1 >/dev/null)" ''
HMS_LOG=error:$scratch/log HMS_POLICY='mallok -> node:0' hms ls / \
	>/dev/null 2>"$scratch/err"
is 'HMS_LOG=error:PATH: the first line goes there' \
	"$(head -n 1 "$scratch/log")" \
	'hms: HMS_POLICY:1:1: error: unknown word "mallok"; did you mean "malloc"?'
is 'and nowhere else' "$(cat "$scratch/err")" ''

# A bad policy: the program's own result; strict: it does not start.
is 'a bad policy leaves the program alone' \
	"$(HMS_POLICY='mallok -> node:0' hms expr 20 + 22 2>/dev/null)" 42
HMS_STRICT=1 HMS_POLICY='mallok -> node:0' hms /bin/echo started \
	>"$scratch/out" 2>"$scratch/err"
is 'HMS_STRICT=1: it does not start (sysexits EX_CONFIG)' \
	"$? $(cat "$scratch/out")" '78 '
is 'and says why, then that' "$(sed -n '1p;$p' "$scratch/err")" \
	'hms: HMS_POLICY:1:1: error: unknown word "mallok"; did you mean "malloc"?
hms: echo is not started (HMS_STRICT=1)'

# A program with an allocator of its own: rules cannot act, and that is said.
cat >"$scratch/own.c" <<'EOF'
#include <stddef.h>
#include <stdio.h>
static char memory[1 << 20];
static size_t used;
void *malloc(size_t n)
{
	void *p = memory + used;
	used += (n + 15) & ~(size_t)15;
	return p;
}
void free(void *p) { (void)p; }
void *calloc(size_t n, size_t m) { return malloc(n * m); }
void *realloc(void *p, size_t n) { (void)p; return malloc(n); }
int main(void) { puts("mine"); return 0; }
EOF
if ${CC:-gcc} -w -fno-builtin -rdynamic -o "$scratch/own" "$scratch/own.c"; then
	is 'a dead hook is said, the program runs' \
		"$(HMS_POLICY=$policy hms "$scratch/own" 2>&1)" \
		"hms: own: malloc() is $scratch/own's own, so rules for heap calls cannot act
mine"
	is 'without rules for it nothing is said' \
		"$(HMS_POLICY='brk -> node:0' hms "$scratch/own" 2>&1)" mine
else
	skip 'dead hooks' 'no C compiler'
fi
finish
