/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/range.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/guard.h"
#include "base/log.h"
#include "engine/room.h"
#include "engine/tree.h"
#include "report/status.h"

#define BATCH 32

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct hms_places *places;
static size_t lost_pieces; /* under the lock */

/*
 * A signal handler that maps or allocates while this thread has the lock must
 * pass through, or it would wait for itself.
 */
static void enter(void)
{
	hms_guard_enter();
	pthread_mutex_lock(&lock);
}

static void leave(void)
{
	pthread_mutex_unlock(&lock);
	hms_guard_leave();
}

void hms_ranges_setup(const struct hms_places *all)
{
	places = all;
	hms_room_setup(all);
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

/* Tells the status page; sign: 1 or -1.  Under the lock. */
static void count(const struct hms_range *range, int sign)
{
	int64_t bytes = sign * (int64_t)(range->end - range->start);
	struct hms_status_rule *rule = NULL;
	struct hms_piece piece = piece_of(range);
	const struct hms_step *step;

	if (range->reserve)
		return;
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

static void charge(const struct hms_range *range, int sign)
{
	struct hms_piece piece = piece_of(range);

	if (!range->reserve)
		hms_place_charge(
			places, range->place, range->rule, &piece, sign);
}

static bool maps(const struct hms_range *range)
{
	return range->target && range->target->ops->maps;
}

/* Out of the table: out of all sums. */
static void forget(const struct hms_range *range)
{
	count(range, -1);
	charge(range, -1);
}

static void say_lost(void)
{
	lost_pieces++;
	hms_log_once(HMS_LOG_WARN,
		"no memory to remember where ranges are; reports are incomplete");
}

/* Takes one piece, or its part inside, out of table and sums. */
static bool take(uintptr_t start, uintptr_t end, struct hms_range *taken)
{
	struct hms_range lost;

	if (!hms_tree_take(start, end, taken, &lost))
		return false;
	forget(taken);
	if (lost.start < lost.end) {
		forget(&lost);
		say_lost();
	}
	return true;
}

/* Remembers a piece that is charged; under the lock. */
static void put(const struct hms_range *range, bool stripe)
{
	if (!hms_tree_add(range, stripe)) {
		count(range, 1);
		return;
	}
	charge(range, -1);
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
	enter();
	put(&range, shared && r->after == range.start);
	leave();
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
	enter();
	put(&range, false);
	leave();
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
	int rc = 0;

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
		enter();
		found = take(start, end, &range);
		leave();
		if (!found)
			return;
		if (maps(&range) && range.target->ops->release) {
			hms_guard_enter();
			range.target->ops->release(range.target,
				(void *)range.start, range.end - range.start);
			hms_guard_leave();
		}
		start = range.end;
	}
}

void hms_range_strike(uintptr_t start, uintptr_t end)
{
	struct hms_range range;
	const struct hms_range *next;

	enter();
	while (start < end && (next = hms_tree_first(start, end))) {
		if (maps(next)) {
			start = next->end;
			continue;
		}
		take(start, end, &range);
		start = range.end;
	}
	leave();
}

/* Takes the next piece of the old place over to the new one. */
static bool move_one(uintptr_t *at, uintptr_t old_end, uintptr_t shift,
	struct hms_range *moved)
{
	struct hms_range range;
	bool found;

	enter();
	found = take(*at, old_end, &range);
	if (found) {
		*at = range.end;
		range.start += shift;
		range.end += shift;
		charge(&range, 1);
		put(&range, false);
		*moved = range;
	}
	leave();
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

	if (!hms_range_count())
		return false;
	enter();
	range = hms_tree_first(start, end);
	if (range)
		*out = *range;
	leave();
	return range != NULL;
}

size_t hms_range_count(void)
{
	return hms_tree_count();
}

size_t hms_range_stripes(void)
{
	return hms_tree_stripes();
}

size_t hms_range_lost(void)
{
	size_t n;

	enter();
	n = lost_pieces;
	leave();
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
		enter();
		range = hms_tree_first(at, UINTPTR_MAX);
		for (; range && n < BATCH; range = hms_tree_after(range))
			batch[n++] = *range;
		leave();
		for (unsigned i = 0; i < n; i++)
			fn(&batch[i], arg);
		if (n)
			at = batch[n - 1].end;
	} while (n == BATCH);
}

void hms_ranges_before_fork(void)
{
	hms_guard_enter();
	hms_places_before_fork();
	pthread_mutex_lock(&lock);
}

static void clear_charges(void)
{
	for (unsigned i = 0; i < places->ntargets; i++)
		places->targets[i]->bound = 0;
	for (unsigned i = 0; i < places->nlimits; i++)
		places->limits[i].used = 0;
	for (unsigned i = 0; i < places->nrules; i++)
		places->rule_limit[i].used = 0;
	for (unsigned i = 0; i < places->nplaces; i++)
		for (unsigned j = 0; j < places->places[i].nsteps; j++)
			memset(places->places[i].steps[j].dealt, 0,
				places->places[i].steps[j].ntargets *
					sizeof(uint64_t));
}

/*
 * What other threads had decided on, but not bound or remembered yet, is not
 * in the child: only what stands in the table is charged there.
 */
static void charge_anew(void)
{
	const struct hms_range *range = hms_tree_first(0, UINTPTR_MAX);

	if (!places)
		return;
	clear_charges();
	for (; range; range = hms_tree_after(range))
		charge(range, 1);
}

void hms_ranges_after_fork(bool child)
{
	if (child)
		charge_anew();
	pthread_mutex_unlock(&lock);
	hms_places_after_fork();
	hms_guard_leave();
}
