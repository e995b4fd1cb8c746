/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plans for managed memory: what a device fetched or faulted on is heat, a
 * planner (engine/policy/planner.h) makes moves of blocks of it, and where most
 * blocks of a piece agree the piece comes to the device, by its vendor's mover,
 * if what has to leave for that is worth less.
 *
 * For each device there is a planner of its own with two tiers, the device and
 * all else.  What is on a device and was fetched there is accessed unseen: its
 * rate stands still until it leaves.  What was never fetched is seen to be
 * idle.
 */
#include "engine/mover/device.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "engine/engine.h"
#include "engine/mover/mover.h"
#include "engine/policy/planner.h"
#include "engine/target/device.h"

#define BLOCK ((size_t)2 << 20)
#define BLOCKS 32768 /* 64 GiB; what is beyond stays where it is */
#define PIECES 1024
#define DEVICES 8
#define MOVES 512
/* Seconds of an access: on the device, and over its bus, as guessed there
 * (engine/topology/attach.c). */
#define NEAR 300e-9f
#define FAR 1000e-9f
#define BUS 15.753e9f /* bytes per second */
/* Accesses of a device under way at a time: its bus serves many. */
#define PARALLEL 64
#define LINE 64 /* bytes of an access */

struct piece {
	struct hms_device_memory is;
	uint32_t first, n; /* blocks; 0: none */
	uint32_t round; /* it was there in */
	struct hms_target *near, *far; /* of its place; NULL: none */
};

/* What one device's planner knows. */
struct ground {
	unsigned device;
	const struct hms_device_mover *mover;
	struct hms_planner_state *state; /* behind this */
	struct hms_snapshot snapshot;
	struct hms_move moves[MOVES];
	struct piece pieces[PIECES];
	uint32_t round, npieces, nblocks;
	struct hms_block blocks[BLOCKS];
	float events[BLOCKS]; /* since the last plan */
	uint8_t unseen[BLOCKS]; /* fetched, and there */
	/* Last, aligned as the state is to be. */
	_Alignas(64) struct hms_seen seen[BLOCKS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ground *grounds[DEVICES];
static const struct hms_planner *with;
static uint64_t rate, interval, last;
static struct hms_bucket bucket;
static atomic_bool active;

void hms_device_plan_setup(
	const struct hms_planner *planner, uint64_t bytes, uint64_t every)
{
	with = planner;
	rate = bytes;
	interval = every;
}

bool hms_device_planned(void)
{
	return atomic_load_explicit(&active, memory_order_relaxed);
}

static struct ground *ground_of(
	const struct hms_device_mover *mover, unsigned device)
{
	struct ground *g;
	unsigned i = 0;
	void *at;

	for (; i < DEVICES && grounds[i]; i++)
		if (grounds[i]->mover == mover && grounds[i]->device == device)
			return grounds[i];
	if (i == DEVICES)
		return NULL;
	at = hms_sys_mmap(NULL, sizeof(*g) + with->state_bytes(BLOCKS),
		PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hms_sys_failed(at))
		return NULL;
	g = at;
	g->state = (void *)(g + 1);
	g->mover = mover;
	g->device = device;
	with->init(g->state, BLOCKS);
	grounds[i] = g;
	return g;
}

/* A row of blocks that is free: behind all, or where a piece was. */
static uint32_t room_for(const struct ground *g, uint32_t n)
{
	uint32_t at = 0;

	for (bool moved = true; moved;) {
		moved = false;
		for (uint32_t i = 0; i < g->npieces; i++) {
			const struct piece *p = &g->pieces[i];

			if (p->n && at < p->first + p->n && p->first < at + n) {
				at = p->first + p->n;
				moved = true;
			}
		}
	}
	return at + n <= BLOCKS ? at : UINT32_MAX;
}

static void set_tier(struct ground *g, const struct piece *p, unsigned tier)
{
	for (uint32_t i = p->first; i < p->first + p->n; i++) {
		g->blocks[i].tier = (uint8_t)tier;
		g->unseen[i] = 0;
	}
}

static void leave(struct ground *g, struct piece *p)
{
	memset(&g->blocks[p->first], 0, p->n * sizeof(*g->blocks));
	memset(&g->events[p->first], 0, p->n * sizeof(*g->events));
	memset(&g->unseen[p->first], 0, p->n);
	p->n = 0;
}

static void enter(struct ground *g, const struct hms_device_memory *is,
	struct hms_target *near, struct hms_target *far)
{
	const uint32_t n =
		(uint32_t)((is->end - is->start + BLOCK - 1) / BLOCK);
	uint32_t first = room_for(g, n), i = 0;
	struct piece *p;

	while (i < g->npieces && g->pieces[i].n)
		i++;
	if (first == UINT32_MAX || i == PIECES)
		return;
	p = &g->pieces[i];
	*p = (struct piece){ *is, first, n, g->round, near, far };
	if (i == g->npieces)
		g->npieces++;
	if (first + n > g->nblocks)
		g->nblocks = first + n;
	for (uint32_t b = first; b < first + n; b++) {
		g->blocks[b].flags = HMS_BLOCK_USED;
		g->blocks[b].site = HMS_PLAN_SITES - 1;
	}
	set_tier(g, p, is->device == (int)g->device ? 0 : 1);
}

static void look_at(const struct hms_device_memory *is, void *arg)
{
	const struct hms_device_mover *mover = arg;
	const struct hms_place *place = &hms_engine.places->places[is->place];
	const struct hms_managed_targets *in =
		hms_target_managed_in(place->steps[is->step].targets[0]);
	struct hms_target *near = NULL, *far = NULL;
	struct ground *g;

	for (unsigned i = 0; in && i < in->n; i++) {
		struct hms_target *t = in->targets[i];

		if (!near && hms_target_device_id(t))
			near = t;
		else if (!far && near)
			far = t;
	}
	g = near && far ? ground_of(mover, hms_target_device_id(near)->number)
			: NULL;
	for (uint32_t i = 0; g && i < g->npieces; i++) {
		struct piece *p = &g->pieces[i];

		if (!p->n || p->is.start != is->start || p->is.end != is->end)
			continue;
		/* Somebody else moved it. */
		if (p->is.device != is->device)
			set_tier(g, p, is->device == (int)g->device ? 0 : 1);
		p->is.device = is->device;
		p->round = g->round;
		return;
	}
	if (g)
		enter(g, is, near, far);
}

/* What is there now, and only that. */
static void look(void)
{
	const struct hms_device_mover *mover;

	for (unsigned i = 0; i < DEVICES && grounds[i]; i++)
		grounds[i]->round++;
	for (unsigned n = 0; (mover = hms_device_mover(n)); n++)
		mover->each(look_at, (void *)mover);
	for (unsigned i = 0; i < DEVICES && grounds[i]; i++) {
		struct ground *g = grounds[i];

		for (uint32_t k = 0; k < g->npieces; k++)
			if (g->pieces[k].n && g->pieces[k].round != g->round)
				leave(g, &g->pieces[k]);
	}
}

static void fill(struct ground *g, double dt)
{
	struct hms_snapshot *s = &g->snapshot;

	s->tick++;
	s->dt = dt;
	s->blocks = g->blocks;
	s->nblocks = g->nblocks;
	s->block_bytes = BLOCK;
	s->seen = g->seen;
	s->nseen = 0;
	s->ntiers = 2;
	s->tiers[0] = (struct hms_tier){ .latency = NEAR };
	s->tiers[1] = (struct hms_tier){
		.room = BLOCKS, .latency = FAR, .bandwidth = BUS
	};
	s->tiers[0].room = g->mover->room(g->device) / BLOCK;
	for (uint32_t b = 0; b < g->nblocks; b++) {
		if (!(g->blocks[b].flags & HMS_BLOCK_USED))
			continue;
		s->tiers[g->blocks[b].tier].blocks++;
		if (!g->unseen[b])
			g->seen[s->nseen++] =
				(struct hms_seen){ b, g->events[b], (float)dt };
		if (g->events[b] > 0 && !g->blocks[b].tier)
			g->unseen[b] = 1;
		g->events[b] = 0;
	}
	s->cost[0][1] = s->cost[1][0] = (float)BLOCK / BUS;
	s->parallelism = PARALLEL;
	s->budget = MOVES;
	s->slow_bandwidth_share = 0.1;
}

/* Blocks of a piece that the plan sends to a tier. */
static uint32_t votes(
	const struct hms_plan *plan, const struct piece *p, unsigned to)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < plan->nmoves; i++)
		n += plan->moves[i].to == to &&
		     plan->moves[i].block >= p->first &&
		     plan->moves[i].block < p->first + p->n;
	return n;
}

/* A large piece waits until the bucket is full, and takes it all. */
static bool afford(size_t bytes, uint64_t now)
{
	const uint64_t want = rate && bytes > rate ? rate : bytes;
	const uint64_t got = hms_bucket_take(&bucket, now, want);

	if (got == want)
		return true;
	bucket.level += got;
	return false;
}

/* Accesses per second of a piece, as the planner believes. */
static float heat(const struct ground *g, const struct piece *p)
{
	float sum = 0, deviation;

	for (uint32_t i = p->first; i < p->first + p->n; i++)
		sum += with->rate(g->state, &g->blocks[i], &deviation);
	return sum;
}

static bool go(struct ground *g, struct piece *p, unsigned to, uint64_t now)
{
	struct hms_target *target = to ? p->far : p->near;
	const struct hms_device_id *id = hms_target_device_id(target);

	if (!afford(p->is.end - p->is.start, now) ||
		g->mover->move(p->is.start, p->is.end, target))
		return false;
	p->is.device = id ? (int)id->number : -1;
	set_tier(g, p, to);
	return true;
}

/* The coldest piece on the device of which some block is to go, or NULL. */
static struct piece *coldest(
	struct ground *g, const struct hms_plan *plan, const bool *taken)
{
	struct piece *best = NULL;
	float least = 0, now;

	for (uint32_t i = 0; i < g->npieces; i++) {
		struct piece *p = &g->pieces[i];

		if (!p->n || taken[i] || g->blocks[p->first].tier ||
			!votes(plan, p, 1))
			continue;
		now = heat(g, p) / (float)p->n;
		if (!best || now < least) {
			best = p;
			least = now;
		}
	}
	return best;
}

/* Pieces leave if all of them together are worth less than what comes. */
static bool make_room(struct ground *g, const struct hms_plan *plan,
	const struct piece *comes, uint64_t now)
{
	const size_t need = comes->is.end - comes->is.start;
	size_t room = g->mover->room(g->device);
	float lost = 0, won = heat(g, comes);
	bool taken[PIECES] = { false }, left = true;
	struct piece *p;

	while (room < need) {
		p = coldest(g, plan, taken);
		lost += p ? heat(g, p) : 0;
		if (!p || lost >= won)
			return false;
		taken[p - g->pieces] = true;
		room += p->is.end - p->is.start;
	}
	for (uint32_t i = 0; i < g->npieces; i++)
		left = (!taken[i] || go(g, &g->pieces[i], 1, now)) && left;
	return left;
}

/* A piece comes whole: half of it decides. */
static void carry(struct ground *g, const struct hms_plan *plan, uint64_t now)
{
	for (uint32_t i = 0; i < g->npieces; i++) {
		struct piece *p = &g->pieces[i];

		if (p->n && 2 * votes(plan, p, 0) >= p->n &&
			make_room(g, plan, p, now))
			go(g, p, 0, now);
	}
}

/* What each planned move came to; a piece that stayed is asked again. */
static void settle(struct ground *g, const struct hms_plan *plan)
{
	for (uint32_t i = 0; i < plan->nmoves; i++) {
		const struct hms_move *m = &plan->moves[i];
		struct hms_block *b = &g->blocks[m->block];

		b->flags &= (uint8_t)~HMS_BLOCK_MOVING;
		with->moved(g->state, &g->snapshot, m,
			b->tier == m->to ? 0 : -EAGAIN, (float)BLOCK / BUS);
	}
}

void hms_device_plan(uint64_t now)
{
	struct hms_plan plan;

	if (!with || !hms_device_planned() || now - last < interval ||
		pthread_mutex_trylock(&lock))
		return;
	if (now - last >= interval) {
		double dt = last ? 1e-9 * (double)(now - last) : 1e-3;

		last = now;
		bucket.rate = rate;
		look();
		for (unsigned i = 0; i < DEVICES && grounds[i]; i++) {
			plan = (struct hms_plan){ .moves = grounds[i]->moves };
			fill(grounds[i], dt);
			with->plan(grounds[i]->state, &grounds[i]->snapshot,
				&plan);
			carry(grounds[i], &plan, now);
			settle(grounds[i], &plan);
		}
	}
	pthread_mutex_unlock(&lock);
}

static void add(struct piece *p, struct ground *g, uintptr_t at, uint64_t bytes,
	bool here)
{
	const uintptr_t end = at + bytes < p->is.end ? at + bytes : p->is.end;

	for (; at < end; at = (at & ~(BLOCK - 1)) + BLOCK) {
		uint32_t b = p->first + (uint32_t)((at - p->is.start) / BLOCK);
		uintptr_t stop = (at & ~(BLOCK - 1)) + BLOCK;

		if (here)
			g->events[b] +=
				(float)((stop < end ? stop : end) - at) / LINE;
		else
			g->unseen[b] = 0;
	}
}

/* What comes while a plan is made is lost: it is one of many. */
void hms_device_seen(enum hms_family vendor, unsigned device, uintptr_t address,
	uint64_t bytes, bool here)
{
	if (!with || !address || pthread_mutex_trylock(&lock))
		return;
	atomic_store_explicit(&active, true, memory_order_relaxed);
	for (unsigned i = 0; i < DEVICES && grounds[i]; i++) {
		struct ground *g = grounds[i];

		if (g->mover->vendor != vendor || g->device != device)
			continue;
		for (uint32_t k = 0; k < g->npieces; k++)
			if (g->pieces[k].n &&
				address >= g->pieces[k].is.start &&
				address < g->pieces[k].is.end)
				add(&g->pieces[k], g, address, bytes, here);
	}
	pthread_mutex_unlock(&lock);
}
