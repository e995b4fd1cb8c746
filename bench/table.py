# SPDX-License-Identifier: BSD-2-Clause
"""From samples to tables."""

import math
from statistics import median

BASE = "jemalloc"
GROUPS = (("alloc", "allocation-only"), ("real", "real programs"),
          ("start", "start-up"), ("scale", "scaling"))


def ratio(samples, name, what):
    """Median against jemalloc's median; None where either is missing."""
    mine, base = ([getattr(s, what) for s in samples[n]]
                  for n in (name, BASE))
    if not mine or not base or None in mine:
        return None
    return median(mine) / max(median(base), 1)


def geomean(values):
    values = [v for v in values if v]
    if not values:
        return None
    return math.exp(sum(map(math.log, values)) / len(values))


def cell(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def lines(header, rows, markdown):
    if markdown:
        yield "| " + " | ".join(header) + " |"
        yield "|" + "---|" * len(header)
        for row in rows:
            yield "| " + " | ".join(row) + " |"
        return
    wide = [max(len(r[i]) for r in [header, *rows])
            for i in range(len(header))]
    for row in [header, *rows]:
        yield " ".join(c.ljust(w) if i == 0 else c.rjust(w)
                       for i, (c, w) in enumerate(zip(row, wide))).rstrip()


def per_program(modes, results, what):
    rows = []
    for group, title in GROUPS:
        part = [(p, s) for p, s in results if p.group == group]
        table = {m.name: [ratio(s, m.name, what) for _, s in part]
                 for m in modes}
        for i, (prog, _) in enumerate(part):
            rows.append([prog.name] + [cell(table[m.name][i])
                                       for m in modes])
        if len(part) > 1:
            rows.append([f"geomean, {title}"] +
                        [cell(geomean(table[m.name])) for m in modes])
    return ["program"] + [m.name for m in modes], rows


def nanoseconds(modes, results):
    rows = []
    for prog, samples in results:
        if prog.group in ("alloc", "scale"):
            rows.append([prog.name] + [
                cell(median([s.ns for s in samples[m.name]])
                     if samples[m.name] else None, 1) for m in modes])
    return ["ns per operation"] + [m.name for m in modes], rows


def summary(modes, results):
    """One row per mode; the worst program says what a mean hides."""
    rows = []
    for mode in modes:
        row = [mode.name]
        for what in ("wall", "cpu", "rss"):
            got = {p.name: ratio(s, mode.name, what) for p, s in results}
            got = {k: v for k, v in got.items() if v}
            worst = max(got, key=got.get) if got else None
            row += [cell(geomean(got.values())),
                    f"{worst} {got[worst]:.2f}" if worst else "-"]
        rows.append(row)
    return ["mode", "time", "worst", "CPU", "worst", "RSS", "worst"], rows


def show(modes, results, options):
    def section(title, header, rows):
        if rows:
            print(("## " if options.markdown else "") + title + "\n")
            print("\n".join(lines(header, rows, options.markdown)) + "\n")

    if not results:
        return
    section(f"All, ratio to jemalloc (geometric mean, {options.runs} runs)",
            *summary(modes, results))
    section("Time", *per_program(modes, results, "wall"))
    section("CPU time", *per_program(modes, results, "cpu"))
    section("Peak resident memory", *per_program(modes, results, "rss"))
    section("Nanoseconds", *nanoseconds(modes, results))
