/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmap(2) and mremap(2) of memory that a device reaches, or did.  It moves by
 * copying, since the old addresses must stay taken while a driver counts on
 * them.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/guard.h"
#include "base/sys.h"
#include "shims/reaching.h"

void *hms_reach_map(const struct hms_decision *to, size_t len, int prot,
	int flags, const void *caller)
{
	const int plain =
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE;

	return prot == (PROT_READ | PROT_WRITE) && !(flags & ~plain)
		       ? hms_reach_alloc(to, len, true, false, caller)
		       : NULL;
}

int hms_reach_cover(void *addr, size_t len, const void *caller)
{
	const uintptr_t page = hms_sys_page_size() - 1;
	const uintptr_t start = (uintptr_t)addr;
	const uintptr_t end = (start + len + page) & ~page;

	if (start & page || end <= start)
		return 0;
	if (!hms_reach_plain(start, end) &&
		!(hms_reach_is_driver(caller) && hms_reach_touches(start, end)))
		return 0;
	errno = ENOMEM;
	return -1;
}

static void *failed(int error)
{
	errno = error;
	return MAP_FAILED;
}

/* What of the old contents is to be at `to`; 0 or an error of mremap's. */
static int bring(void *old, size_t n, void *to)
{
	void *p;

	if (hms_reach_holds((uintptr_t)old, (uintptr_t)old + n)) {
		memcpy(to, old, n);
		return 0;
	}
	/* Ordinary memory may be protected: its pages go, the mapping stays. */
	p = hms_sys_mremap(old, n, n,
		MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to);
	return hms_sys_failed(p) ? ENOMEM : 0;
}

static bool in_one_block(uintptr_t start, uintptr_t end)
{
	struct reach_block *b;

	reach_lock();
	b = reach_from(start);
	reach_unlock();
	return b && b->start <= start && end <= b->end;
}

void *hms_reach_remap(
	void *old, size_t old_len, size_t len, int flags, void *wanted)
{
	const int known = MREMAP_MAYMOVE | MREMAP_FIXED;
	const bool fixed = flags & MREMAP_FIXED;
	const uintptr_t start = (uintptr_t)old;
	int rc, saved = errno;
	char *to;

	if (!len || !old_len || flags & ~known ||
		(fixed && (!(flags & MREMAP_MAYMOVE) ||
				  ((uintptr_t)wanted < start + old_len &&
					  start < (uintptr_t)wanted + len))))
		return failed(EINVAL);
	if (!in_one_block(start, start + old_len))
		return failed(EFAULT);
	if (len <= old_len && !fixed) {
		if (len < old_len)
			rc = munmap((char *)old + len, old_len - len);
		else
			rc = 0;
		return rc ? MAP_FAILED : old;
	}
	if (!(flags & MREMAP_MAYMOVE))
		return failed(ENOMEM);
	to = mmap(wanted, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | (fixed ? MAP_FIXED : 0), -1, 0);
	if (to == MAP_FAILED)
		return to;
	rc = bring(old, len < old_len ? len : old_len, to);
	if (rc) {
		munmap(to, len);
		return failed(rc);
	}
	munmap(old, old_len);
	errno = saved;
	return to;
}
