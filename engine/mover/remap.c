/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of which the mapping changes, one at a time.  What is to come is made
 * ready while the program still uses the block: blocks of the file with all
 * their pages, or pages on the node.  Then, under the locks of whoever maps:
 *
 *	take away	node: its pages, by UFFDIO_MOVE, which finds pins
 *			file: its mapping, by an empty one moved over it
 *	copy		from what was taken, to what is ready
 *	hand over	node: the pages, by UFFDIO_MOVE
 *			file: the second view of its blocks, moved over it
 *
 * From the first step to the last whoever touches the block waits.  Any error
 * before the last leads back: what was taken is put where it was, unchanged,
 * as nobody could touch it.
 *
 * fork(2) waits for the same locks.  A process that dies takes all of it along:
 * files have no names, and nothing else outlives it.
 */
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

#include "base/sys.h"
#include "engine/mover/copy.h"
#include "engine/mover/direct.h"
#include "engine/mover/inside.h"
#include "engine/mover/look.h"
#include "engine/mover/ready.h"
#include "engine/mover/stop.h"
#include "engine/room.h"
#include "engine/target/lend.h"
#include "engine/target/store.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif
/* A look at all descriptors is worth so much time. */
#define LOOK_NS UINT64_C(2000000)

/* The block in hand; static, so that a forked child can clean up. */
static struct {
	struct hms_ready block;
	bool from_file, to_file;
	enum hms_direct direct;
	void *empty; /* registered, nothing in it: where pages are taken to,
		      * or what covers the file */
	void *pages; /* node: on the target, to be handed in */
	void *view; /* of the file it is on */
	struct hms_lent lent; /* of the file it goes to */
} b;

static enum hms_direct direct;
static uint64_t looked_ns;

static enum hms_direct look_for_direct(void)
{
	uint64_t now = hms_sys_clock(CLOCK_MONOTONIC);

	if (looked_ns && now - looked_ns <= LOOK_NS)
		return direct;
	looked_ns = now;
	direct = hms_direct_look();
	return direct;
}

static int keep(void **where, void *p)
{
	if (hms_sys_failed(p))
		return (int)(intptr_t)p;
	*where = p;
	return 0;
}

static int prepare_node(struct hms_target *to)
{
	int rc = keep(&b.pages, hms_ready_map_on(&b.block, to));

	return rc < 0 ? rc : hms_ready_fill(&b.block, to, b.pages);
}

/* Of a view of a file's holes; as hms_lend_take() wants it. */
static int make_holes(void *view, size_t len)
{
	uintptr_t at = (uintptr_t)view;
	int rc = hms_stop_register(at, len);

	if (rc < 0)
		return rc;
	rc = hms_stop_make(at, len, true);
	hms_stop_unregister(at, len);
	return rc;
}

/* All that can be done while the block is in use. */
static int prepare(struct hms_target *to)
{
	int rc;

	if (b.to_file)
		rc = hms_lend_take(
			to, b.block.at, b.block.len, make_holes, &b.lent);
	else
		rc = prepare_node(to);
	if (rc == 0)
		rc = keep(&b.empty, b.to_file ? hms_ready_map(&b.block)
					      : hms_ready_map_on(&b.block, to));
	if (rc == 0)
		rc = hms_stop_register((uintptr_t)b.empty, b.block.len);
	/* mlockall(2) has it filled at once: nobody would wait for its pages.
	 */
	if (rc == 0 && b.from_file)
		rc = hms_look_empty((uintptr_t)b.empty, b.block.len);
	return rc == -EEXIST ? -EPERM : rc;
}

static void drop(void **where)
{
	void *p = *where;

	/* Forgotten first: a child of a fork now must not unmap it, too. */
	*where = NULL;
	atomic_signal_fence(memory_order_seq_cst);
	if (p)
		hms_sys_munmap(p, b.block.len);
}

static void clean_up(void)
{
	drop(&b.empty);
	drop(&b.pages);
	drop(&b.view);
	hms_lend_drop(&b.lent);
}

/* As it was before take_away(). */
static void put_back(void)
{
	if (b.from_file) {
		while (hms_stop_cover(
			       b.block.at, (uintptr_t)b.view, b.block.len) < 0)
			hms_sys_poll(NULL, 0, 1);
		b.view = NULL;
		hms_stop_wake(b.block.at, b.block.len);
		return;
	}
	if (hms_stop_return(b.block.at, (uintptr_t)b.empty, b.block.len))
		b.empty = NULL; /* it is the block now */
}

static int take_mapping(void)
{
	unsigned char there;
	int rc = hms_stop_cover(b.block.at, (uintptr_t)b.empty, b.block.len);

	if (rc == 0)
		b.empty = NULL; /* it is the block now */
	/* A call that failed may have unmapped the block before it did. */
	else if (hms_sys_mincore((void *)b.block.at, 1, &there) == -ENOMEM)
		put_back();
	return rc;
}

/* Takes the block's contents away; *from: where they can be read now. */
static int take_away(const char **from)
{
	int rc;

	*from = b.from_file ? b.view : b.empty;
	if (b.from_file)
		return take_mapping();
	rc = hms_stop_register(b.block.at, b.block.len);
	/* Out of memory half way, but not where it is another one's. */
	if (rc < 0 && rc != -ENOMEM)
		return rc;
	if (rc == 0)
		rc = hms_stop_move_pages(
			(uintptr_t)b.empty, b.block.at, b.block.len);
	if (rc < 0)
		hms_stop_unregister(b.block.at, b.block.len);
	return rc;
}

/* The block is what it is to be, and everybody goes on. */
static int hand_over(void)
{
	int rc = 0;

	if (!b.to_file) {
		hms_stop_fill(b.block.at, (uintptr_t)b.pages, b.block.len);
		hms_stop_unregister(b.block.at, b.block.len);
		return 0;
	}
	rc = hms_stop_cover(b.block.at, (uintptr_t)b.lent.view, b.block.len);
	if (rc < 0)
		return rc;
	hms_stop_wake(b.block.at, b.block.len);
	return 0;
}

/* Read from the disk before anybody waits for it, or it cannot be read. */
static int look_at_file(void)
{
	const size_t len = b.block.len;
	int rc = hms_lend_view(b.block.at, b.block.at + len, &b.view);

	if (rc < 0 || hms_look_mapped((uintptr_t)b.view, len) == len)
		return rc;
	return hms_sys_madvise(b.view, len, MADV_POPULATE_READ);
}

/* With the stores' lock: nobody else changes what is mapped there. */
static int replace(void)
{
	char *to = b.to_file ? b.lent.view : b.pages;
	const char *from = NULL;
	int rc = 0;

	if (b.to_file && !hms_lend_good(&b.lent))
		return -EBUSY;
	if (b.from_file)
		rc = look_at_file();
	if (rc == 0)
		rc = take_away(&from);
	if (rc < 0)
		return rc;
	/* The one before was to spare the program a stop. */
	if (b.from_file)
		b.direct = hms_direct_look();
	if (b.direct == HMS_DIRECT_UNKNOWN)
		rc = -EBUSY;
	else
		rc = b.from_file ? hms_copy_file(to, from, b.block.len,
					   b.block.at, b.direct)
				 : hms_copy_pages(
					   to, from, b.block.len, b.lent.clean);
	if (rc == 0)
		rc = hand_over();
	if (rc < 0) {
		put_back();
		return rc;
	}
	/* Blocks that nobody maps go faster. */
	drop(&b.view);
	if (b.from_file)
		hms_backed_unmapped(b.block.at, b.block.at + b.block.len);
	if (b.to_file)
		hms_lend_use(&b.lent);
	return 0;
}

/* Under the locks of whoever maps: is it still what it was? */
static int replace_locked(const struct hms_retarget *charge)
{
	bool on_file = charge->was.target && charge->was.target->ops->maps;
	int rc;

	if (!hms_range_retarget_whole(charge))
		return -ENOENT;
	if (on_file != b.from_file)
		return -EBUSY;
	hms_stores_lock();
	rc = replace();
	hms_stores_unlock();
	/* Not private memory of one kind, read-only, or locked just now. */
	return rc == -EINVAL ? -EPERM : rc;
}

static int result_of(int rc)
{
	switch (rc) {
	case 0:
	case -EPERM:
	case -ENOENT:
	case -ENOSPC:
	case -EOPNOTSUPP:
	case -EINVAL:
		return rc;
	case -EACCES:
		return -EPERM;
	case -ENOMEM:
	case -EFBIG:
	case -EDQUOT:
		return -ENOSPC;
	default:
		return -EBUSY;
	}
}

static int attempt(struct hms_transfer *t)
{
	struct hms_retarget charge;
	int rc;

	b.direct = b.from_file ? look_for_direct() : HMS_DIRECT_NONE;
	if (b.direct == HMS_DIRECT_UNKNOWN)
		return -EBUSY;
	rc = hms_range_retarget_begin(
		t->start, t->end, t->to, t->step, &charge);
	if (rc < 0)
		return rc;
	rc = charge.was.target == t->to ? -EINVAL : prepare(t->to);
	if (rc == 0) {
		hms_move_lock_maps();
		rc = replace_locked(&charge);
		hms_range_retarget_end(&charge, rc == 0);
		hms_move_unlock_maps();
	} else {
		hms_range_retarget_end(&charge, false);
	}
	clean_up();
	return rc;
}

/*
 * Pages that a child had part in, and has left to us, are only known as ours
 * once they are written to.
 */
static int make_ours(const struct hms_range *was)
{
	struct hms_range range;
	int rc = -ENOENT;

	hms_move_lock_maps();
	if (hms_range_find(b.block.at, &range) && range.place == was->place &&
		range.target == was->target &&
		range.end >= b.block.at + b.block.len)
		rc = hms_sys_madvise(
			(void *)b.block.at, b.block.len, MADV_POPULATE_WRITE);
	hms_move_unlock_maps();
	return rc;
}

static int move(struct hms_transfer *t, const struct hms_range *range)
{
	int rc = hms_stop_open();

	if (rc < 0)
		return rc;
	b.block = (struct hms_ready){
		.at = t->start,
		.len = t->end - t->start,
		.options = range->options,
		.heap = range->kind == HMS_RANGE_HEAP,
	};
	b.from_file = range->target && range->target->ops->maps;
	b.to_file = t->to->ops->maps;
	rc = attempt(t);
	if (rc != -EBUSY || b.from_file || !hms_move_has_forked())
		return rc;
	return make_ours(range) < 0 ? rc : attempt(t);
}

void hms_remap_move(struct hms_transfer *t, const struct hms_range *range)
{
	uint64_t start = hms_sys_clock(CLOCK_MONOTONIC);

	t->result = result_of(move(t, range));
	t->ns = hms_sys_clock(CLOCK_MONOTONIC) - start;
	if (t->result)
		return;
	t->moved = hms_ready_bytes_on(&b.block, t->to);
	t->left = 0;
	hms_room_moved(t->to, t->moved);
}

int hms_remap_supported(
	const struct hms_target *from, const struct hms_target *to)
{
	int rc = hms_stop_open();

	(void)from;
	(void)to;
	hms_stop_close();
	return rc == -EBUSY ? 0 : rc;
}

void hms_remap_rest(void)
{
	hms_stop_close();
	looked_ns = 0;
}

void hms_remap_after_fork(void)
{
	hms_stop_after_fork();
	/* Its store's blocks have gone with the fork. */
	if (b.lent.view)
		hms_sys_munmap(b.lent.view, b.block.len);
	b.lent.view = NULL;
	b.lent.store = NULL;
	clean_up();
}
