/* SPDX-License-Identifier: BSD-2-Clause */
/* The half of the range table that movers use. */
#include <errno.h>

#include "base/guard.h"
#include "engine/ranging.h"

static struct hms_retarget *moves; /* under way; under the table's lock */

/* Whoever moves this piece learns that it is not what it was. */
void hms_retargets_tell(const struct hms_range *taken)
{
	for (struct hms_retarget *r = moves; r; r = r->next) {
		if (taken->start >= r->was.end || taken->end <= r->was.start)
			continue;
		if (taken->start < r->gone_start)
			r->gone_start = taken->start;
		if (taken->end > r->gone_end)
			r->gone_end = taken->end;
	}
}

void hms_retargets_reset(void)
{
	moves = NULL;
}

void hms_range_stay(uintptr_t start, uintptr_t end)
{
	struct hms_range range;

	hms_ranges_enter();
	while (start < end && hms_ranges_take(start, end, &range)) {
		start = range.end;
		range.options |= HMS_BIND_STAYS;
		hms_ranges_put(&range, false);
	}
	hms_ranges_leave();
}

static bool has_target(const struct hms_place *place, int step,
	const struct hms_target *target)
{
	if (step < 0 || step >= (int)place->nsteps)
		return false;
	for (unsigned i = 0; i < place->steps[step].ntargets; i++)
		if (place->steps[step].targets[i] == target)
			return true;
	return false;
}

/* May [start, end) of this piece move there?  Under the lock. */
static int may_move(const struct hms_range *range, uintptr_t start,
	uintptr_t end, const struct hms_target *to, int step)
{
	if (!range || range->start > start || range->end < end || start >= end)
		return -ENOENT;
	if (!has_target(range->place, step, to))
		return -EINVAL;
	if (range->reserve || range->step < 0 ||
		(range->options & (HMS_OPT_PIN | HMS_BIND_STAYS)) ||
		(to->ops->maps && (range->options & HMS_BIND_IN_PLACE)))
		return -EPERM;
	return 0;
}

/* Charges of the old stay until the end. */
static int charge(const struct hms_retarget *r, bool found)
{
	const struct hms_piece from = { r->was.start, r->was.end, r->was.target,
		r->was.step };
	const struct hms_piece now = { r->was.start, r->was.end, r->to,
		r->step };

	if (found)
		return hms_place_charge(hms_ranges_places(), r->was.place,
			       r->was.rule, &now, 1)
			       ? 0
			       : -ENOSPC;
	return hms_place_charge_move(
		hms_ranges_places(), r->was.place, r->was.rule, &from, &now);
}

static int begin(uintptr_t start, uintptr_t end, struct hms_target *to,
	int step, bool found, struct hms_retarget *r)
{
	const struct hms_range *range;
	int rc;

	*r = (struct hms_retarget){
		.to = to,
		.step = step,
		.gone_start = UINTPTR_MAX,
	};
	hms_ranges_enter();
	range = hms_tree_first(start, end);
	rc = may_move(range, start, end, to, step);
	if (!rc) {
		r->was = *range;
		r->was.start = start;
		r->was.end = end;
		r->next = moves;
		moves = r;
	}
	hms_ranges_leave();
	if (rc)
		return rc;
	hms_guard_enter();
	rc = charge(r, found);
	hms_guard_leave();
	if (rc) {
		r->step = -1; /* nothing is charged */
		hms_range_retarget_end(r, false);
	}
	return rc;
}

int hms_range_retarget_begin(uintptr_t start, uintptr_t end,
	struct hms_target *to, int step, struct hms_retarget *r)
{
	return begin(start, end, to, step, false, r);
}

int hms_range_retarget_found(uintptr_t start, uintptr_t end,
	struct hms_target *to, int step, struct hms_retarget *r)
{
	return begin(start, end, to, step, true, r);
}

bool hms_range_retarget_whole(const struct hms_retarget *r)
{
	bool whole;

	hms_ranges_enter();
	whole = r->gone_start >= r->gone_end;
	hms_ranges_leave();
	return whole;
}

/* Under the lock: the next part that is as it was becomes the new target's. */
static size_t change_part(
	const struct hms_retarget *r, uintptr_t start, uintptr_t end)
{
	struct hms_range range;
	size_t bytes = 0;

	while (start < end && hms_ranges_take(start, end, &range)) {
		start = range.end;
		if (range.place != r->was.place || range.rule != r->was.rule ||
			range.target != r->was.target ||
			range.step != r->was.step || range.reserve) {
			hms_ranges_put(&range, false);
			continue;
		}
		hms_ranges_charge(&range, -1);
		range.options &= ~HMS_RANGE_UNCHARGED;
		range.target = r->to;
		range.step = r->step;
		bytes += range.end - range.start;
		/* Its charge was made by begin. */
		hms_ranges_put(&range, false);
	}
	return bytes;
}

size_t hms_range_retarget_end(struct hms_retarget *r, bool moved)
{
	struct hms_piece rest = { 0, 0, r->to, r->step };
	size_t bytes = 0;

	hms_ranges_enter();
	for (struct hms_retarget **p = &moves; *p; p = &(*p)->next) {
		if (*p != r)
			continue;
		*p = r->next;
		break;
	}
	if (moved && r->gone_start >= r->gone_end) {
		bytes = change_part(r, r->was.start, r->was.end);
	} else if (moved) {
		bytes = change_part(r, r->was.start, r->gone_start);
		bytes += change_part(r, r->gone_end, r->was.end);
	}
	rest.end = r->was.end - r->was.start - bytes;
	if (rest.end)
		hms_place_charge(hms_ranges_places(), r->was.place, r->was.rule,
			&rest, -1);
	hms_ranges_leave();
	return bytes;
}
