/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shmat(2), shmdt(2).  A System V segment is shared memory that processes
 * find by number: it is bound where it lies, and never replaced by a file.
 */
#include "shims/map.h"

#include <sys/shm.h>

#define ATTACHED 256

/* What is attached where; shmdt(2) tells no size.  Under the map lock. */
static struct {
	uintptr_t start, end;
} attached[ATTACHED];

static uint32_t call_flags(const void *addr)
{
	return HMS_CALL_SHARED | (addr ? HMS_CALL_FIXED : 0);
}

static int remember(uintptr_t start, uintptr_t end)
{
	for (size_t i = 0; i < ATTACHED; i++) {
		if (attached[i].end)
			continue;
		attached[i].start = start;
		attached[i].end = end;
		return 0;
	}
	return -ENOMEM;
}

static void forget(uintptr_t start)
{
	for (size_t i = 0; i < ATTACHED; i++) {
		if (!attached[i].end || attached[i].start != start)
			continue;
		hms_range_drop(start, attached[i].end);
		attached[i].end = 0;
		return;
	}
}

static int bind(const struct hms_decision *to, uintptr_t start, size_t size)
{
	const struct hms_range as = {
		.start = start,
		.end = start + hms_page_up(size),
		.place = to->place,
		.rule = to->rule,
		.options = to->options,
		.kind = HMS_RANGE_SHM,
	};

	if (!as.place->nsteps || remember(as.start, as.end) < 0)
		return 0;
	return hms_map_bind(&as, 0, false);
}

HMS_EXPORT void *shmat(int id, const void *addr, int flags)
{
	struct hms_call call = {
		.api = HMS_API_SHMAT,
		.flags = call_flags(addr),
		.caller = __builtin_return_address(0),
	};
	struct hms_decision to;
	int saved = errno;
	long size;
	void *p;

	if (!hms_map_active() || !hms_engine.has_map_rules)
		return hms_next.shmat(id, addr, flags);
	size = hms_sys_shm_size(id);
	if (size < 0)
		return hms_next.shmat(id, addr, flags);
	call.size = (size_t)size;
	hms_decide(&call, &to);
	hms_map_lock();
	p = hms_next.shmat(id, addr, flags);
	if (p != (void *)-1) {
		if (flags & SHM_REMAP)
			hms_range_drop((uintptr_t)p,
				(uintptr_t)p + hms_page_up((size_t)size));
		if (bind(&to, (uintptr_t)p, (size_t)size) < 0) {
			hms_next.shmdt(p);
			forget((uintptr_t)p);
			errno = ENOMEM;
			p = (void *)-1;
		}
	}
	hms_map_unlock();
	if (p != (void *)-1)
		errno = saved;
	return p;
}

HMS_EXPORT int shmdt(const void *addr)
{
	int rc;

	if (!hms_map_tracking())
		return hms_next.shmdt(addr);
	hms_map_lock();
	rc = hms_next.shmdt(addr);
	if (rc == 0)
		forget((uintptr_t)addr);
	hms_map_unlock();
	return rc;
}
