/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Heap slots as arenas of instance 0: jemalloc(3)'s mallocx family with the
 * arena and a cache named in each call.  Below the caches of cache.h.
 *
 * Thread-safe.  NULL if there is no memory; errno is then anything.
 */
#ifndef HMS_ENGINE_HEAP_SHARED_H
#define HMS_ENGINE_HEAP_SHARED_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/heap/instance.h"

#define HMS_SHARED_ZERO 0x40 /* MALLOCX_ZERO */

static inline int hms_shared_align(size_t align) /* MALLOCX_ALIGN */
{
	return __builtin_ctzl(align);
}

/*
 * Is this thread one that can keep something?  Not when it is near its end,
 * when it is served from the default heap, or if there is no memory for it.
 */
bool hms_shared_ready(void) HMS_HIDDEN;

/* flags: of the two above */
void *hms_shared_alloc(unsigned slot, size_t size, int flags) HMS_HIDDEN;
void *hms_shared_realloc(
	unsigned slot, void *block, size_t size, int flags) HMS_HIDDEN;
void hms_shared_free(void *block, unsigned slot) HMS_HIDDEN;
/* The bytes that a block of hms_shared_alloc() has. */
size_t hms_shared_usable(size_t size, int flags) HMS_HIDDEN;
/* Up to n blocks of one size; how many there were. */
size_t hms_shared_fetch(
	unsigned slot, size_t size, size_t n, void **blocks) HMS_HIDDEN;

/* jemalloc's caches of this thread: emptied, or given back. */
void hms_shared_flush(void) HMS_HIDDEN;
void hms_shared_thread_end(void) HMS_HIDDEN;

#endif
