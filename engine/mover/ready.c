/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/mover/ready.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "config/policy.h"
#include "engine/mover/look.h"
#include "engine/mover/stop.h"
#include "engine/place.h"
#include "engine/target/node.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#define PAGE ((size_t)4096)
#define SAMPLES 16
#define HUGE_BYTES ((uintptr_t)2 << 20)
#define RW (PROT_READ | PROT_WRITE)

void *hms_ready_map(const struct hms_ready *like)
{
	/* Like its neighbours, so that the kernel can join them. */
	const int flags =
		MAP_PRIVATE | MAP_ANONYMOUS | (like->heap ? MAP_NORESERVE : 0);
	uintptr_t p, start;

	p = (uintptr_t)hms_sys_mmap(
		NULL, like->len + HUGE_BYTES, RW, flags, -1, 0);
	if (hms_sys_failed((void *)p))
		return (void *)p;
	start = p + ((like->at - p) & (HUGE_BYTES - 1));
	if (start > p)
		hms_sys_munmap((void *)p, start - p);
	if (start < p + HUGE_BYTES)
		hms_sys_munmap(
			(void *)(start + like->len), p + HUGE_BYTES - start);
	return (void *)start;
}

void *hms_ready_map_on(const struct hms_ready *like, struct hms_target *to)
{
	void *p = hms_ready_map(like);
	int rc;

	if (hms_sys_failed(p))
		return p;
	rc = to->ops->bind(to, p, like->len, RW);
	if (rc < 0) {
		hms_sys_munmap(p, like->len);
		return (void *)(intptr_t)rc;
	}
	if (like->options & HMS_OPT_HUGE)
		hms_sys_madvise(p, like->len, MADV_HUGEPAGE);
	else if (like->options & HMS_OPT_NOHUGE)
		hms_sys_madvise(p, like->len, MADV_NOHUGEPAGE);
	return p;
}

/* Where a node is full, pages come from another: some of them are asked. */
static bool looks_right(
	const struct hms_target *to, const char *pages, size_t len)
{
	void *sample[SAMPLES];
	int status[SAMPLES];

	for (size_t i = 0; i < SAMPLES; i++)
		sample[i] = (char *)pages + (len / SAMPLES * i & -PAGE);
	if (hms_sys_move_pages(0, SAMPLES, sample, NULL, status, 0) < 0)
		return true; /* not to be known here */
	for (size_t i = 0; i < SAMPLES; i++)
		if (status[i] < 0 || status[i] >= HMS_MAX_NODES ||
			!hms_target_has_node(to, (unsigned)status[i]))
			return false;
	return true;
}

/* Where a huge page would be whole, if there is such a place; an offset. */
static size_t huge_place(uintptr_t at, size_t len)
{
	size_t offset = -at & (HUGE_BYTES - 1);

	return offset + HUGE_BYTES <= len ? offset : 0;
}

/*
 * The first page that is touched tells what the kernel gives here: more than
 * it, or single ones, which come cheaper than by a fault each.
 */
static int fill(char *pages, size_t len)
{
	size_t first = huge_place((uintptr_t)pages, len);
	bool more = true;
	int rc = hms_sys_madvise(pages + first, PAGE, MADV_POPULATE_WRITE);

	/* Where nobody tells, take what there may be. */
	if (rc == 0 && first + 2 * PAGE <= len &&
		hms_look_filled((uintptr_t)pages + first + PAGE, 1, &more) < 0)
		more = true;
	if (rc == 0 && more)
		return hms_sys_madvise(pages, len, MADV_POPULATE_WRITE);
	if (rc == 0)
		rc = hms_stop_register((uintptr_t)pages, len);
	if (rc == 0 && first)
		rc = hms_stop_make((uintptr_t)pages, first, false);
	if (rc == 0)
		rc = hms_stop_make((uintptr_t)pages + first + PAGE,
			len - first - PAGE, false);
	return rc;
}

int hms_ready_fill(
	const struct hms_ready *like, const struct hms_target *to, void *pages)
{
	int rc = fill(pages, like->len);

	if (rc == 0 && !looks_right(to, pages, like->len))
		rc = -ENOSPC;
	return rc;
}

/* Under the mover's lock; a huge page is asked for once.  -errno: not so. */
static ssize_t bytes_on_node(
	const struct hms_target *to, uintptr_t start, uintptr_t end)
{
	static struct hms_look look;
	static int status[HMS_LOOK_PAGES];
	size_t bytes = 0;
	long rc = 0;

	for (look.next = start; look.next < end && rc >= 0;) {
		look.n = 0;
		rc = hms_look(&look, end, false);
		if (rc == 0 && look.n)
			rc = hms_sys_move_pages(
				0, look.n, look.addr, NULL, status, 0);
		for (unsigned i = 0; i < look.n && rc >= 0; i++)
			if (status[i] >= 0 && status[i] < HMS_MAX_NODES &&
				hms_target_has_node(to, (unsigned)status[i]))
				bytes += look.bytes[i];
	}
	return rc < 0 ? rc : (ssize_t)bytes;
}

size_t hms_ready_bytes_on(
	const struct hms_ready *block, const struct hms_target *to)
{
	struct hms_residency sum = { 0 };
	size_t bytes = 0;
	ssize_t known;

	if (to->ops->maps)
		return hms_look_mapped(block->at, block->len);
	known = bytes_on_node(to, block->at, block->at + block->len);
	if (known >= 0)
		return (size_t)known;
	if (hms_residency((void *)block->at, block->len, false, &sum) < 0)
		return 0;
	for (unsigned n = 0; n < sizeof(sum.node) / sizeof(sum.node[0]); n++)
		if (hms_target_has_node(to, n))
			bytes += sum.node[n];
	return bytes;
}
