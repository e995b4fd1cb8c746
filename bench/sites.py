# SPDX-License-Identifier: BSD-2-Clause
"""Rules by caller: what is run, and its table with the goals beside."""

import os
import re
import time
from statistics import median

import table

# The column jemalloc is the base; goals are the project's own.
MODES = ["none", "from/2", "via", "via=", "sampled", "exact", "unwind8",
         "unwind", "backtrace"]
REAL = ["redis", "sqlite3", "python3", "gcc", "perl", "lua", "git-gc"]
ALLOC = ["larson", "handover", "batch64", "threads"]
PAIRS = ["pair16", "pair64", "pair1000", "batch64", "random"]
SCALING = {"own blocks": "apart", "swapped blocks": "swap"}
PROGRAMS = list(dict.fromkeys(
    REAL + ALLOC + PAIRS + [n + t for n in SCALING.values() for t in "12"]))
GOALS = {"real": {"none": 1.02, "from/2": 1.04, "via": 1.15, "via=": 1.15,
                  "sampled": 1.05, "exact": 1.5},
         "alloc": {"none": 1.05, "from/2": 1.10, "via": 1.35, "via=": 1.35,
                   "sampled": 1.10, "exact": 3}}
RSS_GOAL = 1.08
# Between these lines of a document the table is replaced.
BEGIN, END = "<!-- sites: begin -->", "<!-- sites: end -->"


def ratios(modes, results, names, what, title, goals):
    """Geometric mean and goal first, then the programs."""
    found = {prog.name: samples for prog, samples in results}
    names = [name for name in names if name in found]
    part = {name: [table.ratio(found[name], mode, what) for mode in modes]
            for name in names}
    if not part:
        return
    if len(names) > 1:
        yield [title] + [table.cell(table.geomean(column))
                         for column in zip(*part.values())]
        if any(mode in goals for mode in modes):
            yield ["goal"] + [table.cell(goals.get(mode)) for mode in modes]
    for name, row in part.items():
        yield [name] + [table.cell(value) for value in row]


def peaks(modes, results):
    """Peak memory of both groups, and the worst program's."""
    found = {prog.name: {mode: table.ratio(samples, mode, "rss")
                         for mode in modes} for prog, samples in results}
    for title, names in (("real programs", REAL),
                         ("allocation-only", ALLOC)):
        names = [name for name in names if name in found]
        if len(names) < 2:
            continue
        columns = [[found[name][mode] for name in names] for mode in modes]
        yield [title] + [table.cell(table.geomean(c)) for c in columns]
        yield ["worst of them"] + [
            table.cell(max((v for v in c if v), default=None))
            for c in columns]
    if any(name in found for name in REAL + ALLOC) and \
            any(mode in GOALS["real"] for mode in modes):
        yield ["goal"] + [
            table.cell(RSS_GOAL if mode in GOALS["real"] else None)
            for mode in modes]


def nanoseconds(modes, results):
    """Medians; the base's own are the first column."""
    for prog, samples in results:
        if prog.name in PAIRS:
            yield [prog.name] + [
                table.cell(median([s.ns for s in samples[mode]])
                           if samples[mode] else None, 1) for mode in modes]


def scaling(modes, results):
    """Operations per second of two threads over those of one."""
    found = {prog.name: samples for prog, samples in results}
    for title, name in SCALING.items():
        one, two = found.get(name + "1"), found.get(name + "2")
        if one and two:
            yield [title] + [
                table.cell(median([s.ns for s in one[mode]]) /
                           median([s.ns for s in two[mode]])
                           if one[mode] and two[mode] else None)
                for mode in modes]


def text_of(modes, results, options):
    order = [table.BASE, *MODES]
    names = [mode.name for mode in modes]
    names.sort(key=lambda name: order.index(name) if name in order
               else len(order))
    sections = [
        ("Real programs, CPU time", ratios(
            names, results, REAL, "cpu", "geomean", GOALS["real"])),
        ("Allocation-only programs, CPU time per operation", ratios(
            names, results, ALLOC, "ns", "geomean", GOALS["alloc"])),
        ("Real programs, wall clock", ratios(
            names, results, REAL, "wall", "geomean", GOALS["real"])),
        ("Peak resident memory", peaks(names, results)),
        ("Nanoseconds per malloc and free", nanoseconds(names, results)),
        ("Throughput of two threads over one", scaling(names, results)),
    ]
    sections = [(title, list(rows)) for title, rows in sections]
    return "\n\n".join("\n".join(table.lines(
        [title] + names, rows, options.markdown))
        for title, rows in sections if rows)


def circumstances(options):
    """What a reader must know of a table."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        cpu = re.search(r"model name\s*: (.*)", f.read())
    return "%d run%s, %s, %d CPUs (%s), Linux %s, load at the end %.1f.\n\n" % (
        options.runs, "s" * (options.runs > 1), time.strftime("%Y-%m-%d"),
        os.cpu_count(), cpu[1] if cpu else os.uname().machine,
        os.uname().release.split("-")[0], os.getloadavg()[0])


def show(modes, results, options):
    text = text_of(modes, results, options)
    print(text)
    if options.into:
        with open(options.into, encoding="utf-8") as f:
            document = f.read()
        before, rest = document.split(BEGIN)
        after = rest.split(END)[1]
        with open(options.into, "w", encoding="utf-8") as f:
            f.write(before + BEGIN + "\n" + circumstances(options) + text +
                    "\n" + END + after)
