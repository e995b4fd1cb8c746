/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pieces of the range table, sorted by address, in memory of our own.
 * Neighbours that say the same become one, so the table stays as small as the
 * kernel's own list of mappings.  Knows nothing of locks, targets or counts:
 * range.c holds the lock.  Nodes come from mappings that are kept for reuse.
 */
#ifndef HMS_ENGINE_TREE_H
#define HMS_ENGINE_TREE_H

#include "engine/range.h"

/*
 * Adds a piece that overlaps none.  stripe: only interleaving cut it off the
 * one before.  0 or -ENOMEM.
 */
int hms_tree_add(const struct hms_range *range, bool stripe);
/*
 * Takes what the lowest piece that overlaps [start, end) has in it out of the
 * table; false if there is none.  If a piece must be split and no memory is
 * left for that, its part above end is gone too, told in lost (else empty).
 */
bool hms_tree_take(uintptr_t start, uintptr_t end, struct hms_range *taken,
	struct hms_range *lost);
/* The lowest piece that overlaps [start, end), whole; NULL if none. */
const struct hms_range *hms_tree_first(uintptr_t start, uintptr_t end);
/* The one after a piece that hms_tree_first() or this gave; NULL if none. */
const struct hms_range *hms_tree_after(const struct hms_range *range);
/* To change what such a piece says, but not where it is. */
struct hms_range *hms_tree_edit(const struct hms_range *range);
/* Pieces, and those of them that are stripes; any thread, no lock. */
size_t hms_tree_count(void);
size_t hms_tree_stripes(void);

#endif
