/* SPDX-License-Identifier: BSD-2-Clause */
/* hms replay: the model, the best that stays, the bound, recordings. */
#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/poisson.h"
#include "engine/policy/trace.h"
#include "tools/replay/replay.h"

static struct replay_machine machine = {
	.think = 40e-9,
	.latency = { 100e-9, 250e-9 },
	.bandwidth = { 150e9, 40e9 },
	.fast = 0.25,
	.dearer = 1,
	.samples = 20000,
	.block_bytes = 2 << 20,
};

static double model(double parallelism, double on_fast, double moved)
{
	struct replay_load load = { parallelism, 1e9, on_fast, moved };

	return replay_model(&machine, &load).seconds;
}

/* Without load: 40 + 100 ns; a half slow 40 + 50 + 125. */
Test(model, adds_up_latencies)
{
	cr_assert_float_eq(model(1e-3, 1, 0) / 1e12, 140e-9, 1e-12);
	cr_assert_float_eq(model(1e-3, 0.5, 0) / 1e12, 215e-9, 1e-12);
	cr_assert_float_eq(model(1e-3, 0, 0) / 1e12, 290e-9, 1e-12);
}

/* No more than the bandwidth, however much is asked for; of both together
 * more than of one. */
Test(model, has_an_end)
{
	double one = 64e9 / model(1e5, 1, 0);
	double both = 64e9 / model(1e5, 0.79, 0);

	cr_assert(one < 150e9 && one > 149e9, "%g", one);
	cr_assert(both < 190e9 && both > 180e9, "%g", both);
}

/* A thousand moves of 260 us, by one of eight threads; and their bytes. */
Test(model, charges_for_moves)
{
	double idle = model(32, 1, 0), moving = model(32, 1, 1000);

	cr_assert_float_eq(moving - idle, 1000 * 260e-6 / 8, 2e-3);
	cr_assert(moving - idle > 1000 * 260e-6 / 8);
}

/* Shares of four blocks, per tick. */
static struct replay_case *make(
	uint32_t nblocks, uint32_t nticks, const float *shares)
{
	struct replay_ask ask = { nblocks, nticks * REPLAY_TICK, 1, &machine };
	struct replay_case *c = replay_new("test", &ask, 1);

	replay_use_all(c, 1);
	for (uint32_t t = 0; t < nticks; t++)
		for (uint32_t b = 0; b < nblocks; b++)
			replay_tick(c, t)[b] = shares[t * nblocks + b];
	return c;
}

/* Relative to all-fast: one of four fits, the one with 0.4. */
Test(best, is_the_hottest_that_fit)
{
	float shares[] = { .1f, .4f, .3f, .2f, .1f, .4f, .3f, .2f };
	struct replay_case *c = make(4, 2, shares);

	cr_assert_float_eq(
		replay_all_fast(c, &machine) / replay_static(c, &machine),
		140 / (140 + .6 * 150), 2e-3);
	replay_free(c);
}

/* All that a placement of few blocks over few ticks may do, tried out. */
struct search {
	const float *shares;
	uint32_t nblocks, nticks, capacity;
	double loss, cost;
};

static double search(const struct search *s, uint32_t t, uint32_t before)
{
	double best = 1e30;

	if (t == s->nticks)
		return 0;
	for (uint32_t set = 0; set < 1u << s->nblocks; set++) {
		double sum = 0;

		if ((uint32_t)__builtin_popcount(set) > s->capacity)
			continue;
		for (uint32_t b = 0; b < s->nblocks; b++)
			if (!(set & 1u << b))
				sum += s->loss *
				       (double)s->shares[t * s->nblocks + b];
		if (t)
			sum += s->cost * __builtin_popcount(set ^ before);
		if (sum < best) {
			sum += search(s, t + 1, set);
			best = sum < best ? sum : best;
		}
	}
	return best;
}

/*
 * Catches: a bound that something beats, or one that says nothing.  Moves cost
 * about what a block loses in a tick or two, so it matters when to move.
 */
Test(bound, is_never_beaten_and_near)
{
	uint64_t random = 3;
	double near = 0;

	machine.fast = 0.51; /* two of four; half a block is none */
	machine.dearer = 40;
	for (unsigned turn = 0; turn < 30; turn++) {
		float shares[24];
		struct search s = { shares, 4, 6, 2, 0, 0 };
		struct replay_case *c;
		double bound, truth;

		for (unsigned t = 0; t < 6; t++) {
			float sum = 0;

			for (unsigned b = 0; b < 4; b++)
				sum += shares[t * 4 + b] =
					(float)pow(replay_uniform(&random), 4);
			for (unsigned b = 0; b < 4; b++)
				shares[t * 4 + b] /= sum;
		}
		c = make(4, 6, shares);
		s.loss = replay_accesses(&machine, c, 0) * 150e-9;
		s.cost = replay_move_cost(&machine, c);
		truth = search(&s, 0, 0);
		bound = replay_bound(c, &machine) -
			replay_all_fast(c, &machine);
		cr_assert_leq(bound, truth * (1 + 1e-4), "turn %u", turn);
		near += bound / truth / 30;
		replay_free(c);
	}
	cr_assert_geq(near, 0.9, "%g", near);
}

/* Nothing changes, and moves are free at the start: the best that stays. */
Test(bound, is_the_best_that_stays_where_nothing_changes)
{
	float shares[] = { .1f, .4f, .3f, .2f, .1f, .4f, .3f, .2f };
	struct replay_case *c = make(4, 2, shares);
	double all = replay_all_fast(c, &machine);

	cr_assert_float_eq(
		all / replay_bound(c, &machine), 140 / (140 + .6 * 150), 2e-3);
	replay_free(c);
}

/* Blocks 0 and 1 of eight are fast at first; 5 and 6 have all accesses. */
Test(run, ends_where_it_should)
{
	static float shares[8 * 200];
	struct replay_result none, rate;
	struct replay_case *c;
	uint64_t random = 1;

	for (unsigned t = 0; t < 200; t++)
		shares[8 * t + 5] = shares[8 * t + 6] = 0.5f;
	c = make(8, 200, shares);
	replay_sample(c, &machine, &random);
	cr_assert(replay_run(c, &machine, hms_planner_find("none"), 1, &none));
	cr_assert(replay_run(c, &machine, hms_planner_find("rate"), 1, &rate));
	cr_assert_float_eq(none.relative, 140.0 / 290, 2e-3);
	cr_assert_eq(none.moves, 0);
	cr_assert_eq(rate.moves, 4); /* two up, two down */
	cr_assert_gt(rate.relative, 0.97);
	replay_free(c);
}

/* Every generator: all accesses are some block's, samples are what they say. */
Test(cases, add_up)
{
	struct replay_ask ask = { 256, 5, 1, &machine };

	for (unsigned i = 0; replay_case_name(i); i++) {
		struct replay_case *c = replay_generate(i, &ask);
		double sum, all = 0;

		cr_assert_eq(c->nticks, 50);
		for (uint32_t t = 0; t < c->nticks; t++) {
			sum = 0;
			for (uint32_t b = 0; b < c->nblocks; b++)
				sum += (double)replay_tick(c, t)[b];
			cr_assert_float_eq(sum, 1, 1e-4, "%s", c->name);
		}
		for (size_t s = 0; s < c->first[c->nticks]; s++)
			all += (double)c->seen[s].events;
		cr_assert_float_eq(
			all, 100000, 5 * sqrt(100000), "%s: %g", c->name, all);
		replay_free(c);
	}
}

static uint8_t file[4096];
static size_t length;

static void put(const void *bytes, size_t n)
{
	memcpy(file + length, bytes, n);
	length += n;
}

/* Two blocks, the second comes in the third tick; four ticks. */
static void record(void)
{
	struct hms_trace_head head = {
		.ntiers = 2, .parallelism = 8, .block_bytes = 2 << 20
	};

	length = 0;
	memcpy(head.magic, HMS_TRACE_MAGIC, 8);
	put(&head, sizeof(head));
	for (uint32_t t = 0; t < 4; t++) {
		struct hms_trace_tick tick = { HMS_TRACE_TICK, t % 2 == 0,
			1 + (t > 1), 0.2f, 0.2e-4f, 0 };
		/* Numbers with gaps. */
		struct hms_trace_change change = { t / 2 * 1000,
			(uint16_t)(3 + t), 0, HMS_BLOCK_USED };
		struct hms_seen seen[2] = { { 0, 10, 0 }, { 1000, 30, 0 } };

		put(&tick, sizeof(tick));
		if (tick.nchanges)
			put(&change, sizeof(change));
		put(seen, tick.nseen * sizeof(*seen));
	}
}

Test(recording, is_read)
{
	const char *why;
	struct replay_case *c;

	record();
	c = replay_parse(file, length, &why);
	cr_assert(c, "%s", why);
	cr_assert_eq(c->nblocks, 2);
	cr_assert_eq(c->nticks, 4);
	cr_assert_eq(c->peak, 2);
	cr_assert_eq(c->parallelism, 8);
	cr_assert_eq(c->nchanges, 2);
	cr_assert_eq(c->changes[1].tick, 2);
	cr_assert_eq(c->changes[1].block, 1);
	cr_assert_eq(c->changes[1].site, 5);
	cr_assert_float_eq(c->seconds[3], 0.2, 1e-6);
	cr_assert_float_eq(c->part[0], 1e-4, 1e-9);
	/* Before the second block is there, all accesses are the first's. */
	cr_assert_eq(replay_tick(c, 1)[0], 1);
	cr_assert_eq(replay_tick(c, 1)[1], 0);
	cr_assert_gt(replay_tick(c, 3)[1], 0.5);
	cr_assert_float_eq(
		replay_tick(c, 3)[0] + replay_tick(c, 3)[1], 1, 1e-6);
	replay_free(c);
}

/* Cut anywhere, it is what was whole; the first tick is whole from where the
 * head, 24 + 8 + 12 bytes of it are there. */
Test(recording, may_end_anywhere)
{
	size_t head = sizeof(struct hms_trace_head);

	record();
	for (size_t n = 0; n <= length; n++) {
		const char *why = NULL;
		uint8_t *copy = malloc(n + 1); /* for sanitizers */
		struct replay_case *c;

		memcpy(copy, file, n);
		c = replay_parse(copy, n, &why);
		cr_assert_eq(c != NULL, n >= head + 44, "%zu: %s", n, why);
		if (c)
			replay_free(c);
		free(copy);
	}
}

/* Catches: numbers of the file that are believed. */
Test(recording, is_not_believed)
{
	size_t head = sizeof(struct hms_trace_head);
	static const struct {
		size_t at;
		uint32_t value;
		const char *why;
	} bad[] = {
		{ 0, 0, "is no recording" },
		{ 8, 0, "its head is wrong" },
		{ 8, 9, "its head is wrong" },
		{ 24 + 128, 1, "a tick has no mark" },
		{ 24 + 128 + 12, 0, "a tick has no length" },
		{ 24 + 128 + 12, 0x7fc00000, "a tick has no length" },
		{ 24 + 128 + 16, 0xff800000, "an exposure is no number" },
		{ 24 + 128 + 24, 1u << 20, "a change is none" },
		{ 24 + 128 + 28, 0x00001000, "a change is none" },
		{ 24 + 128 + 32, 1u << 20, "what was seen is no number" },
		{ 24 + 128 + 36, 0x7f800000, "what was seen is no number" },
		{ 24 + 128 + 4, UINT32_MAX, "no tick is whole" },
	};

	cr_assert_eq(head, 24 + 128);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *why = NULL;

		record();
		memcpy(file + bad[i].at, &bad[i].value, 4);
		cr_assert_null(replay_parse(file, length, &why), "%u", i);
		cr_assert_str_eq(why, bad[i].why, "%u: %s", i, why);
	}
	record();
	/* The third tick's second block is the first again. */
	memset(file + head + 2 * 24 + 8 + 2 * 12 + 24 + 8 + 12, 0, 4);
	{
		const char *why = NULL;

		cr_assert_null(replay_parse(file, length, &why));
		cr_assert_str_eq(why, "a block is seen twice in a tick");
	}
}
