/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The planner `rate`, equation by equation, with answers by hand.  Samples are
 * a ten-thousandth of all accesses; a tick is a tenth of a second.
 */
#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/policy/planner.h"

#define PART 1e-4
#define MOST 40000

extern const struct hms_planner hms_planner_rate;

static struct hms_planner_state *state;
static struct hms_block blocks[MOST];
static struct hms_seen seen[MOST];
static struct hms_move moves[4096];
static struct hms_snapshot s;
static struct hms_plan plan;

static void begin(uint32_t nblocks, uint64_t fast, uint64_t room)
{
	size_t bytes = hms_planner_rate.state_bytes(nblocks);

	free(state);
	state = aligned_alloc(64, (bytes + 63) / 64 * 64);
	memset(state, 0, bytes);
	hms_planner_rate.init(state, nblocks);
	memset(blocks, 0, sizeof(blocks));
	s = (struct hms_snapshot){ .blocks = blocks,
		.nblocks = nblocks,
		.seen = seen,
		.block_bytes = 2 << 20,
		.ntiers = 2,
		.parallelism = 4,
		.budget = 4096,
		.slow_bandwidth_share = 0.1,
		.dt = 0.1,
		.exposure = (float)(0.1 * PART),
		.cost = { { 0, 1e-3f }, { 1e-3f, 0 } },
		.tiers = { { fast, room, 100e-9f, 0, 0 },
			{ nblocks - fast, nblocks, 250e-9f, 0, 0 } } };
	plan = (struct hms_plan){ .moves = moves };
	for (uint32_t i = 0; i < nblocks; i++) {
		blocks[i].flags = HMS_BLOCK_USED;
		blocks[i].tier = i >= fast;
	}
}

/* One tick, in which block i has events[i]. */
static void tick(uint32_t n, const float *events)
{
	s.nseen = 0;
	for (uint32_t i = 0; i < n; i++)
		if (events[i] > 0)
			seen[s.nseen++] = (struct hms_seen){ i, events[i], 0 };
	hms_planner_rate.plan(state, &s, &plan);
}

/* What was planned happens. */
static void carry_out(void)
{
	for (uint32_t i = 0; i < plan.nmoves; i++) {
		struct hms_move *m = &moves[i];

		blocks[m->block].flags &= (uint8_t)~HMS_BLOCK_MOVING;
		blocks[m->block].tier = m->to;
		s.tiers[m->to].blocks++;
		s.tiers[m->to].room--;
		s.tiers[m->from].blocks--;
		s.tiers[m->from].room++;
		hms_planner_rate.moved(state, &s, m, 0, 1e-3f);
	}
}

static double rate_of(uint32_t block, double *deviation)
{
	float sigma,
		rate = hms_planner_rate.rate(state, &blocks[block], &sigma);

	if (deviation)
		*deviation = (double)sigma * PART;
	return (double)rate * PART; /* per second, of samples */
}

/*
 * (e + 1) / (x + 1 / mean): one block, five events in 0.1 s, so the mean is
 * 50/s and the rate (5 + 1) / (0.1 + 0.02); its deviation that over root 6.
 */
Test(rate, has_a_prior_of_one_event)
{
	double sigma;

	begin(1, 1, 0);
	tick(1, (float[]){ 5 });
	cr_assert_float_eq(rate_of(0, &sigma), 50, 1e-3);
	cr_assert_float_eq(sigma, 50 / sqrt(6), 1e-3);
	cr_assert_float_eq(
		(double)hms_planner_rate.site(state, 0) * PART, 50, 1e-3);
	cr_assert(hms_planner_rate.site(state, 7) < 0);
}

/* Twenty seconds without exposure: half of events and exposure is left, the
 * rate (2.5 + 1) / (0.05 + 0.02) as before, less sure. */
Test(rate, halves_what_it_knows_in_twenty_seconds)
{
	double sigma;

	begin(1, 1, 0);
	tick(1, (float[]){ 5 });
	s.dt = 20;
	s.exposure = 0;
	tick(0, NULL);
	cr_assert_float_eq(blocks[0].events, 2.5, 1e-4);
	cr_assert_float_eq(rate_of(0, &sigma), 50, 1e-3);
	cr_assert_float_eq(sigma, 50 / sqrt(3.5), 1e-3);
}

/* Ticks of any length: events over exposure is what counts. */
Test(rate, does_not_mind_how_long_ticks_are)
{
	begin(1, 1, 0);
	for (unsigned i = 1; i < 200; i++) {
		s.dt = 0.01 * (1 + i % 30);
		s.exposure = (float)(s.dt * PART);
		tick(1, (float[]){ (float)(s.dt * 1000) });
	}
	cr_assert_float_eq(rate_of(0, NULL), 1000, 2);
}

/*
 * Five events a tick, then none.  Of one empty tick m is 5, D = 2 m = 10 is
 * below 12.25; of two it is 20, and what was known is forgotten: no event in
 * 0.2 s is left.  Catches: no forgetting, and forgetting at once.
 */
Test(rate, forgets_what_is_contradicted)
{
	begin(1, 1, 0);
	for (unsigned i = 0; i < 100; i++)
		tick(1, (float[]){ 5 });
	cr_assert_float_eq(rate_of(0, NULL), 50, 0.5);
	tick(0, NULL);
	cr_assert(rate_of(0, NULL) > 45);
	tick(0, NULL);
	cr_assert_float_eq(blocks[0].events, 0, 1e-6);
	cr_assert_float_eq((double)blocks[0].exposure / PART, 0.2, 1e-3);
	/* What it did in the long run is still there. */
	cr_assert(blocks[0].lasting > 300);
}

/*
 * From one event a tick to fifty: seen in the first tick, but for the prior
 * ((50 + 1) / (0.1 + 1/15)), and believed more with each, though the ticks
 * before are still in the windows that are looked at.
 */
Test(rate, does_not_look_back_beyond_a_change)
{
	double last = 300;

	begin(1, 1, 0);
	for (unsigned i = 0; i < 100; i++)
		tick(1, (float[]){ 1 });
	for (unsigned i = 0; i < 10; i++) {
		tick(1, (float[]){ 50 });
		cr_assert_gt(rate_of(0, NULL), last, "tick %u", i);
		last = rate_of(0, NULL);
	}
	cr_assert_float_eq(last, 500, 30);
}

/* Noise is no contradiction: 3 to 7 events a tick, mean 5, keep the memory. */
Test(rate, keeps_what_noise_does_not_contradict)
{
	begin(1, 1, 0);
	for (unsigned i = 0; i < 300; i++)
		tick(1, (float[]){ (float)(3 + i * 7 % 5) });
	cr_assert(blocks[0].events > 800, "%g", (double)blocks[0].events);
	cr_assert_float_eq(rate_of(0, NULL), 50, 0.5);
}

/* More blocks than a tick looks at: those that wait catch up. */
Test(rate, catches_up_lazily)
{
	static float events[MOST];
	unsigned looked = 0, ticks = 0;

	begin(MOST, MOST, 0);
	events[7] = 30;
	tick(8, events);
	while (ticks < 5) {
		s.dt = 4;
		s.exposure = (float)(0.1 * PART);
		tick(0, NULL);
		ticks++;
	}
	/* 20 s later: 15 events; exposure decays tick by tick. */
	cr_assert_float_eq(rate_of(7, NULL),
		16 / (0.1 * (1 + pow(2, -.2) + pow(2, -.4) + pow(2, -.6) +
				    pow(2, -.8) + .5) +
			     1 / ((double)hms_planner_rate.site(state, 0) *
					 PART)),
		0.05);
	/* And each tick looks at so many. */
	for (uint32_t i = 0; i < MOST; i++) {
		looked += blocks[i].tick == 6;
		cr_assert(blocks[i].flags & HMS_BLOCK_KNOWN || i >= 2400 * 6);
	}
	cr_assert_leq(looked, 3000);
	cr_assert_geq(looked, 2400);
}

/*
 * 100 events/s are 1e6 accesses/s; each is 150 ns slower than it need be, four
 * are under way: 37.5 ms lost per second, less what is not sure: 2.6, 2.9,
 * 3.1, 3.2 ms in the first four ticks, 11.8 in all.  The move costs 10 ms, so
 * it is planned in the fourth.
 */
Test(rate, moves_when_the_loss_has_reached_the_cost)
{
	begin(1, 0, 100);
	s.cost[1][0] = 10e-3f;
	for (unsigned i = 1; i < 4; i++) {
		tick(1, (float[]){ 10 });
		cr_assert_eq(plan.nmoves, 0, "tick %u", i);
	}
	cr_assert_float_eq(blocks[0].regret, 8.6e-3, 0.2e-3);
	tick(1, (float[]){ 10 });
	cr_assert_eq(plan.nmoves, 1);
	cr_assert_eq(moves[0].to, 0);
	cr_assert_float_eq(moves[0].gain, 37.5e-3 * (1 - 1 / sqrt(41)), 1e-3);
}

/* With 16 threads a mover's second is a sixteenth of theirs. */
Test(rate, counts_costs_in_the_programs_time)
{
	begin(1, 0, 100);
	s.cost[1][0] = 10e-3f;
	s.parallelism = 64;
	/* Both the loss and the cost are a sixteenth. */
	for (unsigned i = 1; i < 4; i++) {
		tick(1, (float[]){ 10 });
		cr_assert_eq(plan.nmoves, 0, "tick %u", i);
	}
	tick(1, (float[]){ 10 });
	cr_assert_eq(plan.nmoves, 1);
}

/* The price is the coldest block's rate and its deviation, above. */
Test(rate, takes_the_place_of_the_coldest)
{
	float events[4] = { 20, 2, 10, 30 };
	double sigma, rate;

	begin(4, 3, 0);
	for (unsigned i = 0; i < 50 && !plan.nmoves; i++)
		tick(4, events);
	rate = rate_of(1, &sigma);
	cr_assert_float_eq(
		(double)plan.price * PART, rate + sigma, 0.05 * rate);
	cr_assert_eq(plan.nmoves, 2);
	cr_assert_eq(moves[0].block, 1);
	cr_assert_eq(moves[0].to, 1);
	cr_assert_eq(moves[1].block, 3);
	cr_assert_eq(moves[1].to, 0);
}

/* Equal blocks never change places, however long. */
Test(rate, leaves_equals_where_they_are)
{
	float events[40];

	begin(40, 20, 0);
	for (unsigned t = 0; t < 1000; t++) {
		for (unsigned i = 0; i < 40; i++)
			events[i] = (float)(4 + (t * 7 + i * 3) % 5);
		tick(40, events);
		cr_assert_eq(plan.nmoves, 0, "tick %u", t);
	}
}

/* Fixed blocks count, and stay; so do those whose move is under way. */
Test(rate, does_not_touch_what_is_fixed)
{
	float events[4] = { 0, 1, 1, 30 };

	begin(4, 2, 0);
	blocks[0].flags |= HMS_BLOCK_FIXED;
	for (unsigned i = 0; i < 50 && !plan.nmoves; i++)
		tick(4, events);
	cr_assert_eq(plan.nmoves, 2);
	cr_assert_eq(moves[0].block, 1);
	cr_assert(blocks[1].flags & HMS_BLOCK_MOVING);
	for (unsigned i = 0; i < 50; i++) {
		tick(4, events);
		cr_assert_eq(plan.nmoves, 0);
	}
}

/*
 * Promoted, it is accessed no more: after a second that is a loss, and its
 * next promotion is eight times as dear, three octaves.
 */
Test(rate, learns_from_a_promotion_that_lost)
{
	unsigned ticks = 0;

	begin(1, 0, 100);
	while (!plan.nmoves && ticks++ < 50)
		tick(1, (float[]){ 10 });
	carry_out();
	cr_assert(blocks[0].flags & HMS_BLOCK_WATCHED);
	for (ticks = 0; !plan.nlost && ticks < 20; ticks++)
		tick(0, NULL);
	cr_assert_eq(plan.nlost, 1);
	cr_assert_eq(plan.npaid, 0);
	cr_assert_geq(ticks, 10);
	cr_assert_leq(ticks, 11);
	cr_assert_float_eq(plan.gained, -1e-3, 1e-4); /* what the move cost */
	cr_assert_eq(blocks[0].log_kappa, 24);
	cr_assert(!(blocks[0].flags & HMS_BLOCK_WATCHED));
	/* 138 s later half of that is left: two octaves. */
	s.dt = 138;
	tick(0, NULL);
	cr_assert_eq(blocks[0].log_kappa, 16);
}

/* The same, but it goes on: 37.5 ms less what moving cost; half as dear. */
Test(rate, learns_from_a_promotion_that_paid)
{
	unsigned ticks = 0;

	begin(1, 0, 100);
	while (!plan.nmoves && ticks++ < 50)
		tick(1, (float[]){ 10 });
	carry_out();
	for (ticks = 0; !plan.npaid && ticks < 20; ticks++)
		tick(1, (float[]){ 10 });
	cr_assert_eq(plan.npaid, 1);
	cr_assert_float_eq(plan.gained, 37.5e-3 * ticks / 10 - 1e-3, 1e-3);
	cr_assert_eq(blocks[0].log_kappa, -8);
}

/* A move that failed is twice as dear. */
Test(rate, backs_off_from_what_cannot_be_moved)
{
	begin(1, 0, 100);
	for (unsigned i = 0; i < 50 && !plan.nmoves; i++)
		tick(1, (float[]){ 10 });
	blocks[0].flags &= (uint8_t)~HMS_BLOCK_MOVING;
	hms_planner_rate.moved(state, &s, &moves[0], -16, 0);
	cr_assert_eq(blocks[0].log_kappa, 8);
	cr_assert_eq(blocks[0].regret, 0);
}

/*
 * Fast memory is the slower one: the hottest go down, a fiftieth of all
 * accesses in a tick, of a hundred blocks that are alike two.
 */
Test(rate, sheds_when_fast_memory_is_slow)
{
	float events[100];

	for (unsigned i = 0; i < 100; i++)
		events[i] = i < 50 ? 10 : 0;
	begin(100, 100, 0);
	s.tiers[0].latency = 400e-9f;
	tick(100, events);
	cr_assert_leq(plan.nmoves, 1); /* a fiftieth; the cold ones stay */
	for (unsigned i = 0; i < 100; i++)
		events[i] = i < 50 ? 10 : 9;
	for (unsigned t = 0; t < 20; t++) {
		tick(100, events);
		cr_assert_eq(plan.nmoves, t ? 2 : plan.nmoves);
		for (unsigned i = 0; i < plan.nmoves; i++)
			cr_assert_eq(moves[i].to, 1);
		if (plan.nmoves > 1)
			cr_assert_lt(moves[0].block, 50);
		carry_out();
	}
	/* Within five parts in a hundred nothing moves, once probes say so. */
	s.tiers[0].latency = 251e-9f;
	for (unsigned t = 0; t < 20; t++) {
		if (t < 10)
			carry_out();
		tick(100, events);
		cr_assert(t < 10 || !plan.nmoves, "tick %u", t);
	}
}

/* 40 MB/s, a tenth of which is two blocks a second: no more than that, and
 * the two that the bucket always holds. */
Test(rate, keeps_to_its_share_of_bandwidth)
{
	float events[400];
	unsigned sum = 0;

	for (unsigned i = 0; i < 400; i++)
		events[i] = i < 100 ? 0 : 20;
	begin(400, 100, 0);
	s.tiers[1].bandwidth = 20 * (2 << 20);
	for (unsigned t = 0; t < 100; t++) {
		tick(400, events);
		sum += plan.nmoves;
		carry_out();
	}
	cr_assert_leq(sum, 2 * 10 + 2);
	cr_assert_geq(sum, 2 * 10 - 2);
}

/*
 * A source that looks at single blocks: 20 looks of 10 ms with one event each
 * are 100/s.  One of 3 s then is a thread that did not run: it counts as eight
 * times what was expected, so the rate falls by a quarter, not to a tenth.
 */
Test(rate, believes_sources_of_single_blocks)
{
	begin(1, 1, 0);
	s.exposure = 0;
	s.nseen = 1;
	for (unsigned i = 0; i < 20; i++) {
		seen[0] = (struct hms_seen){ 0, 1, (float)(0.01 * PART) };
		hms_planner_rate.plan(state, &s, &plan);
	}
	cr_assert_float_eq(rate_of(0, NULL), 100, 1);
	seen[0] = (struct hms_seen){ 0, 1, (float)(3 * PART) };
	hms_planner_rate.plan(state, &s, &plan);
	cr_assert_float_eq(rate_of(0, NULL), 21 / 0.28, 4);
	/* The same again and again is what it is now. */
	for (unsigned i = 0; i < 10; i++) {
		seen[0] = (struct hms_seen){ 0, 1, (float)(3 * PART) };
		hms_planner_rate.plan(state, &s, &plan);
	}
	cr_assert(rate_of(0, NULL) < 2, "%g", rate_of(0, NULL));
}

/*
 * Thirty blocks, of which one is accessed within a millisecond whenever it is
 * looked at, once a second; the others not at all.  Catches a prior, here of an
 * access in half a minute, that outweighs times to an access for ever.
 */
Test(rate, believes_short_times_after_some)
{
	begin(30, 0, 30);
	s.exposure = 0;
	s.dt = 1;
	for (unsigned i = 0; i < 10; i++) {
		for (uint32_t b = 0; b < 30; b++)
			seen[b] = (struct hms_seen){ b, b == 0,
				(float)((b ? 1 : 0.001) * PART) };
		s.nseen = 30;
		hms_planner_rate.plan(state, &s, &plan);
	}
	cr_assert(rate_of(0, NULL) > 500, "%g", rate_of(0, NULL));
	cr_assert(rate_of(0, NULL) < 2000, "%g", rate_of(0, NULL));
	cr_assert(rate_of(1, NULL) < 0.5, "%g", rate_of(1, NULL));
}

/* Three tiers: by one at a time, and from the slowest to the fastest. */
Test(rate, moves_between_neighbours)
{
	unsigned tier = 2;

	begin(1, 0, 10);
	s.ntiers = 3;
	s.tiers[1] = (struct hms_tier){ 0, 10, 150e-9f, 0, 0 };
	s.tiers[2] = (struct hms_tier){ 1, 10, 400e-9f, 0, 0 };
	s.cost[2][1] = s.cost[1][2] = 1e-3f;
	blocks[0].tier = 2;
	for (unsigned t = 0; t < 100 && tier; t++) {
		tick(1, (float[]){ 10 });
		if (plan.nmoves) {
			cr_assert_eq(moves[0].from, tier);
			cr_assert_eq(moves[0].to, --tier);
		}
		carry_out();
	}
	cr_assert_eq(tier, 0);
}
