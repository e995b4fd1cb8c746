# SPDX-License-Identifier: BSD-2-Clause
"""ACPI tables for what QEMU cannot say.  usage: tables.py TOPOLOGY OUTDIR

QEMU 7.2 knows no generic initiators.  Linux takes tables from an initramfs
over those of the firmware if their revision is higher, so this writes SRAT,
SLIT and HMAT of a topology with `generic` lines.  Nodes lie one after the
other from address 0, below 2 GiB.  Layouts: ACPI 6.4, sections 5.2.16.1 (CPU),
5.2.16.2 (memory), 5.2.16.6 (generic initiator), 5.2.17 (SLIT), 5.2.28 (HMAT).
"""
import struct
import sys

MIB = 1 << 20
sizes, cpus, generics, paths, distances = {}, {}, [], {}, {}


def read(path):
    """The same lines as tests/vm/machine reads."""
    for line in open(path):
        word, *args = line.split("#")[0].split() or [""]
        if word == "node":
            node = int(args[0])
            unit = {"M": MIB, "G": 1024 * MIB}[args[1][-1]]
            sizes[node] = int(args[1][:-1]) * unit
            rest = dict(arg.split("=") for arg in args[2:])
            if "cpus" in rest:
                first, _, last = rest["cpus"].partition("-")
                for cpu in range(int(first), int(last or first) + 1):
                    cpus[cpu] = node
            nearest = int(rest.get("initiator", node))
            paths[nearest, node] = int(rest["latency"]), int(rest["bandwidth"])
            nearest_of[node] = nearest
        elif word == "generic":
            generics.append(int(args[0]))
        elif word == "path":
            paths[int(args[0]), int(args[1])] = int(args[2]), int(args[3])
        elif word == "distance":
            a, b, value = map(int, args)
            distances[a, b] = distances[b, a] = value


def table(name, revision, body):
    head = struct.pack("<4sIBB6s8sI4sI", name, 36 + len(body), revision, 0,
                       b"BOCHS ", b"BXPC    ", 2, b"BXPC", 2)
    whole = bytearray(head + body)
    whole[9] = -sum(whole) & 0xff
    with open(f"{sys.argv[2]}/{name.decode()}.aml", "wb") as out:
        out.write(whole)


def srat():
    body = struct.pack("<I8x", 1)
    for cpu, node in sorted(cpus.items()):
        body += struct.pack("<BBBBIBBBBI", 0, 16, node, cpu, 1, 0, 0, 0, 0, 0)
    start = 0
    for node, size in sorted(sizes.items()):
        ranges = [(start, size)]
        if start == 0:  # without the hole of the PC's first megabyte
            ranges = [(0, 640 << 10), (MIB, size - MIB)]
        for base, length in ranges:
            body += struct.pack("<BBIHQQIIQ", 1, 40, node, 0, base, length,
                                0, 1, 0)
        start += size
    for node in generics:
        # A PCI device's handle: segment 0, 00:01.0.
        body += struct.pack("<BBBBIHH12xII", 5, 32, 0, 1, node, 0, 8, 1, 0)
    table(b"SRAT", 3, body)


def slit():
    count = max([*sizes, *generics]) + 1
    body = struct.pack("<Q", count)
    for a in range(count):
        for b in range(count):
            body += bytes([10 if a == b else distances.get((a, b), 20)])
    table(b"SLIT", 1, body)


def hmat():
    body = struct.pack("<I", 0)
    for node in sorted(sizes):
        body += struct.pack("<HHIHHIIIQQ", 0, 0, 40, 1, 0, nearest_of[node],
                            node, 0, 0, 0)
    initiators = sorted({a for a, _ in paths})
    targets = sorted(sizes)
    # Latency in picoseconds, bandwidth in MB/s, each times the base; 0xffff
    # is "unreachable", 0 "not told".
    for which, (kind, base) in enumerate([(0, 1000), (3, 1024)]):
        entries = [paths.get((i, t), (0, 0))[which]
                   for i in initiators for t in targets]
        part = struct.pack("<BBBBIIIQ", 0, kind, 0, 0, len(initiators),
                           len(targets), 0, base)
        part += struct.pack(f"<{len(initiators)}I", *initiators)
        part += struct.pack(f"<{len(targets)}I", *targets)
        part += struct.pack(f"<{len(entries)}H", *entries)
        body += struct.pack("<HHI", 1, 0, 8 + len(part)) + part
    table(b"HMAT", 2, body)


nearest_of = {}
read(sys.argv[1])
srat()
slit()
hmat()
