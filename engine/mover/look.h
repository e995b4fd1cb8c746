/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which pages of a span are there, and which of them are huge: one address for
 * each.  PAGEMAP_SCAN tells (Linux 6.7); before, pagemap does, without huge
 * pages: a whole block of 2 MiB may be one, so its first address is tried
 * alone.  Source: the kernel's admin-guide/mm/pagemap.rst.
 */
#ifndef HMS_ENGINE_MOVER_LOOK_H
#define HMS_ENGINE_MOVER_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HMS_LOOK_PAGES 512

/* Pages found; the caller's, some 8 KiB. */
struct hms_look {
	unsigned n;
	uintptr_t next; /* where to look on; end: all has been seen */
	void *addr[HMS_LOOK_PAGES];
	uint32_t bytes[HMS_LOOK_PAGES]; /* inside the span */
};

/*
 * Adds pages of [look->next, end) until look is full.  guess: where nobody
 * tells what is huge, take a full, aligned 2 MiB for one page.
 * 0 or -errno (nothing was added).
 */
int hms_look(struct hms_look *look, uintptr_t end, bool guess);
/*
 * Which of n pages from start on have contents, in memory or in swap; n at
 * most HMS_LOOK_PAGES.  0 or -errno.
 */
int hms_look_filled(uintptr_t start, unsigned n, bool *filled);
/* 0: no page of it has contents; -EEXIST: one has; or -errno. */
int hms_look_empty(uintptr_t start, size_t len);
/*
 * Bytes of [start, start+len) that are mapped from a file or device; 0 too
 * where it cannot be known.
 */
size_t hms_look_mapped(uintptr_t start, size_t len);
/* In a forked child, and when done: the descriptor is closed. */
void hms_look_close(void);

#endif
