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
	struct hms_decision to = { -1, NULL, 0 };
	int saved = errno, site;
	long size;
	void *p;

	if (!hms_map_wanted(HMS_FAMILY_MAP))
		return hms_next.shmat(id, addr, flags);
	size = hms_sys_shm_size(id);
	if (size < 0)
		return hms_next.shmat(id, addr, flags);
	call.size = (size_t)size;
	to.place = &hms_engine.places->places[0];
	if (hms_engine.has_map_rules)
		hms_decide(&call, &to);
	site = hms_mapped_site(&call, to.rule);
	hms_map_lock();
	p = hms_next.shmat(id, addr, flags);
	if (p != (void *)-1) {
		const uintptr_t start = (uintptr_t)p;
		const uintptr_t end = start + hms_page_up((size_t)size);

		if (flags & SHM_REMAP) {
			hms_range_drop(start, end);
			hms_mapped_drop(start, end);
		}
		if (bind(&to, start, (size_t)size) < 0) {
			hms_next.shmdt(p);
			forget(start);
			errno = ENOMEM;
			p = (void *)-1;
		} else {
			hms_mapped_add(site, start, start + (size_t)size);
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

	if (!hms_map_known())
		return hms_next.shmdt(addr);
	hms_mapped_ready();
	hms_map_lock();
	rc = hms_next.shmdt(addr);
	if (rc == 0) {
		forget((uintptr_t)addr);
		hms_mapped_detach((uintptr_t)addr);
	}
	hms_map_unlock();
	return rc;
}
