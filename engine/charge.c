/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/charge.h"

#include <errno.h>
#include <string.h>

#include "base/sys.h"
#include "engine/room.h"
#include "engine/shared.h"
#include "report/status.h"

/*
 * Pages of an address below `page` that are target i's when a step's targets
 * take turns by weight.  A difference of two such numbers is exact for any
 * way to cut a range up.
 */
static uint64_t pages_below(
	const struct hms_step *step, uint64_t page, unsigned i)
{
	uint64_t before = 0, rounds = page / step->total;
	uint64_t rest = page % step->total;

	for (unsigned j = 0; j < i; j++)
		before += step->weights[j];
	rest = rest > before ? rest - before : 0;
	if (rest > step->weights[i])
		rest = step->weights[i];
	return rounds * step->weights[i] + rest;
}

size_t hms_piece_share(const struct hms_place *place,
	const struct hms_piece *piece, unsigned i)
{
	const size_t page = hms_sys_page_size();
	const struct hms_step *step;

	if (piece->step < 0)
		return 0;
	step = &place->steps[piece->step];
	if (piece->target || !step->ntargets)
		return piece->target == step->targets[i]
			       ? piece->end - piece->start
			       : 0;
	return (size_t)(pages_below(step, piece->end / page, i) -
			pages_below(step, piece->start / page, i)) *
	       page;
}

void hms_places_share(
	struct hms_places *places, struct hms_arena *arena, const char *runtime)
{
	for (unsigned i = 0; i < places->nlimits; i++) {
		struct hms_limit *limit = &places->limits[i];
		const struct hms_limit_spec *spec = limit->spec;
		struct hms_shared *shared;

		if (!spec->shared)
			continue;
		shared = hms_arena_alloc(arena, sizeof(*shared));
		if (shared && !hms_shared_open(shared, runtime, spec->name,
				      spec->what, spec->bytes))
			limit->shared = shared;
	}
}

/* Counted, and told to the status page. */
static void use(struct hms_limit *limit, int number, int64_t bytes)
{
	uint64_t now = __atomic_add_fetch(
		&limit->used, (uint64_t)bytes, __ATOMIC_RELAXED);
	struct hms_status_limit *status;

	if (!hms_counting || number >= HMS_STATUS_LIMITS)
		return;
	status = &hms_status->limits[number];
	__atomic_store_n(&status->used, now, __ATOMIC_RELAXED);
	if (limit->shared)
		__atomic_store_n(&status->all, hms_shared_sum(limit->shared),
			__ATOMIC_RELAXED);
}

/* Bytes more, or less; false: others have what was left. */
static bool charge_limit(
	const struct hms_places *places, int number, int64_t bytes)
{
	struct hms_limit *limit;

	if (number < 0 || !bytes)
		return true;
	limit = &places->limits[number];
	if (limit->shared && bytes > 0 &&
		!hms_shared_claim(limit->shared, (uint64_t)bytes))
		return false;
	if (limit->shared && bytes < 0)
		hms_shared_give(limit->shared, (uint64_t)-bytes);
	use(limit, number, bytes);
	return true;
}

/* All limits that a piece is under: all of them, or none and false. */
static bool charge_limits(const struct hms_places *places,
	const struct hms_place *place, const struct hms_piece *piece, int sign)
{
	const struct hms_step *step = &place->steps[piece->step];
	int64_t bytes = sign * (int64_t)(piece->end - piece->start);
	unsigned n = 0;

	if (!charge_limit(places, step->limit, bytes))
		return false;
	while (n < step->ntargets &&
		charge_limit(places, step->limits[n],
			sign * (int64_t)hms_piece_share(place, piece, n)))
		n++;
	if (n == step->ntargets)
		return true;
	while (n-- > 0)
		charge_limit(places, step->limits[n],
			-(int64_t)hms_piece_share(place, piece, n));
	charge_limit(places, step->limit, -bytes);
	return false;
}

bool hms_place_charge(const struct hms_places *places, struct hms_place *place,
	int rule, const struct hms_piece *piece, int sign)
{
	int64_t bytes = sign * (int64_t)(piece->end - piece->start);
	struct hms_step *step;

	if (piece->step < 0)
		return true;
	step = &place->steps[piece->step];
	if (!charge_limits(places, place, piece, sign))
		return false;
	if (piece->step == 0 && rule >= 0)
		__atomic_fetch_add(&places->rule_limit[rule].used,
			(uint64_t)bytes, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < step->ntargets; i++) {
		int64_t share =
			sign * (int64_t)hms_piece_share(place, piece, i);

		if (!share)
			continue;
		hms_room_bound(step->targets[i], share);
		if (piece->target && step->ntargets > 1)
			__atomic_fetch_add(&step->dealt[i], (uint64_t)share,
				__ATOMIC_RELAXED);
	}
	return true;
}

void hms_place_moved(const struct hms_places *places, struct hms_place *place,
	const struct hms_piece *from, const struct hms_piece *to)
{
	const struct hms_step *step;

	if (from->step < 0 || from->target)
		return;
	step = &place->steps[from->step];
	for (unsigned i = 0; i < step->ntargets; i++) {
		int64_t more = (int64_t)hms_piece_share(place, to, i) -
			       (int64_t)hms_piece_share(place, from, i);

		if (!more)
			continue;
		hms_room_bound(step->targets[i], more);
		if (charge_limit(places, step->limits[i], more))
			continue;
		hms_shared_force(
			places->limits[step->limits[i]].shared, (uint64_t)more);
		use(&places->limits[step->limits[i]], step->limits[i], more);
	}
}

void hms_limits_before_fork(const struct hms_places *places)
{
	for (unsigned i = 0; i < places->nlimits; i++)
		if (places->limits[i].shared)
			hms_shared_before_fork(places->limits[i].shared);
}

void hms_limits_after_fork(const struct hms_places *places, bool child)
{
	for (unsigned i = 0; i < places->nlimits; i++)
		if (places->limits[i].shared)
			hms_shared_after_fork(places->limits[i].shared, child);
}

void hms_limits_inherited(const struct hms_places *places, bool all)
{
	for (unsigned i = 0; i < places->nlimits && all; i++)
		if (places->limits[i].shared)
			hms_shared_covered(places->limits[i].shared);
}

void hms_charges_clear(const struct hms_places *places)
{
	for (unsigned i = 0; i < places->ntargets; i++)
		places->targets[i]->bound = 0;
	for (unsigned i = 0; i < places->nlimits; i++) {
		places->limits[i].used = 0;
		if (hms_counting && i < HMS_STATUS_LIMITS)
			hms_status->limits[i].used = 0;
	}
	for (unsigned i = 0; i < places->nrules; i++)
		places->rule_limit[i].used = 0;
	for (unsigned i = 0; i < places->nplaces; i++)
		for (unsigned j = 0; j < places->places[i].nsteps; j++)
			memset(places->places[i].steps[j].dealt, 0,
				places->places[i].steps[j].ntargets *
					sizeof(uint64_t));
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t left_of(uint64_t most, const uint64_t *used)
{
	uint64_t now = __atomic_load_n(used, __ATOMIC_RELAXED);

	return most > now ? most - now : 0;
}

uint64_t hms_limit_left(const struct hms_places *places, int limit)
{
	const struct hms_limit *l;
	uint64_t own;

	if (limit < 0)
		return UINT64_MAX;
	l = &places->limits[limit];
	own = left_of(l->spec->bytes, &l->used);
	return l->shared ? least(own, hms_shared_left(l->shared)) : own;
}

uint64_t hms_rule_left(const struct hms_places *places, int rule)
{
	const struct hms_rule_limit *limit;

	if (rule < 0)
		return UINT64_MAX;
	limit = &places->rule_limit[rule];
	return limit->bytes == UINT64_MAX ? UINT64_MAX
					  : left_of(limit->bytes, &limit->used);
}

/* Bytes of a piece that count under a limit. */
static uint64_t piece_under(
	const struct hms_place *place, const struct hms_piece *piece, int limit)
{
	const struct hms_step *step;
	uint64_t sum = 0;

	if (limit < 0 || piece->step < 0)
		return 0;
	step = &place->steps[piece->step];
	if (step->limit == limit)
		return piece->end - piece->start;
	for (unsigned i = 0; i < step->ntargets; i++)
		if (step->limits[i] == limit)
			sum += hms_piece_share(place, piece, i);
	return sum;
}

/* What a limit leaves once the piece no longer counts under it. */
static uint64_t limit_left_without(const struct hms_places *places, int limit,
	const struct hms_place *place, const struct hms_piece *piece)
{
	uint64_t left = hms_limit_left(places, limit);

	return left == UINT64_MAX ? left
				  : left + piece_under(place, piece, limit);
}

/* Under the lock: is there room for `to` beside `from`? */
static bool may_move(const struct hms_places *places,
	const struct hms_place *place, int rule, const struct hms_piece *from,
	const struct hms_piece *to)
{
	const struct hms_step *step = &place->steps[to->step];
	const uint64_t bytes = to->end - to->start;
	uint64_t room = limit_left_without(places, step->limit, place, from);

	if (to->step == 0 && from->step != 0)
		room = least(room, hms_rule_left(places, rule));
	for (unsigned i = 0; i < step->ntargets; i++) {
		if (step->targets[i] != to->target)
			continue;
		room = least(room, limit_left_without(places, step->limits[i],
					   place, from));
		return room >= bytes && hms_room(to->target, bytes) >= bytes;
	}
	return false;
}

int hms_place_charge_move(const struct hms_places *places,
	struct hms_place *place, int rule, const struct hms_piece *from,
	const struct hms_piece *to)
{
	bool fits;

	hms_places_lock();
	fits = may_move(places, place, rule, from, to);
	fits = fits && hms_place_charge(places, place, rule, to, 1);
	hms_places_unlock();
	return fits ? 0 : -ENOSPC;
}
