/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time to fault by zapping: MADV_DONTNEED takes pages of a shared mapping out
 * of the page table.  They stay in the file's cache, or on the device, and the
 * next access maps them again.  Huge entries come back by one fault; small
 * pages are taken 64 KiB at a time, as much as one read fault maps again
 * (fault_around_bytes).
 *
 * On private memory the same call would lose data.  So it is made only while
 * the program's own changes of mappings are held off, and after the kernel has
 * said that there are pages, all of a shared mapping.
 * Source: madvise(2), the kernel's admin-guide/mm/pagemap.rst.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/maps.h"
#include "base/sys.h"
#include "engine/source/canary.h"
#include "engine/source/faults.h"
#include "engine/source/hold.h"
#include "engine/source/pagemap.h"
#include "engine/source/ttf.h"
#include "engine/target/backed.h"

#define PART ((uintptr_t)64 << 10)
/*
 * What the program pays, ns; twice what a fault alone takes [shared reference
 * on statistics, 2.1], for what it finds in no cache afterwards.
 */
#define HUGE_FAULT_NS 10000
#define SMALL_FAULT_NS 4000

extern const struct hms_source hms_source_refault;

static struct hms_ttf ttf;
static struct hms_pagemap map = { .fd = -1 };

static int begin(void)
{
	return hms_pagemap_open(&map);
}

static void end(void)
{
	hms_pagemap_close(&map);
}

/*
 * A page of a file says so of a private mapping, too, such as those of our own
 * files are after a fork: until the next write to it, which would be lost.
 */
static int check_shared(uintptr_t start, uintptr_t stop)
{
	struct hms_mapping mapping;
	int rc = hms_backed_shared(start, stop);

	if (rc != -ENOENT)
		return rc < 0 ? -ENOENT : 0;
	/* The program's own, or another one by now. */
	for (rc = 0; rc == 0 && start < stop; start = mapping.end) {
		rc = hms_mapping_at(start, &mapping);
		if (rc == 0 && !mapping.shared)
			rc = -ENOENT;
	}
	return rc;
}

/* Is it all of one mapping that is shared? */
static int check_device(uintptr_t start, uintptr_t stop)
{
	struct hms_mapping mapping;
	int rc = hms_mapping_at(start, &mapping);

	if (rc < 0)
		return rc;
	return mapping.shared && mapping.end >= stop ? 0 : -ENOENT;
}

/* Held off; what is to be zapped.  0 or -errno. */
static int choose(struct hms_ttf_piece *piece)
{
	struct hms_pages pages;
	int rc;

	piece->start = piece->low;
	piece->end = piece->high;
	/* Device memory has huge entries, and may not be cut. */
	if (piece->memory == HMS_MEMORY_DEVICE) {
		piece->fault_ns = HUGE_FAULT_NS;
		return check_device(piece->start, piece->end);
	}
	rc = hms_pagemap_look(&map, piece->start, piece->end, &pages);
	if (rc < 0)
		return rc;
	if (pages.huge == pages.pages) {
		piece->fault_ns = HUGE_FAULT_NS;
	} else {
		uintptr_t part = piece->addr & ~(PART - 1);

		if (piece->start < part)
			piece->start = part;
		if (piece->end > part + PART)
			piece->end = part + PART;
		rc = hms_pagemap_look(&map, piece->start, piece->end, &pages);
		if (rc < 0)
			return rc;
		piece->fault_ns = pages.present * SMALL_FAULT_NS;
	}
	if (pages.file < pages.present)
		return -ENOENT;
	if (!pages.present)
		return -EAGAIN;
	return check_shared(piece->start, piece->end);
}

static int zap(struct hms_ttf_piece *piece)
{
	int rc = choose(piece);

	return rc < 0 ? rc
		      : hms_sys_madvise((void *)piece->start,
				piece->end - piece->start, MADV_DONTNEED);
}

static int arm(struct hms_ttf_piece *piece)
{
	int rc;

	if (!hms_hold(piece->low, piece->high))
		return -ENOENT;
	rc = zap(piece);
	hms_let_go();
	return rc;
}

static int was_touched(uintptr_t from, uintptr_t to)
{
	struct hms_pages pages;
	int rc = hms_pagemap_look(&map, from, to, &pages);

	return rc < 0 ? rc : pages.present != 0;
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

/* Zaps the canary's first block, which holds what addr says. */
static int try_block(char *block, char why[HMS_WHY])
{
	struct hms_ttf_piece piece = {
		.addr = (uintptr_t)block,
		.low = (uintptr_t)block,
		.high = (uintptr_t)block + HMS_SOURCE_BLOCK,
		.memory = HMS_MEMORY_SHARED,
	};
	int rc;

	block[1] = 42;
	rc = zap(&piece);
	if (rc < 0)
		return hms_source_why(why, rc,
			"a shared page cannot be zapped: %s",
			strerrorname_np(-rc));
	rc = was_touched(piece.start, piece.end);
	if (rc != 0)
		return hms_source_why(why, rc < 0 ? rc : -EIO,
			"a page that was zapped is still there");
	rc = hms_faults_try(touch, block, (uintptr_t)block, why);
	if (rc < 0)
		return rc;
	if (block[1] != 42)
		return hms_source_why(
			why, -EIO, "a page that was zapped lost its contents");
	rc = zap(&piece);
	if (rc < 0)
		return hms_source_why(why, rc,
			"a shared page cannot be zapped again: %s",
			strerrorname_np(-rc));
	rc = hms_canary_read(block, why);
	if (rc == 0 && was_touched(piece.start, piece.end) != 1)
		rc = hms_source_why(why, -EIO,
			"pagemap does not tell what read(2) touched");
	return rc;
}

static int probe(char why[HMS_WHY])
{
	struct hms_canary canary;
	int rc = hms_faults_probe(why);

	if (rc < 0)
		return rc;
	rc = begin();
	if (rc < 0)
		return hms_source_why(why, rc,
			"/proc/self/pagemap cannot be read: %s",
			strerrorname_np(-rc));
	rc = hms_canary_make(&canary, true, why);
	if (rc == 0)
		rc = try_block(canary.block, why);
	hms_canary_free(&canary);
	end();
	return rc;
}

static int start(void)
{
	return hms_ttf_start(&ttf, &ops);
}

static void stop(void)
{
	hms_ttf_stop(&ttf);
}

static bool fits(const struct hms_watch *watch)
{
	return watch->memory != HMS_MEMORY_ANON && watch->wanted_refault;
}

static int watch_piece(const struct hms_watch *watch)
{
	return hms_ttf_watch(&ttf, watch);
}

static void forget(uintptr_t from, uintptr_t to)
{
	hms_ttf_forget(&ttf, from, to);
}

static void tick(uint64_t now, uint64_t budget, const struct hms_sights *sights)
{
	hms_ttf_tick(&ttf, now, budget, sights);
}

static void after_fork(void)
{
	end();
	hms_ttf_after_fork(&ttf);
}

const struct hms_source hms_source_refault = {
	.name = "refault",
	.text = "shared pages are unmapped and their next fault is timed",
	.probe = probe,
	.start = start,
	.stop = stop,
	.fits = fits,
	.watch = watch_piece,
	.forget = forget,
	.tick = tick,
	.after_fork = after_fork,
};
