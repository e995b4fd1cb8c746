#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What being watched costs a program that waits for memory (bench/tracked.c).

usage: tracked.py [-n PAIRS] [-m MIB] [-s SECONDS] [BUILDDIR]

Each row is one source on one kind of memory, at the default budget; nothing
moves.  Runs with the worker and without it (the same rules, but `pin`)
alternate; a cell is the median of the pairs' ratios, and their quartiles.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile

ROWS = [
    ("accessed", "node", "node:0 then file:{tmp}"),
    ("written", "node", "node:0 then file:{tmp}"),
    ("refault", "tmpfs", "file:{tmp} then node:0"),
    ("auto", "node", "node:0 then file:{tmp}"),
    ("auto", "tmpfs", "file:{tmp} then node:0"),
]


def run(build, place, source, moves, words, report):
    env = dict(os.environ)
    env["LD_PRELOAD"] = os.path.join(build, ".libs", "libhms_preload.so")
    env["HMS_POLICY"] = "heap, size >= 1M -> %s, %s; migrate off planner none" % (
        place, "migrate" if moves else "pin")
    env["HMS_SOURCE"] = source
    env["HMS_REPORT"] = report
    out = subprocess.run([os.path.join(build, "bench", "tracked"), *words],
                         env=env, check=True, capture_output=True, text=True)
    return float(out.stdout)


def worker(report):
    """Share of a core, sights per second, and the sources in use."""
    with open(report) as file:
        l = json.load(file)["learning"]
    ran = l["ran_ns"] or 1
    used = [s for s in l["sources"]
            if s["use"] == "in use" and s["name"] != "touch"]
    return (100 * sum(l["cpu_ns"].values()) / ran,
            1e9 * sum(s["sights"] for s in used) / ran,
            " ".join(s["name"] for s in used))


def row(build, source, memory, place, options):
    words = [str(options.mib), str(options.seconds)]
    tmp = tempfile.mkdtemp(prefix="hms-bench.", dir="/dev/shm")
    report = os.path.join(tmp, "report.json")
    ratios, shares, rates = [], [], []
    used = ""
    try:
        place = place.format(tmp=tmp)
        for i in range(options.pairs):
            times = {}
            for moves in (True, False) if i % 2 else (False, True):
                times[moves] = run(build, place, source, moves, words, report)
                if moves:
                    share, rate, used = worker(report)
                    shares.append(share)
                    rates.append(rate)
            ratios.append(100 * (times[True] / times[False] - 1))
    finally:
        shutil.rmtree(tmp)
    if not used:
        print("| %s | %s | does not work here | | |" % (source, memory))
        return
    low, middle, high = statistics.quantiles(ratios, n=4)
    print("| %s | %s | %.2f | %.0f | %+.1f (%+.1f to %+.1f) |" % (
        used if source == "auto" else source, memory,
        statistics.median(shares), statistics.median(rates),
        middle, low, high), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", dest="pairs", type=int, default=11)
    parser.add_argument("-m", dest="mib", type=int, default=512)
    parser.add_argument("-s", dest="seconds", type=float, default=4)
    parser.add_argument("build", nargs="?", default=".")
    options = parser.parse_args()
    print("| source | memory | worker, % of a core | sights/s | program, % slower |")
    print("|---|---|---|---|---|")
    for source, memory, place in ROWS:
        row(options.build, source, memory, place, options)


main()
