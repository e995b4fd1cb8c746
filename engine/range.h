/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The range table: every piece of the address space that HMS bound, with the
 * rule that asked for it.  Heap windows' chunks, mapped ranges and brk memory
 * stand in the same table; the report walks it and asks the kernel.
 *
 * Thread-safe: one lock around the table, never held across a call into libc
 * or a target.  Nodes come from HMS's own memory.  errno is never touched.
 */
#ifndef HMS_ENGINE_RANGE_H
#define HMS_ENGINE_RANGE_H

#include "engine/place.h"

enum hms_range_kind {
	HMS_RANGE_HEAP, /* a chunk of a heap window */
	HMS_RANGE_MAP, /* mmap, mremap */
	HMS_RANGE_BRK,
	HMS_RANGE_SHM, /* shmat */
};

/* One piece; [start, end) is page aligned.  Copied out, never pointed to. */
struct hms_range {
	uintptr_t start, end;
	struct hms_place *place;
	struct hms_target *target; /* NULL: shared by a step, or none */
	int rule;
	int step; /* which step of the place took it; -1: none did */
	uint32_t options; /* enum hms_option */
	enum hms_range_kind kind;
	/* Who asked, if it may move (engine/heat/sites.h); else 0. */
	uint16_t site;
	/*
	 * PROT_NONE so far: charged to nothing and counted nowhere.  Bound
	 * if a node target alone makes up the first step, else step is -1.
	 */
	bool reserve;
};

/* Called once, before the first bind. */
void hms_ranges_setup(const struct hms_places *places);

/*
 * Binds fresh memory (see hms_place_bind) and remembers the pieces.  What
 * `as` says of start, end, place, rule, options, kind and reserve holds for
 * all of them.  Pieces that stood there are dropped first, so a reservation
 * that comes into use is bound again, without reserve.
 * 0 or -ENOMEM (strict): then nothing is remembered.
 */
int hms_range_bind(const struct hms_range *as, int prot);
/* [start, end) is unmapped or covered: released and forgotten, splits too. */
void hms_range_drop(uintptr_t start, uintptr_t end);
/*
 * The application bound it itself: forgotten, left exactly as it is.
 * Limits are given back.  Pieces on file or DAX targets stay known, because
 * unmapping them must free their blocks.
 */
void hms_range_strike(uintptr_t start, uintptr_t end);
/*
 * mremap moved a range, in whole pages; policies of node targets moved along.
 * What a smaller new one has no room for is dropped; what a bigger one has
 * more is fresh memory, for hms_range_bind().
 */
void hms_range_move(uintptr_t old_start, uintptr_t old_end, uintptr_t new_start,
	uintptr_t new_end);
/* What HMS must never move: pieces in [start, end) get HMS_BIND_STAYS. */
void hms_range_stay(uintptr_t start, uintptr_t end);

/* A move that is under way; the caller's, from begin until end. */
struct hms_retarget {
	struct hms_range was; /* the part that moves, as the table has it */
	struct hms_target *to;
	int step;
	uintptr_t gone_start, gone_end; /* what left the table meanwhile */
	struct hms_retarget *next;
};

/*
 * [start, end), all of it in one piece, is to become memory of `to`, a target
 * of step `step` of its place.  Its charges are made, within limits and room;
 * the table says the old until the end.
 * 0; -ENOENT: it is not in one piece, or known; -EPERM: it is not to move;
 * -EINVAL: no such step or target; -ENOSPC.
 */
int hms_range_retarget_begin(uintptr_t start, uintptr_t end,
	struct hms_target *to, int step, struct hms_retarget *r);
/*
 * The same of memory that was found to be there already, moved by others:
 * limits are charged whatever they say.  -ENOSPC: but for a limit that others
 * share, and that is used up.  To be ended with moved = true.
 */
int hms_range_retarget_found(uintptr_t start, uintptr_t end,
	struct hms_target *to, int step, struct hms_retarget *r);
/* Is all of it still as it was when the move began? */
bool hms_range_retarget_whole(const struct hms_retarget *r);
/*
 * moved: what is still there as it was now is the new target's: the table is
 * split for it, and joined; the old charges are given back.  Else nothing has
 * changed, and the new ones are.  Bytes that the table changed for.
 */
size_t hms_range_retarget_end(struct hms_retarget *r, bool moved);

/* The piece that holds addr. */
bool hms_range_find(uintptr_t addr, struct hms_range *out);
/* The first piece that overlaps [start, end), for walking a span. */
bool hms_range_next(uintptr_t start, uintptr_t end, struct hms_range *out);
/* Number of pieces now; 0 lets shims of unruled programs leave at once. */
size_t hms_range_count(void);
/* Calls fn for each piece, lowest first, without holding the lock. */
void hms_range_each(
	void (*fn)(const struct hms_range *range, void *arg), void *arg);
/*
 * A number that is another one after any piece came, went or changed; and
 * bytes of pieces whose rule lets them move.  Any thread, no lock.
 */
uint64_t hms_range_generation(void);
uint64_t hms_range_moving(void);
/*
 * fn is called as often as such memory comes, with locks held, maybe inside
 * an allocation: it may do no more than set flags.  Before `live`.
 */
void hms_range_on_moving(void (*fn)(void));
/* Pieces that no memory was left to remember, since the start. */
size_t hms_range_lost(void);
/* Pieces that only interleaving cut off: mappings the program has more. */
size_t hms_range_stripes(void);

/* fork: held across it in the parent, released on both sides. */
void hms_ranges_before_fork(void);
void hms_ranges_after_fork(bool child);

#endif
