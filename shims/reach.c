/* SPDX-License-Identifier: BSD-2-Clause */
#include "shims/reach.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/guard.h"
#include "base/log.h"
#include "base/sys.h"
#include "shims/reaching.h"
#include "shims/vendor.h"

/* What is kept of freed blocks before new ones are the system's. */
#define KEPT_MOST ((size_t)256 << 20)

__thread uint32_t hms_reach_callers;

/* The whole of it is a driver's unit, so that it has a mapping of its own. */
static size_t whole(size_t bytes)
{
	return (bytes + HMS_REACH_LEAST - 1) & ~(HMS_REACH_LEAST - 1);
}

/* The first step that its limits leave room in; -1: none. */
static int charge(const struct hms_decision *to, size_t bytes)
{
	for (unsigned i = 0; i < to->place->nsteps; i++)
		if (to->place->steps[i].ntargets &&
			!hms_device_charge(hms_engine.places, to->place,
				to->rule, (int)i, bytes))
			return (int)i;
	return -1;
}

static int node_of(const struct hms_step *step)
{
	const unsigned bits = 8 * sizeof(step->targets[0]->nodes[0]);
	const struct hms_target *target = step->targets[0];

	for (unsigned n = 0; !target->local && n < HMS_MAX_NODES; n++)
		if (target->nodes[n / bits] >> n % bits & 1)
			return (int)n;
	return -1;
}

static void take(struct reach_block *b, const struct hms_decision *to, int step,
	bool heap)
{
	b->state = REACH_LIVE;
	b->heap = heap;
	b->place = to->place;
	b->rule = to->rule;
	b->step = step;
	reach_count(b, 1);
}

/*
 * One that the program gave back, of the same place; *full: so much is kept
 * that no more is to come.
 */
static void *reuse(const struct hms_reach_vendor *vendor,
	const struct hms_decision *to, size_t bytes, int step, bool heap,
	bool *full)
{
	struct reach_block *b, *best = NULL;
	size_t kept = 0, size;
	void *start = NULL;

	reach_lock();
	for (b = reach_from(0); b; b = reach_after(b)) {
		size = b->end - b->start;
		if (b->state != REACH_KEPT || b->vendor != vendor)
			continue;
		kept += size;
		if (size == bytes && b->place == to->place && !b->telling)
			best = b;
	}
	if (best) {
		start = (void *)best->start;
		take(best, to, step, heap);
	}
	reach_unlock();
	*full = kept >= KEPT_MOST;
	return start;
}

static bool remember(void *memory, size_t bytes, void *context,
	const struct hms_reach_vendor *vendor, const struct hms_decision *to,
	int step, bool heap)
{
	struct reach_block *b;

	reach_lock();
	b = reach_new();
	if (b) {
		b->start = (uintptr_t)memory;
		b->end = b->start + bytes;
		b->vendor = vendor;
		b->context = context;
		take(b, to, step, heap);
		reach_insert(b);
	}
	reach_unlock();
	return b;
}

static void *fresh(const struct hms_reach_vendor *vendor,
	const struct hms_decision *to, size_t bytes, int step, bool heap)
{
	void *context = NULL, *p = vendor->alloc(bytes, &context);

	if (!p) {
		hms_vendor_refused(HMS_REFUSED_DRIVER, to->place->text, 0);
		return NULL;
	}
	vendor->advise(p, bytes, node_of(&to->place->steps[step]),
		to->place->reach, to->place->nreach);
	if ((uintptr_t)p & (hms_sys_page_size() - 1) ||
		!remember(p, bytes, context, vendor, to, step, heap)) {
		reach_tell(vendor, p, context);
		return NULL;
	}
	return p;
}

static void *managed(const struct hms_reach_vendor *vendor,
	const struct hms_decision *to, size_t bytes, bool zero, bool heap)
{
	int step = charge(to, bytes);
	bool full = false;
	void *p;

	if (step < 0) {
		hms_vendor_refused(HMS_REFUSED_ROOM, to->place->text, 0);
		return NULL;
	}
	p = reuse(vendor, to, bytes, step, heap, &full);
	if (!p && full)
		hms_vendor_refused(HMS_REFUSED_ROOM, to->place->text, 0);
	else if (!p)
		p = fresh(vendor, to, bytes, step, heap);
	if (!p)
		hms_device_release(
			hms_engine.places, to->place, to->rule, step, bytes);
	/* Drivers do not promise that it is. */
	else if (zero)
		memset(p, 0, bytes);
	return p;
}

/* One vendor at a time can own a block. */
static const struct hms_reach_vendor *whose(const struct hms_place *place)
{
	const struct hms_reach_vendor *vendor =
		reach_vendor(place->reach[0].vendor);

	for (unsigned i = 1; i < place->nreach; i++)
		if (place->reach[i].vendor != place->reach[0].vendor)
			return NULL;
	return vendor;
}

void *hms_reach_alloc(const struct hms_decision *to, size_t bytes, bool zero,
	bool heap, const void *caller)
{
	const struct hms_reach_vendor *vendor;
	int saved = errno, why = HMS_REFUSED_EARLY;
	void *p = NULL;

	if (bytes < HMS_REACH_LEAST || bytes > PTRDIFF_MAX / 2 ||
		!to->place->nreach || hms_vendor_depth || hms_guarded())
		return NULL;
	vendor = whose(to->place);
	if (vendor && (hms_reach_callers & 1u << vendor->family) &&
		reach_is_library(vendor, caller))
		return NULL;
	hms_vendor_depth++;
	/* Whether OpenCL's devices need it nobody can ask in malloc. */
	if (!vendor)
		why = to->place->reach[0].vendor == HMS_FAMILY_OPENCL
			      ? HMS_REACH_SYSTEM
			      : (int)HMS_REFUSED_SYSTEM;
	else if (hms_reach_callers & 1u << vendor->family)
		why = vendor->possible(to->place->reach, to->place->nreach);
	if (why == HMS_REACH_CAN && !reach_proven(vendor))
		why = HMS_REFUSED_BACK;
	if (why == HMS_REACH_CAN)
		p = managed(vendor, to, whole(bytes), zero, heap);
	else if (why >= 0)
		hms_vendor_refused(why, to->place->text, 0);
	hms_vendor_depth--;
	errno = saved;
	return p;
}

/* The block of malloc's that starts there; under the lock. */
static struct reach_block *block_at(const void *start)
{
	struct reach_block *b = reach_from((uintptr_t)start);

	return b && b->start == (uintptr_t)start && b->heap &&
			       (b->state == REACH_LIVE ||
				       b->state == REACH_PLAIN)
		       ? b
		       : NULL;
}

size_t hms_reach_usable(const void *block)
{
	struct reach_block *b;
	size_t size = 0;

	if (!hms_reach_any())
		return 0;
	reach_lock();
	b = block_at(block);
	if (b)
		size = b->end - b->start;
	reach_unlock();
	return size;
}

/* Under the lock: the program has no more use for it. */
static void give_up(struct reach_block *b)
{
	switch (b->state) {
	case REACH_LIVE:
		reach_count(b, -1);
		b->state = REACH_KEPT;
		break;
	case REACH_PLAIN:
		if (b->owed) {
			reach_reserve(b->start, b->end);
			b->state = REACH_GONE;
		} else {
			hms_sys_munmap((void *)b->start, b->end - b->start);
			reach_remove(b);
		}
		break;
	default:
		break;
	}
}

bool hms_reach_free(void *block)
{
	struct reach_block *b;

	if (!hms_reach_any())
		return false;
	reach_lock();
	b = block_at(block);
	if (b)
		give_up(b);
	reach_unlock();
	return b != NULL;
}

int hms_reach_plain(uintptr_t start, uintptr_t end)
{
	struct reach_block *b, *next;
	int rc = 0;

	if (!hms_reach_any() || hms_guarded())
		return 0;
	reach_lock();
	for (b = reach_from(start); b && b->start < end && !rc; b = next) {
		next = reach_after(b);
		if (b->state == REACH_LIVE)
			rc = reach_convert(b, true);
		/* To the program nothing is there. */
		if (b->state == REACH_KEPT && !b->telling) {
			reach_reserve(b->start, b->end);
			b->state = REACH_GONE;
			b->owed = true;
		}
	}
	reach_unlock();
	return rc;
}

bool hms_reach_holds(uintptr_t start, uintptr_t end)
{
	struct reach_block *b;
	bool holds;

	if (!hms_reach_any() || hms_guarded())
		return false;
	reach_lock();
	b = reach_from(start);
	holds = b && b->start <= start && end <= b->end &&
		b->state == REACH_LIVE;
	reach_unlock();
	return holds;
}

bool hms_reach_touches(uintptr_t start, uintptr_t end)
{
	struct reach_block *b;

	if (!hms_reach_any() || hms_guarded())
		return false;
	reach_lock();
	b = reach_from(start);
	reach_unlock();
	return b && b->start < end;
}

/* A driver unmaps [from, to) of a block, or thinks it does. */
static int unmapped_by_driver(struct reach_block *b)
{
	int rc = 0;

	switch (b->state) {
	case REACH_KEPT:
		hms_sys_munmap((void *)b->start, b->end - b->start);
		reach_remove(b);
		return 0;
	case REACH_LIVE:
		rc = reach_convert(b, false);
		break;
	case REACH_PLAIN:
	case REACH_GONE:
		/* Whoever tells the driver sees to the rest. */
		if (b->telling)
			return 0;
		b->owed = false;
		break;
	}
	if (!rc && b->state == REACH_GONE)
		reach_remove(b);
	return rc;
}

/* The program unmaps [from, to) of a block. */
static int unmapped_by_program(
	struct reach_block *b, uintptr_t from, uintptr_t to)
{
	int rc = 0;

	if (b->state == REACH_KEPT)
		return 0;
	if (b->state == REACH_LIVE && !b->heap && from == b->start &&
		to == b->end) {
		give_up(b);
		return 0;
	}
	if (b->state == REACH_LIVE)
		rc = reach_convert(b, true);
	if (!rc && b->owed)
		reach_reserve(from, to);
	else if (!rc)
		hms_sys_munmap((void *)from, to - from);
	return rc;
}

int hms_reach_unmap(uintptr_t start, uintptr_t end, const void *caller,
	int (*rest)(void *addr, size_t len))
{
	bool driver = reach_freeing || hms_reach_is_driver(caller);
	struct reach_block *b;
	uintptr_t to;
	int rc;

	if (reach_freeing)
		reach_freed_by = caller;
	if (hms_guarded() || !hms_reach_touches(start, end))
		return rest((void *)start, end - start);
	for (; start < end; start = to) {
		reach_lock();
		b = reach_from(start);
		if (!b || b->start >= end || b->start > start) {
			to = b && b->start < end ? b->start : end;
			reach_unlock();
			if (rest((void *)start, to - start))
				return -1;
			continue;
		}
		to = b->end < end ? b->end : end;
		rc = driver ? unmapped_by_driver(b)
			    : unmapped_by_program(b, start, to);
		reach_unlock();
		if (rc) {
			errno = -rc;
			return -1;
		}
	}
	return 0;
}

/* Under the lock, after the driver was told of a block that it had not. */
static void told(struct reach_block *b)
{
	b->telling = b->owed = false;
	if (b->state != REACH_GONE)
		return;
	if (b->heap)
		hms_sys_munmap((void *)b->start, b->end - b->start);
	reach_remove(b);
}

void hms_reach_drain(enum hms_family family)
{
	const struct hms_reach_vendor *vendor = reach_vendor(family);
	struct reach_block *b;
	int saved = errno;
	void *start, *context;
	bool kept;

	if (!vendor || !(hms_engine.places->reaches & 1u << family))
		return;
	reach_prove_now(vendor);
	while (hms_reach_any()) {
		reach_lock();
		b = reach_to_tell(vendor);
		if (!b) {
			reach_unlock();
			break;
		}
		start = (void *)b->start;
		context = b->context;
		kept = b->state == REACH_KEPT;
		if (kept)
			reach_remove(b);
		else
			b->telling = true;
		reach_unlock();
		reach_tell(vendor, start, context);
		if (kept)
			continue;
		reach_lock();
		told(b);
		reach_unlock();
	}
	errno = saved;
}
