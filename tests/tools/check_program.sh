#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# hms check --program.  Would catch: libraries that the loader finds and we do
# not, functions that the library would match and we do not (or the other way
# round), and any code of the program that is run.
. "$top_srcdir/tests/lib.sh" || exit 99
cd "$scratch" || exit 99
mkdir lib

cat >lib.cc <<-'EOF'
	#include <stdio.h>
	#include <stdlib.h>
	static void ran(const char *what)
	{
		FILE *out = fopen(getenv("RAN"), "a");
		fputs(what, out);
		fclose(out);
	}
	__attribute__((constructor)) static void begin() { ran("constructor\n"); }
	extern "C" {
	static void other() {}
	// Nothing else is relocated yet: creat("resolved", 0600), by hand.
	static void (*resolve())()
	{
		long rc;
		asm volatile("syscall" : "=a"(rc) : "0"(85L), "D"("resolved"),
			"S"(0600L) : "rcx", "r11", "memory");
		return other;
	}
	}
	void indirect() __attribute__((ifunc("resolve")));
	void (*pointer)() = indirect; // so it is resolved at once
	namespace ns {
	template <class T> struct Table { void grow(T); };
	template <class T> void Table<T>::grow(T) { ran("grow\n"); }
	template struct Table<int>;
	template struct Table<long>;
	}
	extern "C" void lib_fill() { ran("fill\n"); }
EOF
cat >main.c <<-'EOF'
	#include <stdlib.h>
	void lib_fill(void);
	static __attribute__((noinline)) void build_table(void) { lib_fill(); }
	int main(void) { build_table(); return 0; }
EOF
g++ -shared -fPIC -Wl,-soname,libmine.so.1 -o lib/libmine.so.1 lib.cc 2>/dev/null &&
	gcc -Wno-unused -o app main.c lib/libmine.so.1 \
		-Wl,-rpath,"\$ORIGIN/lib" || exit 99
export RAN=$scratch/ran LD_BIND_NOW=1 LD_WARN=1

check() { # POLICY [PROGRAM] : what is said of the program
	"$HMS_TOOL" check --program "${2:-./app}" "$1" 2>&1 |
		sed "1,/^$/d; s%$scratch/%%; s/the [0-9]* libraries/N libraries/; s/of [0-9]* functions/of N functions/"
}
is "modules and functions" "$(check '
	rule a: heap, from libmine* -> local
	rule b: heap, from "*/lib/libmine.so.?" -> local
	rule c: heap, via ns::Table::grow -> local
	rule d: heap, via "ns::Table<int>::*"@libmine* -> local
	rule e: heap, via lib_fill, from app -> local
	rule f: heap, via build_table@app -> local
	rule g: heap, via zzzzzzzzzzzz@libmine* -> local
	rule h: heap, size >= 1M -> local')" \
	'app and N libraries that it is loaded with; others may come by dlopen
a: from "libmine*": libmine.so.1
b: from "*/lib/libmine.so.?": libmine.so.1
c: via "ns::Table::grow": 2 of libmine.so.1
d: via "ns::Table<int>::*@libmine*": 1 of libmine.so.1
e: from "app": app
e: via "lib_fill": 1 of libmine.so.1
f: via "build_table@app": 1 of app
g: via "zzzzzzzzzzzz@libmine*": none of N functions'
is "what is near" "$(check '
	rule a: heap, from libmime.so.1 -> local
	rule b: heap, via ns::Tabel::grow -> local
	rule c: heap, via build_tabel@app -> local
	rule d: heap, via lib_fill@libmime.so.1 -> local
	rule e: heap, via zzzzzzzzzzzz@app -> local')" \
	'app and N libraries that it is loaded with; others may come by dlopen
a: from "libmime.so.1": no module; nearest: libmine.so.1
b: via "ns::Tabel::grow": none of N functions; nearest: ns::Table::grow
c: via "build_tabel@app": none of N functions; nearest: build_table
d: via "lib_fill@libmime.so.1": no module; nearest: libmine.so.1
e: via "zzzzzzzzzzzz@app": none of N functions'
offset=0x$(nm app | awk '/ t build_table$/ { print $1 }' | sed 's/^0*//')
is "an offset" "$(check "heap, via $offset@app -> local" | tail -1)" \
	"line 1: via \"$offset@app\": build_table of app"
ok "a glob that matches nothing is no error" \
	"$HMS_TOOL" check --program ./app 'heap, via no_such_function -> local'
ok "no constructor was run" test ! -e ran
ok "no resolver of an indirect function was" test ! -e resolved
ok "the program runs" ./app
is "it would have been seen" "$(sort -u ran | xargs)" "constructor fill"
ok "so would the resolver" test -e resolved
rm -f resolved

mv lib elsewhere
is "a library that is not found" "$(check 'heap, from libmine* -> local' |
	tail -1)" 'line 1: from "libmine*": no module'
ok "that is said" grep -qx "hms check: the loader does not find libmine.so.1" \
	<("$HMS_TOOL" check --program ./app local 2>&1)
is "by LD_LIBRARY_PATH" "$(LD_LIBRARY_PATH=$scratch/elsewhere \
	check 'heap, from libmine* -> local' | tail -1)" \
	'line 1: from "libmine*": libmine.so.1'

refused() { # PROGRAM : status and message
	"$HMS_TOOL" check --program "$1" local 2>"$scratch/said" >/dev/null
	local rc=$?
	cat "$scratch/said"
	echo $rc
}
echo 'int main(void) { return 0; }' | gcc -static -x c -o static - || exit 99
is "a static program" "$(refused ./static)" \
	"hms check: ./static: the loader cannot load it: a static program, a script, or one for another machine
65"
printf '#!/bin/sh\n' >script && chmod +x script
is "a script" "$(refused ./script)" \
	"hms check: ./script: the loader cannot load it: a static program, a script, or one for another machine
65"
head -c 3000 app >broken && chmod +x broken
is "a program that breaks off" "$(refused ./broken | tail -1)" 65
is "none" "$(refused ./none)" "hms check: ./none: No such file or directory
66"
"$HMS_TOOL" check --program 2>"$scratch/said"
is "no program: status" $? 64
is "no program: usage" "$(cat "$scratch/said")" \
	"usage: hms check [--program PROGRAM] [FILE|PRESET|RULES]"
finish
