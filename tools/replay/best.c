/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The best that stays where it is: the blocks with the most accesses over
 * their lives are fast, as many as fit at any time, or fewer where fast memory
 * would saturate.
 */
#include "tools/replay/replay.h"

#include <stdlib.h>
#include <string.h>

/* A life of a block. */
struct life {
	uint32_t block, from, to; /* ticks */
	double accesses;
	uint32_t order; /* by accesses per tick; nlives: does not fit */
};

static int more(const void *a, const void *b)
{
	const struct life *x = a, *y = b;
	double p = x->accesses / (x->to - x->from + 1.0);
	double q = y->accesses / (y->to - y->from + 1.0);

	if (p != q)
		return p < q ? 1 : -1;
	return x->block < y->block ? -1 : x->block > y->block;
}

static size_t lives(const struct replay_case *c, struct life *out)
{
	size_t n = 0, *open = calloc(c->nblocks, sizeof(*open));

	if (!open)
		abort();
	for (size_t i = 0; i < c->nchanges; i++) {
		const struct replay_change *change = &c->changes[i];

		if (open[change->block])
			out[open[change->block] - 1].to = change->tick;
		open[change->block] = 0;
		if (!(change->flags & HMS_BLOCK_USED))
			continue;
		out[n] = (struct life){ change->block, change->tick, c->nticks,
			0, 0 };
		open[change->block] = ++n;
	}
	free(open);
	for (size_t i = 0; i < n; i++)
		for (uint32_t t = out[i].from; t < out[i].to; t++)
			out[i].accesses +=
				(double)replay_tick(c, t)[out[i].block] *
				c->seconds[t];
	return n;
}

/* Hottest first, where there is room for all of its life. */
static void fit(const struct replay_case *c,
	const struct replay_machine *machine, struct life *life, size_t n,
	double *gains)
{
	uint32_t *used = calloc(c->nticks, sizeof(*used));
	uint32_t capacity = replay_capacity(c, machine);

	if (!used)
		abort();
	memset(gains, 0, c->nticks * sizeof(*gains));
	for (size_t i = 0; i < n; i++) {
		bool fits = true;

		for (uint32_t t = life[i].from; t < life[i].to && fits; t++)
			fits = used[t] < capacity;
		life[i].order = fits;
		for (uint32_t t = life[i].from; t < life[i].to && fits; t++)
			used[t]++;
	}
	free(used);
}

/* The first of these lives, as many as fit, are fast. */
static double seconds(const struct replay_case *c,
	const struct replay_machine *machine, const struct life *life, size_t n,
	double *fast)
{
	double sum = 0;

	memset(fast, 0, c->nticks * sizeof(*fast));
	for (size_t i = 0; i < n; i++)
		for (uint32_t t = life[i].from; t < life[i].to && life[i].order;
			t++)
			fast[t] += (double)replay_tick(c, t)[life[i].block];
	for (uint32_t t = 0; t < c->nticks; t++) {
		struct replay_machine left = replay_left(machine, c, t);
		struct replay_load load = { c->parallelism,
			replay_accesses(machine, c, t),
			fast[t] < 1 ? fast[t] : 1, 0 };

		if (c->idle && c->idle[t])
			load.on_fast = 1;
		sum += replay_model(&left, &load).seconds;
	}
	return sum;
}

static bool bound_by_bandwidth(
	const struct replay_case *c, const struct replay_machine *machine)
{
	struct replay_machine left = replay_left(machine, c, 0);
	struct replay_load load = { c->parallelism, 1e6, 1, 0 };
	double rate = replay_model(&left, &load).rate[0];

	return rate > left.bandwidth[0] / 2 || c->taken;
}

double replay_static(
	const struct replay_case *c, const struct replay_machine *machine)
{
	struct life *life = calloc(c->nchanges, sizeof(*life));
	double *fast = calloc(c->nticks, sizeof(*fast)), best;
	size_t n;

	if (!life || !fast)
		abort();
	n = lives(c, life);
	qsort(life, n, sizeof(*life), more);
	fit(c, machine, life, n, fast);
	best = seconds(c, machine, life, n, fast);
	/* Fewer, if that is faster: only where bandwidth is what lacks. */
	for (unsigned part = 1; part < 128 && bound_by_bandwidth(c, machine);
		part++) {
		double fewer = seconds(c, machine, life,
			(size_t)((double)n * part / 128 * machine->fast), fast);

		if (fewer < best)
			best = fewer;
	}
	free(fast);
	free(life);
	return best;
}
