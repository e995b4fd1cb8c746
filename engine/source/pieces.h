/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a source watches: pieces of the address space, sorted, apart from each
 * other.  For the worker thread only.
 */
#ifndef HMS_ENGINE_SOURCE_PIECES_H
#define HMS_ENGINE_SOURCE_PIECES_H

#include "base/array.h"
#include "engine/source/source.h"

struct hms_watched {
	struct hms_watch watch;
	uint64_t before; /* bytes of all pieces before this one */
	/* The source's own, copied when a piece is cut; such are not joined. */
	uint64_t state[4];
};

/* All zero is none. */
struct hms_pieces {
	struct hms_array array; /* struct hms_watched */
	uint64_t total;
	bool changed; /* sums have to be made anew */
};

/*
 * Replaces what overlaps it, and is joined with neighbours of its kind that
 * have no state; NULL if there is no memory.
 */
struct hms_watched *hms_pieces_add(
	struct hms_pieces *pieces, const struct hms_watch *watch);
/* Cuts pieces at the edges; 0 or -ENOMEM (then more is forgotten). */
int hms_pieces_drop(struct hms_pieces *pieces, uintptr_t start, uintptr_t end);
/* The piece that holds addr, or NULL. */
struct hms_watched *hms_pieces_find(
	const struct hms_pieces *pieces, uintptr_t addr);
/* The first piece that ends behind addr; NULL if there is none. */
struct hms_watched *hms_pieces_from(
	const struct hms_pieces *pieces, uintptr_t addr);
/* Of all pieces. */
uint64_t hms_pieces_bytes(struct hms_pieces *pieces);
/* Address of the nth watched byte, n < hms_pieces_bytes(). */
uintptr_t hms_pieces_at(struct hms_pieces *pieces, uint64_t n);
/* Watched bytes of the block that addr is in. */
size_t hms_pieces_in_block(const struct hms_pieces *pieces, uintptr_t addr);
void hms_pieces_free(struct hms_pieces *pieces);

static inline size_t hms_pieces_count(const struct hms_pieces *pieces)
{
	return pieces->array.count;
}

static inline struct hms_watched *hms_pieces_nth(
	const struct hms_pieces *pieces, size_t i)
{
	return (struct hms_watched *)pieces->array.items + i;
}

#endif
