/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Movers: carry out moves of memory between targets, at the same address,
 * while the program uses it.
 *
 *	node -> node		move_pages(2), in batches, huge pages whole
 *	node -> file, device	take the pages away, copy, map the file there
 *	file, device -> node	map empty memory there, copy, hand in the pages
 *	file -> file		both halves
 *
 * A block moves whole or stays whole: if some of its pages cannot go, those
 * that went come back.  Whoever touches a block of which the mapping changes
 * waits, for some 0.1 to 1 ms, also inside system calls (userfaultfd(2)).
 *
 * What cannot be moved without risk to data is not moved: the answer says
 * why.  Never touches memory that is locked, pinned for devices, bound by the
 * program itself, or under a rule with `pin`.
 *
 * The worker thread calls these, one at a time; none is safe in a signal
 * handler.  0 or -errno; errno is never touched.  Sources: the man pages of
 * the calls; the kernel's admin-guide/mm/userfaultfd.rst and pagemap.rst.
 */
#ifndef HMS_ENGINE_MOVER_H
#define HMS_ENGINE_MOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/place.h"
#include "engine/range.h"

/* One block to move, of one piece of the range table. */
struct hms_transfer {
	uintptr_t start, end; /* page aligned, within one piece */
	struct hms_target *to; /* a target of step `step` of its place */
	int step;
	/* Filled in: */
	int result; /* 0: all that is there is now on `to`; -errno */
	size_t moved; /* bytes that changed place, as read back */
	size_t left; /* bytes still elsewhere */
	uint64_t ns; /* it took; of moves made together, its share */
};

/*
 * The locks of those who map and unmap: windows and map shims.  Taken for
 * blocks of which the mapping changes, one at a time, before those of ranges
 * and targets, with the guard entered.  Set before the first move; NULL: there
 * are none.
 */
void hms_mover_setup(void (*lock)(void), void (*unlock)(void));

/*
 * Moves a batch.  Charges of limits and rooms go along before anything moves,
 * and come back if it does not: a limit is never exceeded.  Results:
 *	-ENOSPC		no room on `to`, or a limit is reached
 *	-EBUSY		pages are in use (pinned, shared with a child since
 *			fork(2), about to be written by a device); try later
 *	-EPERM		locked, bound by the program, a rule pins it, or
 *			refused by the kernel
 *	-ENOENT		nothing is there, or it has gone meanwhile
 *	-EINVAL		no such target in that step of the range's place
 *	-EOPNOTSUPP	this kernel cannot do it safely
 */
void hms_move(struct hms_transfer *transfers, unsigned n);

/*
 * Can memory move from and to such targets here?  Probed once.  0, -EPERM
 * (refused, such as by a container's filter), -EOPNOTSUPP.
 */
int hms_move_supported(
	const struct hms_target *from, const struct hms_target *to);

/* Targets by index; the last one is for all others and for shared pieces. */
#define HMS_MOVE_TARGETS 32

/* What became of moves, since the start.  Counters: relaxed atomics. */
enum hms_move_end {
	HMS_MOVE_DONE,
	HMS_MOVE_NOSPC,
	HMS_MOVE_BUSY,
	HMS_MOVE_PERM,
	HMS_MOVE_NOENT,
	HMS_MOVE_UNSUPPORTED,
	HMS_MOVE_OTHER,
	HMS_MOVE_ENDS
};

/* What the kernel said of single pages that did not go. */
enum hms_move_page {
	HMS_PAGE_BUSY, /* EBUSY: in use: pinned, under I/O, isolated */
	HMS_PAGE_SHARED, /* EACCES: several processes map it */
	HMS_PAGE_NOMEM, /* ENOMEM: the node is full */
	HMS_PAGE_GONE, /* ENOENT, EFAULT: not there any more */
	HMS_PAGE_OTHER,
	HMS_PAGE_ENDS
};

struct hms_mover_stats {
	uint64_t ends[HMS_MOVE_ENDS]; /* blocks; their sum: tried */
	uint64_t pages[HMS_PAGE_ENDS];
	uint64_t undone; /* bytes that had moved and came back */
	uint64_t stray; /* bytes that did not come back */
	uint64_t ns; /* spent in hms_move() */
	uint64_t bytes[HMS_MOVE_TARGETS][HMS_MOVE_TARGETS]; /* from, to */
};

void hms_mover_stats(struct hms_mover_stats *out);

/*
 * fork.  before: outside of all locks of the engine; the first fork waits for
 * the batch that moves, later ones only for a block, by the locks that it is
 * moved under.  after(true), in the child, when all other locks are free again:
 * what was inherited is closed, what was under way is forgotten.
 */
void hms_mover_before_fork(void);
void hms_mover_after_fork(bool child);

/*
 * Budget: a bucket of bytes per second that fills up to one second's worth.
 * take: how many of want bytes may go now.
 */
struct hms_bucket {
	uint64_t rate; /* bytes per second; 0: no limit */
	uint64_t level, last_ns;
};
uint64_t hms_bucket_take(
	struct hms_bucket *bucket, uint64_t now_ns, uint64_t want);

#endif
