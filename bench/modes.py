# SPDX-License-Identifier: BSD-2-Clause
"""The ways to run a program: one allocator, or HMS with one policy each."""

import os
from collections import namedtuple

LIBDIRS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
           "/usr/lib64", "/usr/lib")

# name: column; preload: file name, None for none, "hms" for ours;
# package: what Debian calls it; what: one line for people
Mode = namedtuple("Mode", "name preload package env what")


# {half} in a mode's environment: the program's own rules, {tmp}: its folder
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
    hms("from", "every call asks who made it, no module is meant",
        "heap, from no-such-module -> node:0"),
    hms("from=", "every call asks who made it, and is placed",
        'heap, from "*" -> node:0'),
    hms("via", "every call looks at its stack, no function is meant",
        "heap, via no_such_function -> node:0"),
    hms("via=", "every call looks at its stack, and is placed",
        'heap, via "*main" -> node:0'),
    hms("report", "no rules, calls counted, report written",
        HMS_REPORT="/dev/null", HMS_SITES="off"),
]


def unwind(name, how, what):
    return Mode(name, "unwind", "libunwind-dev", {"BENCH_UNWIND": how}, what)


# For `bench/run --sites`, or by name.
MODES_OF_SITES = [
    hms("from/2", "every call asks who made it, about half are placed",
        "{half}"),
    hms("sampled", "no rules, accounts of sites, sampled",
        HMS_REPORT="{tmp}/report.%p.json", HMS_SITES="sampled"),
    hms("exact", "no rules, accounts of sites, every call",
        HMS_REPORT="{tmp}/report.%p.json", HMS_SITES="exact"),
    unwind("unwind8", "libunwind:8",
           "jemalloc, behind one lock and unw_backtrace of 8 frames"),
    unwind("unwind", "libunwind:128",
           "the same, all frames (128 at most)"),
    unwind("backtrace", "libc:128",
           "jemalloc, behind one lock and glibc's backtrace: FlexMalloc's way"),
]


def library_path(name, builddir):
    if name == "hms":
        paths = [os.path.join(builddir, ".libs", "libhms_preload.so")]
    elif name == "unwind":
        paths = [os.path.join(builddir, "bench/.libs/libunwind_each.so")]
    else:
        paths = [os.path.join(d, name) for d in LIBDIRS]
    return next((p for p in paths if os.path.exists(p)), None)


def find_library(mode, builddir):
    """LD_PRELOAD, "" for none, None if something is not there."""
    names = {None: [], "unwind": ["unwind", "libjemalloc.so.2"]}.get(
        mode.preload, [mode.preload])
    paths = [library_path(name, builddir) for name in names]
    return None if None in paths else ":".join(paths)


def environment(mode, library):
    """What launch adds to the program's environment."""
    env = dict(mode.env)
    if library:
        env["LD_PRELOAD"] = library
    return env
