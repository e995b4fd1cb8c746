#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Real programs under rules that ask for callers, so that every allocation's
# stack is walked: code without frame pointers, of other languages, made at
# run time, of threads, servers and children.  Would catch a walk that reads
# what it must not, blocks or changes what the program does.
HMS_TEST_POLICIES=${HMS_TEST_POLICIES-callers}
. "${top_srcdir:?}/tests/real/real.sh"
PATH=/usr/bin:$PATH

if need sqlite3 sqlite3; then
	same "sqlite3" 'sqlite3 :memory: "create table t (id integer primary key, a text);
		with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
		insert into t select i, printf(\"%x text %d\", i * 7919 % 10007, i) from n;
		create index x on t (a); select count(*), max(a) from t; pragma integrity_check;"'
fi
if need perl perl; then
	same "perl" 'perl -e "my %h; for my \$i (1 .. 30000) { \$h{\$i % 999} .= \"x\$i\" } print join(\",\", map { length \$h{\$_} } sort keys %h), \"\n\";
		my \$r = eval { die { code => 7 } } || \$@; print \$r->{code}, \"\n\"; print scalar(grep { /7\d*1/ } keys %h), \"\n\""'
fi
if need python3 python3; then
	same "python3 with PYTHONMALLOC=malloc" 'PYTHONMALLOC=malloc /usr/bin/python3 -c "
import json, re, sqlite3, threading, os, ctypes
d = [{\"k\": i, \"t\": \"x\" * (i % 300)} for i in range(1000)]
print(len(json.dumps(json.loads(json.dumps(d)))), len(re.findall(r\"[0-9]+7\", str(d))))
out = {}
def work(n): out[n] = sum(len(str(i)) for i in range(n * 50))
t = [threading.Thread(target=work, args=(n,)) for n in range(10)]
[x.start() for x in t]; [x.join() for x in t]; print(sorted(out.items()))
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
a = (ctypes.c_int * 50)(*((i * 37) % 50 for i in range(50)))
ctypes.CDLL(None).qsort(a, 50, 4, compare(lambda x, y: len(str(d[:2])) * 0 + x[0] - y[0])); print(list(a)[:9])
pid = os.fork()
if not pid: os._exit(len(json.loads(json.dumps(d))) % 97)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"'
fi
if need gcc gcc; then
	same "gcc" 'echo "#include <stdio.h>
int main(void) { return printf(\"%d\n\", 3) < 0; }" >h.c; gcc -O2 -c -o h.o h.c; sha256sum h.o; gcc -o h h.o && ./h'
fi
if need nodejs node; then
	same "node: a compiler at run time" 'node -e "
		const m = new Map(); for (let i = 0; i < 50000; i++) m.set(i % 500, (m.get(i % 500) || \"\") + i);
		const s = JSON.stringify([...m]); const z = require(\"zlib\");
		console.log(s.length, z.gunzipSync(z.gzipSync(s)).toString() === s, s.replace(/[0-7]+/g, \"\").length);
		const b = []; for (let i = 0; i < 100; i++) b.push(Buffer.alloc(i * 3000, i)); console.log(Buffer.concat(b).length)"'
fi
if need openjdk-17-jdk-headless java; then
	cat >"$here/Deep.java" <<'END'
import java.util.*;
public class Deep {
	static int down(int n) { return n == 0 ? new byte[100].length : 1 + down(n - 1); }
	public static void main(String[] args) throws Exception {
		Map<Integer, List<String>> m = new TreeMap<>();
		for (int i = 0; i < 50000; i++) m.computeIfAbsent(i % 100, k -> new ArrayList<>()).add("v" + i);
		System.out.println(m.get(7).size() + " " + down(2000));
		java.util.zip.CRC32 crc = new java.util.zip.CRC32();
		java.nio.ByteBuffer b = java.nio.ByteBuffer.allocateDirect(4 << 20);
		crc.update(b);
		System.out.println(crc.getValue());
	}
}
END
	same "java: a compiler at run time" 'java -Xmx256m $here/Deep.java'
fi
if need git git; then
	export HOME=$here GIT_CONFIG_NOSYSTEM=1
	export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org
	export GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org
	export GIT_AUTHOR_DATE='1700000000 +0000'
	export GIT_COMMITTER_DATE='1700000000 +0000'
	same "git" 'git init -q -b main r; cd r; cp -r $top_srcdir/base .; git add .; git commit -qm first
		for i in 1 2 3; do echo "/* $i */" >>base/text.c; git commit -qam "change $i"; done
		git gc -q --aggressive --prune=now; git fsck --strict 2>&1; git log --format=%H; git blame base/text.c | tail -n 4'
fi
if need redis redis-server redis-cli; then
	same "redis: BGSAVE" '
		redis-server --port 0 --unixsocket $work/s --dir $work --save "" --enable-debug-command local >log 2>&1 & pid=$!
		until redis-cli -s $work/s ping >/dev/null 2>&1; do kill -0 $pid || exit 9; done
		r() { redis-cli -s $work/s "$@"; }
		r eval "for i = 1, 5000 do redis.call(\"set\", \"k\" .. i, string.rep(\"v\" .. i, i % 90)) redis.call(\"hset\", \"h\" .. i % 50, i, i) end return 1" 0
		before=$(r debug digest); r bgsave
		while r info persistence | grep -q "rdb_bgsave_in_progress:1"; do :; done
		r info persistence | grep rdb_last_bgsave_status; r debug reload; [ "$before" = "$(r debug digest)" ] && echo equal
		r shutdown nosave; wait $pid; echo $?'
fi
finish
