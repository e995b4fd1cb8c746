/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What planners take, on arrays; the memory itself need not be there:
 *
 *	bench/planner [PLANNER [TICKS]]
 *
 * prints for 1 GiB to 1 TiB of memory in 2 MiB blocks the CPU time of a tick
 * (median and most of TICKS, default 300, after as many to settle), its share
 * of a core at ten ticks per second, and the bytes of state.  A tick has 2,000
 * samples, half of which fall on a tenth of the blocks; a quarter of all is
 * fast, and moves are carried out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/poisson.h"
#include "engine/policy/planner.h"

#define SAMPLES 2000
#define BUDGET 512

struct bench {
	const struct hms_planner *planner;
	struct hms_planner_state *state;
	size_t bytes;
	struct hms_snapshot s;
	struct hms_plan plan;
	uint32_t *count; /* per block, in this tick */
	struct hms_seen *seen;
	uint64_t random, moves;
};

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static uint32_t below(struct bench *b, uint32_t n)
{
	return (uint32_t)(((hms_random(&b->random) >> 32) * n) >> 32);
}

static void sample(struct bench *b)
{
	uint32_t n = b->s.nblocks, hot = n / 10 + 1;

	b->s.nseen = 0;
	for (uint32_t i = 0; i < SAMPLES; i++) {
		/* The hot ones are spread: each tenth, and odd ones. */
		uint32_t block = i % 2 ? below(b, n) : below(b, hot) * 10 % n;

		if (b->count[block]++)
			continue;
		b->seen[b->s.nseen++].block = block;
	}
	for (uint32_t i = 0; i < b->s.nseen; i++) {
		struct hms_seen *seen = &b->seen[i];

		seen->events = (float)b->count[seen->block];
		seen->exposure = 0;
		b->count[seen->block] = 0;
	}
}

static void carry_out(struct bench *b)
{
	for (uint32_t i = 0; i < b->plan.nmoves; i++) {
		struct hms_move *m = &b->plan.moves[i];
		struct hms_block *block = &b->s.blocks[m->block];

		block->flags &= (uint8_t)~HMS_BLOCK_MOVING;
		block->tier = m->to;
		b->s.tiers[m->to].blocks++;
		b->s.tiers[m->to].room--;
		b->s.tiers[m->from].blocks--;
		b->s.tiers[m->from].room++;
		b->planner->moved(b->state, &b->s, m, 0, 3e-4f);
	}
	b->moves += b->plan.nmoves;
}

static int ascending(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

static void set_up(struct bench *b, uint32_t n)
{
	b->bytes = b->planner->state_bytes(n);
	b->state = aligned_alloc(64, (b->bytes + 63) / 64 * 64);
	b->s = (struct hms_snapshot){ .nblocks = n,
		.blocks = calloc(n, sizeof(struct hms_block)),
		.dt = 0.1,
		.exposure = 1e-6f,
		.block_bytes = 2 << 20,
		.ntiers = 2,
		.parallelism = 32,
		.budget = BUDGET,
		.slow_bandwidth_share = 0.1,
		.cost = { { 0, 3e-4f }, { 3e-4f, 0 } },
		.tiers = { { n / 4, 0, 1e-7f, 150e9f, 0 },
			{ n - n / 4, n, 2.5e-7f, 40e9f, 0 } } };
	b->seen = calloc(SAMPLES, sizeof(*b->seen));
	b->count = calloc(n, sizeof(*b->count));
	b->plan.moves = calloc(BUDGET, sizeof(struct hms_move));
	if (!b->state || !b->s.blocks || !b->seen || !b->count ||
		!b->plan.moves)
		abort();
	b->s.seen = b->seen;
	memset(b->state, 0, b->bytes);
	b->planner->init(b->state, n);
	for (uint32_t i = 0; i < n; i++)
		b->s.blocks[i] = (struct hms_block){ .flags = HMS_BLOCK_USED,
			.tier = i >= n / 4,
			.site = (uint16_t)(i / 512 % 1000) };
}

static void measure(
	const struct hms_planner *planner, uint32_t n, unsigned ticks)
{
	struct bench b = { .planner = planner, .random = 1 };
	long long *ns = calloc(ticks, sizeof(*ns));
	double sum = 0;

	if (!ns)
		abort();
	set_up(&b, n);
	for (unsigned t = 0; t < 2 * ticks; t++) {
		long long start;

		sample(&b);
		b.s.tick = t + 1;
		start = now();
		planner->plan(b.state, &b.s, &b.plan);
		carry_out(&b);
		if (t >= ticks)
			sum += (double)(ns[t - ticks] = now() - start);
	}
	qsort(ns, ticks, sizeof(*ns), ascending);
	printf("%6u GiB  %7u blocks  median %7lld ns  most %7lld ns  "
	       "%5.2f %% of a core  %8zu bytes  %6llu moves\n",
		n >> 9, n, ns[ticks / 2], ns[ticks - 1], sum / ticks * 10 / 1e7,
		b.bytes, (unsigned long long)b.moves);
	free(ns);
	free(b.state);
	free(b.s.blocks);
	free(b.seen);
	free(b.count);
	free(b.plan.moves);
}

int main(int argc, char **argv)
{
	const struct hms_planner *planner =
		hms_planner_find(argc > 1 ? argv[1] : "rate");
	long ticks = argc > 2 ? atol(argv[2]) : 300;

	if (!planner || ticks < 1) {
		fputs("usage: bench/planner [PLANNER [TICKS]]\n", stderr);
		return 64;
	}
	printf("%s\n", planner->name);
	for (uint32_t n = 512; n <= 512u << 10; n *= 2)
		measure(planner, n, (unsigned)ticks);
	return 0;
}
