#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Interpreters: heaps of their own on top of ours, threads, modules, forks.
# php loads its modules with RTLD_DEEPBIND, on which every other preloaded
# heap dies; node and java manage memory by mmap.
# Their memory moves meanwhile, too.
: "${HMS_TEST_POLICIES=node file moves}"
export HMS_BUDGET=3%,100G
. "${top_srcdir:?}/tests/real/real.sh"

cat >"$here/work.py" <<'END'
import collections, concurrent.futures, ctypes, decimal, gc, hashlib, json
import multiprocessing, os, random, re, sqlite3, subprocess, sys, threading, zlib

def square(n):
    return n, hashlib.md5(b"z" * n * 1000).hexdigest()

def main():
    random.seed(3)
    data = [{"key": i, "text": "x" * (i % 300), "list": list(range(i % 50))} for i in range(3000)]
    text = json.dumps(data)
    assert json.loads(text) == data
    print(len(text), hashlib.sha256(text.encode()).hexdigest())
    print(zlib.crc32(zlib.compress(text.encode())))
    print(len(re.findall(r'"key": \d+7\b', text)))
    results = {}
    def work(n):
        results[n] = sum(len(str(i) * 20) for i in range(n * 100))
    threads = [threading.Thread(target=work, args=(n,)) for n in range(30)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    print(sorted(results.items()))
    with multiprocessing.get_context("fork").Pool(3) as pool:
        print(pool.map(square, range(60))[-1])
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(pool.map(len, ["a" * n for n in range(30)]))
    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        print(list(executor.map(lambda n: subprocess.run(["echo", str(n)], capture_output=True).stdout, range(20))))
    for i in range(20):
        blob = bytearray(i * 300000)
        pid = os.fork()
        if pid == 0:
            blob[:] = b"c" * len(blob)
            os._exit(i if all(b == 99 for b in blob[:5]) else 77)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == i
        assert not any(blob[:100])
    db = sqlite3.connect(":memory:")
    db.execute("create table t (a, b)")
    db.executemany("insert into t values (?, ?)", ((i, "t" * (i % 200)) for i in range(5000)))
    print(db.execute("select count(*), sum(length(b)) from t where a % 3 = 1").fetchone())
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    for i in range(1000):
        libc.free(libc.malloc(i * 10))
    print(decimal.Decimal(2) ** 500, collections.Counter(text).most_common(3))
    gc.collect()

if __name__ == "__main__":
    main()
END
PATH=/usr/bin:$PATH
if need python3 python3; then
	same "python3" '/usr/bin/python3 $here/work.py'
	same "python3 with PYTHONMALLOC=malloc" 'PYTHONMALLOC=malloc /usr/bin/python3 $here/work.py'
	same "python3: mmap, shared memory" '/usr/bin/python3 -c "
import mmap, os
from multiprocessing import shared_memory
m = mmap.mmap(-1, 8 << 20); m[:4] = b\"abcd\"; m.resize(16 << 20); print(m[:6])
p = mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS); p[0:3] = b\"abc\"
if os.fork() == 0: p[0:3] = b\"xyz\"; m[0:3] = b\"new\"; os._exit(0)
os.wait(); print(p[0:3], m[0:3])
s = shared_memory.SharedMemory(create=True, size=1 << 20); s.buf[0] = 5; print(s.buf[0]); s.close(); s.unlink()"'
	if /usr/bin/python3 -c 'import test.test_json' 2>/dev/null; then
		same "python3: its own tests" 'for t in json gc mmap thread fork1 posix; do
			/usr/bin/python3 -m test.test_$t 2>&1 | tail -n 1; done'
	else
		skip "python3: its own tests" "not installed (apt-get install libpython3.11-testsuite)"
	fi
fi
if need perl perl; then
	same "perl" 'perl -e "
		my %h; \$h{\$_ % 997} .= \"x\$_,\" for 1..50000; print join(\" \", map { \"\$_:\" . length \$h{\$_} } sort { \$a <=> \$b } keys %h), \"\n\";
		my \$s = join \",\", 1..20000; my \$n = () = \$s =~ /(\d)(?=\1)/g; print \"\$n\n\";
		for my \$i (1..20) { my \$p = fork; exit \$i unless \$p; waitpid \$p, 0; print \$? >> 8, \" \"; }
		print \`echo from a child\`, sprintf(\"%s\", reverse(\"abc\" x 5)), \"\n\"; local \$SIG{ALRM} = sub { die \"alarm\n\" };
		eval { kill ALRM => \$\$; 1 while 1 }; print \$@; print length(pack(\"N*\", 1..100000)), \"\n\""'
	same "perl with modules" 'perl -MPOSIX -MData::Dumper -MDigest::SHA=sha1_hex -MStorable=dclone -e "
		\$Data::Dumper::Sortkeys = 1; my \$d = { map { \$_ => [1..\$_ % 9] } 1..500 };
		print sha1_hex(Dumper(dclone(\$d))), \" \", floor(3.7), \"\n\""'
fi
if need php-cli php; then
	cat >"$here/work.php" <<'END'
<?php
$a = [];
for ($i = 0; $i < 50000; $i++) $a["k" . ($i % 5000)][] = str_repeat("v", $i % 50);
echo count($a), " ", md5(json_encode($a)), "\n";
echo md5(serialize(unserialize(serialize($a)))), " ", crc32(gzcompress(implode(",", array_keys($a)))), "\n";
if (class_exists("PDO") && in_array("sqlite", PDO::getAvailableDrivers())) {
	$db = new PDO("sqlite::memory:");
	$db->exec("create table t (a, b)");
	$q = $db->prepare("insert into t values (?, ?)");
	for ($i = 0; $i < 2000; $i++) $q->execute([$i, str_repeat("y", $i % 99)]);
	echo json_encode($db->query("select count(*), sum(length(b)) from t")->fetch(PDO::FETCH_NUM)), "\n";
}
echo preg_match_all("/k(\d)\d*\\1/", implode(" ", array_keys($a))), "\n";
if (function_exists("pcntl_fork"))
	for ($i = 1; $i < 8; $i++) {
		if (!pcntl_fork()) exit($i);
		pcntl_wait($status);
		echo pcntl_wexitstatus($status), " ";
	}
echo shell_exec("echo from a child"), iconv("UTF-8", "ISO-8859-1//TRANSLIT", "abc"), "\n";
$l = get_loaded_extensions(); sort($l); echo implode(" ", $l), "\n";
END
	same "php, its modules bound deeply" 'php $here/work.php'
	same "php -m, --ini, --ri" 'php -m; php --ini; php --ri json'
fi
if need ruby ruby; then
	same "ruby" 'ruby -e "
		h = Hash.new { |k, v| k[v] = [] }; 50000.times { |i| h[i % 777] << i.to_s * (i % 5) }
		puts h.size, h.values.flatten.join.size; puts (1..300).reduce(:*)
		puts 10.times.map { |i| Thread.new { (\"a\" * i * 1000).size } }.map(&:value).inspect
		10.times { |i| pid = fork { exit! i }; Process.wait pid; print \$?.exitstatus }; GC.start; GC.compact rescue 0; puts"'
fi
if need lua5.4 lua5.4; then
	same "lua" 'lua5.4 -e "local t = {} for i = 1, 200000 do t[#t + 1] = tostring(i) end local s = table.concat(t)
		print(#s, s:sub(-20)) for i = 1, 30 do s = s:gsub(tostring(i), \"\") end print(#s) collectgarbage() print(string.rep(\"x\", 3e6):len())"'
fi
if need nodejs node; then
	same "node" 'node -e "
		const m = new Map(); for (let i = 0; i < 200000; i++) m.set(\"k\" + i % 5000, (m.get(\"k\" + i % 5000) || \"\") + i);
		const c = require(\"crypto\"), z = require(\"zlib\"), { Worker } = require(\"worker_threads\"), cp = require(\"child_process\");
		const s = JSON.stringify([...m]); console.log(s.length, c.createHash(\"sha256\").update(s).digest(\"hex\"));
		console.log(z.gunzipSync(z.gzipSync(s)).toString() === s, cp.execSync(\"echo from a child\").toString());
		const b = []; for (let i = 0; i < 200; i++) b.push(Buffer.alloc(i * 5000, i)); console.log(Buffer.concat(b).length);
		let n = 0; for (let i = 0; i < 4; i++) new Worker(\"require(\\\"worker_threads\\\").parentPort.postMessage([...Array(1e5).keys()].reduce((a, b) => a + b))\", { eval: true })
			.on(\"message\", v => { n += v; }).on(\"exit\", () => { n++; });
		process.on(\"exit\", () => console.log(n));"'
fi
finish
