/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often a block is accessed, from counts that are a Poisson process's:
 * events over exposure, both losing weight with time, with a prior of one
 * event at the mean rate.  Blocks catch up when they are looked at: what the
 * whole process was exposed to in between is kept per tick.
 *
 * What a block was like is forgotten when its last ticks contradict it: of n
 * events where m were to be expected, twice the log of the likelihood ratio is
 * 2 (n ln(n/m) - (n - m)) (the deviance; Wilks, 1938).  Blocks that stay the
 * same keep a long memory and so little noise.
 */
#include "engine/policy/approx.h"
#include "engine/policy/rate.h"

#define SIGNIFICANT 16.0f /* 4 standard deviations, squared */
/* One time to a fault is no more than so many times what was expected: the
 * thread may not have run. P(T > 8 mean) is 0.03 %. */
#define LONGEST 8
#define SITE_EVENTS 4.0f /* a site with fewer is like all others */

static const struct rate_then *then(
	const struct rate *rate, const struct hms_block *block)
{
	const struct rate_then *history = (const void *)(rate + 1);
	uint32_t ago = (uint16_t)((uint32_t)rate->tick - block->tick);

	if (!(block->flags & HMS_BLOCK_KNOWN))
		ago = 1; /* it came into use some time in this tick */
	if (ago >= rate->history)
		ago = rate->history - 1;
	if (ago > rate->tick)
		ago = (uint32_t)rate->tick;
	return &history[(rate->tick - ago) & (rate->history - 1)];
}

static float fade(double seconds)
{
	return policy_exp2((float)(-seconds / RATE_HALF_LIFE));
}

/* The same since a tick's end; mostly it is the last one, or this. */
static float faded(const struct rate *rate, const struct rate_then *t)
{
	double seconds = rate->now.time - t->time;

	if (seconds <= 0)
		return 1;
	return seconds == rate->dt ? rate->faded : fade(seconds);
}

void rate_clock(struct rate *rate, const struct hms_snapshot *snapshot)
{
	double exposure = policy_sane(snapshot->exposure, 0, 1e9, 0);

	rate->dt = policy_sane(snapshot->dt, 0, 3600, 0);
	rate->tick++;
	rate->now.time += rate->dt;
	rate->faded = fade(rate->dt);
	rate->now.decayed = rate->now.decayed * (double)rate->faded + exposure;
	rate->now.seen += exposure;
	rate_history(rate)[rate->tick & (rate->history - 1)] = rate->now;
	for (unsigned i = 0; i < RATE_WINDOWS; i++) {
		uint64_t ago = 1u << i < rate->tick ? 1u << i : rate->tick;

		rate->window[i] =
			(float)(rate->now.seen -
				rate_history(rate)[(rate->tick - ago) &
						   (rate->history - 1)]
					.seen);
	}
	rate->looks = 0;
	rate->parallelism =
		(float)policy_sane(snapshot->parallelism, 1, 1e6, 4);
	rate->ntiers = policy_tiers(snapshot);
}

/* Sites and the mean of all catch up in the same way. */
static void add_site(
	struct rate *rate, struct rate_site *site, float events, float exposure)
{
	const struct rate_then *history = rate_history(rate);
	uint64_t ago = (uint32_t)rate->tick - site->tick;

	if (ago) {
		double seconds;
		float left;

		if (ago >= rate->history)
			ago = rate->history - 1;
		seconds =
			rate->now.time -
			history[(rate->tick - ago) & (rate->history - 1)].time;
		left = fade(seconds);
		site->events *= left;
		site->exposure *= left;
		site->squares *= left;
		rate_allow(site, seconds);
		site->tick = (uint32_t)rate->tick;
	}
	site->events += events;
	site->squares += events * events;
	site->exposure += exposure;
}

float rate_of_site(const struct rate *rate, uint16_t site)
{
	const struct rate_site *s = &rate->sites[site % HMS_PLAN_SITES];

	return s->exposure > 0 ? s->events / s->exposure : -1;
}

/* What to expect of a block before anything is seen of it. */
static float prior(const struct rate *rate, uint16_t site)
{
	const struct rate_site *s = &rate->sites[site % HMS_PLAN_SITES];

	if (s->events < SITE_EVENTS)
		s = &rate->all;
	if (s->exposure <= 0 || s->events <= 0)
		return 1;
	return (float)policy_sane(s->events / s->exposure, 1e-6, 1e15, 1);
}

/*
 * How many events the prior counts for.  Times to an access are few, and each
 * is short where it is hot: to a block that has one of a millisecond in each
 * second, a prior of an event in ten seconds would leave one access per second.
 * Some such times in a row are no chance, so the prior loses weight with each.
 */
static float prior_weight(const struct hms_block *block, float events)
{
	float square = (1 + events) * (1 + events);

	return block->flags & HMS_BLOCK_SINGLE ? 1 / (square * square) : 1;
}

struct rate_belief rate_believe(
	const struct rate *rate, const struct hms_block *block)
{
	const struct rate_then *t = then(rate, block);
	float left = faded(rate, t);
	float events = block->events * left;
	double exposure = block->exposure * left;
	const struct rate_site *site =
		&rate->sites[block->site % HMS_PLAN_SITES];
	struct rate_belief belief;
	float many = 1, weight;

	exposure += rate->now.decayed - t->decayed * left;
	if (rate_erratic(rate, block)) {
		events = block->lasting * left;
		exposure = rate->now.decayed;
		/* They come in heaps, and only heaps are independent. */
		if (site->events > 0 && site->squares > site->events)
			many = site->squares / site->events;
	}
	if (!(exposure >= 0))
		exposure = 0;
	weight = prior_weight(block, events);
	belief.rate = (events + weight) /
		      (float)(exposure + weight / prior(rate, block->site));
	belief.deviation = belief.rate / policy_sqrt(events / many + 1);
	return belief;
}

/* n events in so much exposure, where the usual is so many per exposure. */
static bool contradicts(
	const struct hms_block *block, float usual, float n, float exposure)
{
	float m = usual * exposure;

	/* Before that it has not been like this for longer. */
	if (!(exposure > 0) || exposure >= block->exposure)
		return false;
	if (!(m > 1e-9f))
		m = 1e-9f;
	/* ln x <= x - 1 makes this an upper bound, without a logarithm. */
	if (2 * (n - m) * (n - m) <= SIGNIFICANT * m)
		return false;
	return 2 * ((n > 0 ? n * policy_ln(n / m) : 0) - (n - m)) > SIGNIFICANT;
}

static void forget(struct hms_block *block, float events, float exposure)
{
	block->events = events;
	block->exposure = exposure;
}

/* Of eight bytes, their sum; and is one of them 255? */
static unsigned sum_bytes(uint64_t bytes)
{
	const uint64_t even = 0x00ff00ff00ff00ffull;

	bytes = (bytes & even) + (bytes >> 8 & even);
	return (unsigned)(bytes * 0x0001000100010001ull >> 48);
}

static bool any_full(uint64_t bytes)
{
	return ((~bytes - 0x0101010101010101ull) & bytes &
		       0x8080808080808080ull) != 0;
}

/* One byte per tick, the last one lowest. */
static void note_tick(
	struct rate *rate, struct hms_block *block, uint32_t ago, float events)
{
	float last, usual = block->exposure > 0
				    ? block->events / block->exposure
				    : 0;
	uint64_t ring;

	memcpy(&ring, block->ring, sizeof(ring));
	ring = ago < 8 ? ring << 8 * ago : 0;
	last = (float)(ring & 255) + events;
	ring = (ring & ~255ull) | (last < 255 ? (uint64_t)(last + 0.5f) : 255);
	memcpy(block->ring, &ring, sizeof(ring));
	for (unsigned i = 0; i < RATE_WINDOWS; i++) {
		uint64_t bytes = ring & ~0ull >> (64 - (8 << i));
		float n = i ? (float)sum_bytes(bytes) : last;

		/* A byte that is full says at least; so no less than that. */
		if (i && any_full(bytes)) {
			if (last > 255)
				n += last - 255;
			if (n < usual * rate->window[i])
				continue;
		}
		if (contradicts(block, usual, n, rate->window[i])) {
			forget(block, n, rate->window[i]);
			return;
		}
	}
}

/*
 * Of sources that look at single blocks: four observations, events and the
 * log of the exposure, each a byte; the last one lowest.
 */
static void note_single(struct hms_block *block, float events, float exposure)
{
	float code = policy_log2(exposure) * 6 + 128, n = 0, all = 0;
	float usual = block->exposure > 0 ? block->events / block->exposure : 0;
	uint64_t ring;

	memcpy(&ring, block->ring, sizeof(ring));
	ring = ring << 16 |
	       (uint64_t)policy_sane(code, 1, 255, code > 1 ? 255 : 1) << 8 |
	       (uint64_t)(events < 255 ? events + 0.5f : 255);
	memcpy(block->ring, &ring, sizeof(ring));
	for (unsigned i = 0; i < 4; i++, ring >>= 16) {
		unsigned one = ring >> 8 & 255;

		if (!one)
			return;
		n += i ? (float)(ring & 255) : events;
		all += i ? policy_exp2(((float)one - 127.5f) / 6) : exposure;
		if (i != 2 && contradicts(block, usual, n, all)) {
			forget(block, n, all);
			return;
		}
	}
}

static void count(struct rate *rate, struct hms_block *block, uint32_t ago,
	float events, float exposure, float shared)
{
	if (exposure > 0 && !(block->flags & HMS_BLOCK_SINGLE)) {
		block->flags |= HMS_BLOCK_SINGLE;
		memset(block->ring, 0, sizeof(block->ring));
	}
	if (exposure > 0 && events > 0 && block->events > 0) {
		float most = LONGEST * events * block->exposure / block->events;

		if (block->exposure > 0 && exposure > most)
			exposure = most;
	}
	block->events += events;
	block->lasting += events;
	block->exposure += exposure;
	if (!(block->flags & HMS_BLOCK_SINGLE))
		note_tick(rate, block, ago, events);
	else if (events > 0 || exposure > 0)
		note_single(block, events, exposure + shared);
	add_site(rate, &rate->sites[block->site % HMS_PLAN_SITES], events,
		exposure + shared);
	add_site(rate, &rate->all, events, exposure + shared);
}

/* Does it want to go up, may it have to go down? */
static void consider(struct rate *rate, const struct hms_snapshot *snapshot,
	uint32_t index, double elapsed)
{
	struct hms_block *block = &snapshot->blocks[index];
	struct rate_belief belief;
	unsigned tier = block->tier;

	if (!policy_movable(snapshot, index))
		return;
	belief = rate_believe(rate, block);
	if (tier + 1 < rate->ntiers) {
		struct rate_pair *down = &rate->pairs[tier];

		if (!(block->flags & HMS_BLOCK_WATCHED))
			policy_pool_add(&down->cold, index,
				-(belief.rate + belief.deviation));
		if (down->worth < 0)
			policy_pool_add(&down->hot, index, belief.rate);
	}
	if (tier) {
		struct rate_pair *up = &rate->pairs[tier - 1];
		float sure = belief.rate - belief.deviation;

		block->regret += (sure - up->price) * up->worth *
				 (float)(elapsed < 1 ? elapsed : 1) /
				 rate->parallelism;
		if (!(block->regret > 0))
			block->regret = 0;
		else if (sure > up->price &&
			 block->regret >= rate_kappa(rate, block) *
						  rate_cost(rate, snapshot,
							  tier, tier - 1))
			policy_pool_add(&up->wanted, index, sure);
	}
}

void rate_look(struct rate *rate, const struct hms_snapshot *snapshot,
	uint32_t index, float events, float exposure)
{
	struct hms_block *block = &snapshot->blocks[index];
	const struct rate_then *t;
	uint32_t ago;
	float left, shared;
	double elapsed;

	if (index >= snapshot->nblocks || !(block->flags & HMS_BLOCK_USED))
		return;
	ago = (uint16_t)((uint32_t)rate->tick - block->tick);
	if (!(block->flags & HMS_BLOCK_KNOWN)) {
		block->age = (uint8_t)(uint64_t)(rate->now.time / 17.25);
		ago = 1;
	} else if (!ago && !(events > 0) && !(exposure > 0)) {
		return;
	}
	t = then(rate, block);
	elapsed = rate->now.time - t->time;
	left = faded(rate, t);
	shared = (float)(rate->now.seen - t->seen);
	block->events *= left;
	block->lasting *= left;
	block->exposure = (float)(block->exposure * left + rate->now.decayed -
				  t->decayed * left);
	if (!(block->exposure > 0))
		block->exposure = 0;
	block->flags |= HMS_BLOCK_KNOWN;
	block->tick = (uint16_t)rate->tick;
	rate->looks++;
	count(rate, block, ago, (float)policy_sane(events, 0, 1e9, 0),
		(float)policy_sane(exposure, 0, 1e6, 0), shared);
	if (block->flags & HMS_BLOCK_WATCHED)
		block->regret += (float)policy_sane(events, 0, 1e9, 0);
	rate_relent(rate, block);
	consider(rate, snapshot, index, elapsed);
}
