# SPDX-License-Identifier: BSD-2-Clause
"""redis-server under the preload, redis-benchmark without it.

The server listens on a Unix socket only.  Wall time is the client's run;
CPU time and peak memory are the server's, from launch.
"""

import os
import socket
import subprocess
import time


def answers(path):
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(path)
            s.sendall(b"PING\r\n")
            return s.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def measure(launch, env_args, tmp, quick):
    """[wall ns, CPU ns, peak KiB, status], like a line of launch."""
    path = os.path.join(tmp, "s")
    count = "500" if quick else "20000"
    with subprocess.Popen(
            [*launch, *env_args, "redis-server", "--port", "0",
             "--unixsocket", path, "--save", "", "--dir", tmp],
            stdout=subprocess.PIPE, text=True) as server:
        limit = time.monotonic() + 20
        while not answers(path):
            if server.poll() is not None or time.monotonic() > limit:
                server.kill()
                return None
            time.sleep(0.01)
        start = time.monotonic_ns()
        client = subprocess.run(
            ["redis-benchmark", "-q", "-s", path, "-n", count, "-c", "20",
             "-P", "8", "-d", "400", "-r", "50000", "-t",
             "set,get,lpush,lpop,sadd,hset,zadd,mset"],
            stdout=subprocess.DEVNULL, timeout=120)
        wall = time.monotonic_ns() - start
        subprocess.run(["redis-cli", "-s", path, "shutdown", "nosave"],
                       stdout=subprocess.DEVNULL, timeout=20)
        fields = [int(x) for x in server.communicate()[0].split()]
    return [wall, fields[1], fields[2], client.returncode or fields[3]]
