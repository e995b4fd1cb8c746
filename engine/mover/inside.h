/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the mover share; all of it under the mover's lock. */
#ifndef HMS_ENGINE_MOVER_INSIDE_H
#define HMS_ENGINE_MOVER_INSIDE_H

#include "engine/mover/mover.h"

/* A transfer on its way. */
struct hms_moving {
	struct hms_transfer *t;
	struct hms_retarget charge;
	/* pages.c: as the last look found it, in bytes */
	size_t there, left, moved;
	bool torn; /* in part moved: is to come back */
	int worst; /* page error that weighs most, -errno; 0: none */
};

/* Blocks moved together: a batch of huge pages is full with so many. */
#define HMS_MOVE_BATCH 128

/*
 * node -> node: moves n blocks that are charged, and fills in `moved`, `left`
 * and `result` of their transfers.
 */
void hms_pages_move(struct hms_moving *moving, unsigned n);
/* 0, or -EPERM once the kernel has refused move_pages(2). */
int hms_pages_supported(void);

void hms_move_count_page(enum hms_move_page end, uint64_t n);
void hms_move_count_undone(uint64_t undone, uint64_t stray);

/*
 * What the program has locked, as far as it is known; see locked.c.
 * refresh: once per hms_move().
 */
void hms_locked_refresh(void);
bool hms_locked(uintptr_t start, uintptr_t end);

/*
 * A block of which the mapping changes; range: what the table says of it now.
 * Charges it, and fills in the transfer.
 */
void hms_remap_move(struct hms_transfer *t, const struct hms_range *range);
int hms_remap_supported(
	const struct hms_target *from, const struct hms_target *to);
/* After the last block of a batch: descriptors are closed. */
void hms_remap_rest(void);
/* In a forked child. */
void hms_remap_after_fork(void);
/* Has this process, or one before it, ever forked under our eyes? */
bool hms_move_has_forked(void);

/* The locks of hms_mover_setup(). */
void hms_move_lock_maps(void);
void hms_move_unlock_maps(void);

#endif
