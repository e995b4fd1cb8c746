#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Rules by caller in programs that make code while they run, and in those that
# watch memory themselves: they print what they print without us.  Would catch
# walks that lose their way in a JIT's frames, a stack of ours that a checker
# takes for a fault of the program's, waiting for each other in start-up, names
# of libraries looked for where the loader has put no address.
. "$top_srcdir/tests/lib.sh" || exit 99

rules='rule a: heap, via "*work*" -> node:0
	rule b: heap, via "*alloc*", size >= 4K -> node:0
	rule c: heap, site 0123456789abcdef -> node:0'

# NAME PROGRAM [ARG...]: the same output and status as without us.
same() {
	local name=$1 wanted got

	shift
	wanted=$(timeout 120 "$@" 2>&1; echo "status $?")
	got=$(HMS_POLICY=$rules hms timeout 120 "$@" 2>&1; echo "status $?")
	is "$name" "$got" "$wanted"
}

cat >"$scratch/jit.js" <<'EOF'
function work(n) { return n < 2 ? n : work(n - 1) + work(n - 2); }
let sum = 0; const kept = [];
for (let i = 0; i < 300; i++) {
	kept.push(Buffer.alloc(1000 + i)); sum += work(12);
}
const text = JSON.stringify(kept.map(b => b.length));
console.log(sum, require('zlib').gzipSync(text).length > 0);
EOF
if command -v node >/dev/null; then
	same 'node' node "$scratch/jit.js"
else
	skip 'node' 'not installed (apt-get install nodejs)'
fi

cat >"$scratch/J.java" <<'EOF'
public class J {
	static long work(int i) {
		return java.nio.ByteBuffer.allocateDirect(64).capacity() + i % 7;
	}
	public static void main(String[] args) throws Exception {
		long sum = 0;
		for (int i = 0; i < 20000; i++)
			sum += work(i);
		java.util.zip.Deflater d = new java.util.zip.Deflater();
		d.setInput(new byte[100000]);
		d.finish();
		System.out.println(sum + " " + (d.deflate(new byte[1000]) > 0));
	}
}
EOF
if command -v java >/dev/null; then
	same 'java' java -Xmx256m "$scratch/J.java"
else
	skip 'java' 'not installed (apt-get install openjdk-17-jdk-headless)'
fi

# As lld's -z rodynamic: the header says so, and then the loader does not write
# there.  The names are beyond the first page.
rodynamic() {
	local lib=$scratch/libro.so at

	{
		seq -f 'void function_%g(void) {}' 1000
		echo 'void *malloc(unsigned long n);'
		echo 'void *work(int n) { return malloc(n); }'
	} >"$scratch/ro.c"
	echo 'void *work(int n); int main(void) { return !work(9); }' \
		>"$scratch/main.c"
	${CC:-gcc} -shared -fPIC -o "$lib" "$scratch/ro.c" &&
		${CC:-gcc} -o "$scratch/ro" "$scratch/main.c" "$lib" || return
	at=$(readelf -lW "$lib" | awk '$1 == "Type" { on = 1; next }
		on { n++ } on && $1 == "DYNAMIC" { print 64 + 56 * (n - 1) + 4 }')
	printf '\4' | dd of="$lib" bs=1 seek="$at" conv=notrunc status=none
}
if [ "$(uname -m)" = x86_64 ] && rodynamic; then
	same 'a library that the loader may not write to' "$scratch/ro"
else
	skip 'a library that the loader may not write to' 'it cannot be made here'
fi

cat >"$scratch/checked.cc" <<'EOF'
#include <cstdio>
#include <string>
#include <thread>
#include <vector>
struct Table {
	std::vector<int> v;
	__attribute__((noinline)) void grow(int n)
	{
		for (int i = 0; i < n; i++)
			v.push_back(i);
	}
};
__attribute__((noinline)) static size_t work()
{
	Table t;
	std::string s;
	t.grow(10000);
	for (int i = 0; i < 100; i++)
		s += "abc";
	return t.v.size() + s.size();
}
int main()
{
	size_t sum = 0;
	std::thread thread([&] { sum = work(); });
	thread.join();
	try {
		throw std::string("x");
	} catch (std::string &s) {
		sum += s.size();
	}
	std::printf("%zu %zu\n", sum, work());
}
EOF
# KIND FLAG...: in a program that is built so.
built() {
	local kind=$1

	shift
	if ! ${CXX:-g++} -g -O1 "$@" -o "$scratch/checked" -pthread \
		"$scratch/checked.cc" 2>/dev/null ||
		[ "$("$scratch/checked" 2>&1)" != "10301 10300" ]; then
		skip "$kind" "${CXX:-g++} has none that runs here"
		return
	fi
	same "$kind" "$scratch/checked"
}
built 'a program of C++'
built 'ThreadSanitizer' -fsanitize=thread
built 'UndefinedBehaviorSanitizer' -fsanitize=undefined

# Its run-time library wants to be the first of all.
asan=$(${CXX:-g++} -print-file-name=libasan.so)
if [ -e "$asan" ] && ${CXX:-g++} -g -O1 -fsanitize=address -pthread -o \
	"$scratch/asan" "$scratch/checked.cc" 2>/dev/null &&
	[ "$("$scratch/asan" 2>&1)" = "10301 10300" ]; then
	is 'AddressSanitizer' "$(HMS_POLICY=$rules \
		LD_PRELOAD="$asan $HMS_PRELOAD" "$scratch/asan" 2>&1 |
		grep -v '^hms: .*rules for heap calls cannot act')" \
		'10301 10300'
else
	skip 'AddressSanitizer' "${CXX:-g++} has none that runs here"
fi

# It says so itself when it is asked about a page that is not there.
if command -v valgrind >/dev/null &&
	${CXX:-g++} -g -O1 -pthread -o "$scratch/checked" \
		"$scratch/checked.cc" 2>/dev/null; then
	is 'under valgrind, with its malloc' "$(HMS_POLICY=$rules hms valgrind \
		-q --error-exitcode=9 "$scratch/checked" 2>&1 |
		grep -v "sigprocmask: unknown 'how' field")" '10301 10300'
	is 'under valgrind, with ours' "$(HMS_POLICY=$rules hms valgrind -q \
		--error-exitcode=9 --leak-check=no \
		--soname-synonyms=somalloc=nouserintercepts \
		"$scratch/checked" 2>&1 |
		grep -v "sigprocmask: unknown 'how' field")" '10301 10300'
else
	skip 'under valgrind' 'no valgrind (apt-get install valgrind)'
fi
finish
