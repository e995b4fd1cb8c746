/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that a file or a DAX device backs, as shims and heaps see it: shared
 * mappings where the program believes it has private anonymous memory.  These
 * calls keep up the belief.
 *
 * Addresses and lengths are page aligned.  All are thread-safe: one lock for
 * all such targets, held across system calls, never across a call into libc
 * or the range table.  0 or -errno; errno is never touched.
 */
#ifndef HMS_ENGINE_TARGET_BACKED_H
#define HMS_ENGINE_TARGET_BACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/target/target.h"

/* True if there has ever been such memory; cheap. */
bool hms_backed_any(void);
/*
 * The first backed part of [start, end), cut to it.  False if there is none:
 * parts that lost their blocks are anonymous memory like any other.
 */
bool hms_backed_next(
	uintptr_t start, uintptr_t end, uintptr_t *from, uintptr_t *to);
/*
 * Is all of [start, end) shared with its file?  0; -EPERM: some of it is a
 * private copy since a fork; -ENOENT: not all of it is backed.
 */
int hms_backed_shared(uintptr_t start, uintptr_t end);
/*
 * [addr, addr+len) reads as zero afterwards and its blocks are still
 * reserved; parts that are not backed get MADV_DONTNEED.  For heaps that
 * purge, and for the program's own MADV_DONTNEED.  0, or -errno: nothing has
 * changed.  target: any of the range's; it is not looked at.
 */
int hms_target_zero(struct hms_target *target, void *addr, size_t len);
/* The program changed the protection, by mprotect(2); remembered for fork. */
void hms_backed_protect(uintptr_t start, uintptr_t end, int prot);
/* mremap(2) moved [start, start+len) to now; once more does no harm. */
void hms_backed_move(uintptr_t start, uintptr_t now, size_t len);
/*
 * Turns backed parts into private anonymous memory with the same contents and
 * protection; for what files cannot do (MADV_WIPEONFORK, PROT_EXEC on a
 * noexec mount, the program's own mbind).  A thread that writes there
 * meanwhile may lose its write.
 */
int hms_backed_detach(uintptr_t start, uintptr_t end);
/*
 * Device DAX refuses to split its mappings but at its own granule.  Makes it
 * safe to unmap or protect [start, end): what the edges cut is detached.
 */
int hms_backed_cut(uintptr_t start, uintptr_t end);

#endif
