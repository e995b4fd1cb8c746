# SPDX-License-Identifier: BSD-2-Clause
"""Where is a Python program's memory?  usage: where.py MIB [NODE]

Knows nothing of HMS.  Prints lines as where.h does.  With NODE, some memory
is bound to it by libnuma.
"""
import collections
import ctypes
import sys

libc = ctypes.CDLL(None, use_errno=True)
MOVE_PAGES = 279  # of x86-64
PAGE = 4096


def where(kind, blocks):
    """Asks the kernel for the pages wholly inside each (address, length)."""
    pages = []
    for address, length in blocks:
        first = (address + PAGE - 1) // PAGE * PAGE
        pages += range(first, (address + length) // PAGE * PAGE, PAGE)
    count = len(pages)
    array = (ctypes.c_void_p * count)(*pages)
    status = (ctypes.c_int * count)()
    if libc.syscall(MOVE_PAGES, 0, ctypes.c_ulong(count), array, None,
                    status, 0):
        raise OSError(ctypes.get_errno(), "move_pages")
    found = collections.Counter(
        f"node{s}" if s >= 0 else f"error{-s}" for s in status)
    print(kind, f"pages={count}",
          *(f"{k}={v}" for k, v in sorted(found.items())))


def address_of(buffer):
    return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))


size = int(sys.argv[1]) << 20
block = bytearray(b"x") * size
where("bytearray", [(address_of(block), size)])
chunks = [bytearray(b"y") * (64 << 10) for _ in range(size >> 16)]
where("bytearrays", [(address_of(c), len(c)) for c in chunks])
numbers = ctypes.create_string_buffer(size)
ctypes.memset(numbers, 1, size)
where("ctypes", [(ctypes.addressof(numbers), size)])
try:
    numa = ctypes.CDLL("libnuma.so.1")
except OSError:
    numa = None
if numa and len(sys.argv) > 2:
    numa.numa_alloc_onnode.restype = ctypes.c_void_p
    numa.numa_alloc_onnode.argtypes = ctypes.c_size_t, ctypes.c_int
    own = numa.numa_alloc_onnode(size, int(sys.argv[2]))
    ctypes.memset(own, 1, size)
    where("numa_alloc_onnode", [(own, size)])
