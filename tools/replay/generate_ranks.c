/* SPDX-License-Identifier: BSD-2-Clause */
/* Generators whose blocks are hot by rank, and those that stream. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/replay/generate.h"

#define ZIPF 0.99
#define SWAPS 12 /* pairs of ranks that change places, each second */

/* Shares by rank that sum up to sum. */
static float *by_rank(uint32_t n, double exponent, double sum)
{
	float *share = malloc(n * sizeof(*share));
	double all = 0;

	if (!share)
		abort();
	for (uint32_t i = 0; i < n; i++)
		all += pow(i + 1.0, -exponent);
	for (uint32_t i = 0; i < n; i++)
		share[i] = (float)(sum * pow(i + 1.0, -exponent) / all);
	return share;
}

static struct replay_case *zipf(const char *name, const struct replay_ask *ask,
	uint64_t *random, unsigned swaps)
{
	struct replay_case *c = replay_new(name, ask, REPLAY_PARALLELISM);
	uint32_t *order = replay_permutation(random, c->nblocks);
	float *share = by_rank(c->nblocks, ZIPF, 1);

	replay_use_all(c, 1);
	for (uint32_t t = 0; t < c->nticks; t++) {
		for (uint32_t b = 0; b < c->nblocks; b++)
			replay_tick(c, t)[order[b]] = share[b];
		for (unsigned i = 0; t % 10 == 9 && i < swaps; i++) {
			uint32_t a = replay_below(random, c->nblocks);
			uint32_t b = replay_below(random, c->nblocks);
			uint32_t was = order[a];

			order[a] = order[b];
			order[b] = was;
		}
	}
	free(share);
	free(order);
	return c;
}

struct replay_case *replay_make_zipf(
	const struct replay_ask *ask, uint64_t *random)
{
	return zipf("zipf", ask, random, 0);
}

struct replay_case *replay_make_drift(
	const struct replay_ask *ask, uint64_t *random)
{
	return zipf("drift", ask, random, SWAPS);
}

/* A stream of blocks first.. first + n, that comes round in so long. */
static void stream(struct replay_case *c, const uint32_t *order, uint32_t first,
	uint32_t n, double round, float share)
{
	double step = n * REPLAY_TICK / round, at = 0;

	for (uint32_t t = 0; t < c->nticks; t++, at = fmod(at + step, n)) {
		/* From at to at + step, what is touched in part too. */
		for (double x = at, left = step; left > 1e-9;) {
			double part = floor(x) + 1 - x;
			uint32_t block = (uint32_t)x % n;

			if (part > left)
				part = left;
			replay_tick(c, t)[order[first + block]] +=
				(float)((double)share * part / step);
			left -= part;
			x = floor(x + part + 1e-9);
		}
	}
}

/* Vertices: three tenths of memory; they are site 1, edges are site 2. */
static void sites(struct replay_case *c, const uint32_t *order, uint32_t first)
{
	replay_use_all(c, 2);
	for (uint32_t i = 0; i < first; i++)
		c->changes[order[i]].site = 1;
}

struct replay_case *replay_make_pagerank(
	const struct replay_ask *ask, uint64_t *random)
{
	struct replay_case *c = replay_new("pagerank", ask, REPLAY_PARALLELISM);
	uint32_t *order = replay_permutation(random, c->nblocks);
	uint32_t vertices = c->nblocks * 3 / 10;
	float *share = by_rank(vertices, 0.6, 0.75);

	sites(c, order, vertices);
	for (uint32_t t = 0; t < c->nticks; t++)
		for (uint32_t i = 0; i < vertices; i++)
			replay_tick(c, t)[order[i]] = share[i];
	stream(c, order, vertices, c->nblocks - vertices, 4, 0.25f);
	free(share);
	free(order);
	return c;
}

struct replay_case *replay_make_index(
	const struct replay_ask *ask, uint64_t *random)
{
	struct replay_case *c = replay_new("index", ask, REPLAY_PARALLELISM);
	uint32_t *order = replay_permutation(random, c->nblocks);
	uint32_t index = c->nblocks * 12 / 100;

	sites(c, order, index);
	for (uint32_t t = 0; t < c->nticks; t++)
		for (uint32_t i = 0; i < index; i++)
			replay_tick(c, t)[order[i]] = 0.55f / (float)index;
	stream(c, order, index, c->nblocks - index, 30, 0.45f);
	free(order);
	return c;
}

/* Cross sections: a tenth of memory by rank, and a table at random. */
struct replay_case *replay_make_lookup(
	const struct replay_ask *ask, uint64_t *random)
{
	struct replay_case *c = replay_new("lookup", ask, REPLAY_PARALLELISM);
	uint32_t *order = replay_permutation(random, c->nblocks);
	uint32_t tables = c->nblocks / 10;
	float *share = by_rank(tables, 0.8, 0.925);

	sites(c, order, tables);
	for (uint32_t t = 0; t < c->nticks; t++) {
		float *at = replay_tick(c, t);

		for (uint32_t i = 0; i < c->nblocks; i++)
			at[order[i]] =
				i < tables
					? share[i]
					: 0.075f / (float)(c->nblocks - tables);
	}
	free(share);
	free(order);
	return c;
}

struct replay_case *replay_make_sweep(
	const struct replay_ask *ask, uint64_t *random)
{
	struct replay_case *c = replay_new("sweep", ask, REPLAY_PARALLELISM);
	uint32_t *order = replay_permutation(random, c->nblocks);

	replay_use_all(c, 1);
	stream(c, order, 0, c->nblocks * 32 / 100, 3, 1);
	free(order);
	return c;
}
