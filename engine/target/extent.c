/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/target/extent.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "base/sys.h"

#define SLAB_BYTES ((size_t)64 << 10)

static struct hms_extent *pool;
static unsigned pooled;

static int hms_extent_compare(struct hms_extent *a, struct hms_extent *b)
{
	return a->start < b->start ? -1 : a->start > b->start;
}

RB_GENERATE(hms_extents, hms_extent, link, hms_extent_compare)

void hms_extent_free(struct hms_extent *extent)
{
	extent->link.rbe_left = pool;
	pool = extent;
	pooled++;
}

int hms_extent_spare(unsigned n)
{
	struct hms_extent *slab;

	while (pooled < n) {
		slab = hms_sys_mmap(NULL, SLAB_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (hms_sys_failed(slab))
			return -ENOMEM;
		for (size_t i = 0; i < SLAB_BYTES / sizeof(*slab); i++)
			hms_extent_free(&slab[i]);
	}
	return 0;
}

struct hms_extent *hms_extent_new(void)
{
	struct hms_extent *extent;

	if (hms_extent_spare(1) < 0)
		return NULL;
	extent = pool;
	pool = extent->link.rbe_left;
	pooled--;
	return extent;
}

struct hms_extent *hms_extents_from(struct hms_extents *tree, uint64_t at)
{
	struct hms_extent *e = RB_ROOT(tree), *best = NULL;

	while (e) {
		if (e->end > at) {
			best = e;
			e = RB_LEFT(e, link);
		} else {
			e = RB_RIGHT(e, link);
		}
	}
	return best;
}
