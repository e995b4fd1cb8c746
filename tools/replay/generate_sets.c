/* SPDX-License-Identifier: BSD-2-Clause */
/* Generators whose blocks are hot or not: sets, that stay or change. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/replay/generate.h"

#define HOT_ACCESSES 0.9f
#define HOT_PART 10 /* one block in so many */

/* A share of the accesses for n of the blocks in order, from first on, all
 * alike; order wraps. */
static void give(struct replay_case *c, uint32_t tick, const uint32_t *order,
	uint32_t first, uint32_t n, float share)
{
	float *at = replay_tick(c, tick);

	for (uint32_t i = 0; i < n; i++)
		at[order[(first + i) % c->nblocks]] += share / (float)n;
}

/* Of each tick the set begins elsewhere in the order. */
static struct replay_case *sets(const char *name, const struct replay_ask *ask,
	uint64_t *random, double parallelism, double every, uint32_t step)
{
	struct replay_case *c = replay_new(name, ask, parallelism);
	uint32_t *order = replay_permutation(random, c->nblocks);
	uint32_t hot = c->nblocks / HOT_PART;

	replay_use_all(c, 1);
	for (uint32_t t = 0; t < c->nticks; t++) {
		uint32_t turns =
			every > 0 ? (uint32_t)((t + 0.5) * REPLAY_TICK / every)
				  : 0;

		give(c, t, order, turns * step, hot, HOT_ACCESSES);
		give(c, t, order, 0, c->nblocks, 1 - HOT_ACCESSES);
	}
	free(order);
	return c;
}

struct replay_case *replay_make_hot(
	const struct replay_ask *ask, uint64_t *random)
{
	return sets("hot", ask, random, REPLAY_PARALLELISM, 0, 0);
}

struct replay_case *replay_make_shift30(
	const struct replay_ask *ask, uint64_t *random)
{
	return sets("shift30", ask, random, REPLAY_PARALLELISM, 30,
		ask->nblocks / HOT_PART);
}

struct replay_case *replay_make_shift10(
	const struct replay_ask *ask, uint64_t *random)
{
	return sets("shift10", ask, random, REPLAY_PARALLELISM, 10,
		ask->nblocks / HOT_PART);
}

struct replay_case *replay_make_third5(
	const struct replay_ask *ask, uint64_t *random)
{
	return sets("third5", ask, random, REPLAY_PARALLELISM, 5,
		ask->nblocks / HOT_PART / 3);
}

/* Others take a part of fast memory's bandwidth, for a while every while. */
static void take(struct replay_case *c, float part, double every, double for_)
{
	c->taken = calloc(c->nticks, sizeof(*c->taken));
	if (!c->taken)
		abort();
	for (uint32_t t = 0; t < c->nticks; t++)
		c->taken[t] = fmod(t * REPLAY_TICK, every) < for_ ? part : 0;
}

struct replay_case *replay_make_saturated(
	const struct replay_ask *ask, uint64_t *random)
{
	struct replay_case *c = sets("saturated", ask, random, 512, 0, 0);

	take(c, 0.4f, 1, 1);
	return c;
}

struct replay_case *replay_make_neighbour(
	const struct replay_ask *ask, uint64_t *random)
{
	struct replay_case *c = sets("neighbour", ask, random, 128, 0, 0);

	take(c, 0.7f, 30, 15);
	return c;
}

/* Sets come back; each is a tenth of all, by chance. */
static struct replay_case *phases(const char *name,
	const struct replay_ask *ask, uint64_t *random, double every,
	unsigned n)
{
	struct replay_case *c = replay_new(name, ask, REPLAY_PARALLELISM);
	uint32_t *orders[4], hot = c->nblocks / HOT_PART;

	replay_use_all(c, 1);
	for (unsigned i = 0; i < n; i++)
		orders[i] = replay_permutation(random, c->nblocks);
	for (uint32_t t = 0; t < c->nticks; t++) {
		uint32_t *order =
			orders[(uint32_t)((t + 0.5) * REPLAY_TICK / every) % n];

		give(c, t, order, 0, hot, HOT_ACCESSES);
		give(c, t, order, 0, c->nblocks, 1 - HOT_ACCESSES);
	}
	for (unsigned i = 0; i < n; i++)
		free(orders[i]);
	return c;
}

struct replay_case *replay_make_phases3(
	const struct replay_ask *ask, uint64_t *random)
{
	return phases("phases3", ask, random, 3, 4);
}

struct replay_case *replay_make_phases30(
	const struct replay_ask *ask, uint64_t *random)
{
	return phases("phases30", ask, random, 30, 3);
}

struct replay_case *replay_make_uniform(
	const struct replay_ask *ask, uint64_t *random)
{
	struct replay_case *c = replay_new("uniform", ask, REPLAY_PARALLELISM);

	replay_use_all(c, 1);
	for (uint32_t t = 0; t < c->nticks; t++)
		for (uint32_t b = 0; b < c->nblocks; b++)
			replay_tick(c, t)[b] = 1 / (float)c->nblocks;
	return c;
}

/*
 * Memory is arrays of a sixty-fourth of it each; every second the oldest one
 * is freed, and another takes its place.  One in eight, by chance, is hot and
 * of site 1, the others are of site 2.
 */
struct replay_case *replay_make_churn(
	const struct replay_ask *ask, uint64_t *random)
{
	struct replay_case *c = replay_new("churn", ask, REPLAY_PARALLELISM);
	uint32_t array = c->nblocks / 64, arrays = c->nblocks / array;
	bool hot[128] = { false };
	uint32_t next = 0;

	for (uint32_t t = 0; t < c->nticks; t++) {
		float *at = replay_tick(c, t);
		uint32_t nhot = 0;

		/* At the start all of them, then one each second. */
		for (uint32_t n = t ? t % 10 == 0 : arrays; n; n--, next++) {
			uint32_t a = next % arrays;

			hot[a] = replay_below(random, 8) == 0;
			for (uint32_t i = 0; i < array; i++)
				replay_change(
					c, (struct replay_change){ .tick = t,
						   .block = a * array + i,
						   .site = hot[a] ? 1 : 2,
						   .flags = HMS_BLOCK_USED });
		}
		for (uint32_t a = 0; a < arrays; a++)
			nhot += hot[a];
		for (uint32_t b = 0; b < array * arrays; b++) {
			float cold = nhot ? 1 - HOT_ACCESSES : 1;

			at[b] = cold / (float)(array * arrays);
			if (hot[b / array])
				at[b] += HOT_ACCESSES / (float)(nhot * array);
		}
	}
	c->peak = array * arrays;
	return c;
}
