# SPDX-License-Identifier: BSD-2-Clause
"""What is run: our own allocation-only programs, Debian's, and start-up."""

import os
import random
import shutil
import subprocess
from collections import namedtuple

# group: alloc, real, start or scale; argv: {bin} is the build's bench folder, {in}
# the folder of generated inputs, {tmp} one that each run finds empty
# fill(dir, quick): writes the inputs; before: argv, run untimed before each
# half: rules by caller that match about half of all allocations
Program = namedtuple("Program", "name group argv needs stdin fill before half")


def program(name, group, argv, needs=None, stdin=None, fill=None,
            before=None, half="from libhalf.so"):
    return Program(name, group, argv, needs, stdin, fill, before,
                   f"rule half: heap, {half} -> node:0; "
                   "rule other: heap, from no-such-module -> node:0")


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="ascii") as f:
        f.write(text)


def rng():
    return random.Random(20)


def fill_sqlite(folder, quick):
    n = 5000 if quick else 120000
    write(folder, "load.sql", f"""
PRAGMA journal_mode=OFF;
CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, x REAL, y INTEGER);
BEGIN;
WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i<{n})
 INSERT INTO t SELECT i, printf('name-%d-%d', i*7919 % 10007, i), i*0.5,
  i*31 % 977 FROM c;
COMMIT;
CREATE INDEX a ON t(name);
CREATE INDEX b ON t(y, x);
SELECT y, count(*), sum(x), group_concat(substr(name,1,6)) FROM t
 GROUP BY y ORDER BY 2, 1;
SELECT count(*) FROM t p JOIN t q ON p.name=q.name AND p.y<=q.y;
UPDATE t SET name=name||'-x' WHERE y%3=0;
DELETE FROM t WHERE y%5=0;
SELECT count(*), max(name) FROM t;
""")


def fill_scripts(folder, quick):
    n = 3000 if quick else 60000
    write(folder, "a.pl", f"""
my %h; my @l;
for my $i (1..{n}) {{
    my $k = "key" . ($i * 7919 % 100003);
    push @{{$h{{$k}}}}, join(",", map {{ $_ * $i }} 1..6);
    push @l, {{ id => $i, name => $k x 3 }};
}}
my @s = sort {{ $a->{{name}} cmp $b->{{name}} }} @l;
my $t = 0;
for my $r (@s) {{ $t += scalar split /e/, $r->{{name}}; }}
print scalar(keys %h), " $t\\n";
""")
    write(folder, "a.py", f"""
import json
d, total = {{}}, 0
for i in range({n}):
    k = "key%d" % (i * 7919 % 100003)
    d.setdefault(k, []).append([x * i for x in range(6)])
s = json.dumps(d)
e = json.loads(s)
words = sorted(" ".join(e).split())
for w in words:
    total += len(w.split("e")[0]) + len(e[w])
print(len(s), total)
""")
    write(folder, "a.lua", f"""
local t, n = {{}}, 0
for i = 1, {n} * 3 do
  t[i] = {{ id = i, name = "key" .. (i * 7919 % 100003), l = {{ i, i + 1 }} }}
end
table.sort(t, function(a, b) return a.name < b.name end)
for _, r in ipairs(t) do
  for w in r.name:gmatch("%d") do n = n + #w end
end
print(n)
""")


def fill_c(folder, quick):
    r, parts = rng(), ["#include <stdlib.h>\n#include <stdio.h>\n"]
    for i in range(20 if quick else 600):
        parts.append(f"""
struct s{i} {{ int a[{r.randint(2, 40)}]; long b; struct s{i} *next; }};
static long f{i}(struct s{i} *p, int n)
{{
	long t = {r.randint(1, 999)};
	for (int i = 0; i < n; i++) {{
		if (p->b % {r.randint(2, 30)} == i) t += p->a[i & 1] * {i};
		else switch (i % 5) {{
			case 0: t ^= p->b; break;
			case 1: t -= (long)p->next; break;
			case 2: t *= {r.randint(3, 99)}; break;
			default: t = t << {r.randint(1, 5)} | 1; }}
		p = p->next ? p->next : p;
	}}
	return t;
}}
long g{i}(void) {{ struct s{i} v = {{ .b = {i} }}; return f{i}(&v, {i}); }}
""")
    write(folder, "gen.c", "".join(parts))


def fill_text(folder, quick):
    r, n = rng(), 3000 if quick else 150000
    write(folder, "lines.txt", "".join(
        f"{r.getrandbits(60):x} {r.getrandbits(r.randint(8, 200)):x}\n"
        for _ in range(n)))
    write(folder, "a.json", "[" + ",\n".join(
        f'{{"id":{i},"tags":["a{r.randint(0, 99)}","b"],'
        f'"v":{{"x":{r.random():.6f},"s":"{r.getrandbits(90):x}"}}}}'
        for i in range(n // 5)) + "]\n")


def fill_git(folder, quick):
    """A repository of loose objects, made through git fast-import."""
    repo, r = os.path.join(folder, "repo"), rng()
    out = []
    text = [[f"{r.getrandbits(64):x}\n" for _ in range(120)]
            for _ in range(25)]
    for c in range(8 if quick else 150):
        out.append("commit refs/heads/main\ncommitter B <b@example.org> "
                   f"{1600000000 + c} +0000\ndata 2\nm\n")
        for f in r.sample(range(25), 6):
            text[f][r.randrange(120)] = f"{r.getrandbits(64):x}\n"
            body = "".join(text[f])
            out.append(f"M 644 inline f{f}\ndata {len(body)}\n{body}\n")
    git = ["git", "-C", repo, "-c", "fastimport.unpackLimit=100000000"]
    subprocess.run(["git", "init", "-q", repo], check=True)
    subprocess.run([*git, "fast-import", "--quiet"], check=True,
                   input="".join(out), text=True)


SCRIPTS = dict(fill=fill_scripts)

# Debian's programs allocate from one module each, so their halves are told
# apart by size as well: of the others, too, it is asked who called.
PROGRAMS = [
    *(program(n, "alloc", ["{bin}/alloc", n, "{scale}"]) for n in (
        "pair16", "pair64", "pair1000", "pair30000", "batch64", "random",
        "large", "calloc", "grow", "larson", "handover", "threads")),
    program("sqlite3", "real", ["sqlite3", ":memory:"],
            stdin="{in}/load.sql", fill=fill_sqlite,
            half="size 17..32, from libsqlite3*"),
    program("perl", "real", ["perl", "{in}/a.pl"], **SCRIPTS,
            half="size <= 16, from perl*"),
    # Not -I: Python would not see PYTHONMALLOC then.
    program("python3", "real", ["env", "PYTHONMALLOC=malloc",
                                "/usr/bin/python3", "-sS", "{in}/a.py"],
            needs="/usr/bin/python3", **SCRIPTS,
            half="size > 32, from python3*"),
    program("lua", "real", ["lua5.4", "{in}/a.lua"], **SCRIPTS,
            half="size 41..96, from lua*"),
    program("gcc", "real", ["gcc", "-O1", "-S", "-o", "/dev/null",
                            "{in}/gen.c"], fill=fill_c,
            half="size <= 64, from cc1"),
    program("git-gc", "real", ["git", "-C", "{tmp}/repo", "-c",
                               "pack.threads=1", "gc", "-q", "--aggressive"],
            fill=fill_git, before=["cp", "-r", "{in}/repo", "{tmp}"],
            half="size 57..80, from git"),
    program("redis", "real", ["redis-server"], needs="redis-benchmark",
            half="size <= 24, from redis-*"),
    program("jq", "real", ["jq", "-c", "group_by(.tags[0])|map(length)",
                           "{in}/a.json"], fill=fill_text),
    program("sort", "real", ["sort", "--parallel=1", "-k2", "{in}/lines.txt"],
            fill=fill_text),
    program("true", "start", ["{bin}/spawn", "{starts}", "/bin/true"]),
    program("bash", "start", ["bash", "-c", "for ((i = 0; i < {starts}; i++))"
                              "; do x=$(echo $i | cat); done"]),
    *(program(n, "scale", ["{bin}/alloc", n, "{scale}"]) for n in (
        "apart1", "apart2", "swap1", "swap2")),
]


def missing(prog):
    """The command that is not installed, or None."""
    for need in filter(None, (prog.needs, prog.argv[0])):
        if not need.startswith("{") and not shutil.which(need):
            return need
    return None
