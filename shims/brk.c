/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * brk(2), sbrk(3): pages that the break grows over are bound.  libc's own
 * malloc does not come by here (it calls itself inside); programs and
 * allocators that manage the break themselves do.  Not thread-safe, like the
 * functions themselves.
 */
#include "shims/map.h"

#include <unistd.h>

#define FAILED ((void *)-1)

static void account(int site, uintptr_t old, uintptr_t now)
{
	if (now < old)
		hms_mapped_drop(now, old);
	else
		hms_mapped_add(site, old, now);
}

/* Binds or forgets what lies between; 0 or -ENOMEM. */
static int follow(const struct hms_decision *to, uintptr_t old, uintptr_t now)
{
	struct hms_range as = {
		.start = hms_page_up(old),
		.end = hms_page_up(now),
		.place = to->place,
		.rule = to->rule,
		.options = to->options,
		.kind = HMS_RANGE_BRK,
	};

	if (as.end < as.start) {
		hms_range_drop(as.end, as.start);
		return 0;
	}
	if (as.end == as.start)
		return 0;
	/*
	 * The kernel takes the heap for one mapping of its own when the
	 * break shrinks, so files and devices are not put there.
	 */
	return hms_map_bind(&as, 0, false);
}

/* Returns the call's site. */
static int decide(enum hms_api api, size_t size, const void *caller,
	struct hms_decision *to)
{
	const struct hms_call call = {
		.api = api,
		.flags = HMS_CALL_PRIVATE | HMS_CALL_ANONYMOUS,
		.size = size,
		.caller = caller,
	};

	if (hms_engine.has_brk_rules)
		hms_decide(&call, to);
	return hms_mapped_site(&call, to->rule);
}

HMS_EXPORT void *sbrk(intptr_t delta)
{
	const struct hms_decision none = { -1,
		hms_engine.places ? &hms_engine.places->places[0] : NULL, 0 };
	struct hms_decision to = none;
	int saved = errno, site = HMS_MAPPED_NONE;
	uintptr_t old;
	void *p;

	if (!delta || !hms_map_wanted(HMS_FAMILY_BRK))
		return hms_next.sbrk(delta);
	if (delta > 0)
		site = decide(HMS_API_SBRK, (size_t)delta,
			__builtin_return_address(0), &to);
	hms_mapped_ready();
	hms_map_lock();
	p = hms_next.sbrk(delta);
	old = (uintptr_t)p;
	if (p != FAILED && follow(&to, old, old + (uintptr_t)delta) < 0) {
		hms_next.sbrk(-delta);
		p = FAILED;
		errno = ENOMEM;
	}
	if (p != FAILED)
		account(site, old, old + (uintptr_t)delta);
	hms_map_unlock();
	if (p != FAILED)
		errno = saved;
	return p;
}

HMS_EXPORT int brk(void *addr)
{
	struct hms_decision to = { -1, NULL, 0 };
	uintptr_t old, now = (uintptr_t)addr;
	int saved = errno, site = HMS_MAPPED_NONE, rc;

	if (!hms_map_wanted(HMS_FAMILY_BRK))
		return hms_next.brk(addr);
	to.place = &hms_engine.places->places[0];
	old = (uintptr_t)hms_next.sbrk(0);
	if (now > old)
		site = decide(HMS_API_BRK, now - old,
			__builtin_return_address(0), &to);
	hms_mapped_ready();
	hms_map_lock();
	rc = hms_next.brk(addr);
	if (rc == 0 && follow(&to, old, now) < 0) {
		hms_next.brk((void *)old);
		rc = -1;
		errno = ENOMEM;
	}
	if (rc == 0)
		account(site, old, now);
	hms_map_unlock();
	if (rc == 0)
		errno = saved;
	return rc;
}
