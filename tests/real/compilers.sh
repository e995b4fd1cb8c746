#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Compilers and builds: allocation-heavy single programs, linkers, processes
# that write their output with mmap.
. "${top_srcdir:?}/tests/real/real.sh"
limit=300

cat >"$here/hello.cc" <<'END'
#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <string>
int main()
{
	std::map<std::string, int> words;
	std::string text = "a b c a b a", word;
	std::regex letter("[a-z]");
	for (std::sregex_iterator i(text.begin(), text.end(), letter), end; i != end; ++i)
		words[i->str()]++;
	for (auto &w : words)
		std::cout << w.first << ' ' << w.second << '\n';
}
END
cat >"$here/hello.c" <<'END'
#include <stdio.h>
int main(void) { printf("%d\n", __GNUC__ > 0); }
END
cat >"$here/hello.rs" <<'END'
use std::collections::HashMap;
use std::thread;
fn main() {
    let t: Vec<_> = (0..8).map(|i| thread::spawn(move || (0..10000u64).map(|n| n * i).sum::<u64>())).collect();
    let v: Vec<u64> = t.into_iter().map(|t| t.join().unwrap()).collect();
    let mut m = HashMap::new();
    for i in 0..50000 { m.entry(i % 321).or_insert_with(Vec::new).push(i.to_string()); }
    println!("{:?} {} {}", v, m.len(), m.values().map(|v| v.concat().len()).sum::<usize>());
}
END
cat >"$here/Hello.java" <<'END'
import java.util.*;
import java.util.stream.*;
public class Hello {
	public static void main(String[] args) throws Exception {
		Map<Integer, List<String>> m = new TreeMap<>();
		for (int i = 0; i < 300000; i++) m.computeIfAbsent(i % 1000, k -> new ArrayList<>()).add("v" + i);
		System.out.println(m.size() + " " + m.get(7).size());
		System.out.println(IntStream.range(0, 1000000).parallel().mapToLong(i -> i * 3L).sum());
		Thread[] t = new Thread[20];
		for (int i = 0; i < 20; i++) (t[i] = new Thread(() -> { byte[] b = new byte[1 << 20]; b[5] = 1; })).start();
		for (Thread x : t) x.join();
		java.nio.ByteBuffer b = java.nio.ByteBuffer.allocateDirect(16 << 20);
		b.putInt(1 << 20, 77);
		System.out.println(b.getInt(1 << 20));
		Process p = new ProcessBuilder("echo", "from a child").start();
		System.out.println(new String(p.getInputStream().readAllBytes()));
		System.gc();
	}
}
END
if need gcc gcc; then
	same "gcc" 'gcc -O2 -c -o h.o $here/hello.c; sha256sum h.o; gcc -O2 -flto -o h $here/hello.c && ./h; gcc -E -dM $here/hello.c | sort | sha256sum'
	same "gcc, an error" 'echo "int f( { return x; }" >e.c; gcc -c e.c 2>&1; echo $?'
fi
if need g++ g++; then
	same "g++" 'g++ -O2 -std=c++17 -c -o h.o $here/hello.cc; sha256sum h.o; g++ -o h h.o && ./h'
fi
if need clang clang++; then
	same "clang++" 'clang++ -O1 -c -o h.o $here/hello.cc; sha256sum h.o'
fi
PATH=$PATH:${CARGO_HOME:-/root/.cargo}/bin
if need rustc rustc; then
	same "rustc" 'cp $here/hello.rs .; rustc -O hello.rs && ./hello; rustc --emit=obj -C codegen-units=1 -o h.o hello.rs; sha256sum h.o'
fi
if need cmake cmake && need make make; then
	same "cmake, make" 'mkdir s; cp $here/hello.c* s; printf "%s\n" "cmake_minimum_required(VERSION 3.10)" "project(hello C CXX)" "add_executable(h hello.c)" "add_executable(hh hello.cc)" "enable_testing()" "add_test(t h)" >s/CMakeLists.txt
		cmake -S s -B b | grep -v "(.*s)"; cmake --build b -j 2 | grep -c Built; b/h; b/hh; cd b; ctest | grep -c Passed'
fi
if need default-jdk-headless java javac; then
	same "javac, java" 'javac -d . $here/Hello.java; sha256sum Hello.class; java -cp . Hello'
	same "java, its collectors" 'javac -d . $here/Hello.java; for g in Serial G1 Z; do java -Xmx256m -XX:+UnlockExperimentalVMOptions -XX:+Use${g}GC -cp . Hello; done 2>&1'
fi
finish
