# SPDX-License-Identifier: BSD-2-Clause
"""The ways to run a program: one allocator, or HMS with one policy each."""

import os
from collections import namedtuple

LIBDIRS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
           "/usr/lib64", "/usr/lib")

# name: column; preload: file name, None for none, "hms" for ours;
# package: what Debian calls it; what: one line for people
Mode = namedtuple("Mode", "name preload package env what")


def hms(name, what, policy=None, **env):
    if policy:
        env["HMS_POLICY"] = policy
    return Mode(name, "hms", None, env, what)


def nth(n):
    """A policy whose n-th place every call hits; no block is large enough
    for the places before it."""
    rules = [f"heap, size >= {2 ** (20 - i)}G -> node:0"
             for i in range(1, n)]
    return "; ".join(rules + ["heap -> node:0"])


MODES = [
    Mode("glibc", None, None, {}, "no preload"),
    Mode("jemalloc", "libjemalloc.so.2", "libjemalloc2", {},
         "the base of every ratio"),
    Mode("mimalloc", "libmimalloc.so.2", "libmimalloc2.0", {}, "a peer"),
    Mode("tcmalloc", "libtcmalloc_minimal.so.4", "libgoogle-perftools4", {},
         "a peer"),
    Mode("tbbmalloc", "libtbbmalloc_proxy.so.2", "libtbbmalloc2", {},
         "a peer"),
    hms("off", "HMS_DISABLE=1: every call goes to libc", HMS_DISABLE="1"),
    hms("none", "HMS without rules"),
    hms("miss", "one rule by size, which nothing hits",
        "heap, size >= 1T -> node:0"),
    hms("64K", "one rule by size, hit from 64 KiB on",
        "heap, size >= 64K -> node:0"),
    hms("hit", "one rule, hit by every call", nth(1)),
    hms("2nd", "hit by every call, second place of the policy", nth(2)),
    hms("3rd", "hit by every call, third place of the policy", nth(3)),
    hms("4th", "hit by every call, no private heap left for it", nth(4)),
    hms("report", "no rules, calls counted, report written",
        HMS_REPORT="/dev/null"),
]


def find_library(mode, builddir):
    """The preload's path, "" for none, None if it is not there."""
    if mode.preload is None:
        return ""
    if mode.preload == "hms":
        paths = [os.path.join(builddir, ".libs", "libhms_preload.so")]
    else:
        paths = [os.path.join(d, mode.preload) for d in LIBDIRS]
    return next((p for p in paths if os.path.exists(p)), None)


def environment(mode, library):
    """What launch adds to the program's environment."""
    env = dict(mode.env)
    if library:
        env["LD_PRELOAD"] = library
    return env
