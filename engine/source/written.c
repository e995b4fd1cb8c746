/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages written to: userfaultfd's asynchronous write protection, and
 * PAGEMAP_SCAN, which tells and protects again.  Reads are not seen, so rates
 * are of writes only.
 *
 * A protected huge page would be split by the first write.  So only small
 * pages are protected, by the scan itself, which leaves out huge ones; and
 * one block of 64 at a time, drawn anew after each window, since every first
 * write of a page costs the program up to a microsecond.
 * Sources: ioctl_userfaultfd(2), the kernel's admin-guide/mm/pagemap.rst.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/maths.h"
#include "base/sys.h"
#include "engine/source/canary.h"
#include "engine/source/hold.h"
#include "engine/source/pagemap.h"
#include "engine/source/pieces.h"
#include "engine/source/purse.h"
#include "engine/source/uffd.h"

#define SHARE 64
#define LEAST 8 /* blocks, of small memory */
#define MOST 1024 /* each may add two mappings */
/* A first write costs the program so much, and it a hundredth of its time. */
#define WRITE_NS 1000
#define HUNDREDTH 100
#define SAVED_NS 10000000 /* at most */
#define BLOCK_NS (HMS_SOURCE_BLOCK / 4096 * WRITE_NS)
#define WINDOW_NS UINT64_C(200000000)
/* The longest window of a block that is not written to. */
#define WINDOW_MOST 25 /* times that */

extern const struct hms_source hms_source_written;

struct armed {
	uintptr_t start, end;
	uint64_t since; /* ns */
	unsigned windows; /* so long it was found unwritten */
};

static struct {
	struct hms_pieces pieces;
	struct hms_array armed; /* struct armed */
	struct hms_uffd uffd;
	struct hms_pagemap map;
	uint64_t random;
	int64_t debt;
	uint64_t last; /* tick, ns */
	uint64_t saved; /* that the program may still pay, ns */
} written = { .uffd = { .fd = -1 }, .map = { .fd = -1 } };

static ssize_t protect(uintptr_t start, uintptr_t end)
{
	struct hms_scan scan = {
		.start = start,
		.end = end,
		.all = HMS_PAGE_PRESENT | HMS_PAGE_WPALLOWED | HMS_PAGE_WRITTEN,
		.none = HMS_PAGE_HUGE,
		.protect = true,
	};

	return hms_pagemap_scan(&written.map, &scan);
}

static uint64_t next_random(void)
{
	/* xorshift64*, Vigna 2016 */
	written.random ^= written.random >> 12;
	written.random ^= written.random << 25;
	written.random ^= written.random >> 27;
	return written.random * UINT64_C(2685821657736338717);
}

static bool is_armed(uintptr_t start, uintptr_t end)
{
	const struct armed *armed = written.armed.items;

	for (size_t i = 0; i < written.armed.count; i++)
		if (armed[i].start < end && armed[i].end > start)
			return true;
	return false;
}

/* Registers and protects; nothing stays registered if that fails. */
static int arm_range(uintptr_t start, uintptr_t end)
{
	struct hms_pages pages;
	int rc = hms_pagemap_look(&written.map, start, end, &pages);

	if (rc < 0)
		return rc;
	if (pages.huge || !pages.present)
		return -EAGAIN;
	rc = hms_uffd_register(&written.uffd, start, end, HMS_UFFD_REGISTER_WP);
	if (rc < 0)
		return rc;
	rc = (int)protect(start, end);
	if (rc < 0)
		hms_uffd_unregister(&written.uffd, start, end);
	return rc < 0 ? rc : 0;
}

/* A block that holds a random byte of what is watched. */
static void arm_one(void)
{
	uint64_t bytes = hms_pieces_bytes(&written.pieces);
	uintptr_t at = hms_pieces_at(&written.pieces, next_random() % bytes);
	const struct hms_watch *watch =
		&hms_pieces_find(&written.pieces, at)->watch;
	uintptr_t start = at & ~(HMS_SOURCE_BLOCK - 1);
	uintptr_t end = start + HMS_SOURCE_BLOCK;
	struct armed *armed;
	int rc;

	if (start < watch->start)
		start = watch->start;
	if (end > watch->end)
		end = watch->end;
	if (is_armed(start, end))
		return;
	armed = hms_array_insert(
		&written.armed, written.armed.count, sizeof(*armed));
	if (!armed)
		return;
	rc = -ENOENT;
	if (hms_hold(start, end)) {
		rc = arm_range(start, end);
		hms_let_go();
	}
	if (rc < 0) {
		written.armed.count--;
		return;
	}
	armed->start = start;
	armed->end = end;
	armed->since = hms_sys_clock(CLOCK_MONOTONIC);
	written.saved -= BLOCK_NS;
}

static void disarm(size_t i)
{
	const struct armed *armed = (struct armed *)written.armed.items + i;

	hms_uffd_unregister(&written.uffd, armed->start, armed->end);
	hms_array_remove(&written.armed, i, 1, sizeof(*armed));
}

/* Of n pages k were written to in so many seconds. */
static void tell(const struct armed *armed, size_t k, size_t n, double seconds,
	const struct hms_sights *sights)
{
	struct hms_sight sight = {
		.addr = armed->start,
		.len = armed->end - armed->start,
		.events = (float)k,
		.exposure = (float)seconds,
		.write = true,
	};
	double p = (double)k / (double)n;

	if (k)
		sight.exposure =
			(float)(seconds * p /
				-hms_ln(1 - (double)k / ((double)n + 0.5)));
	sights->see(&sight, sights->arg);
}

/* False: it is to be disarmed. */
static bool look_at(
	struct armed *armed, uint64_t now, const struct hms_sights *sights)
{
	struct hms_scan scan = {
		.start = armed->start,
		.end = armed->end,
		.all = HMS_PAGE_PRESENT | HMS_PAGE_WPALLOWED | HMS_PAGE_WRITTEN,
	};
	struct hms_pages pages;
	ssize_t n;

	if (now < armed->since + WINDOW_NS)
		return true;
	n = hms_pagemap_scan(&written.map, &scan);
	if (n < 0 ||
		hms_pagemap_look(
			&written.map, armed->start, armed->end, &pages) < 0 ||
		!pages.present || (size_t)n > pages.present)
		return false;
	/* A cold one waits longer, so that it is told from a colder one. */
	if (n == 0 && ++armed->windows < WINDOW_MOST)
		return true;
	tell(armed, (size_t)n, pages.present,
		(double)(now - armed->since) * 1e-9, sights);
	return false;
}

static size_t wanted(void)
{
	uint64_t blocks =
		hms_pieces_bytes(&written.pieces) / HMS_SOURCE_BLOCK + 1;
	uint64_t n = blocks / SHARE;

	if (n < LEAST)
		n = blocks < LEAST ? blocks : LEAST;
	return n < MOST ? n : MOST;
}

/* The program closed it: everything is unregistered then. */
static bool revive(void)
{
	if (hms_uffd_alive(&written.uffd))
		return true;
	written.armed.count = 0;
	return hms_uffd_open(&written.uffd, HMS_UFFD_WP_ASYNC) == 0;
}

static void tick(uint64_t now, uint64_t budget, const struct hms_sights *sights)
{
	struct hms_purse purse;

	if (hms_pieces_count(&written.pieces) == 0 ||
		!hms_purse_open(&purse, &written.debt, budget))
		return;
	if (written.last && now > written.last)
		written.saved += (now - written.last) / HUNDREDTH;
	if (written.saved > SAVED_NS)
		written.saved = SAVED_NS;
	written.last = now;
	if (revive() && hms_pagemap_open(&written.map) == 0) {
		for (size_t i = written.armed.count;
			i-- > 0 && hms_purse_left(&purse) > 0;) {
			struct armed *armed =
				(struct armed *)written.armed.items + i;

			if (!look_at(armed, now, sights))
				disarm(i);
		}
		for (size_t i = 0;
			i < wanted() && written.armed.count < wanted() &&
			written.saved > BLOCK_NS && hms_purse_left(&purse) > 0;
			i++)
			arm_one();
		hms_pagemap_close(&written.map);
	}
	hms_purse_close(&purse);
}

/* Protects the canary's second page and writes there. */
static int check(char *block, char why[HMS_WHY])
{
	uintptr_t start = (uintptr_t)block;
	struct hms_scan scan = {
		.start = start,
		.end = start + HMS_SOURCE_BLOCK,
		.all = HMS_PAGE_PRESENT | HMS_PAGE_WPALLOWED | HMS_PAGE_WRITTEN,
	};
	int rc;

	for (int i = 0; i < 4; i++)
		((volatile char *)block)[i * 4096] = 1;
	rc = arm_range(start, start + HMS_SOURCE_BLOCK);
	if (rc < 0)
		return hms_source_why(why, rc,
			"memory cannot be write-protected: %s",
			strerrorname_np(-rc));
	if (hms_pagemap_scan(&written.map, &scan) != 0)
		return hms_source_why(
			why, -EIO, "protected pages count as written");
	((volatile char *)block)[4096] = 2;
	rc = hms_canary_read(block + 2 * 4096, why);
	if (rc < 0)
		return rc;
	if (hms_pagemap_scan(&written.map, &scan) != 2)
		return hms_source_why(
			why, -EIO, "PAGEMAP_SCAN does not tell writes");
	return 0;
}

static int probe(char why[HMS_WHY])
{
	struct hms_canary canary;
	int rc = hms_uffd_open(&written.uffd, HMS_UFFD_WP_ASYNC);

	if (rc == -EOPNOTSUPP)
		return hms_source_why(
			why, rc, "this kernel has no UFFD_FEATURE_WP_ASYNC");
	if (rc < 0)
		return hms_source_why(
			why, rc, "userfaultfd: %s", strerrorname_np(-rc));
	rc = hms_pagemap_open(&written.map);
	if (rc < 0) {
		hms_source_why(why, rc, "/proc/self/pagemap cannot be read: %s",
			strerrorname_np(-rc));
	} else if (!written.map.scans) {
		rc = hms_source_why(
			why, -EOPNOTSUPP, "this kernel has no PAGEMAP_SCAN");
	} else {
		rc = hms_canary_make(&canary, false, why);
		if (rc == 0) {
			hms_sys_madvise(canary.block, 2 * HMS_SOURCE_BLOCK,
				MADV_NOHUGEPAGE);
			rc = check(canary.block, why);
		}
		hms_canary_free(&canary);
	}
	hms_pagemap_close(&written.map);
	hms_uffd_close(&written.uffd);
	return rc;
}

static int start(void)
{
	memset(&written, 0, sizeof(written));
	written.map.fd = -1;
	written.random = hms_sys_clock(CLOCK_MONOTONIC) | 1;
	return hms_uffd_open(&written.uffd, HMS_UFFD_WP_ASYNC);
}

static void clear(void)
{
	hms_pagemap_close(&written.map);
	hms_uffd_close(&written.uffd);
	hms_pieces_free(&written.pieces);
	hms_array_free(&written.armed);
}

static void stop(void)
{
	while (written.armed.count)
		disarm(written.armed.count - 1);
	clear();
}

static bool fits(const struct hms_watch *watch)
{
	/* Others need a feature that this kernel may have; they have refault.
	 */
	return watch->memory == HMS_MEMORY_ANON;
}

static void release(uintptr_t from, uintptr_t to)
{
	const struct armed *armed = written.armed.items;

	for (size_t i = written.armed.count; i-- > 0;)
		if (armed[i].start < to && armed[i].end > from)
			disarm(i);
}

static void forget(uintptr_t from, uintptr_t to)
{
	release(from, to);
	hms_pieces_drop(&written.pieces, from, to);
}

static int watch_piece(const struct hms_watch *watch)
{
	return hms_pieces_add(&written.pieces, watch) ? 0 : -ENOMEM;
}

/* The child's memory is registered with nobody: the kernel's fork sees to it.
 */
static void after_fork(void)
{
	clear();
}

const struct hms_source hms_source_written = {
	.name = "written",
	.text = "pages are write-protected, and the kernel notes the first write",
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
