/* SPDX-License-Identifier: BSD-2-Clause */
#include "shims/faulted.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/sys.h"
#include "report/account.h"
#include "shims/map.h"
#include "shims/samples.h"

#define BLOCKS ((size_t)1 << 16)
/* Samples are collected in at most one part of so many of the time. */
#define SHARE 200
#define AGE UINT64_C(10000000) /* ns: not twice for the faults of a tick */

struct block {
	uintptr_t start, end;
	uint32_t weight, site;
};

/* Samples of a page and more, by address, as they were a moment ago. */
static struct {
	struct block *block;
	size_t n;
	uint64_t next; /* not before that */
} heap;

static uint64_t now_ns(void)
{
	return hms_sys_clock(CLOCK_MONOTONIC);
}

static void collect(
	uintptr_t start, const struct hms_sample *sample, void *unused)
{
	if (sample->size < hms_sys_page_size() || heap.n == BLOCKS)
		return;
	heap.block[heap.n++] = (struct block){ start, start + sample->size,
		sample->weight, sample->site };
}

static void sift(size_t root, size_t n)
{
	struct block *b = heap.block, moved = b[root];
	size_t child;

	while ((child = 2 * root + 1) < n) {
		if (child + 1 < n && b[child + 1].start > b[child].start)
			child++;
		if (b[child].start <= moved.start)
			break;
		b[root] = b[child];
		root = child;
	}
	b[root] = moved;
}

/* qsort(3) may allocate. */
static void sort(void)
{
	for (size_t i = heap.n / 2; i-- > 0;)
		sift(i, heap.n);
	for (size_t i = heap.n; i-- > 1;) {
		struct block last = heap.block[i];

		heap.block[i] = heap.block[0];
		heap.block[0] = last;
		sift(0, i);
	}
}

static void look(void)
{
	uint64_t begin = now_ns(), took;

	if (begin < heap.next)
		return;
	if (!heap.block) {
		heap.block = hms_sys_mmap(NULL, BLOCKS * sizeof(*heap.block),
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (hms_sys_failed(heap.block))
			heap.block = NULL;
	}
	heap.n = 0;
	if (heap.block)
		hms_samples_each(collect, NULL);
	sort();
	took = now_ns() - begin;
	heap.next = begin + (took * SHARE > AGE ? took * SHARE : AGE);
}

static const struct block *block_at(uintptr_t addr)
{
	size_t from = 0, to = heap.n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (heap.block[middle].end <= addr)
			from = middle + 1;
		else
			to = middle;
	}
	return from < heap.n && heap.block[from].start <= addr
		       ? &heap.block[from]
		       : NULL;
}

bool hms_faulted(const struct hms_fault *fault)
{
	const struct block *block;
	int site;

	if (hms_accounting == HMS_SITES_OFF)
		return false;
	hms_map_lock();
	site = hms_mapped_at(fault->addr);
	hms_map_unlock();
	if (site != HMS_MAPPED_NONE) {
		hms_account_faults((unsigned)site, fault->weight, fault->major);
		return true;
	}
	look();
	block = block_at(fault->addr);
	if (!block)
		return false;
	hms_account_faults(block->site, (uint64_t)fault->weight * block->weight,
		fault->major);
	return true;
}

void hms_faulted_after_fork(void)
{
	heap.n = 0;
	heap.next = 0;
}
