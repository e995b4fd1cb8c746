/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/charge.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/sys.h"
#include "engine/range.h"
#include "engine/room.h"
#include "engine/stripes.h"
#include "engine/target/node.h"
#include "report/status.h"

#define BATCH 16
#define TRIES 8 /* beside other processes, at one shared limit */

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

/* Whoever decides what goes where; held across no bind and no fn. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* How far hms_place_bind() has come. */
struct progress {
	const struct hms_places *places;
	const struct hms_request *ask;
	uintptr_t at; /* bound up to here */
	int tried; /* so many steps took what they could */
	int step; /* the one in hand */
	size_t stripe;
	unsigned npieces;
	struct hms_piece pieces[BATCH]; /* decided and charged */
};

void hms_places_lock(void)
{
	pthread_mutex_lock(&lock);
}

void hms_places_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void hms_target_refused(
	const struct hms_target *target, const char *call, int err)
{
	struct hms_status_target *status;

	hms_log_once(HMS_LOG_WARN,
		"%s: the kernel refuses %s (errno %d); memory is left where the system puts it",
		target->text, call, err);
	if (target->index >= HMS_STATUS_TARGETS)
		return;
	status = &hms_status->targets[target->index];
	__atomic_fetch_add(&status->refusals, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&status->last_errno, err, __ATOMIC_RELAXED);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool charge(
	const struct progress *p, const struct hms_piece *piece, int sign)
{
	return hms_place_charge(
		p->places, p->ask->place, p->ask->rule, piece, sign);
}

/*
 * How much of want bytes the limit of a share allows; shares of one name have
 * their limit together.
 */
static uint64_t under_limit(const struct hms_places *places,
	const struct hms_step *step, unsigned i, uint64_t want)
{
	uint64_t left = hms_limit_left(places, step->limits[i]);
	unsigned __int128 most;

	if (left == UINT64_MAX)
		return want;
	most = (unsigned __int128)left * step->total / step->capped[i];
	return most < want ? (uint64_t)most : want;
}

size_t hms_place_room(struct hms_target *target, size_t want)
{
	size_t room;

	pthread_mutex_lock(&lock);
	room = hms_room(target, want);
	pthread_mutex_unlock(&lock);
	return room;
}

/* How much of want bytes a step can take now. */
static uint64_t step_room(const struct progress *p, int number, uint64_t want)
{
	const struct hms_places *places = p->places;
	const struct hms_step *step = &p->ask->place->steps[number];
	uint64_t room = hms_limit_left(places, step->limit);
	int rule = p->ask->rule;

	if (number == 0)
		room = least(room, hms_rule_left(places, rule));
	want = least(want, room);
	for (unsigned i = 0; i < step->ntargets && want; i++) {
		unsigned __int128 part = (unsigned __int128)want *
					 step->weights[i] / step->total;
		uint64_t mine = hms_room(step->targets[i], (size_t)part);

		if (mine < part)
			want = (uint64_t)((unsigned __int128)mine *
					  step->total / step->weights[i]);
		want = under_limit(places, step, i, want);
	}
	return want;
}

/* Limits are exact to the page, at the cost of one huge page at their end. */
static size_t granule_of(const struct hms_step *step)
{
	size_t granule = hms_sys_page_size();

	for (unsigned i = 0; i < step->ntargets; i++) {
		const struct hms_target *t = step->targets[i];
		size_t own = t->ops->granule ? t->ops->granule(t) : 0;

		if (own > granule)
			granule = own;
	}
	return granule;
}

/* False: another process was faster, and what was left is its. */
static bool add_piece(
	struct progress *p, uintptr_t end, struct hms_target *target, int step)
{
	struct hms_piece *piece = &p->pieces[p->npieces];

	*piece = (struct hms_piece){ p->at, end, target, step };
	if (!charge(p, piece, 1))
		return false;
	p->npieces++;
	p->at = end;
	return true;
}

static void add_stripes(
	struct progress *p, struct hms_step *step, uintptr_t end)
{
	while (p->at < end && p->npieces < BATCH) {
		struct hms_piece *last =
			p->npieces ? &p->pieces[p->npieces - 1] : NULL;
		uintptr_t stop;
		unsigned i =
			hms_stripe_deal(step, p->stripe, p->at, end, &stop);
		struct hms_target *target = step->targets[i];

		if (last && last->target == target && last->step == p->step) {
			struct hms_piece more = { p->at, stop, target,
				p->step };

			if (!charge(p, &more, 1))
				return;
			last->end = p->at = stop;
			continue;
		}
		if (!add_piece(p, stop, target, p->step))
			return;
	}
}

/*
 * What the step takes of the rest, as pieces; none if it has no room.  True: it
 * had, but another process was faster.
 */
static bool take(struct progress *p, struct hms_step *step)
{
	uint64_t want = p->ask->end - p->at;
	uint64_t room = step_room(p, p->step, want);
	uintptr_t end = p->ask->end;
	size_t granule;

	if (room < want) {
		granule = granule_of(step);
		end = (p->at + room) & ~(granule - 1);
		if (end <= p->at)
			return false;
	}
	if (step->ntargets < 2)
		add_piece(p, end, step->ntargets ? step->targets[0] : NULL,
			p->step);
	else if (__atomic_load_n(&step->sharing, __ATOMIC_RELAXED) !=
		 HMS_SHARE_STRIPES)
		add_piece(p, end, NULL, p->step);
	else
		add_stripes(p, step, end);
	return !p->npieces;
}

/* Would a target of this step put a mapping of its own there? */
static bool step_maps(const struct hms_step *step)
{
	for (unsigned i = 0; i < step->ntargets; i++)
		if (step->targets[i]->ops->maps)
			return true;
	return false;
}

/* The next pieces; false if strict forbids them.  Under the lock. */
static bool decide(struct progress *p)
{
	const struct hms_place *place = p->ask->place;
	bool strict = p->ask->options & HMS_OPT_STRICT;

	p->npieces = 0;
	for (; p->tried < (int)place->nsteps; p->tried++) {
		uint64_t want = p->ask->end - p->at;
		struct hms_step *step;

		p->step = (p->ask->first + p->tried) % (int)place->nsteps;
		step = &place->steps[p->step];

		if ((p->ask->options & HMS_BIND_IN_PLACE) && step_maps(step))
			continue;
		if (strict && step_room(p, p->step, want) < want)
			return false;
		if (!p->stripe && step->ntargets > 1)
			p->stripe = hms_stripe_size(
				step, want, hms_range_stripes());
		for (unsigned i = 0; i < TRIES && take(p, step); i++)
			;
		if (p->npieces)
			return true;
		if (strict)
			return false;
	}
	add_piece(p, p->ask->end, NULL, -1);
	return true;
}

static void populate(const struct hms_piece *piece)
{
	char *start = (char *)piece->start;
	size_t len = piece->end - piece->start;
	size_t page = hms_sys_page_size();

	if (hms_sys_madvise(start, len, MADV_POPULATE_WRITE) != -EINVAL)
		return;
	/* An older kernel.  Nobody else has this memory yet. */
	for (size_t at = 0; at < len; at += page) {
		volatile char *p = start + at;

		*p = *p;
	}
}

/* Huge pages and population are a wish: a refusal changes nothing. */
static void advise(const struct hms_piece *piece, const struct hms_request *ask)
{
	char *start = (char *)piece->start;
	size_t len = piece->end - piece->start;

	if (ask->options & HMS_OPT_HUGE)
		hms_sys_madvise(start, len, MADV_HUGEPAGE);
	else if (ask->options & HMS_OPT_NOHUGE)
		hms_sys_madvise(start, len, MADV_NOHUGEPAGE);
	if ((ask->options & HMS_OPT_POPULATE) && (ask->prot & PROT_WRITE))
		populate(piece);
}

static int bind_piece(
	const struct hms_piece *piece, const struct hms_request *ask)
{
	void *start = (void *)piece->start;
	size_t len = piece->end - piece->start;
	struct hms_step *step;

	if (piece->target)
		return piece->target->ops->bind(
			piece->target, start, len, ask->prot);
	if (piece->step < 0)
		return 0;
	step = &ask->place->steps[piece->step];
	return step->ntargets ? hms_node_interleave(step, start, len) : 0;
}

/*
 * Binds what was decided.  If a target does not take its piece, what follows
 * is decided anew, beginning with the next step.
 */
static int carry_out(struct progress *p,
	void (*fn)(const struct hms_piece *piece, void *arg), void *arg)
{
	const struct hms_request *ask = p->ask;

	for (unsigned i = 0; i < p->npieces; i++) {
		const struct hms_piece *piece = &p->pieces[i];
		bool maps = piece->target && piece->target->ops->maps;
		int rc = bind_piece(piece, ask);

		if (!rc) {
			if (!maps)
				advise(piece, ask);
			fn(piece, arg);
			continue;
		}
		p->at = piece->start;
		for (unsigned j = i; j < p->npieces; j++)
			charge(p, &p->pieces[j], -1);
		if (maps && (ask->options & HMS_OPT_STRICT))
			return -ENOMEM;
		/* The kernel cannot share by weight after all: stripes can. */
		if (rc == -EOPNOTSUPP && !piece->target)
			break;
		/* Strict is about room; to refuse is not to spill. */
		p->tried = ask->options & HMS_OPT_STRICT
				   ? (int)ask->place->nsteps
				   : p->tried + 1;
		break;
	}
	return 0;
}

/* The application's word on nodes wins; a file or device is no node. */
static bool stands_back(const struct hms_request *ask)
{
	const struct hms_step *first = ask->place->steps;

	if (!ask->place->nsteps)
		return false;
	if (first->ntargets && first->targets[0]->ops->maps)
		return false;
	if (!hms_node_policy_set())
		return false;
	hms_log_once(HMS_LOG_WARN,
		"the program has a NUMA policy of its own (numactl, set_mempolicy): rules for nodes stand back");
	return true;
}

int hms_place_bind(const struct hms_places *places,
	const struct hms_request *request,
	void (*fn)(const struct hms_piece *piece, void *arg), void *arg)
{
	struct progress p = {
		.places = places,
		.ask = request,
		.at = request->start,
	};
	bool allowed;
	int rc = 0;

	if (stands_back(request)) {
		struct hms_piece all = { request->start, request->end, NULL,
			-1 };

		fn(&all, arg);
		return 0;
	}
	while (!rc && p.at < request->end) {
		pthread_mutex_lock(&lock);
		allowed = decide(&p);
		pthread_mutex_unlock(&lock);
		rc = allowed ? carry_out(&p, fn, arg) : -ENOMEM;
	}
	return rc;
}
