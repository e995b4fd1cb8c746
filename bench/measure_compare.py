#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Is it so, what `hms measure` says?  Compares it with a plain C program that
was written apart (tests/real/measure_apart.c), and with Debian's sysbench,
stress-ng and mbw where they are installed.

    cd build && make hms tests/real/measure_apart
    ../bench/measure_compare.py [--best] [ROUNDS]

All take turns, ROUNDS times (5), so that what else the machine does meets each
of them; medians are compared, or with --best the best of each, which other
programs disturb less.  For machines of one node with nothing else to do; if they
have, `chrt -f 1` in front of it keeps other programs off the CPUs.
Exit status 1: a value is more than 15 % from that of the program apart.
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

BEST = "--best" in sys.argv
ROUNDS = int(([x for x in sys.argv[1:] if x != "--best"] or [5])[0])
HMS = os.environ.get("HMS_TOOL", "./hms")
APART = "tests/real/measure_apart"
MIB = 512
MOST = 0.15
VALUES = {"latency": "ns", "read": "MB/s", "write": "MB/s", "copy": "MB/s"}
CPUS = len(os.sched_getaffinity(0))


def output(*command):
    return subprocess.run(command, check=True, text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


def hms():
    with tempfile.NamedTemporaryFile() as stored:
        text = output(HMS, "measure", "-t", "node:0", "--json",
                      "-o", stored.name)
    pair = json.loads(text)["measured"][0]
    return {"latency": pair["latency"]["ns"],
            "read": pair["read-bandwidth"]["MB/s"],
            "write": pair["write-bandwidth"]["MB/s"],
            "copy": pair["copy-bandwidth"]["MB/s"]}


def apart():
    words = output(APART, str(MIB), str(CPUS)).split()
    return dict(zip(words[::2], map(float, words[1::2])))


def sysbench():
    """Reads and writes 8 bytes at a time; MiB/s of all threads."""
    rates = {}
    for what in ("read", "write"):
        text = output("sysbench", "memory", "--time=2", f"--threads={CPUS}",
                      "--memory-total-size=100T", f"--memory-oper={what}",
                      f"--memory-block-size={MIB // CPUS}M", "run")
        found = re.search(r"\(([\d.]+) MiB/sec\)", text)
        rates[what] = float(found.group(1)) * 1.048576
    return rates


def stress_ng():
    """MB/s of 2^20 bytes, per process."""
    with tempfile.NamedTemporaryFile() as log:
        output("stress-ng", "--quiet", "--memrate", str(CPUS), "--metrics",
               "--memrate-bytes", f"{MIB // CPUS}M", "--timeout", "8",
               "--log-file", log.name)
        text = log.read().decode()
    rates = {}
    for what, name in (("read", "read1024"), ("write", "memset")):
        found = re.search(rf"([\d.]+) {name} MB per sec", text)
        if found:
            rates[what] = float(found.group(1)) * 1.048576 * CPUS
    return rates


def mbw():
    """One memcpy per CPU, each told in MiB/s."""
    command = ["mbw", "-q", "-t0", "-n", "10", str(MIB // 2 // CPUS)]
    runs = [subprocess.Popen(command, text=True, stdout=subprocess.PIPE)
            for _ in range(CPUS)]
    texts = [run.communicate()[0] for run in runs]
    return {"copy": sum(statistics.median(
        float(rate) for rate in re.findall(r"^\d+\s.*Copy: ([\d.]+)", text,
                                           re.M))
        for text in texts) * 1.048576}


def one(value, amounts):
    if not BEST:
        return statistics.median(amounts)
    return min(amounts) if value == "latency" else max(amounts)


def main():
    tools = {"hms": hms, "apart": apart}
    for name, run in (("sysbench", sysbench), ("stress-ng", stress_ng),
                      ("mbw", mbw)):
        if shutil.which(name):
            tools[name] = run
        else:
            print(f"# {name} is not installed", file=sys.stderr)
    found = {name: {value: [] for value in VALUES} for name in tools}
    for _ in range(ROUNDS):
        for name, run in tools.items():
            for value, amount in run().items():
                found[name][value].append(amount)
    print(f"{'best' if BEST else 'medians'} of {ROUNDS} rounds, and hms's in relation to each; "
          f"{CPUS} CPUs")
    print("".join(f"{name:>16}" for name in ["", *tools]))
    worst = 0
    for value, unit in VALUES.items():
        chosen = {name: one(value, got[value])
                   for name, got in found.items() if got[value]}
        cells = [f"{value + ' ' + unit:>16}"]
        for name in tools:
            if name not in chosen:
                cells.append(f"{'-':>16}")
                continue
            ratio = chosen["hms"] / chosen[name]
            cell = f"{chosen[name]:.0f}"
            if name != "hms":
                cell += f" {ratio:.2f}"
            cells.append(f"{cell:>16}")
        print("".join(cells))
        worst = max(worst, abs(chosen["hms"] / chosen["apart"] - 1))
    print(f"furthest from the program apart: {worst * 100:.1f} %, "
          f"of {MOST * 100:.0f} % allowed")
    return worst > MOST


sys.exit(main())
