# SPDX-License-Identifier: BSD-2-Clause
"""Memory of two extension modules: numpy's arrays, lxml's trees.

Knows nothing of HMS.  Prints lines as where.h does, for every page that a
block touches.  lxml tells no addresses; they are read from its objects.
"""
import collections
import ctypes

import numpy
from lxml import etree

libc = ctypes.CDLL(None, use_errno=True)
MOVE_PAGES = 279  # of x86-64
PAGE = 4096


def ask(pages):
    count = len(pages)
    array = (ctypes.c_void_p * count)(*pages)
    status = (ctypes.c_int * count)()
    if libc.syscall(MOVE_PAGES, 0, ctypes.c_ulong(count), array, None,
                    status, 0):
        raise OSError(ctypes.get_errno(), "move_pages")
    return collections.Counter(
        f"node{s}" if s >= 0 else f"error{-s}" for s in status)


def where(kind, blocks):
    pages = sorted({page for address, length in blocks
                    for page in range(address // PAGE * PAGE,
                                      address + length, PAGE)})
    # One that the kernel is just moving, or making part of a huge page, is
    # not there; reading it waits until that is over.
    for _ in range(10):
        found = ask(pages)
        if all(k.startswith("node") for k in found):
            break
        for page in pages:
            ctypes.string_at(page, 1)
    print(kind, f"pages={len(pages)}",
          *(f"{k}={v}" for k, v in sorted(found.items())), flush=True)


def pointer(address):
    return ctypes.c_void_p.from_address(address).value


class Node(ctypes.Structure):
    """The head of libxml2's xmlNode: libxml/tree.h."""
    _fields_ = [("private", ctypes.c_void_p), ("type", ctypes.c_int),
                ("name", ctypes.c_void_p), ("children", ctypes.c_void_p),
                ("last", ctypes.c_void_p), ("parent", ctypes.c_void_p),
                ("next", ctypes.c_void_p), ("prev", ctypes.c_void_p),
                ("doc", ctypes.c_void_p), ("ns", ctypes.c_void_p),
                ("content", ctypes.c_void_p)]


def node_of(element):
    """An _Element is an object's head, document, node: lxml/etree.h."""
    return Node.from_address(pointer(id(element) + 24))


root = etree.Element("root")
arrays = []
elements = []
own = []
# In turns, so that blocks would lie side by side without rules.
for i in range(300):
    arrays.append(numpy.full(1100 + i * 53 % 5000, i, dtype=numpy.uint8))
    element = etree.SubElement(root, "entry")
    element.text = "words " * (i % 100 + 200)
    elements.append(element)
    own.append(bytearray(b"z") * (1000 + i * 31))
arrays.append(numpy.zeros((1000, 1000)))
arrays[-1] += 1

nodes, texts = [], []
for element in elements:
    node = node_of(element)
    assert ctypes.string_at(node.name) == b"entry"
    text = Node.from_address(node.children)
    assert ctypes.string_at(text.content) == element.text.encode()
    nodes += [(ctypes.addressof(node), 120), (node.children, 88)]
    texts.append((text.content, len(element.text) + 1))
where("arrays", [(a.ctypes.data, a.nbytes) for a in arrays])
where("nodes", nodes)
where("texts", texts)
where("bytearrays", [(ctypes.addressof(
    (ctypes.c_char * len(b)).from_buffer(b)), len(b)) for b in own])
