/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zeroing backed memory.  Private anonymous memory is emptied by dropping its
 * pages; here the blocks have to stay reserved.
 */
#include <errno.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "engine/target/backed.h"
#include "engine/target/store.h"

/* Up to here a memset is cheaper than asking the file system. */
#define SMALL ((uint64_t)64 << 10)

static void *at(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

static int zero_by_hand(const struct hms_extent *e)
{
	size_t len = e->end - e->start;
	bool writable = e->prot & PROT_WRITE;
	int rc = 0;

	if (!writable)
		rc = hms_sys_mprotect(
			at(e->start), len, PROT_READ | PROT_WRITE);
	if (rc < 0)
		return rc;
	memset(at(e->start), 0, len);
	if (!writable)
		rc = hms_sys_mprotect(at(e->start), len, e->prot);
	return rc;
}

/* Other blocks, which nobody else reads; without any, anonymous memory. */
static int replace(struct hms_extent *e)
{
	const struct hms_extent old = *e;
	int rc;

	hms_backed_forget(e);
	rc = hms_backed_fill(
		old.store, old.start, old.end - old.start, old.prot);
	if (rc < 0)
		rc = hms_anonymous_map(old.start, old.end, old.prot);
	if (rc == 0)
		hms_store_give(&old, old.offset, old.end - old.start);
	return rc;
}

static int zero_extent(struct hms_extent *e)
{
	struct hms_store *store = e->store;
	uint64_t len = e->end - e->start;
	bool writable = e->prot & PROT_WRITE;
	int rc;

	if (store->device && !e->frozen)
		return zero_by_hand(e);
	if (e->frozen || e->generation != store->generation ||
		!hms_store_has_fd(store))
		return replace(e);
	if (writable && (len <= SMALL || !store->zero_range))
		return zero_by_hand(e);
	if (store->zero_range) {
		rc = hms_store_allocate(store,
			FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, e->offset,
			len);
		if (rc == 0)
			return 0;
		if (rc == -EOPNOTSUPP)
			store->zero_range = false;
	}
	return writable ? zero_by_hand(e) : replace(e);
}

static int zero(uintptr_t start, uintptr_t end)
{
	struct hms_extent *e;
	uintptr_t stop;
	int rc = 0;

	while (rc == 0 && start < end) {
		/* New blocks may have joined what follows. */
		rc = hms_extent_spare(8);
		if (rc == 0)
			rc = hms_backed_isolate(start, end);
		if (rc < 0)
			break;
		e = hms_backed_first(start, end);
		if (e && e->start == start) {
			stop = e->end;
			rc = zero_extent(e);
		} else {
			stop = e ? e->start : end;
			rc = hms_sys_madvise(
				at(start), stop - start, MADV_DONTNEED);
		}
		start = stop;
	}
	return rc;
}

int hms_target_zero(struct hms_target *target, void *addr, size_t len)
{
	int rc;

	hms_stores_lock();
	rc = zero((uintptr_t)addr, (uintptr_t)addr + len);
	hms_stores_unlock();
	return rc;
}
