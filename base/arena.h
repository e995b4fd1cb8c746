/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of HMS itself: a bump allocator over anonymous mappings, freed as a
 * whole.  It never calls malloc, which is what we interpose.  Not thread-safe:
 * each arena belongs to whoever holds it.
 */
#ifndef HMS_BASE_ARENA_H
#define HMS_BASE_ARENA_H

#include <stddef.h>

struct hms_arena_chunk;

/* All zero is an empty arena, ready for use. */
struct hms_arena {
	struct hms_arena_chunk *chunks;
	size_t total; /* bytes mapped */
};

/* Zeroed memory, aligned to 16; NULL if the kernel refuses. */
void *hms_arena_alloc(struct hms_arena *arena, size_t size);
/* A copy of len bytes of text, ended with a 0; NULL as above. */
char *hms_arena_strndup(struct hms_arena *arena, const char *text, size_t len);
char *hms_arena_strdup(struct hms_arena *arena, const char *text);
/* Gives everything back; the arena is empty and usable again. */
void hms_arena_free(struct hms_arena *arena);

#endif
