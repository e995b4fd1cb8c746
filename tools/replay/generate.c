/* SPDX-License-Identifier: BSD-2-Clause */
/* What generators are made of; cases, and their samples. */
#include "tools/replay/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/poisson.h"

struct row {
	const char *name, *text;
	struct replay_case *(*make)(
		const struct replay_ask *ask, uint64_t *random);
};

static const struct row rows[] = {
#define REPLAY_CASE(name, text) { #name, text, replay_make_##name },
#include "tools/replay/cases.def"
#undef REPLAY_CASE
};

#define NROWS (sizeof(rows) / sizeof(rows[0]))

const char *replay_case_name(unsigned i)
{
	return i < NROWS ? rows[i].name : NULL;
}

const char *replay_case_text(unsigned i)
{
	return i < NROWS ? rows[i].text : NULL;
}

double replay_uniform(uint64_t *random)
{
	return (double)(hms_random(random) >> 11) * 0x1p-53;
}

uint32_t replay_below(uint64_t *random, uint32_t n)
{
	return (uint32_t)(((hms_random(random) >> 32) * n) >> 32);
}

/* Knuth's for few; a rounded normal distribution for many. */
uint32_t replay_poisson(uint64_t *random, double mean)
{
	double limit, product, u;
	uint32_t n = 0;

	if (mean > 30) {
		do
			u = replay_uniform(random);
		while (u <= 0);
		u = mean +
		    sqrt(mean) * sqrt(-2 * log(u)) *
			    cos(6.283185307179586 * replay_uniform(random));
		return u > 0.5 ? (uint32_t)(u + 0.5) : 0;
	}
	limit = exp(-mean);
	for (product = replay_uniform(random); product > limit; n++)
		product *= replay_uniform(random);
	return n;
}

uint32_t *replay_permutation(uint64_t *random, uint32_t n)
{
	uint32_t *order = malloc(n * sizeof(*order));

	if (!order)
		abort();
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (uint32_t i = n; i > 1; i--) {
		uint32_t other = replay_below(random, i), was = order[i - 1];

		order[i - 1] = order[other];
		order[other] = was;
	}
	return order;
}

static void *need(size_t n, size_t size)
{
	void *memory = calloc(n ? n : 1, size);

	if (!memory) {
		fputs("hms replay: no memory\n", stderr);
		exit(71); /* EX_OSERR */
	}
	return memory;
}

struct replay_case *replay_new(
	const char *name, const struct replay_ask *ask, double parallelism)
{
	struct replay_case *c = need(1, sizeof(*c));

	c->name = name;
	c->nblocks = ask->nblocks;
	c->nticks = (uint32_t)(ask->seconds / REPLAY_TICK + 0.5);
	c->parallelism = parallelism;
	c->share = need((size_t)c->nticks * c->nblocks, sizeof(*c->share));
	c->seconds = need(c->nticks, sizeof(*c->seconds));
	c->part = need(c->nticks, sizeof(*c->part));
	c->first = need(c->nticks + 1u, sizeof(*c->first));
	for (uint32_t t = 0; t < c->nticks; t++)
		c->seconds[t] = REPLAY_TICK;
	return c;
}

void replay_free(struct replay_case *c)
{
	free(c->share);
	free(c->seconds);
	free(c->part);
	free(c->first);
	free(c->seen);
	free(c->idle);
	free(c->taken);
	free(c->changes);
	free(c);
}

float *replay_tick(const struct replay_case *c, uint32_t tick)
{
	return c->share + (size_t)tick * c->nblocks;
}

/* Room for a power of two of them, or none. */
static void *grown(void *array, size_t n, size_t size)
{
	void *more;

	if (n & (n - 1))
		return array;
	more = realloc(array, (n ? 2 * n : 1) * size);
	if (!more) {
		fputs("hms replay: no memory\n", stderr);
		exit(71);
	}
	return more;
}

void replay_change(struct replay_case *c, struct replay_change change)
{
	c->changes = grown(c->changes, c->nchanges, sizeof(change));
	c->changes[c->nchanges++] = change;
}

void replay_use_all(struct replay_case *c, uint16_t site)
{
	for (uint32_t b = 0; b < c->nblocks; b++)
		replay_change(
			c, (struct replay_change){ .block = b,
				   .site = site,
				   .flags = HMS_BLOCK_USED | HMS_BLOCK_HUGE });
	c->peak = c->nblocks;
}

void replay_sample(struct replay_case *c, const struct replay_machine *machine,
	uint64_t *random)
{
	size_t n = 0;

	for (uint32_t t = 0; t < c->nticks; t++) {
		const float *share = replay_tick(c, t);
		double mean = machine->samples * c->seconds[t];

		c->first[t] = n;
		c->part[t] = (float)(mean / replay_accesses(machine, c, t));
		for (uint32_t b = 0; b < c->nblocks; b++) {
			uint32_t k = share[b] > 0
					     ? replay_poisson(random,
						       mean * (double)share[b])
					     : 0;

			if (!k)
				continue;
			c->seen = grown(c->seen, n, sizeof(*c->seen));
			c->seen[n++] = (struct hms_seen){ b, (float)k, 0 };
		}
	}
	c->first[c->nticks] = n;
}

struct replay_case *replay_generate(unsigned i, const struct replay_ask *ask)
{
	uint64_t random = ask->seed * 1000003 + i;
	struct replay_case *c = rows[i].make(ask, &random);

	replay_sample(c, ask->machine, &random);
	return c;
}
