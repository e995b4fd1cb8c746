/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/worker/learn.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "engine/heat/sites.h"

#define SECOND UINT64_C(1000000000)
#define LONGEST (2 * SECOND) /* between ticks, while nothing changes */
#define QUIET 10 /* ticks without news before they are further apart */
/* A walk, an exact look at rooms: at most one part of so many of the time. */
#define WALK_SHARE 200
#define LOOK_SHARE 500
#define BURST 60 /* seconds' worth of moving that may be saved up */
/* Of what looking may take; the rest is for heat and planner. */
#define SOURCES_PERCENT 70
#define MOST_PRICE 1e15f /* accesses per second that any block can have */
#define CONTENDED 50 /* less than one block in so many is free */

/* Time since the mark is this part's. */
static void spent(struct hms_learn *l, enum hms_learn_part part, uint64_t *mark)
{
	uint64_t now = l->with.cpu();

	l->part[part] += now - *mark;
	*mark = now;
}

static int start_planner(struct hms_learn *l)
{
	l->state_bytes = l->with.planner->state_bytes(l->heat.most);
	l->state = hms_heat_reserve(l->state_bytes ? l->state_bytes : 1);
	if (!l->state)
		return -ENOMEM;
	l->with.planner->init(l->state, l->heat.most);
	return 0;
}

/* Between any two of the tiers, in any direction; else the last answer. */
static int can_move(const struct hms_learn *l)
{
	int rc = -EOPNOTSUPP, one;

	for (unsigned i = 0; i < l->tiers.n; i++)
		for (unsigned j = 0; j < l->tiers.n; j++) {
			if (i == j)
				continue;
			one = l->with.supported(
				l->tiers.target[i], l->tiers.target[j]);
			if (!one)
				return 0;
			rc = one;
		}
	return rc;
}

int hms_learn_start(
	struct hms_learn *l, const struct hms_learn_setup *setup, uint64_t now)
{
	int rc;

	memset(l, 0, sizeof(*l));
	l->with = *setup;
	hms_tiers_setup(&l->tiers, setup->places, setup->cpus);
	rc = can_move(l);
	if (rc) {
		hms_learn_tell_not("the kernel lets no memory move");
		return rc;
	}
	rc = hms_heat_start(&l->heat, &l->tiers, setup->most);
	if (rc)
		return rc;
	rc = start_planner(l);
	if (rc) {
		hms_heat_stop(&l->heat);
		return rc;
	}
	l->with.select(setup->wanted, &l->choices);
	l->interval = setup->interval;
	l->bucket.rate = setup->rate;
	l->move_credit = (int64_t)(HMS_LEARN_CAP * SECOND / 10000 * BURST);
	l->last = l->planned = now;
	l->threads = 1;
	hms_sites_advise_with(&l->tiers);
	learn_tell_start(l);
	return 0;
}

static void give_memory(struct hms_learn *l)
{
	hms_sites_advise_with(NULL);
	if (l->state)
		hms_sys_munmap(l->state, l->state_bytes ? l->state_bytes : 1);
	hms_heat_stop(&l->heat);
	memset(l, 0, sizeof(*l));
}

void hms_learn_stop(struct hms_learn *l)
{
	for (unsigned i = 0; i < l->choices.n; i++)
		if (l->started[i])
			l->choices.row[i].source->stop();
	give_memory(l);
}

void hms_learn_after_fork(struct hms_learn *l)
{
	for (unsigned i = 0; i < l->choices.n; i++)
		if (l->started[i])
			l->choices.row[i].source->after_fork();
	give_memory(l);
}

/* Follows the range table if it changed, but not for too much of the time. */
static bool follow(struct hms_learn *l, uint64_t now)
{
	uint64_t begin, took;

	if (l->heat.generation == hms_range_generation() || now < l->walk_after)
		return false;
	begin = l->with.cpu();
	hms_heat_walk(&l->heat);
	learn_watch(l);
	took = l->with.cpu() - begin;
	l->walk_after = now + took * WALK_SHARE;
	l->count.walks++;
	return true;
}

struct seeing {
	struct hms_learn *l;
	struct hms_learn_source *source;
};

static void see(const struct hms_sight *sight, void *arg)
{
	struct seeing *s = arg;

	s->source->sights++;
	s->source->events += (double)sight->events;
	hms_heat_see(sight, &s->l->heat);
}

static void fault(const struct hms_fault *fault, void *arg)
{
	const struct seeing *s = arg;

	learn_tell_fault(fault, s->l);
}

/* Alone, it speaks of every block; else only of those it watches. */
static void all(float exposure, void *arg)
{
	struct seeing *s = arg;
	const struct hms_spans *spans = &s->l->heat.spans;
	unsigned row = (unsigned)(s->source - s->l->source);

	if (s->l->nstarted < 2) {
		hms_heat_all(exposure, &s->l->heat);
		return;
	}
	for (uint32_t i = 0; i < spans->nnow; i++) {
		struct hms_sight sight = { .exposure = exposure };

		if (spans->now[i].source != row)
			continue;
		for (sight.addr = spans->now[i].start;
			sight.addr < spans->now[i].end;
			sight.addr = (sight.addr | (HMS_HEAT_BLOCK - 1)) + 1)
			hms_heat_see(&sight, &s->l->heat);
	}
}

/* By what each watches; who watches nothing (touch) has a tenth. */
static void share_budget(const struct hms_learn *l, uint64_t *budgets)
{
	const struct hms_spans *spans = &l->heat.spans;
	double all = (double)(l->interval * l->with.share / 10000) *
		     SOURCES_PERCENT / 100;
	double bytes[HMS_MAX_SOURCES] = { 0 }, sum = 0;

	for (uint32_t i = 0; i < spans->nnow; i++) {
		double len = (double)(spans->now[i].end - spans->now[i].start);

		if (spans->now[i].source >= HMS_MAX_SOURCES)
			continue;
		bytes[spans->now[i].source] += len;
		sum += len;
	}
	for (unsigned i = 0; i < HMS_MAX_SOURCES; i++)
		budgets[i] =
			(uint64_t)(bytes[i] > 0 ? 0.9 * all * bytes[i] / sum
						: 0.1 * all);
}

static bool look(struct hms_learn *l, uint64_t now)
{
	uint64_t budgets[HMS_MAX_SOURCES];
	struct seeing seeing = { .l = l };
	const struct hms_sights sights = {
		.see = see,
		.all = all,
		.fault = fault,
		.arg = &seeing,
	};
	uint64_t before;

	share_budget(l, budgets);
	for (unsigned i = 0; i < l->choices.n; i++) {
		if (!l->started[i])
			continue;
		seeing.source = &l->source[i];
		before = l->with.cpu();
		l->choices.row[i].source->tick(now, budgets[i], &sights);
		seeing.source->ns += l->with.cpu() - before;
	}
	return l->heat.nseen > 0;
}

/* Rooms; exactly only now and then, which takes a walk over all memory. */
static void look_at_tiers(struct hms_learn *l, uint64_t now)
{
	uint64_t begin = l->with.cpu();
	bool exact = now >= l->look_after;

	hms_tiers_look(&l->tiers, exact ? HMS_LEARN_MOVES * HMS_HEAT_BLOCK : 0);
	if (exact)
		l->look_after = now + (l->with.cpu() - begin) * LOOK_SHARE;
	for (unsigned t = 0; t < l->tiers.n; t++)
		l->snapshot.tiers[t] = (struct hms_tier){
			.blocks = l->heat.count[t],
			.room = l->tiers.room[t] >> HMS_HEAT_SHIFT,
			.latency = l->tiers.latency[t],
			.bandwidth = l->tiers.bandwidth[t],
		};
}

/* How many moves the budgets allow now. */
static uint32_t may_move(struct hms_learn *l, uint64_t now)
{
	struct hms_bucket level = l->bucket;
	uint64_t blocks = hms_bucket_take(&level, now,
				  HMS_LEARN_MOVES * HMS_HEAT_BLOCK) >>
			  HMS_HEAT_SHIFT;

	if (l->move_credit <= 0)
		return 0;
	return blocks < HMS_LEARN_MOVES ? (uint32_t)blocks : HMS_LEARN_MOVES;
}

static void fill_snapshot(struct hms_learn *l, uint64_t now)
{
	struct hms_snapshot *s = &l->snapshot;
	unsigned threads =
		l->threads < l->with.cpus ? l->threads : l->with.cpus;

	look_at_tiers(l, now);
	s->tick++;
	s->dt = now > l->planned ? 1e-9 * (double)(now - l->planned) : 1e-9;
	l->planned = now;
	s->blocks = l->heat.blocks;
	s->nblocks = l->heat.nblocks;
	s->block_bytes = HMS_HEAT_BLOCK;
	s->seen = l->heat.seen;
	s->nseen = l->heat.nseen;
	s->exposure = l->heat.exposure;
	s->ntiers = l->tiers.n;
	memcpy(s->cost, l->cost, sizeof(s->cost));
	s->parallelism = 4.0f * (float)(threads ? threads : 1);
	s->budget = may_move(l, now);
	s->slow_bandwidth_share = 0.1;
}

/* 0 if nothing was planned: without news there is a plan each second only. */
static uint32_t plan(struct hms_learn *l, uint64_t now, struct hms_plan *out)
{
	*out = (struct hms_plan){ .moves = l->moves };
	if (!l->heat.nseen && !(l->heat.exposure > 0) &&
		now - l->planned < SECOND)
		return 0;
	fill_snapshot(l, now);
	learn_trace(l);
	l->with.planner->plan(l->state, &l->snapshot, out);
	l->count.plans += out->nmoves > 0;
	l->count.planned += out->nmoves;
	l->count.refused += out->refused;
	l->count.paid += out->npaid;
	l->count.lost += out->nlost;
	l->count.gained += (double)out->gained;
	/* Where nothing can leave the fast memory, there is no price. */
	l->price = out->price >= 0 && out->price < MOST_PRICE ? out->price : 0;
	return out->nmoves;
}

/*
 * New memory of a site that earned less than the last fast block begins in the
 * next tier, while the fast one is nearly full.  A factor of 4 keeps sites
 * that are near the price where their rule puts them.
 */
static void advise(struct hms_learn *l)
{
	const struct hms_tier *fast = &l->snapshot.tiers[0];
	bool full = l->tiers.n > 1 && l->price > 0 &&
		    fast->room < 1 + fast->blocks / CONTENDED;

	for (unsigned i = 0; i < HMS_PLAN_SITES - 1; i++) {
		float rate = full ? l->with.planner->site(l->state, (uint16_t)i)
				  : -1;

		hms_site_advise(
			(uint16_t)i, rate >= 0 && 4 * rate < l->price ? 1 : 0);
	}
}

/* Saved-up time grows by what this tick may take, less what it took. */
static void save(struct hms_learn *l, uint64_t dt, const uint64_t *before)
{
	uint64_t looked = 0, share = l->with.share;
	uint64_t rest = HMS_LEARN_CAP > share ? HMS_LEARN_CAP - share : 0;
	int64_t most = (int64_t)(SECOND * share / 10000);

	if (dt > 10 * SECOND)
		dt = 10 * SECOND;
	/* Moving is what it is all for: never less than a third. */
	if (rest < HMS_LEARN_CAP / 3)
		rest = HMS_LEARN_CAP / 3;
	for (int i = 0; i < HMS_LEARN_MOVER; i++)
		looked += l->part[i] - before[i];
	l->credit += (int64_t)(dt * share / 10000) - (int64_t)looked;
	if (l->credit > most)
		l->credit = most;
	most = (int64_t)(SECOND * HMS_LEARN_CAP / 10000 * BURST);
	l->move_credit +=
		(int64_t)(dt * rest / 10000) -
		(int64_t)(l->part[HMS_LEARN_MOVER] - before[HMS_LEARN_MOVER]);
	if (l->move_credit > most)
		l->move_credit = most;
}

/* How long to wait: longer without news, and until what it cost is saved. */
static uint64_t rest(struct hms_learn *l, bool news)
{
	uint64_t wait, debt;

	l->quiet = news ? 0 : l->quiet + 1;
	if (news)
		l->interval = l->with.interval;
	else if (l->quiet > QUIET && l->interval < LONGEST)
		l->interval *= 2;
	wait = l->interval;
	debt = l->credit < 0 ? (uint64_t)-l->credit * 10000 / l->with.share : 0;
	return debt > wait ? debt : wait;
}

uint64_t hms_learn_tick(struct hms_learn *l, uint64_t now)
{
	uint64_t mark = l->with.cpu(), before[HMS_LEARN_PARTS];
	struct hms_plan out;
	bool news;

	memcpy(before, l->part, sizeof(before));
	l->now = now;
	l->count.ticks++;
	hms_heat_clear(&l->heat);
	learn_strays(l, now);
	news = follow(l, now);
	spent(l, HMS_LEARN_HEAT, &mark);
	news |= look(l, now);
	spent(l, HMS_LEARN_SOURCES, &mark);
	news |= plan(l, now, &out) > 0;
	if (now >= l->second_after) {
		l->second_after = now + SECOND;
		advise(l);
	}
	spent(l, HMS_LEARN_PLANNER, &mark);
	learn_carry(l, &out, now);
	spent(l, HMS_LEARN_MOVER, &mark);
	if (now >= l->tell_after) {
		l->tell_after = now + SECOND / 2;
		learn_tell(l);
	}
	spent(l, HMS_LEARN_HEAT, &mark);
	save(l, now - l->last, before);
	l->last = now;
	return rest(l, news);
}
