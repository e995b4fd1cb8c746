/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which offsets of a file or device are free.  Numbers only: reserving and
 * punching the blocks behind them is the caller's work.  Units are bytes.
 * No locks, no system calls but for nodes (engine/target/extent.h).
 */
#ifndef HMS_ENGINE_TARGET_BLOCKS_H
#define HMS_ENGINE_TARGET_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/target/extent.h"

/* The limit of what has none but off_t's. */
#define HMS_BLOCKS_UNLIMITED ((uint64_t)INT64_MAX)

struct hms_blocks {
	struct hms_extents free; /* below end; neighbours are merged */
	uint64_t end; /* nothing at or above was ever taken, or is now */
	uint64_t limit; /* end never passes it */
	uint64_t unused; /* bytes in free */
	uint64_t lost; /* bytes that no node was left to remember */
};

void hms_blocks_setup(struct hms_blocks *blocks, uint64_t limit);
/*
 * Takes len bytes at an offset that equals phase modulo align, a power of
 * two; lowest first, new ones only if none fits.  0 or -ENOSPC or -ENOMEM.
 */
int hms_blocks_take(struct hms_blocks *blocks, uint64_t len, uint64_t align,
	uint64_t phase, uint64_t *offset);
/* Takes exactly [offset, offset+len) if all of it is free. */
bool hms_blocks_take_at(
	struct hms_blocks *blocks, uint64_t offset, uint64_t len);
/* Gives back what was taken, whole or in parts. */
void hms_blocks_give(struct hms_blocks *blocks, uint64_t offset, uint64_t len);
/* The longest span that could be taken now, without regard to alignment. */
uint64_t hms_blocks_largest(struct hms_blocks *blocks);
/* Bytes free in all. */
uint64_t hms_blocks_room(const struct hms_blocks *blocks);
/* Removes and returns the lowest free span; false if there is none. */
bool hms_blocks_pop(struct hms_blocks *blocks, uint64_t *offset, uint64_t *len);
/* Forgets everything. */
void hms_blocks_reset(struct hms_blocks *blocks);

#endif
