#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Databases: redis forks to save (its child must see memory as it was),
# postgres shares memory between processes, sqlite maps files.
# Their memory moves meanwhile, too.
: "${HMS_TEST_POLICIES=node file moves}"
export HMS_BUDGET=3%,100G
. "${top_srcdir:?}/tests/real/real.sh"

# A free port on loopback.
port() {
	/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

if need sqlite3 sqlite3; then
	same "sqlite3" 'sqlite3 db "pragma mmap_size=67108864; pragma journal_mode=wal; create table t (id integer primary key, a text, b real);
		with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)
		insert into t select i, printf(\"%x text %d\", i * 7919 % 10007, i), i / 7.0 from n;
		create index x on t (a); select count(*), sum(b), max(a) from t; delete from t where id % 3 = 0; vacuum;
		select a, count(*) from t group by substr(a, 1, 2) order by 1 limit 20; pragma integrity_check;" ".dump" | sha256sum
		sqlite3 db "select sum(length(a)) from t; select group_concat(id) from (select id from t order by a desc limit 9)"'
fi

if need redis redis-server redis-cli redis-benchmark; then
	PORT=$(port)
	export PORT
	# The reloaded dump must be what the running server held when it
	# forked, though the server went on writing meanwhile.
	same "redis: benchmark, BGSAVE, reload" '
		start() { redis-server --port $PORT --bind 127.0.0.1 --dir $work --save "" --enable-debug-command local >log 2>&1 & pid=$!
			until redis-cli -p $PORT ping >/dev/null 2>&1; do kill -0 $pid || exit 9; done; }
		r() { redis-cli -p $PORT "$@"; }
		start
		redis-benchmark -p $PORT -q -n 5000 -r 1000 -d 300 -t set,lpush,hset,zadd,sadd >/dev/null; echo $?
		r flushall
		r eval "for i = 1, 20000 do redis.call(\"set\", \"k\" .. i, string.rep(\"v\" .. i, i % 90)) redis.call(\"hset\", \"h\" .. i % 50, i, i) end return 1" 0
		before=$(r debug digest); r bgsave
		r eval "for i = 1, 20000 do redis.call(\"set\", \"k\" .. i, \"changed\") end return 2" 0
		while r info persistence | grep -q "rdb_bgsave_in_progress:1"; do :; done
		r info persistence | grep rdb_last_bgsave_status; r dbsize
		r shutdown nosave; wait $pid; echo $?
		start; [ ${#before} -eq 40 ] && [ "$before" = "$(r debug digest)" ] && echo the dump is equal; r dbsize; r get k7
		r bgrewriteaof; r shutdown nosave; wait $pid; echo $?'
fi

if need memcached memcached; then
	PORT=$(port)
	export PORT
	same "memcached" 'memcached -u nobody -l 127.0.0.1 -p $PORT -m 64 -t 4 & pid=$!
		/usr/bin/python3 -c "
import os, socket, hashlib
while True:
    try: s = socket.create_connection((\"127.0.0.1\", int(os.environ[\"PORT\"]))); break
    except OSError: pass
f = s.makefile(\"rwb\"); h = hashlib.md5()
for i in range(5000):
    v = (b\"v%d\" % i) * (i % 200); f.write(b\"set k%d 0 0 %d\r\n%s\r\n\" % (i, len(v), v)); f.flush(); assert f.readline() == b\"STORED\r\n\"
for i in range(0, 5000, 7):
    f.write(b\"get k%d\r\n\" % i); f.flush()
    while True:
        l = f.readline(); h.update(l)
        if l == b\"END\r\n\": break
print(h.hexdigest())"
		kill $pid; wait $pid; echo $?'
fi

pg=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
user=postgres
id "$user" >/dev/null 2>&1 || user=nobody
if [ -z "$pg" ] || [ ! -x "$pg/initdb" ]; then
	skip "postgres" "not installed (apt-get install postgresql)"
elif [ "$(id -u)" -eq 0 ] || [ "$(id -un)" = "$user" ]; then
	export pg user
	limit=300
	same "postgres: initdb, pgbench, queries" '
		as() { if [ $(id -u) -eq 0 ]; then setpriv --reuid $user --regid $(id -g $user) --clear-groups "$@"; else "$@"; fi; }
		cd $work; chmod 777 .; export HOME=$work PGHOST=$work PGUSER=u PGDATABASE=postgres
		as $pg/initdb -D d -U u -A trust --no-sync >init.log 2>&1; echo initdb $?
		echo "listen_addresses = \"\"" | tr "\"" "'"'"'" >>d/postgresql.conf; echo "unix_socket_directories = \"$work\"" | tr "\"" "'"'"'" >>d/postgresql.conf
		as $pg/pg_ctl -D d -w -l $work/pg.log start >/dev/null; echo start $?
		as $pg/pgbench -i -s 2 -q >/dev/null 2>&1; echo pgbench -i $?
		as $pg/pgbench -c 4 -j 2 -t 100 -n 2>/dev/null | grep "actually processed"
		as $pg/psql -At -c "select count(*) from pgbench_history; select sum(abalance) = (select sum(delta) from pgbench_history) from pgbench_accounts"
		as $pg/psql -At -c "set max_parallel_workers_per_gather = 4; set parallel_setup_cost = 0; set min_parallel_table_scan_size = 0; select count(*), md5(string_agg(aid::text, chr(44) order by aid)) from pgbench_accounts"
		as $pg/psql -At -c "create table w as select i, md5(i::text) m from generate_series(1, 50000) i; create index on w (m); select min(m), max(m) from w; select count(*) from w a join w b on a.m = b.m"
		as $pg/pg_dump -t w | grep -v restrict | sha256sum; as $pg/pg_ctl -D d -m fast -w stop >/dev/null; echo stop $?'
else
	skip "postgres" "initdb wants root or the user $user to run it"
fi
finish
