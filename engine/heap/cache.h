/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Heap slots that have no private jemalloc: each is an arena of instance 0,
 * and every thread keeps some of its free blocks, by size class, as a stack of
 * pointers.  Taking one and giving one back touch no jemalloc, no lock, and
 * not the block itself, which may be on a slow memory.
 *
 * free() learns a block's class from a byte per page beside the window
 * (window.h): pages of a slab hold one class as long as a block of it lives.
 * Where there are no such bytes (HMS_SLOT_MIXED) jemalloc's own cache serves.
 *
 * What a thread keeps of a slot is at most HMS_CACHE_BYTES, and goes back when
 * it ends.  In a child of fork(), the caches of the threads that are gone are
 * used up by the one that is there.
 *
 * Thread-safe; contracts of malloc(3), errno ENOMEM with NULL.
 */
#ifndef HMS_ENGINE_HEAP_CACHE_H
#define HMS_ENGINE_HEAP_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/heap/instance.h"

/*
 * Blocks up to 32 KiB, as in jemalloc's own caches (opt.lg_tcache_max of
 * jemalloc(3)), which hold 20 to 200 of each class: some 4 MiB in all.
 */
#define HMS_CACHE_LARGEST ((size_t)32 << 10)
#define HMS_CACHE_BYTES ((size_t)512 << 10)

void *hms_cache_malloc(size_t size, unsigned slot) HMS_HIDDEN;
void *hms_cache_calloc(size_t n, size_t size, unsigned slot) HMS_HIDDEN;
/* align: a power of two */
void *hms_cache_memalign(size_t align, size_t size, unsigned slot) HMS_HIDDEN;
void *hms_cache_realloc(void *block, size_t size, unsigned slot) HMS_HIDDEN;
/* The same with memory that is zero, and for a block that there is. */
void *hms_cache_zalign(size_t align, size_t size, unsigned slot) HMS_HIDDEN;
void *hms_cache_realign(
	void *block, size_t align, size_t size, unsigned slot) HMS_HIDDEN;
/* block: in a window of its slot; hms_cache_free_in() wherever it is */
void hms_cache_free(void *block) HMS_HIDDEN;
void hms_cache_free_in(void *block, unsigned slot) HMS_HIDDEN;

/* The same two as functions of one slot; slots.c. */
void *(*hms_cache_malloc_of(unsigned slot))(size_t size)HMS_HIDDEN;
void *(*hms_cache_calloc_of(unsigned slot))(size_t n, size_t size)HMS_HIDDEN;

/* Gives back what this thread keeps, and what threads before a fork kept. */
void hms_cache_flush(void) HMS_HIDDEN;
/* The thread ends: the same, and it has no caches any more. */
void hms_cache_thread_end(void) HMS_HIDDEN;
/* Bytes in all threads' caches; other threads may be changing them. */
size_t hms_cache_bytes(void) HMS_HIDDEN;

#endif
