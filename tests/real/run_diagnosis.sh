#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `hms run` says what is in the way before a program starts, and starts it all
# the same; --strict does not.  Would catch: a program that silently gets no
# placement, a wrong diagnosis of an ordinary one, LD_PRELOAD of others lost,
# an exit status that is not the program's.
. "$top_srcdir/tests/lib.sh" || exit 99

run() {
	"$HMS_TOOL" run "$@" 2>&1
}

says() { # NAME WORDS ARG...
	local name=$1 words=$2 got
	shift 2
	got=$(run "$@" </dev/null)
	case $got in
	*"$words"*) pass "$name" ;;
	*) fail "$name" && note "$got" ;;
	esac
}

cd "$scratch" || exit 99
echo 'int main(void) { return 7; }' >plain.c
cat >own.c <<'END'
#include <stddef.h>
void *malloc(size_t n) { (void)n; return 0; }
int main(void) { return 7; }
END
cat >bundled.c <<'END'
#include <stddef.h>
void *mi_malloc(size_t n);
void *mi_malloc(size_t n) { (void)n; return 0; }
int main(void) { return !mi_malloc(1) ? 7 : 0; }
END
compile() { # OUT SOURCE FLAG...
	"${CC:-cc}" -fno-builtin -o "$1" "$2" "${@:3}" 2>cc.err
}

ok "the compiler works" compile plain plain.c
is "an ordinary program: nothing is said" "$(run ./plain)" ""
run ./plain
is "its exit status is its own" $? 7
is "so is its output" "$(run -- echo -p x)" "-p x"

if compile static plain.c -static; then
	says "static" "linked statically" ./static
	run ./static >/dev/null
	is "static: runs all the same" $? 7
	run --strict ./static >/dev/null
	is "static: not with --strict (EX_UNAVAILABLE)" $? 69
else
	skip "static" "no static libc here"
fi
if compile staticpie plain.c -static-pie; then
	says "static PIE" "linked statically" ./staticpie
else
	skip "static PIE" "no static libc here"
fi
compile musl plain.c -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1
says "musl" "musl" ./musl
compile odd plain.c -Wl,--dynamic-linker=/lib/ld-odd.so
says "another loader" "not glibc's loader" ./odd
if compile narrow plain.c -m32; then
	says "32 bits" "another kind of processor" ./narrow
else
	skip "32 bits" "no 32 bit libc here"
fi

compile own own.c -rdynamic
says "malloc of its own" "defines malloc itself" ./own
compile bundled bundled.c
says "an allocator under another name" "its own mimalloc" ./bundled
strip bundled
is "stripped: nothing to go by, so nothing is said" "$(run ./bundled)" ""

cp plain setuid
if [ "$(id -u)" = 0 ]; then
	chown 65534 setuid && chmod 4755 setuid
	says "set-user-id" "set-user-id" ./setuid
else
	skip "set-user-id" "only root can make one of another user"
fi

printf '#!%s/static\n' "$scratch" >script
chmod +x script
if [ -x static ]; then
	says "a script: its interpreter counts" "static is linked" ./script
fi
printf '#!/usr/bin/env -S plain x\n' >script
PATH=$scratch:$PATH run ./script
is "a script through env" $? 7
printf '\177ELFnonsense' >broken
chmod +x broken
says "a broken file" "damaged program" ./broken
printf 'exit 7\n' >text
chmod +x text
is "a script without #! is the shell's, as execvp(3) has it" "$(run ./text)" ""
run ./text
is "and runs" $? 7
run ./nosuch >/dev/null
is "no such program" $? 127
run >/dev/null
is "no program given (EX_USAGE)" $? 64

is "what is preloaded already stays" \
	"$(LD_PRELOAD=/lib/x86_64-linux-gnu/libc.so.6 run printenv LD_PRELOAD)" \
	"$HMS_PRELOAD:/lib/x86_64-linux-gnu/libc.so.6"
is "options are passed on" \
	"$(run -p off -r /dev/null printenv HMS_POLICY HMS_REPORT)" \
	"off
/dev/null"
HMS_LIBDIR=/nowhere run true >/dev/null
is "no library (EX_UNAVAILABLE)" $? 69

got=$(run --strict -p 'heap -> nod:0' ./plain)
is "--strict: rules with an error (EX_DATAERR)" $? 65
case $got in
*'did you mean "node:0"?'*"not started"*) pass "--strict: says why" ;;
*) fail "--strict: says why" && note "$got" ;;
esac
run --strict -p 'heap -> node:999' ./plain >/dev/null
is "--strict: rules that this machine cannot follow" $? 65
run -p 'heap -> nod:0' ./plain >"$scratch/said"
is "without --strict it runs" $? 7
is "and the error is said once" "$(grep -c 'did you mean' "$scratch/said")" 1
run --strict -p 'heap -> node:0' ./plain
is "--strict: right rules" $? 7

says "an unknown command" "did you mean report" -- "$HMS_TOOL" reprot
"$HMS_TOOL" help run >/dev/null
is "help" $? 0
"$HMS_TOOL" --version >/dev/full 2>/dev/null
is "output that cannot be written is no success (EX_IOERR)" $? 74
finish
