/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mbind(2), set_mempolicy(2): the application's word wins.  What it binds is
 * no longer ours; what a thread maps after it chose a policy of its own is
 * left alone.
 */
#include "shims/map.h"

#include <linux/mempolicy.h>

#include "engine/target/backed.h"
#include "shims/reach.h"

long mbind(void *addr, unsigned long len, int mode, const unsigned long *nodes,
	unsigned long bits, unsigned flags);
long set_mempolicy(int mode, const unsigned long *nodes, unsigned long bits);

/* Some thread has called set_mempolicy; its children inherit the policy. */
static bool any_policy;

bool hms_thread_has_policy(void)
{
	int mode = MPOL_DEFAULT;

	return __atomic_load_n(&any_policy, __ATOMIC_RELAXED) &&
	       hms_sys_get_mempolicy(&mode, NULL, 0, NULL, 0) == 0 &&
	       (mode & ~MPOL_MODE_FLAGS) != MPOL_DEFAULT;
}

HMS_EXPORT long mbind(void *addr, unsigned long len, int mode,
	const unsigned long *nodes, unsigned long bits, unsigned flags)
{
	uintptr_t start = (uintptr_t)addr, end = start + hms_page_up(len);
	uintptr_t from, to;
	int saved = errno;
	long rc;

	if (hms_page_aligned(addr) && end > start &&
		hms_reach_plain(start, end) < 0) {
		errno = ENOMEM;
		return -1;
	}
	if (!hms_map_tracking() || !hms_page_aligned(addr) || end <= start)
		return hms_next.mbind(addr, len, mode, nodes, bits, flags);
	hms_map_lock();
	/* Nodes mean nothing to a file's pages: ordinary memory again. */
	while (hms_backed_any() && hms_backed_next(start, end, &from, &to)) {
		if (hms_backed_detach(from, to) < 0)
			break;
		hms_range_drop(from, to);
	}
	rc = hms_next.mbind(addr, len, mode, nodes, bits, flags);
	if (rc == 0) {
		hms_range_strike(start, end);
		errno = saved;
	}
	hms_map_unlock();
	return rc;
}

HMS_EXPORT long set_mempolicy(
	int mode, const unsigned long *nodes, unsigned long bits)
{
	long rc = hms_next.set_mempolicy(mode, nodes, bits);

	if (rc == 0 && (mode & ~MPOL_MODE_FLAGS) != MPOL_DEFAULT)
		__atomic_store_n(&any_policy, true, __ATOMIC_RELAXED);
	return rc;
}
