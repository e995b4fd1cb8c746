#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Web servers and clients: worker processes, shared memory, reload by signal.
. "${top_srcdir:?}/tests/real/real.sh"

PORT=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PORT
PATH=$PATH:/usr/sbin
need nginx nginx && need curl curl || finish
seq 1 30000 >"$here/index.html"
cat >"$here/nginx.conf" <<END
worker_processes 2;
daemon off;
pid $work/nginx.pid;
error_log $work/error.log;
events { worker_connections 64; }
http {
	access_log off;
	gzip on;
	gzip_types *;
	limit_req_zone \$binary_remote_addr zone=one:4m rate=100000r/s;
	client_body_temp_path $work/1; proxy_temp_path $work/2;
	fastcgi_temp_path $work/3; uwsgi_temp_path $work/4; scgi_temp_path $work/5;
	server { listen 127.0.0.1:$PORT; root $here; limit_req zone=one burst=1000 nodelay; }
	server { listen unix:$work/s; location / { proxy_pass http://127.0.0.1:$PORT; } }
}
END
chmod -R a+rX "$here"
same "nginx, curl" '
	nginx -c $here/nginx.conf -e $work/error.log 2>/dev/null & pid=$!
	until curl -s -o /dev/null http://127.0.0.1:$PORT/; do kill -0 $pid || exit 9; done
	for i in 1 2 3 4 5; do curl -s http://127.0.0.1:$PORT/ | sha256sum; done
	curl -s --compressed http://127.0.0.1:$PORT/ | sha256sum; curl -s --unix-socket s http://x/ | sha256sum
	curl -s -o /dev/null -w "%{http_code}\n" http://127.0.0.1:$PORT/none
	kill -HUP $pid; curl -s http://127.0.0.1:$PORT/ | sha256sum
	if command -v ab >/dev/null; then ab -q -n 2000 -c 8 http://127.0.0.1:$PORT/ | grep -E "^(Complete|Failed|Document)"; fi
	kill -QUIT $pid; wait $pid; echo $?'
if need python3 python3; then
	same "python3 http.server, curl" 'cd $here; /usr/bin/python3 -m http.server --bind 127.0.0.1 $PORT >/dev/null 2>&1 & pid=$!
		until curl -s -o /dev/null http://127.0.0.1:$PORT/; do kill -0 $pid || exit 9; done
		curl -sZ "http://127.0.0.1:$PORT/index.html?[1-30]" | sha256sum; kill $pid; wait $pid; echo $?'
fi
finish
