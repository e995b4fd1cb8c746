# SPDX-License-Identifier: BSD-2-Clause
"""Answers wanted and given, side by side.

usage: compare.py --rules ANSWERS          a rule for each request
       compare.py ANSWERS OUTPUT           OUTPUT: what hms check printed

A line of ANSWERS is REQUEST => ANSWER: the nodes of a step, "; " before the
next one; "each 0-3" is four steps; "1/2 0 + 1/2 1" an interleave; "none": not
on this machine.  Prints three lines for each: request, given, wanted.
"""
import re
import sys


def numbers(text):
    found = []
    for part in re.split(", *", text):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return found


def spelled(found):
    parts = []
    for n in sorted(found):
        if parts and n == parts[-1][1] + 1:
            parts[-1][1] = n
        else:
            parts.append([n, n])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def wanted(answer):
    """ "each 0-2; 5" -> "0; 1; 2; 5" """
    steps = []
    for step in answer.split("; "):
        if step.startswith("each "):
            steps += map(str, numbers(step[5:]))
        else:
            steps.append(step)
    return "; ".join(steps)


def share(text):
    """ "1/2 hbm (nodes 4, 5)", "node:4-5,9", "local" -> "1/2 4-5" """
    weight = re.match(r"\d+/\d+ ", text)
    weight = weight.group() if weight else ""
    nodes = re.search(r"\(nodes? ([^)]*)\)$", text) or \
        re.search(r"node:([\d,-]+)$", text)
    return weight + (spelled(numbers(nodes.group(1))) if nodes else text)


def given(text):
    if text.startswith("left to the system [not on this machine: "):
        return "none"
    text = re.sub(r" \[not on this machine: .*\]$", "", text)
    return "; ".join(" + ".join(map(share, step.split(" + ")))
                     for step in text.split(", then "))


def main():
    rules = sys.argv[1] == "--rules"
    with open(sys.argv[2 if rules else 1], encoding="utf-8") as file:
        lines = [line.rstrip("\n").split(" => ") for line in file
                 if line.strip() and not line.startswith("#")]
    if rules:
        # They match nothing in common, so none hides another.
        for n, (request, _) in enumerate(lines, 1):
            print(f"malloc, size {n}..{n} -> {request}")
        return
    with open(sys.argv[2], encoding="utf-8") as file:
        rows = file.read().split("\n")
    for n, (request, answer) in enumerate(lines, 1):
        row = next((r for r in rows if re.match(f"line {n} ", r)), "")
        # The last column; the one before is the request, filled up.
        row = row[len(f"line {n}"):].lstrip()[len(request):].lstrip()
        print(request, given(row), wanted(answer), sep="\n")


if __name__ == "__main__":
    main()
