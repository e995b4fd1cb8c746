/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A batch of transfers: charges first, then pages, then the range table, then
 * what is counted.
 */
#include "engine/mover/mover.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/guard.h"
#include "base/sys.h"
#include "engine/mover/inside.h"
#include "engine/mover/look.h"
#include "engine/room.h"

/*
 * Policies of address space are the kernel's own list of mappings: one per
 * block would cut it up.  Pages that are touched for the first time in a block
 * that has moved therefore still go where its mapping prefers, until so much
 * beside each other has moved that a policy of its own is worth a mapping.
 */
#define SETTLE_BYTES ((size_t)64 << 20)
#define SETTLE_SHARE 1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*lock_maps)(void), (*unlock_maps)(void);
static struct hms_mover_stats stats;
static struct hms_moving batch[HMS_MOVE_BATCH];
static bool has_forked; /* atomic */

void hms_mover_setup(void (*lock_fn)(void), void (*unlock_fn)(void))
{
	lock_maps = lock_fn;
	unlock_maps = unlock_fn;
}

void hms_move_lock_maps(void)
{
	if (lock_maps)
		lock_maps();
}

void hms_move_unlock_maps(void)
{
	if (unlock_maps)
		unlock_maps();
}

static void add(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

void hms_move_count_page(enum hms_move_page end, uint64_t n)
{
	add(&stats.pages[end], n);
}

void hms_move_count_undone(uint64_t undone, uint64_t stray)
{
	add(&stats.undone, undone);
	add(&stats.stray, stray);
}

void hms_mover_stats(struct hms_mover_stats *out)
{
	const uint64_t *from = (const uint64_t *)&stats;
	uint64_t *to = (uint64_t *)out;

	for (size_t i = 0; i < sizeof(stats) / sizeof(*from); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

static enum hms_move_end end_of(int result)
{
	switch (result) {
	case 0:
		return HMS_MOVE_DONE;
	case -ENOSPC:
		return HMS_MOVE_NOSPC;
	case -EBUSY:
		return HMS_MOVE_BUSY;
	case -EPERM:
		return HMS_MOVE_PERM;
	case -ENOENT:
		return HMS_MOVE_NOENT;
	case -EOPNOTSUPP:
		return HMS_MOVE_UNSUPPORTED;
	default:
		return HMS_MOVE_OTHER;
	}
}

static unsigned index_of(const struct hms_target *target)
{
	return target && target->index < HMS_MOVE_TARGETS - 1
		       ? target->index
		       : HMS_MOVE_TARGETS - 1;
}

static void count(const struct hms_transfer *t, const struct hms_target *from)
{
	add(&stats.ends[end_of(t->result)], 1);
	if (t->result)
		return;
	add(&stats.bytes[index_of(from)][index_of(t->to)], t->moved);
}

/* Is its end part of the same mapping, as far as the table knows? */
static bool joins(uintptr_t at, const struct hms_range *piece)
{
	struct hms_range other;

	return hms_range_find(at, &other) && other.place == piece->place &&
	       other.kind == piece->kind && !other.reserve;
}

/* See SETTLE_BYTES.  The piece stays what it is while maps are locked. */
static void settle(uintptr_t at, const struct hms_target *to)
{
	size_t enough = to->bound / SETTLE_SHARE;
	struct hms_range piece;

	if (enough < SETTLE_BYTES)
		enough = SETTLE_BYTES;
	hms_move_lock_maps();
	if (hms_range_find(at, &piece) && piece.target == to &&
		(piece.end - piece.start >= enough ||
			(!joins(piece.start - 1, &piece) &&
				!joins(piece.end, &piece))))
		to->ops->bind(piece.target, (void *)piece.start,
			piece.end - piece.start, 0);
	hms_move_unlock_maps();
}

/* Charges it, if it may move between nodes at all. */
static int begin(struct hms_moving *m, struct hms_transfer *t)
{
	int rc;

	m->t = t;
	if (hms_locked(t->start, t->end))
		return -EPERM;
	rc = hms_range_retarget_begin(
		t->start, t->end, t->to, t->step, &m->charge);
	if (rc)
		return rc;
	if (m->charge.was.target == t->to) {
		hms_range_retarget_end(&m->charge, false);
		return -EINVAL;
	}
	return 0;
}

bool hms_move_has_forked(void)
{
	return __atomic_load_n(&has_forked, __ATOMIC_RELAXED);
}

/*
 * A fork in the middle would leave pages that belong to both, which the kernel
 * does not move: neither on, nor back.  So programs that fork wait with it, for
 * the time of one block.
 */
static void move_pages_held(unsigned n)
{
	if (!hms_move_has_forked()) {
		hms_pages_move(batch, n);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		hms_move_lock_maps();
		hms_pages_move(&batch[i], 1);
		hms_move_unlock_maps();
	}
}

/* Some blocks from nodes to nodes, at most HMS_MOVE_BATCH. */
static void move_pages_of(unsigned n)
{
	uint64_t start = hms_sys_clock(CLOCK_MONOTONIC), ns;
	size_t all = 0;

	move_pages_held(n);
	ns = hms_sys_clock(CLOCK_MONOTONIC) - start;
	for (unsigned i = 0; i < n; i++)
		all += batch[i].t->end - batch[i].t->start;
	for (unsigned i = 0; i < n; i++) {
		struct hms_moving *m = &batch[i];
		struct hms_transfer *t = m->t;
		size_t still;

		t->ns = (uint64_t)((unsigned __int128)ns * (t->end - t->start) /
				   all);
		still = hms_range_retarget_end(&m->charge, t->result == 0);
		if (t->result == 0 && !still)
			t->result = -ENOENT;
		if (t->result == 0) {
			hms_room_moved(t->to, t->moved);
			settle(t->start, t->to);
		}
		count(t, m->charge.was.target);
	}
}

/* By what it is and is to be: does the mapping change? */
static bool remaps(const struct hms_transfer *t, const struct hms_range *range)
{
	return t->to->ops->maps || (range->target && range->target->ops->maps);
}

static void move_all(struct hms_transfer *transfers, unsigned n)
{
	struct hms_range range;
	unsigned held = 0;

	for (unsigned i = 0; i < n; i++) {
		struct hms_transfer *t = &transfers[i];

		t->moved = 0;
		t->left = t->end > t->start ? t->end - t->start : 0;
		t->ns = 0;
		if (!hms_range_find(t->start, &range)) {
			t->result = -ENOENT;
		} else if (remaps(t, &range)) {
			t->result = hms_locked(t->start, t->end) ? -EPERM : 0;
			if (!t->result)
				hms_remap_move(t, &range);
		} else {
			t->result = begin(&batch[held], t);
			if (!t->result) {
				if (++held == HMS_MOVE_BATCH) {
					move_pages_of(held);
					held = 0;
				}
				continue;
			}
		}
		count(t, range.target);
	}
	if (held)
		move_pages_of(held);
}

void hms_move(struct hms_transfer *transfers, unsigned n)
{
	uint64_t start = hms_sys_clock(CLOCK_MONOTONIC);

	hms_guard_enter();
	pthread_mutex_lock(&lock);
	hms_locked_refresh();
	move_all(transfers, n);
	hms_remap_rest();
	hms_look_close();
	add(&stats.ns, hms_sys_clock(CLOCK_MONOTONIC) - start);
	pthread_mutex_unlock(&lock);
	hms_guard_leave();
}

int hms_move_supported(
	const struct hms_target *from, const struct hms_target *to)
{
	int rc;

	if (!from->ops->maps && !to->ops->maps)
		return hms_pages_supported();
	hms_guard_enter();
	pthread_mutex_lock(&lock);
	rc = hms_remap_supported(from, to);
	pthread_mutex_unlock(&lock);
	hms_guard_leave();
	return rc;
}

void hms_mover_before_fork(void)
{
	if (hms_move_has_forked())
		return;
	pthread_mutex_lock(&lock);
	__atomic_store_n(&has_forked, true, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock);
}

void hms_mover_after_fork(bool child)
{
	if (!child)
		return;
	/* Whoever held it is not here. */
	pthread_mutex_init(&lock, NULL);
	hms_remap_after_fork();
	hms_look_close();
}
