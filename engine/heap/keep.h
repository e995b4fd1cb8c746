/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where threads keep their caches (cache.h): one table per thread, one cache
 * per slot that it uses, in mappings of their own.  What ended threads leave
 * is used again; of more than a few the memory goes back.
 *
 * Thread-safe; one lock, under which nothing of jemalloc's is called.
 */
#ifndef HMS_ENGINE_HEAP_KEEP_H
#define HMS_ENGINE_HEAP_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/heap/window.h"

/* jemalloc's classes from 16 B to 32 KiB are 40; class 0 is what has none. */
#define HMS_CACHE_CLASSES 48
/*
 * A stack begins with room for so many pointers, next to the others': two
 * pages serve a thread that does little.  When it grows it moves, to where
 * there is room for 64 KiB of blocks; that takes 12,000 pointers in all.
 */
#define HMS_CACHE_NEAR 16
#define HMS_CACHE_FAR (HMS_CACHE_CLASSES * HMS_CACHE_NEAR)
#define HMS_CACHE_POINTERS (HMS_CACHE_FAR + 14336)

/*
 * Blocks block[low] to block[at - 1] are free; at most up to high.  Whoever
 * writes keeps this true at every moment, so that a child of fork() finds it
 * true of threads that it does not have; at below low: none are free.
 */
struct hms_bin {
	uint32_t at, low, high;
	uint16_t fetch; /* how many to ask jemalloc for next time */
	uint16_t seen; /* at less low, when its room was last asked for */
};

struct hms_cache {
	struct hms_bin bin[HMS_CACHE_CLASSES];
	size_t bytes; /* that the stacks may hold up to their high */
	unsigned hand; /* the class whose room another one takes next */
	struct hms_cache *next; /* spare, or left by a thread before fork */
	void *block[HMS_CACHE_POINTERS];
};

struct hms_keep {
	struct hms_cache *of[HMS_SLOTS + 1]; /* &hms_cache_none: none yet */
	uint16_t tcache[HMS_SLOTS]; /* jemalloc's, plus 1; 0: none */
	uint8_t calls[HMS_SLOTS]; /* that reached jemalloc; stops at 255 */
	struct hms_keep *next, *prev; /* all threads; next: spare */
};

/* Full and empty at once, so every call finds its way past it. */
extern struct hms_cache hms_cache_none __attribute__((visibility("hidden")));
extern struct hms_keep hms_keep_none __attribute__((visibility("hidden")));
/* This thread's, or hms_keep_none. */
extern __thread struct hms_keep *hms_keep
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

/* A table for this thread; false if there is no memory. */
bool hms_keep_make(void);
/* This thread has none any more; its caches were put back. */
void hms_keep_drop(void);
/* A cache whose bins are not set, or NULL. */
struct hms_cache *hms_cache_get(void);
void hms_cache_put(struct hms_cache *cache);
/* A cache of this slot that no thread has since a fork, or NULL. */
struct hms_cache *hms_cache_orphan(unsigned slot);
/* Calls fn for each thread's cache of each slot, with the lock. */
void hms_keep_each(
	void (*fn)(const struct hms_cache *cache, void *arg), void *arg);

void hms_keep_before_fork(void);
void hms_keep_after_fork(bool child);

#endif
