/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Heap slots: one for each rule that heap calls can match, and the default.
 *
 *   slot 1              instance 0: what no rule redirects
 *   the next three      instances 1 to 3, jemalloc's fast path of their own,
 *                       unless their rule is strict
 *   any beyond          an arena in instance 0, with caches of our own
 *                       (cache.h)
 *
 * A pointer's slot is found by its address (window.h), so every operation on
 * it stays in its own slot's caches: jemalloc would otherwise hand one
 * place's memory out as another's.
 *
 * Thread-safe; contracts of malloc(3); errno as libc would set it.
 */
#ifndef HMS_ENGINE_HEAP_HEAP_H
#define HMS_ENGINE_HEAP_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/heap/instance.h"
#include "engine/heap/window.h"

/*
 * A slot for heap memory of a rule; called once per rule, before threads.
 * HMS_SLOT_DEFAULT for place 0.  HMS_SLOT_NONE if all are taken.
 */
unsigned hms_heap_add(struct hms_place *place, int rule, uint32_t options);

void *hms_heap_malloc(unsigned slot, size_t size);
void *hms_heap_calloc(unsigned slot, size_t n, size_t size);
/* align: a power of two */
void *hms_heap_memalign(unsigned slot, size_t align, size_t size);
/* block: of this slot; stays in it */
void *hms_heap_realloc(unsigned slot, void *block, size_t size);
/*
 * memalign with memory that is zero, and realloc with an alignment; size not
 * 0, as for realloc.
 */
void *hms_heap_zalign(unsigned slot, size_t align, size_t size);
void *hms_heap_realign(unsigned slot, void *block, size_t align, size_t size);
void hms_heap_free(unsigned slot, void *block);
size_t hms_heap_usable(unsigned slot, void *block);

/* Before a slot's first use: what starts then does so on a stack of ours. */
void hms_heap_start(unsigned slot);
/* The instance a slot owns alone, or NULL. */
const struct hms_instance *hms_heap_instance(unsigned slot);
/*
 * A slot's malloc and calloc as functions.  Sizes from 9 on: jemalloc's class
 * of 8 bytes is aligned to 8.
 */
void *(*hms_heap_malloc_of(unsigned slot))(size_t size);
void *(*hms_heap_calloc_of(unsigned slot))(size_t n, size_t size);

/* The thread ends: its caches of arena slots are given back. */
void hms_heap_thread_end(void);
/*
 * This thread has something to give back: hms_heap_thread_end() is to be
 * called when it ends.  Implemented by the composition root.
 */
void hms_thread_watch(void) HMS_HIDDEN;
/* Gives free pages back to the system; malloc_trim(3). */
bool hms_heap_trim(void);

struct hms_heap_stats {
	size_t allocated; /* bytes in live blocks */
	size_t active; /* bytes in pages that hold them */
	size_t mapped; /* bytes of chunks */
	size_t retained; /* bytes of address space kept without pages */
};
void hms_heap_stats(struct hms_heap_stats *sum);

#endif
