/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What nobody can beat who knows all that will happen, as Belady's rule is for
 * caches.  Fast memory is rented at a price per block and tick instead of
 * being full; then each block decides for itself, between rent and slow
 * accesses, with the cost of moves: a shortest path through two states
 * (Viterbi).  Their sum less all rents is below any placement's loss, whatever
 * the prices (Lagrange); subgradient steps raise it.  Memories are as fast as
 * when idle, and the start and moves when a block comes into use are free: all
 * to the bound's favour.
 */
#include "tools/replay/replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 60

struct bound {
	const struct replay_case *c;
	const struct replay_machine *machine;
	double capacity, cost; /* seconds of a move */
	double *loss; /* [nticks]: seconds lost if all accesses are slow */
	double *price; /* [nticks] */
	uint32_t *used; /* [nticks] */
	uint8_t *from; /* [nticks][nblocks]: bit s: came from the other one */
	float *slow, *fast; /* [nblocks] */
	float *was; /* [2 * nblocks] */
};

static float least(float stay, float come, uint8_t *from, uint8_t bit)
{
	if (stay <= come)
		return stay;
	*from |= bit;
	return come;
}

/* One tick of one block. */
static void step(struct bound *b, uint32_t block, float slow, float fast,
	float cost, float loss, float rent, uint8_t *from)
{
	*from = 0;
	b->slow[block] = least(slow, fast + cost, from, 1) + loss;
	b->fast[block] = least(fast, slow + cost, from, 2) + rent;
}

/* Those that come into use, as they are before the tick; how many. */
static size_t fresh(struct bound *b, uint32_t tick, size_t next)
{
	const struct replay_case *c = b->c;
	size_t n = 0;

	for (; next + n < c->nchanges && c->changes[next + n].tick == tick &&
		n < c->nblocks;
		n++) {
		uint32_t block = c->changes[next + n].block;

		b->was[2 * n] = b->slow[block];
		b->was[2 * n + 1] = b->fast[block];
	}
	return n;
}

/* The sum of all paths; used: who is fast in each tick. */
static double paths(struct bound *b)
{
	const struct replay_case *c = b->c;
	float cost = (float)b->cost;
	size_t next = 0;
	double sum = 0;

	memset(b->slow, 0, c->nblocks * sizeof(float));
	memset(b->fast, 0, c->nblocks * sizeof(float));
	for (uint32_t t = 0; t < c->nticks; t++) {
		const float *share = replay_tick(c, t);
		uint8_t *from = b->from + (size_t)t * c->nblocks;
		float loss = (float)b->loss[t], rent = (float)b->price[t];
		size_t new = fresh(b, t, next);

		for (uint32_t i = 0; i < c->nblocks; i++)
			step(b, i, b->slow[i], b->fast[i], cost,
				share[i] * loss, rent, &from[i]);
		for (size_t n = 0; n < new; n++) {
			uint32_t i = c->changes[next + n].block;

			step(b, i, b->was[2 * n], b->was[2 * n + 1], 0,
				share[i] * loss, rent, &from[i]);
		}
		next += new;
	}
	memset(b->used, 0, c->nticks * sizeof(*b->used));
	for (uint32_t i = 0; i < c->nblocks; i++) {
		unsigned state = b->fast[i] < b->slow[i];

		sum += (double)(state ? b->fast[i] : b->slow[i]);
		for (uint32_t t = c->nticks; t-- > 0;) {
			b->used[t] += state;
			if (b->from[(size_t)t * c->nblocks + i] & 1 << state)
				state = !state;
		}
	}
	for (uint32_t t = 0; t < c->nticks; t++)
		sum -= b->price[t] * b->capacity;
	return sum;
}

static int descending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x < y) - (x > y);
}

/* To begin with, what the last block that fits would lose. */
static void first_prices(struct bound *b)
{
	const struct replay_case *c = b->c;
	uint32_t last = (uint32_t)b->capacity;

	for (uint32_t t = 0; t < c->nticks; t++) {
		memcpy(b->slow, replay_tick(c, t), c->nblocks * sizeof(float));
		qsort(b->slow, c->nblocks, sizeof(float), descending);
		b->price[t] = last < c->nblocks
				      ? (double)b->slow[last] * b->loss[t]
				      : 0;
	}
}

static double climb(struct bound *b)
{
	const struct replay_case *c = b->c;
	double best = 0;

	first_prices(b);
	for (unsigned turn = 0; turn < STEPS; turn++) {
		double sum = paths(b), norm = 0, size;

		if (sum > best)
			best = sum;
		for (uint32_t t = 0; t < c->nticks; t++)
			norm += pow(b->used[t] - b->capacity, 2);
		if (norm < 0.5)
			break;
		/* Polyak's: towards a little more than the best so far. */
		size = (best * (1 + 0.1 / (1 + turn * 0.2)) + 1e-6 - sum) /
		       norm;
		for (uint32_t t = 0; t < c->nticks; t++) {
			b->price[t] += size * (b->used[t] - b->capacity);
			if (b->price[t] < 0)
				b->price[t] = 0;
		}
	}
	return best;
}

double replay_bound(
	const struct replay_case *c, const struct replay_machine *machine)
{
	struct bound b = { .c = c, .machine = machine };
	double slower = machine->latency[1] - machine->latency[0], lost;
	struct replay_load all = { c->parallelism, 1e6, 1, 0 };
	double busy =
		replay_model(machine, &all).rate[0] / machine->bandwidth[0];

	if (slower <= 0 || busy > 0.5 ||
		c->taken) /* it is not latency that counts */
		return 0;
	b.capacity = replay_capacity(c, machine);
	b.cost = replay_move_cost(machine, c);
	b.loss = calloc(c->nticks, sizeof(double));
	b.price = calloc(c->nticks, sizeof(double));
	b.used = calloc(c->nticks, sizeof(uint32_t));
	b.slow = calloc(c->nblocks, sizeof(float));
	b.fast = calloc(c->nblocks, sizeof(float));
	b.was = calloc(2 * (size_t)c->nblocks, sizeof(float));
	b.from = malloc((size_t)c->nticks * c->nblocks);
	if (!b.loss || !b.price || !b.used || !b.slow || !b.fast || !b.from ||
		!b.was)
		abort();
	for (uint32_t t = 0; t < c->nticks; t++)
		b.loss[t] = replay_accesses(machine, c, t) * slower /
			    c->parallelism;
	lost = climb(&b);
	free(b.loss);
	free(b.price);
	free(b.used);
	free(b.slow);
	free(b.fast);
	free(b.was);
	free(b.from);
	return replay_all_fast(c, machine) + lost;
}
