#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Programs that live on dlsym(3), with the hook in place and alive: their
# output is that of a run without HMS.  Would catch: a hook that recurses with
# a sanitizer's interceptors, that allocates while libc looks a symbol up, that
# changes what a plugin finds.
. "$top_srcdir/tests/lib.sh" || exit 99
: "${CC:=cc}"

# same NAME COMMAND... : the same output, under each policy
same() {
	local name=$1 plain policy
	shift
	plain=$("$@" 2>&1)
	for policy in "rule c: cuda -> default" \
		"rule c: cuda -> default; rule m: heap, size >= 1M -> local"; do
		is "$name ($policy)" "$(HMS_POLICY=$policy hms "$@" 2>&1)" "$plain"
	done
}

# apart NAME COMMAND... : the same, where the heap is another's
apart() {
	local name=$1 plain
	shift
	plain=$("$@" 2>&1)
	is "$name" "$(HMS_SHIMS=all,-heap HMS_POLICY="rule c: cuda -> default" hms "$@" 2>&1)" \
		"$plain"
}

$CC -O1 "$top_srcdir/tests/vendor/guest.c" -o "$scratch/plain" -ldl -lpthread &&
	same "threads" "$scratch/plain"
is "which did what it says" "$("$scratch/plain")" 9600
for kind in address undefined; do
	if $CC -O1 -fsanitize=$kind "$top_srcdir/tests/vendor/guest.c" \
		-o "$scratch/$kind" -ldl -lpthread 2>/dev/null; then
		ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 \
			apart "-fsanitize=$kind" "$scratch/$kind"
	else
		skip "-fsanitize=$kind" "the compiler cannot"
	fi
done
# Address-space randomisation of newer kernels is too much for some TSans.
if $CC -O1 -fsanitize=thread "$top_srcdir/tests/vendor/guest.c" \
	-o "$scratch/thread" -ldl -lpthread 2>/dev/null &&
	[ "$(setarch -R "$scratch/thread" 2>/dev/null)" = 9600 ]; then
	apart "-fsanitize=thread" setarch -R "$scratch/thread"
else
	skip "-fsanitize=thread" "such a program does not run here"
fi

if command -v python3 >/dev/null; then
	cat >"$scratch/guest.py" <<'END'
import ctypes, ctypes.util, json, sqlite3, ssl, zlib, threading
libc = ctypes.CDLL(None)
print(libc.strlen(b"twelve bytes"), hasattr(libc, "cuMemAlloc_v2"), hasattr(libc, "hipMalloc"))
m = ctypes.CDLL(ctypes.util.find_library("m"))
m.cos.restype = ctypes.c_double
m.cos.argtypes = [ctypes.c_double]
print(m.cos(0.0), zlib.crc32(b"x"), sqlite3.connect(":memory:").execute("select 6*7").fetchone())
try:
    ctypes.CDLL("libcuda-is-not-here.so.1")
except OSError as error:
    print(error)
try:
    libc.no_such_function
except AttributeError as error:
    print(error)
END
	same "python" python3 "$scratch/guest.py"
else
	skip "python" "it is not installed"
fi
if command -v javac >/dev/null; then
	cat >"$scratch/Guest.java" <<'END'
public class Guest {
	public static void main(String[] args) throws Exception {
		java.util.zip.CRC32 crc = new java.util.zip.CRC32();
		crc.update(new byte[1 << 16]);
		java.net.ServerSocket socket = new java.net.ServerSocket(0);
		System.out.println(crc.getValue() + " " + (socket.getLocalPort() > 0));
		try {
			System.loadLibrary("cuda-is-not-here");
		} catch (UnsatisfiedLinkError error) {
			System.out.println(error.getMessage().split(" ")[0]);
		}
		Thread[] threads = new Thread[4];
		for (int i = 0; i < 4; i++)
			(threads[i] = new Thread(() -> System.gc())).start();
		for (Thread thread : threads)
			thread.join();
	}
}
END
	if javac -d "$scratch" "$scratch/Guest.java" >"$scratch/out" 2>&1; then
		same "java" java -cp "$scratch" Guest
	else
		skip "java" "javac does not work here"
	fi
else
	skip "java" "it is not installed"
fi
# Numbers of processes and addresses differ from run to run.  The program's
# output goes elsewhere: it would come in the middle of lines of gdb's.
debugged() {
	gdb -batch -nx -ex 'break main' -ex "run >$scratch/said" \
		-ex 'info symbol malloc' -ex continue "$scratch/plain" 2>&1 |
		sed -E 's/0x[0-9a-f]+/ADDRESS/g; s/(LWP|process) [0-9]+/\1 N/g' |
		grep -E '^(Breakpoint|\[Inferior)'
	cat "$scratch/said"
}
if command -v gdb >/dev/null; then
	plain=$(debugged)
	is "gdb runs programs here" "$(echo "$plain" | grep -c 9600)" 1
	is "gdb itself, and what it runs" \
		"$(HMS_POLICY="rule c: cuda -> default" hms bash -c \
			"scratch='$scratch'; $(declare -f debugged); debugged")" "$plain"
else
	skip "gdb" "it is not installed"
fi
finish
