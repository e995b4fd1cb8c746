# SPDX-License-Identifier: BSD-2-Clause
"""ACPI tables as firmware writes them.

Source: ACPI 6.5, 5.2.6 (header) and 5.2.28.4 (HMAT, structure type 1:
system locality latency and bandwidth information).
"""
import struct

# 5.2.28.4, data type
TYPES = {"latency": 0, "read-latency": 1, "write-latency": 2,
         "bandwidth": 3, "read-bandwidth": 4, "write-bandwidth": 5}


def table(signature, revision, body):
    head = struct.pack("<4sIBB6s8sI4sI", signature.encode(), 36 + len(body),
                       revision, 0, b"HMSTST", b"RECORDED", 1, b"HMS ", 1)
    whole = bytearray(head + body)
    whole[9] = -sum(whole) & 0xff
    return bytes(whole)


def locality(kind, base, initiators, targets, rows):
    """One matrix; base is in picoseconds (latency) or MB/s (bandwidth)."""
    cells = [value for row in rows for value in row]
    size = 32 + 4 * len(initiators) + 4 * len(targets) + 2 * len(cells)
    return struct.pack(
        f"<HHIBBBBIIIQ{len(initiators)}I{len(targets)}I{len(cells)}H",
        1, 0, size, 0, TYPES[kind], 0, 0, len(initiators), len(targets), 0,
        base, *initiators, *targets, *cells)


def hmat(lines):
    """
    Lines: "KIND INITIATORS TARGETS", then a row of values per initiator;
    latency in ns, bandwidth in MB/s (multiples of 100).  "-": unreachable.
    """
    body, matrix = b"", None
    for line in lines + ["end"]:
        words = line.split()
        if words[0] in TYPES or words[0] == "end":
            if matrix:
                body += locality(*matrix)
            if words[0] == "end":
                break
            fast = words[0].endswith("bandwidth")
            # Entry base unit: picoseconds per unit, or MB/s per unit.
            matrix = (words[0], 100 if fast else 1000,
                      [int(w) for w in words[1].split(",")],
                      [int(w) for w in words[2].split(",")], [])
        else:
            unit = 100 if matrix[0].endswith("bandwidth") else 1
            matrix[4].append([0xffff if w == "-" else int(w) // unit
                              for w in words])
    return table("HMAT", 2, struct.pack("<I", 0) + body)
