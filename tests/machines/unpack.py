#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes a machine's folder (sys/, proc/, hms/) from its description.

usage: unpack.py DIR MACHINE...    each becomes DIR/NAME

Lines of a description (README has the whole form):
  # comment
  == PATH               a file; its contents follow, up to an empty line
  == PATH -> TARGET     a symbolic link
  @node LIST KEY=VALUE  NUMA nodes, with all files the kernel has for them
  @distances | @levels  what nodeN/distance says
  @pci ADDRESS KEY=...  a device on the PCI bus
  @files FOLDER         small ones: NAME CONTENTS, or NAME -> TARGET
  @hmat | @include NAME | @remove PATH | @cut PATH BYTES
"""
import os
import posixpath
import re
import shutil
import sys

sys.dont_write_bytecode = True
import acpi  # noqa: E402  (found next to this file)

NODES = "sys/devices/system/node/"


def size_kb(text):
    unit = {"K": 1, "M": 1 << 10, "G": 1 << 20, "T": 1 << 30}
    return int(text[:-1]) * unit[text[-1]] if text != "0" else 0


def numbers(text):
    """ "0-3,8" -> [0, 1, 2, 3, 8] """
    found = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return found


def spelled(found):
    """ [0, 1, 2, 3, 8] -> "0-3,8", as the kernel spells lists """
    parts = []
    for n in sorted(found):
        if parts and n == parts[-1][1] + 1:
            parts[-1][1] = n
        else:
            parts.append([n, n])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def shifted(text, k):
    """ "0-3+4" for the k-th node of a list: every number 4*k higher """
    text, _, step = text.partition("+")
    return [n + k * int(step or 0) for n in numbers(text)]


def meminfo_line(n, name, value, unit):
    return f"Node {n} {name + ':':<16}" + \
        (f"{value:8} kB\n" if unit else f"{value:6}\n")


def meminfo(n, total, free):
    """The file as Linux 6.12 writes it, on a machine that has just booted."""
    files = (total - free) // 2
    zero = [(name, 0, True) for name in (
        "Unevictable", "Mlocked", "Dirty", "Writeback")]
    return "".join(meminfo_line(n, *row) for row in [
        ("MemTotal", total, True), ("MemFree", free, True),
        ("MemUsed", total - free, True), ("SwapCached", 0, True),
        ("Active", files // 2, True), ("Inactive", files - files // 2, True),
        ("Active(anon)", 0, True), ("Inactive(anon)", 0, True),
        ("Active(file)", files // 2, True),
        ("Inactive(file)", files - files // 2, True), *zero,
        ("FilePages", files, True), ("Mapped", 0, True),
        ("AnonPages", 0, True), ("Shmem", 0, True),
        ("KernelStack", 0, True), ("PageTables", 0, True),
        ("HugePages_Total", 0, False), ("HugePages_Free", 0, False),
        ("HugePages_Surp", 0, False)])


class Node:
    def __init__(self, n, k, keys):
        pair = lambda key: (keys[key].split("/") * 2)[:2] \
            if key in keys else None
        self.n = n
        self.cpus = shifted(keys.get("cpus", ""), k)
        self.memory = size_kb(keys.get("memory", "0"))
        self.free = size_kb(keys["free"]) if "free" in keys \
            else self.memory - self.memory // 32
        self.tier = int(keys["tier"]) if "tier" in keys else None
        self.movable = "movable" in keys
        self.generic = "generic" in keys
        self.access = []
        for i in "01":
            if "access" + i not in keys:
                continue
            values = {}
            for what, key in (("latency", "latency"),
                              ("bandwidth", "bandwidth")):
                read = pair(key + i) or pair(key)
                if read:
                    values["read_" + what], values["write_" + what] = read
            self.access.append(
                (int(i), shifted(keys["access" + i], k), values))


class Machine:
    def __init__(self):
        self.files = {}  # path -> bytes, or str for a link's target
        self.nodes = {}
        self.possible = None
        self.distance = None  # function of two nodes' numbers

    def text(self, path, text):
        self.files[path] = (text + "\n").encode()

    def put_node(self, node, everyone):
        top = f"{NODES}node{node.n}/"
        self.text(top + "cpulist", spelled(node.cpus))
        self.files[top + "meminfo"] = meminfo(
            node.n, node.memory, node.free).encode()
        if self.distance:
            self.text(top + "distance", " ".join(
                str(self.distance(node.n, other)) for other in everyone))
        if node.memory:
            for name in ("nr", "free", "surplus"):
                self.text(f"{top}hugepages/hugepages-2048kB/{name}_hugepages",
                          "0")
        for number, initiators, values in node.access:
            here = f"{top}access{number}/initiators/"
            for name, value in values.items():
                self.text(here + name, value)
            for other in initiators:
                self.files[f"{here}node{other}"] = f"../../../node{other}"
                self.files[f"{NODES}node{other}/access{number}/targets/"
                           f"node{node.n}"] = f"../../../node{node.n}"

    def put_nodes(self):
        if not self.nodes:
            return
        nodes = [self.nodes[n] for n in sorted(self.nodes)]
        everyone = [node.n for node in nodes]
        tiers = {}
        for node in nodes:
            self.put_node(node, everyone)
            if node.tier is not None:
                tiers.setdefault(node.tier, []).append(node.n)
        states = {
            "possible": self.possible or everyone,
            "online": everyone,
            "has_cpu": [x.n for x in nodes if x.cpus],
            "has_memory": [x.n for x in nodes if x.memory],
            "has_normal_memory":
                [x.n for x in nodes if x.memory and not x.movable],
            "has_generic_initiator": [x.n for x in nodes if x.generic],
        }
        for name, which in states.items():
            self.text(NODES + name, spelled(which))
        for tier, which in tiers.items():
            self.text("sys/devices/virtual/memory_tiering/"
                      f"memory_tier{tier}/nodelist", spelled(which))

    def put_pci(self, address, keys):
        bus = keys.pop("path", f"pci{address[:7]}")
        device = f"sys/devices/{bus}/{address}"
        names = {"node": "numa_node", "cpus": "local_cpulist",
                 "speed": "current_link_speed", "width": "current_link_width",
                 "max_speed": "max_link_speed", "max_width": "max_link_width"}
        if "speed" in keys:
            keys.setdefault("max_speed", keys["speed"])
            keys.setdefault("max_width", keys["width"])
        for key, value in keys.items():
            if key.endswith("speed"):
                value += " GT/s PCIe"
            if key == "net":
                self.text(f"{device}/net/{value}/type", "1")
                self.files[f"sys/class/net/{value}"] = \
                    f"../../devices/{bus}/{address}/net/{value}"
            else:
                self.text(f"{device}/{names.get(key, key)}", value)
        self.files[f"sys/bus/pci/devices/{address}"] = \
            f"../../../devices/{bus}/{address}"

    def set_levels(self, words):
        """ "10 4:16 64:22": 16 among four neighbours, 22 among 64 """
        levels = [tuple(map(int, w.split(":"))) for w in words[1:]]

        def distance(a, b):
            if a == b:
                return int(words[0])
            return next(d for group, d in levels if a // group == b // group)
        self.distance = distance

    def write(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        made = set()
        for path, what in self.files.items():
            path = posixpath.join(folder, path)
            parent = posixpath.dirname(path)
            if parent not in made:
                os.makedirs(parent, exist_ok=True)
                made.add(parent)
            if isinstance(what, str):
                os.symlink(what, path)
            else:
                with open(path, "wb") as file:
                    file.write(what)


class Reader:
    """Reads one description into a machine."""

    def __init__(self, machine, path):
        self.machine = machine
        self.path = path
        with open(path, encoding="utf-8") as file:
            self.lines = file.read().split("\n")
        self.at = 0
        self.last = []  # what changes files that all the others made

    def fail(self, message):
        sys.exit(f"{self.path}:{self.at}: {message}")

    def block(self):
        """The lines up to an empty one."""
        found = []
        while self.at < len(self.lines) and self.lines[self.at]:
            found.append(self.lines[self.at])
            self.at += 1
        return found

    def read(self):
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if not line or line.startswith("#"):
                continue
            if line.startswith("== "):
                self.section(line[3:])
            elif line.startswith("@"):
                self.directive(*line[1:].split())
            else:
                self.fail("neither a file nor a directive")
        return self.last

    def section(self, rest):
        path, link, target = rest.partition(" -> ")
        what = target if link else "".join(
            line + "\n" for line in self.block()).encode()
        self.last.append(lambda files: files.__setitem__(path, what))

    def small_file(self, folder, line):
        """ "NAME CONTENTS" or "NAME -> TARGET" """
        name, _, rest = line.partition(" ")
        path = f"{folder}/{name}"
        if rest.startswith("-> "):
            self.machine.files[path] = rest[3:]
        else:
            self.machine.text(path, rest)

    def directive(self, name, *words):
        plain = [w for w in words if "=" not in w]
        keys = dict(w.split("=", 1) for w in words if "=" in w)
        keys = {k: v.replace("_", " ") if k == "name" else v
                for k, v in keys.items()}
        machine = self.machine
        if name == "node":
            keys.update((w, "") for w in plain[1:])
            for k, n in enumerate(numbers(plain[0])):
                machine.nodes[n] = Node(n, k, keys)
        elif name == "possible":
            machine.possible = numbers(plain[0])
        elif name == "distances":
            rows = [[int(w) for w in row.split()] for row in self.block()]
            everyone = sorted(machine.nodes)
            if any(len(row) != len(everyone) for row in rows) or \
                    len(rows) != len(everyone):
                self.fail(f"not {len(everyone)} by {len(everyone)}")
            machine.distance = lambda a, b: \
                rows[everyone.index(a)][everyone.index(b)]
        elif name == "levels":
            machine.set_levels(plain)
        elif name == "pci":
            machine.put_pci(plain[0], keys)
        elif name == "hmat":
            machine.files["sys/firmware/acpi/tables/HMAT"] = \
                acpi.hmat(self.block())
        elif name == "files":
            for line in self.block():
                self.small_file(plain[0], line)
        elif name == "include":
            folder = posixpath.dirname(self.path)
            self.last += Reader(machine, posixpath.join(
                folder, plain[0] + ".machine")).read()
        elif name == "remove":
            self.last.append(lambda files: [
                files.pop(path) for path in list(files)
                if re.fullmatch(plain[0] + "(/.*)?", path)])
        elif name == "cut":
            self.last.append(lambda files: files.__setitem__(
                plain[0], files[plain[0]][:int(plain[1])]))
        else:
            self.fail(f"unknown directive @{name}")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    for path in sys.argv[2:]:
        machine = Machine()
        last = Reader(machine, path).read()
        machine.put_nodes()
        for change in last:
            change(machine.files)
        name = posixpath.basename(path).removesuffix(".machine")
        machine.write(posixpath.join(sys.argv[1], name))


if __name__ == "__main__":
    main()
