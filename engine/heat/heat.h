/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Heat: which blocks of memory may move, where they are, what was seen of
 * them.
 *
 * A block is a window of 2 MiB of address space in which some memory of a
 * rule that moves lies; it is one even if that memory is not all of it, or is
 * of several pieces.  Its tier is the one that most of it is on.  A window
 * with less than 64 KiB of such memory is not worth a block.  A block's index
 * stays as long as its window is in use; struct hms_block (planner.h) is the
 * planner's, 32 bytes each, in one array.
 *
 * The range table is walked again when it has changed; the program pays
 * nothing for being followed.
 *
 * One thread, but for hms_sites_*.  Memory is of mappings reserved at the
 * start, of which only what is used is touched.  errno is never touched.
 */
#ifndef HMS_ENGINE_HEAT_HEAT_H
#define HMS_ENGINE_HEAT_HEAT_H

#include "engine/heat/spans.h"
#include "engine/heat/tiers.h"
#include "engine/policy/planner.h"
#include "engine/range.h"
#include "engine/source/source.h"

#define HMS_HEAT_SHIFT 21
#define HMS_HEAT_BLOCK ((uintptr_t)1 << HMS_HEAT_SHIFT)
#define HMS_HEAT_LEAST ((size_t)64 << 10) /* bytes of a window */
#define HMS_HEAT_MOST (UINT32_C(1) << 20) /* blocks: 2 TiB */
#define HMS_HEAT_NONE UINT32_MAX

/* Beside each struct hms_block. */
struct hms_heat_info {
	uint32_t window; /* address >> HMS_HEAT_SHIFT; free: the next free */
	uint32_t bytes; /* of it that may move */
	uint32_t seen; /* 1 + index into seen[]; 0: nothing this time */
	int16_t rule; /* of its first piece */
	uint8_t stamp; /* of the last walk that met it */
	uint32_t
		told; /* what the recording says of it; engine/worker/trace.c */
};

struct hms_heat {
	struct hms_tiers *tiers;
	struct hms_block *blocks;
	struct hms_heat_info *info;
	struct hms_seen *seen; /* of this tick */
	uint32_t most; /* blocks there is room for */
	uint32_t nblocks; /* highest used index + 1 */
	uint32_t top; /* the highest that ever was */
	uint32_t used;
	uint32_t free; /* first of a list, HMS_HEAT_NONE: empty */
	uint32_t nseen;
	uint32_t lost; /* windows without a block: no room */
	uint32_t unknown; /* sights of no block, this tick */
	float exposure; /* of all blocks, this tick */
	uint64_t count[HMS_TIERS]; /* blocks */
	uint64_t bytes; /* that may move */
	uint64_t generation; /* of the range table, as walked */
	uint8_t stamp;
	uint32_t **index; /* by window >> 11: leaves of 2,048 indexes + 1 */
	struct hms_spans spans; /* what sources are to watch */
};

/*
 * most: blocks to have room for at most; fewer where address space is scarce.
 * 0 or -ENOMEM, then nothing is held.
 */
int hms_heat_start(
	struct hms_heat *heat, struct hms_tiers *tiers, uint32_t most);
/* Gives all memory back. */
void hms_heat_stop(struct hms_heat *heat);

/*
 * Walks the range table.  Blocks that came are used and zero, those that went
 * are not used; tiers are as the pieces say.  The new spans are in
 * heat->spans.next, for hms_spans_turn().
 */
void hms_heat_walk(struct hms_heat *heat);

/* The block of an address, or HMS_HEAT_NONE. */
uint32_t hms_heat_find(const struct hms_heat *heat, uintptr_t addr);
static inline uintptr_t hms_heat_address(
	const struct hms_heat *heat, uint32_t block)
{
	return (uintptr_t)heat->info[block].window << HMS_HEAT_SHIFT;
}

/* A tick begins: nothing is seen yet. */
void hms_heat_clear(struct hms_heat *heat);
/* For struct hms_sights; arg is the heat. */
void hms_heat_see(const struct hms_sight *sight, void *heat);
void hms_heat_all(float exposure, void *heat);
/* The block was moved as a whole. */
void hms_heat_moved(struct hms_heat *heat, uint32_t block, unsigned tier);

/* Inside of heat.c and walk.c. */
uint32_t hms_heat_take(struct hms_heat *heat, uint32_t window);
void hms_heat_drop(struct hms_heat *heat, uint32_t block);

/* Mapped memory that costs nothing until it is touched; NULL: refused. */
void *hms_heat_reserve(size_t bytes);

#endif
