/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/target/lend.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "engine/target/store.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4 /* Linux 5.13 for files */
#endif
#define SPARE 4
#define RW (PROT_READ | PROT_WRITE)
#define HUGE_BYTES ((uintptr_t)2 << 20)

/* Address space for a view, at the same distance from huge pages' borders. */
static uintptr_t reserve(uintptr_t like, size_t len, uint64_t granule)
{
	uintptr_t align = granule > HUGE_BYTES ? granule : HUGE_BYTES;
	uintptr_t p, start;

	p = (uintptr_t)hms_sys_mmap(NULL, len + align, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hms_sys_failed((void *)p))
		return p;
	start = p + ((like - p) & (align - 1));
	if (start > p)
		hms_sys_munmap((void *)p, start - p);
	if (start + len < p + len + align)
		hms_sys_munmap((void *)(start + len), p + align - start);
	return start;
}

/* Blocks that were taken go back, empty. */
static void give(const struct hms_lent *lent)
{
	const struct hms_extent e = {
		.start = lent->addr,
		.end = lent->addr + lent->len,
		.store = lent->store,
		.offset = lent->offset,
		.generation = lent->generation,
	};

	hms_store_give(&e, lent->offset, lent->len);
}

static int take(struct hms_store *store, struct hms_lent *out)
{
	uint64_t len = out->len;
	int rc = hms_store_fd(store);

	if (rc < 0)
		return rc;
	if ((out->addr | out->len) & (store->granule - 1))
		return -EOPNOTSUPP;
	/* Where pages are given one by one, faults are most of the price. */
	out->holes = store->small && len > 2 * hms_sys_page_size();
	rc = out->holes
		     ? hms_store_take_holes(store, out->addr, len, &out->offset)
		     : hms_store_take(store, out->addr, &len, &out->offset);
	if (rc < 0)
		return rc;
	out->store = store;
	out->clean = !store->device;
	out->generation = store->generation;
	if (len < out->len) {
		out->len = len;
		return -ENOSPC;
	}
	return 0;
}

static int map_view(struct hms_lent *out)
{
	uintptr_t at = reserve(out->addr, out->len, out->store->granule);
	void *p;

	if (hms_sys_failed((void *)at))
		return (int)(intptr_t)at;
	p = hms_sys_mmap((void *)at, out->len, RW, MAP_SHARED | MAP_FIXED,
		out->store->fd, (off_t)out->offset);
	if (hms_sys_failed(p)) {
		hms_sys_munmap((void *)at, out->len);
		return (int)(intptr_t)p;
	}
	out->view = p;
	return 0;
}

/* A page that cannot be had now must not be a signal later. */
static int make_pages(
	struct hms_lent *lent, int (*make_holes)(void *view, size_t len))
{
	const size_t last = lent->holes ? hms_sys_page_size() : lent->len;
	struct hms_store *store = lent->store;
	int rc;

	if (!lent->holes || make_holes(lent->view, lent->len - last) == 0)
		return hms_sys_madvise((char *)lent->view + lent->len - last,
			last, MADV_POPULATE_WRITE);
	hms_stores_lock();
	rc = lent->generation == store->generation && hms_store_has_fd(store)
		     ? hms_store_reserve(store, lent->offset, lent->len)
		     : -EBUSY;
	if (rc < 0)
		lent->store = NULL;
	hms_stores_unlock();
	if (rc == 0)
		rc = hms_sys_madvise(
			lent->view, lent->len, MADV_POPULATE_WRITE);
	return rc;
}

int hms_lend_take(struct hms_target *target, uintptr_t addr, size_t len,
	int (*make_holes)(void *view, size_t len), struct hms_lent *out)
{
	int rc;

	*out = (struct hms_lent){ .addr = addr, .len = len };
	hms_stores_lock();
	rc = take(target->state, out);
	if (rc == 0)
		rc = map_view(out);
	hms_stores_unlock();
	if (rc == 0)
		rc = make_pages(out, make_holes);
	if (rc < 0)
		hms_lend_drop(out);
	return rc;
}

void hms_lend_drop(struct hms_lent *lent)
{
	void *view = lent->view;

	/* Forgotten first: a child of a fork now must not unmap it, too. */
	lent->view = NULL;
	atomic_signal_fence(memory_order_seq_cst);
	if (view)
		hms_sys_munmap(view, lent->len);
	if (!lent->store)
		return;
	hms_stores_lock();
	give(lent);
	hms_stores_unlock();
	lent->store = NULL;
}

bool hms_lend_good(const struct hms_lent *lent)
{
	return lent->generation == lent->store->generation &&
	       hms_store_has_fd(lent->store) && hms_backed_has_room() &&
	       hms_extent_spare(SPARE) == 0;
}

void hms_lend_use(struct hms_lent *lent)
{
	struct hms_extent *e = hms_extent_new();

	*e = (struct hms_extent){
		.start = lent->addr,
		.end = lent->addr + lent->len,
		.store = lent->store,
		.offset = lent->offset,
		.generation = lent->generation,
		.prot = RW,
	};
	hms_backed_insert(e);
	lent->store = NULL;
	lent->view = NULL;
}

/* Can all of it be seen once more? */
static int look(uintptr_t start, uintptr_t end, uint64_t *granule)
{
	struct hms_extent *e;

	*granule = HUGE_BYTES;
	for (; start < end; start = e->end) {
		e = hms_extents_from(&hms_backed, start);
		if (!e || e->start > start)
			return -ENOENT;
		if (e->frozen || e->generation != e->store->generation ||
			!hms_store_has_fd(e->store))
			return -EOPNOTSUPP;
		if (e->prot != RW)
			return -EPERM;
		if (e->store->granule > *granule)
			*granule = e->store->granule;
		if ((start | (e->end < end ? e->end : end)) &
			(e->store->granule - 1))
			return -EOPNOTSUPP;
	}
	return 0;
}

/*
 * The mapping's own pages go over to the view; who touches the block meanwhile
 * gets them mapped again.  Not where it is several mappings (mremap(2)), which
 * the kernel finds out after it has unmapped what is in the way: so nothing of
 * ours may be there, or another thread could be in its place.
 */
static uintptr_t take_over(uintptr_t start, size_t len, uint64_t granule)
{
	uintptr_t at = reserve(start, len, granule);

	if (hms_sys_failed((void *)at))
		return at;
	hms_sys_munmap((void *)at, len);
	return (uintptr_t)hms_sys_mremap((void *)start, len, len,
		MREMAP_MAYMOVE | MREMAP_DONTUNMAP, (void *)at);
}

static uintptr_t map_again(uintptr_t start, uintptr_t end, uint64_t granule)
{
	uintptr_t at = reserve(start, end - start, granule);
	void *p = (void *)at;

	for (uintptr_t from = start; !hms_sys_failed(p) && from < end;) {
		struct hms_extent *e = hms_extents_from(&hms_backed, from);
		uintptr_t stop = e->end < end ? e->end : end;

		p = hms_sys_mmap((void *)(at + (from - start)), stop - from, RW,
			MAP_SHARED | MAP_FIXED, e->store->fd,
			(off_t)(e->offset + (from - e->start)));
		from = stop;
	}
	if (!hms_sys_failed(p))
		return at;
	if (!hms_sys_failed((void *)at))
		hms_sys_munmap((void *)at, end - start);
	return (uintptr_t)p;
}

int hms_lend_view(uintptr_t start, uintptr_t end, void **view)
{
	uint64_t granule;
	uintptr_t at;
	int rc = look(start, end, &granule);

	if (rc == 0)
		rc = hms_extent_spare(SPARE);
	if (rc < 0)
		return rc;
	at = take_over(start, end - start, granule);
	if (hms_sys_failed((void *)at))
		at = map_again(start, end, granule);
	if (hms_sys_failed((void *)at))
		return (int)at;
	*view = (void *)at;
	return 0;
}
