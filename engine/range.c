/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/ranging.h"

#include <pthread.h>
#include <string.h>

#include "base/guard.h"
#include "base/log.h"
#include "engine/charge.h"
#include "engine/heat/sites.h"
#include "engine/room.h"
#include "report/status.h"

#define BATCH 32

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct hms_places *places;
static size_t lost_pieces; /* under the lock */
static uint64_t generation, moving; /* atomic */
static void (*on_moving)(void);

/*
 * A signal handler that maps or allocates while this thread has the lock must
 * pass through, or it would wait for itself.
 */
void hms_ranges_enter(void)
{
	hms_guard_enter();
	pthread_mutex_lock(&lock);
}

void hms_ranges_leave(void)
{
	pthread_mutex_unlock(&lock);
	hms_guard_leave();
}

void hms_ranges_setup(const struct hms_places *all)
{
	places = all;
	hms_room_setup(all);
}

const struct hms_places *hms_ranges_places(void)
{
	return places;
}

static uint64_t add(uint64_t *counter, int64_t bytes)
{
	return __atomic_add_fetch(counter, (uint64_t)bytes, __ATOMIC_RELAXED);
}

/* Under the lock, so nobody else raises it. */
static void raise_peak(uint64_t *peak, uint64_t now)
{
	if (now > __atomic_load_n(peak, __ATOMIC_RELAXED))
		__atomic_store_n(peak, now, __ATOMIC_RELAXED);
}

static struct hms_piece piece_of(const struct hms_range *range)
{
	return (struct hms_piece){ range->start, range->end, range->target,
		range->step };
}

static void count_target(struct hms_status_rule *rule,
	const struct hms_target *target, int64_t bytes)
{
	struct hms_status_target *status;

	if (!bytes || target->index >= HMS_STATUS_TARGETS)
		return;
	status = &hms_status->targets[target->index];
	raise_peak(&status->bound_peak, add(&status->bound, bytes));
	if (rule)
		add(&rule->wanted[target->index], bytes);
}

/* Is it memory that may leave its target?  Only such a rule's is. */
static bool may_move(const struct hms_range *range)
{
	return range->rule >= 0 && places->rule_moves[range->rule];
}

void hms_ranges_count(const struct hms_range *range, int sign)
{
	int64_t bytes = sign * (int64_t)(range->end - range->start);
	struct hms_status_rule *rule = NULL;
	struct hms_piece piece = piece_of(range);
	const struct hms_step *step;

	__atomic_store_n(&generation, generation + 1, __ATOMIC_RELAXED);
	if (range->reserve)
		return;
	if (may_move(range) && add(&moving, bytes) && sign > 0 && on_moving)
		on_moving();
	if (range->rule >= 0) {
		rule = hms_status_rule(range->rule);
		raise_peak(&rule->bound_peak, add(&rule->bound, bytes));
		add(range->step == 0	  ? &rule->first
			: range->step > 0 ? &rule->spilled
					  : &rule->refused,
			bytes);
	}
	if (range->step < 0)
		return;
	step = &range->place->steps[range->step];
	for (unsigned i = 0; i < step->ntargets; i++)
		count_target(rule, step->targets[i],
			sign * (int64_t)hms_piece_share(
				       range->place, &piece, i));
}

static bool is_charged(const struct hms_range *range)
{
	return !range->reserve && !(range->options & HMS_RANGE_UNCHARGED);
}

bool hms_ranges_charge(const struct hms_range *range, int sign)
{
	struct hms_piece piece = piece_of(range);

	return !is_charged(range) || hms_place_charge(places, range->place,
					     range->rule, &piece, sign);
}

static bool maps(const struct hms_range *range)
{
	return range->target && range->target->ops->maps;
}

static void say_lost(void)
{
	lost_pieces++;
	hms_log_once(HMS_LOG_WARN,
		"no memory to remember where ranges are; reports are incomplete");
}

bool hms_ranges_take(uintptr_t start, uintptr_t end, struct hms_range *taken)
{
	struct hms_range lost;

	if (!hms_tree_take(start, end, taken, &lost))
		return false;
	hms_ranges_count(taken, -1);
	hms_retargets_tell(taken);
	if (lost.start < lost.end) {
		hms_ranges_count(&lost, -1);
		hms_ranges_charge(&lost, -1);
		hms_retargets_tell(&lost);
		say_lost();
	}
	return true;
}

/* Remembers a piece that is charged; under the lock. */
void hms_ranges_put(const struct hms_range *range, bool stripe)
{
	if (!hms_tree_add(range, stripe)) {
		hms_ranges_count(range, 1);
		return;
	}
	hms_ranges_charge(range, -1);
	say_lost();
}

/* What hms_place_bind() tells is remembered. */
struct remembering {
	const struct hms_range *as;
	uintptr_t after; /* end of a stripe, or 0 */
};

static void remember(const struct hms_piece *piece, void *arg)
{
	struct remembering *r = arg;
	struct hms_range range = *r->as;
	bool shared;

	range.start = piece->start;
	range.end = piece->end;
	range.target = piece->target;
	range.step = piece->step;
	shared = piece->target && range.place->steps[piece->step].ntargets > 1;
	hms_ranges_enter();
	hms_ranges_put(&range, shared && r->after == range.start);
	hms_ranges_leave();
	r->after = shared ? range.end : 0;
}

/* A reservation: its policy is set, and nothing is counted. */
static void reserve(const struct hms_range *as, int prot)
{
	const struct hms_step *step = &as->place->steps[0];
	struct hms_range range = *as;

	range.target = NULL;
	range.step = -1;
	if (step->ntargets == 1 && !step->targets[0]->ops->maps &&
		!step->targets[0]->ops->bind(step->targets[0],
			(void *)as->start, as->end - as->start, prot)) {
		range.target = step->targets[0];
		range.step = 0;
	}
	hms_ranges_enter();
	hms_ranges_put(&range, false);
	hms_ranges_leave();
}

int hms_range_bind(const struct hms_range *as, int prot)
{
	struct remembering r = { .as = as };
	struct hms_request request = {
		.start = as->start,
		.end = as->end,
		.place = as->place,
		.rule = as->rule,
		.prot = prot,
		.options = as->options,
	};
	struct hms_range sited;
	int rc = 0;

	if (may_move(as)) {
		sited = *as;
		if (!sited.site)
			sited.site = hms_site_of_rule(as->rule);
		r.as = &sited;
		request.first = hms_site_first_step(sited.site, as->place);
	}

	hms_guard_enter();
	hms_range_drop(as->start, as->end);
	if (as->place->nsteps && as->reserve)
		reserve(as, prot);
	else if (as->place->nsteps)
		rc = hms_place_bind(places, &request, remember, &r);
	if (rc)
		hms_range_drop(as->start, as->end);
	hms_guard_leave();
	return rc;
}

void hms_range_drop(uintptr_t start, uintptr_t end)
{
	struct hms_range range;
	bool found;

	while (start < end && hms_range_count()) {
		hms_ranges_enter();
		found = hms_ranges_take(start, end, &range);
		hms_ranges_leave();
		if (!found)
			return;
		if (maps(&range) && range.target->ops->release) {
			hms_guard_enter();
			range.target->ops->release(range.target,
				(void *)range.start, range.end - range.start);
			hms_guard_leave();
		}
		/* Not before: another process may take what a limit leaves. */
		hms_ranges_charge(&range, -1);
		start = range.end;
	}
}

void hms_range_strike(uintptr_t start, uintptr_t end)
{
	struct hms_range range;
	const struct hms_range *next;

	hms_ranges_enter();
	while (start < end && (next = hms_tree_first(start, end))) {
		if (maps(next)) {
			start = next->end;
			continue;
		}
		hms_ranges_take(start, end, &range);
		hms_ranges_charge(&range, -1);
		start = range.end;
	}
	hms_ranges_leave();
}

/* Takes the next piece of the old place over to the new one. */
static bool move_one(uintptr_t *at, uintptr_t old_end, uintptr_t shift,
	struct hms_range *moved)
{
	struct hms_piece from, to;
	struct hms_range range;
	bool found;

	hms_ranges_enter();
	found = hms_ranges_take(*at, old_end, &range);
	if (found) {
		*at = range.end;
		from = piece_of(&range);
		range.start += shift;
		range.end += shift;
		to = piece_of(&range);
		if (is_charged(&range))
			hms_place_moved(places, range.place, &from, &to);
		hms_ranges_put(&range, false);
		*moved = range;
	}
	hms_ranges_leave();
	return found;
}

void hms_range_move(uintptr_t old_start, uintptr_t old_end, uintptr_t new_start,
	uintptr_t new_end)
{
	uintptr_t at = old_start, shift = new_start - old_start;
	struct hms_range moved;

	if (old_end - old_start > new_end - new_start) {
		hms_range_drop(old_start + (new_end - new_start), old_end);
		old_end = old_start + (new_end - new_start);
	}
	if (!shift)
		return;
	hms_range_drop(new_start, new_end);
	while (at < old_end && move_one(&at, old_end, shift, &moved)) {
		if (!maps(&moved) || !moved.target->ops->moved)
			continue;
		hms_guard_enter();
		moved.target->ops->moved(moved.target,
			(void *)(moved.start - shift), (void *)moved.start,
			moved.end - moved.start);
		hms_guard_leave();
	}
}

bool hms_range_find(uintptr_t addr, struct hms_range *out)
{
	return hms_range_next(addr, addr + 1, out);
}

bool hms_range_next(uintptr_t start, uintptr_t end, struct hms_range *out)
{
	const struct hms_range *range;

	if (start >= end || !hms_range_count())
		return false;
	hms_ranges_enter();
	range = hms_tree_first(start, end);
	if (range)
		*out = *range;
	hms_ranges_leave();
	return range != NULL;
}

size_t hms_range_count(void)
{
	return hms_tree_count();
}

uint64_t hms_range_generation(void)
{
	return __atomic_load_n(&generation, __ATOMIC_RELAXED);
}

uint64_t hms_range_moving(void)
{
	return __atomic_load_n(&moving, __ATOMIC_RELAXED);
}

void hms_range_on_moving(void (*fn)(void))
{
	on_moving = fn;
}

size_t hms_range_stripes(void)
{
	return hms_tree_stripes();
}

size_t hms_range_lost(void)
{
	size_t n;

	hms_ranges_enter();
	n = lost_pieces;
	hms_ranges_leave();
	return n;
}

void hms_range_each(
	void (*fn)(const struct hms_range *range, void *arg), void *arg)
{
	struct hms_range batch[BATCH];
	const struct hms_range *range;
	uintptr_t at = 0;
	unsigned n;

	do {
		n = 0;
		hms_ranges_enter();
		range = hms_tree_first(at, UINTPTR_MAX);
		for (; range && n < BATCH; range = hms_tree_after(range))
			batch[n++] = *range;
		hms_ranges_leave();
		for (unsigned i = 0; i < n; i++)
			fn(&batch[i], arg);
		if (n)
			at = batch[n - 1].end;
	} while (n == BATCH);
}

void hms_ranges_before_fork(void)
{
	hms_guard_enter();
	hms_places_lock();
	pthread_mutex_lock(&lock);
	if (places)
		hms_limits_before_fork(places);
}

void hms_ranges_after_fork(bool child)
{
	if (child)
		hms_retargets_reset();
	if (places)
		hms_limits_after_fork(places, child);
	if (child && places)
		hms_ranges_inherit();
	pthread_mutex_unlock(&lock);
	hms_places_unlock();
	hms_guard_leave();
}
