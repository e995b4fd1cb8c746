#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Is a picture of hms list --svg a picture of this machine?

usage: picture.py SVG JSON     (JSON: what hms list --json says)

Says what is wrong, a line each: a target or initiator that has no box, or
two; boxes that overlap or leave the picture or their card; text that leaves
its box.
"""
import json
import sys
import xml.etree.ElementTree as ElementTree

SVG = "{http://www.w3.org/2000/svg}"
WIDTHS = {"i": 0.28, "l": 0.28, ".": 0.32, ",": 0.32, ":": 0.34, " ": 0.32}


def numbers(rect):
    return [float(rect.get(name)) for name in ("x", "y", "width", "height")]


def overlap(a, b):
    return (a[0] < b[0] + b[2] - 0.1 and b[0] < a[0] + a[2] - 0.1 and
            a[1] < b[1] + b[3] - 0.1 and b[1] < a[1] + a[3] - 0.1)


def inside(inner, outer):
    return (inner[0] >= outer[0] - 0.1 and inner[1] >= outer[1] - 0.1 and
            inner[0] + inner[2] <= outer[0] + outer[2] + 0.1 and
            inner[1] + inner[3] <= outer[1] + outer[3] + 0.1)


def width(text):
    """Less than any common sans-serif font needs: only gross errors."""
    size = float(text.get("font-size"))
    return sum(WIDTHS.get(c, 0.5) for c in text.text or "") * size


def main():
    root = ElementTree.parse(sys.argv[1]).getroot()
    with open(sys.argv[2], encoding="utf-8") as file:
        machine = json.load(file)
    picture = [float(n) for n in root.get("viewBox").split()]
    cards = [numbers(r) for r in root.iter(SVG + "rect")
             if r.get("class") == "card"]
    boxes = []
    for group in root.iter(SVG + "g"):
        if group.get("class") in ("target", "initiator"):
            box = numbers(group.find(SVG + "rect"))
            name = group.get("class") + " " + group.get("data-id")
            boxes.append((name, box))
            for text in group.iter(SVG + "text"):
                if float(text.get("x")) + width(text) > box[0] + box[2]:
                    print(f"{name}: its text is too long: {text.text}")
    wanted = (["target " + t["id"] for t in machine["targets"]] +
              ["initiator " + i["id"] for i in machine["initiators"]])
    names = [name for name, _ in boxes]
    for name in sorted(set(wanted) | set(names)):
        if names.count(name) != wanted.count(name):
            print(f"{name}: {names.count(name)} boxes")
    for index, (name, box) in enumerate(boxes):
        if not any(inside(box, card) for card in cards):
            print(f"{name}: is on no card")
        for other, its in boxes[:index]:
            if overlap(box, its):
                print(f"{name} and {other} overlap")
    for index, card in enumerate(cards):
        if not inside(card, picture):
            print(f"card {index} leaves the picture")
        if any(overlap(card, other) for other in cards[:index]):
            print(f"card {index} overlaps another")
    for text in root.iter(SVG + "text"):
        if text.get("text-anchor") or text.get("transform"):
            continue
        if not inside([float(text.get("x")), float(text.get("y")),
                       width(text), 0], picture):
            print(f"text leaves the picture: {text.text}")


main()
