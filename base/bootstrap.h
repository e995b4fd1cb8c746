/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for the time when there is no heap yet: before libc is initialised,
 * while HMS itself starts, inside dlsym.  A few pages in the library's own
 * data first, then mappings, growing as needed; it never aborts.
 *
 * It also serves a process that no rule touches until those first pages are
 * used up: most small programs end before, and never pay for a heap's start.
 *
 * Blocks are zero, aligned to 16, and never handed out again: a program that
 * does more than a little soon leaves for the heap, which is faster.
 * Lock-free, async-signal-safe.
 */
#ifndef HMS_BASE_BOOTSTRAP_H
#define HMS_BASE_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>

/* NULL, errno ENOMEM, only if the kernel refuses a mapping. */
void *hms_boot_alloc(size_t align, size_t size);
/* The same from the first pages only: NULL when they are used up. */
void *hms_boot_try(size_t align, size_t size);
bool hms_boot_owns(const void *block);
size_t hms_boot_usable(const void *block);
/* Grows the newest block where it stands. */
bool hms_boot_grow(void *block, size_t size);
/* Bytes handed out so far. */
size_t hms_boot_bytes(void);

#endif
