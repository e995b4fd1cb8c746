/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time to fault by userfaultfd's read-write protection: pages lose both
 * rights, the first access gives them back inside the kernel, and perf tells
 * of the fault.  Anonymous memory too, and huge pages stay whole.
 *
 * Linux 7.2; which the features say, not the version.  Accesses of the kernel
 * itself are resolved the same way, and found by PAGE_IS_ACCESSED.
 * Sources: UFFDIO_RWPROTECT(2const), userfaultfd(2), the kernel's
 * admin-guide/mm/userfaultfd.rst.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "engine/source/canary.h"
#include "engine/source/faults.h"
#include "engine/source/hold.h"
#include "engine/source/pagemap.h"
#include "engine/source/ttf.h"
#include "engine/source/uffd.h"

#define FEATURES (HMS_UFFD_RWP | HMS_UFFD_RWP_ASYNC)
#define PART ((uintptr_t)64 << 10)
/* A fault that only restores rights; as a minor one or less. */
#define FAULT_NS 1000

extern const struct hms_source hms_source_rwp;

static struct hms_ttf ttf;
static struct hms_pagemap map = { .fd = -1 };
static struct hms_uffd uffd = { .fd = -1 };

/* If the program closed it: all of it is unregistered, so begin anew. */
static int begin(void)
{
	int rc = 0;

	if (!hms_uffd_alive(&uffd)) {
		rc = hms_uffd_open(&uffd, FEATURES);
		for (size_t i = 0; i < hms_pieces_count(&ttf.pieces); i++)
			hms_pieces_nth(&ttf.pieces, i)->state[0] = 0;
	}
	return rc < 0 ? rc : hms_pagemap_open(&map);
}

static void end(void)
{
	hms_pagemap_close(&map);
}

/* The whole piece at once: parts would cut its mapping in pieces. */
static int registered(uintptr_t addr)
{
	struct hms_watched *p = hms_pieces_find(&ttf.pieces, addr);
	int rc;

	if (!p)
		return -ENOENT;
	if (p->state[0])
		return 0;
	rc = hms_uffd_register(
		&uffd, p->watch.start, p->watch.end, HMS_UFFD_REGISTER_RWP);
	if (rc == 0)
		p->state[0] = 1;
	return rc;
}

/* Part of a block, or all of it if that is one huge page. */
static int choose(struct hms_ttf_piece *piece)
{
	struct hms_pages pages;
	int rc = hms_pagemap_look(&map, piece->low, piece->high, &pages);

	piece->start = piece->low;
	piece->end = piece->high;
	piece->fault_ns = FAULT_NS;
	if (rc < 0)
		return rc;
	if (pages.huge < pages.pages) {
		uintptr_t part = piece->addr & ~(PART - 1);

		if (piece->start < part)
			piece->start = part;
		if (piece->end > part + PART)
			piece->end = part + PART;
		rc = hms_pagemap_look(&map, piece->start, piece->end, &pages);
		piece->fault_ns = pages.present * FAULT_NS;
	}
	return rc < 0 ? rc : pages.present ? 0 : -EAGAIN;
}

static int arm(struct hms_ttf_piece *piece)
{
	int rc;

	if (!hms_hold(piece->low, piece->high))
		return -ENOENT;
	rc = registered(piece->addr);
	if (rc == 0)
		rc = choose(piece);
	if (rc == 0)
		rc = hms_uffd_protect(&uffd, piece->start, piece->end);
	hms_let_go();
	return rc;
}

static int was_touched(uintptr_t from, uintptr_t to)
{
	struct hms_scan scan = {
		.start = from,
		.end = to,
		.all = HMS_PAGE_PRESENT | HMS_PAGE_ACCESSED,
	};
	ssize_t n = hms_pagemap_scan(&map, &scan);

	return n < 0 ? (int)n : n > 0;
}

static const struct hms_ttf_ops ops = {
	.arm = arm,
	.touched = was_touched,
	.begin = begin,
	.end = end,
};

static void touch(void *addr)
{
	*(volatile char *)addr += 1;
}

static int check(char *block, char why[HMS_WHY])
{
	uintptr_t start = (uintptr_t)block, stop = start + HMS_SOURCE_BLOCK;
	struct hms_pages before, after;
	int rc;

	block[1] = 42;
	block[4096] = 1;
	hms_pagemap_look(&map, start, stop, &before);
	rc = hms_uffd_register(&uffd, start, stop, HMS_UFFD_REGISTER_RWP);
	if (rc == 0)
		rc = hms_uffd_protect(&uffd, start, stop);
	if (rc < 0)
		return hms_source_why(why, rc,
			"memory cannot be read-write-protected: %s",
			strerrorname_np(-rc));
	if (was_touched(start, stop) != 0)
		return hms_source_why(
			why, -EIO, "protected pages count as accessed");
	rc = hms_faults_try(touch, block, start, why);
	if (rc == 0)
		rc = hms_canary_read(block + 4096, why);
	if (rc < 0)
		return rc;
	if (block[1] != 42 || was_touched(start, stop) != 1)
		return hms_source_why(
			why, -EIO, "PAGEMAP_SCAN does not tell accesses");
	hms_pagemap_look(&map, start, stop, &after);
	if (after.huge < before.huge)
		return hms_source_why(why, -EIO, "it splits huge pages");
	return 0;
}

static int probe(char why[HMS_WHY])
{
	struct hms_canary canary;
	int rc = hms_uffd_open(&uffd, FEATURES);

	if (rc == -EOPNOTSUPP)
		return hms_source_why(
			why, rc, "this kernel has no UFFD_FEATURE_RWP_ASYNC");
	if (rc < 0)
		return hms_source_why(
			why, rc, "userfaultfd: %s", strerrorname_np(-rc));
	rc = hms_pagemap_open(&map);
	if (rc < 0)
		hms_source_why(why, rc, "/proc/self/pagemap cannot be read: %s",
			strerrorname_np(-rc));
	else
		rc = hms_canary_make(&canary, false, why);
	if (rc == 0) {
		/* One of the two becomes a huge page, if there are any. */
		hms_sys_madvise(canary.block, HMS_SOURCE_BLOCK, MADV_HUGEPAGE);
		rc = check(canary.block, why);
		hms_canary_free(&canary);
	}
	hms_pagemap_close(&map);
	hms_uffd_close(&uffd);
	return rc;
}

static int start(void)
{
	int rc = hms_uffd_open(&uffd, FEATURES);

	if (rc == 0)
		rc = hms_ttf_start(&ttf, &ops);
	if (rc < 0)
		hms_uffd_close(&uffd);
	return rc;
}

static void stop(void)
{
	/* Closing unregisters all, and gives rights back. */
	hms_uffd_close(&uffd);
	hms_ttf_stop(&ttf);
}

static bool fits(const struct hms_watch *watch)
{
	/* shmem may drop the mark when a page is reclaimed; then we look. */
	return watch->memory == HMS_MEMORY_ANON ||
	       watch->memory == HMS_MEMORY_SHARED;
}

static int watch_piece(const struct hms_watch *watch)
{
	return hms_ttf_watch(&ttf, watch);
}

static void forget(uintptr_t from, uintptr_t to)
{
	hms_uffd_unregister(&uffd, from, to);
	hms_ttf_forget(&ttf, from, to);
}

/* A piece of its own afterwards, which is registered when it is armed. */
static void release(uintptr_t from, uintptr_t to)
{
	struct hms_watched *piece;
	struct hms_watch watch;

	for (; from < to; from = watch.end) {
		piece = hms_pieces_from(&ttf.pieces, from);
		if (!piece || piece->watch.start >= to)
			break;
		watch = piece->watch;
		if (watch.start < from)
			watch.start = from;
		if (watch.end > to)
			watch.end = to;
		forget(watch.start, watch.end);
		watch_piece(&watch);
	}
}

static void tick(uint64_t now, uint64_t budget, const struct hms_sights *sights)
{
	hms_ttf_tick(&ttf, now, budget, sights);
}

static void after_fork(void)
{
	hms_pagemap_close(&map);
	hms_uffd_close(&uffd);
	hms_ttf_after_fork(&ttf);
}

const struct hms_source hms_source_rwp = {
	.name = "rwp",
	.text = "pages are read-write-protected and their next fault is timed",
	.probe = probe,
	.start = start,
	.stop = stop,
	.fits = fits,
	.watch = watch_piece,
	.forget = forget,
	.tick = tick,
	.after_fork = after_fork,
	.release = release,
};
