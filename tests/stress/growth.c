/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks that grow and shrink through every size, hence from rule to rule,
 * in one thread and in several, against a plain model of what must be in
 * them.  Catches content lost when a block moves between places, and blocks
 * that overlap.
 */
#include "tests/stress/tap.h"

#include <malloc.h>
#include <pthread.h>

enum { BLOCKS = 300 };

struct block {
	unsigned char *p;
	size_t size;
	unsigned seed;
};

/* Sizes spread evenly over their logarithm, 1 byte to 2 MiB. */
static size_t draw_size(uint32_t *state)
{
	uint32_t bits = draw(state) % 100;

	bits = bits < 70 ? bits % 10 : bits < 97 ? bits % 17 : bits % 22;
	return ((size_t)1 << bits) + draw(state) % ((size_t)1 << bits);
}

static bool good_block(const struct block *b)
{
	return !b->p || (filled(b->p, b->size, b->seed) &&
				malloc_usable_size(b->p) >= b->size &&
				((uintptr_t)b->p & 15) == 0);
}

static void fresh(struct block *b, uint32_t *state)
{
	size_t n = draw_size(state);

	switch (draw(state) % 6) {
	case 0:
		b->p = calloc(1, n);
		break;
	case 1:
		b->p = aligned_alloc((size_t)16 << draw(state) % 9, n);
		break;
	case 2:
		b->p = reallocarray(NULL, 1, n);
		break;
	default:
		b->p = malloc(n);
	}
	b->size = n;
	b->seed = draw(state);
	if (b->p)
		fill(b->p, n, b->seed);
}

static bool resize(struct block *b, uint32_t *state)
{
	size_t n = draw_size(state), kept = n < b->size ? n : b->size;

	b->p = realloc(b->p, n);
	if (!b->p || !filled(b->p, kept, b->seed))
		return false;
	b->size = n;
	b->seed = draw(state);
	fill(b->p, n, b->seed);
	return true;
}

static void *churn(void *arg)
{
	uint32_t state = (uint32_t)(uintptr_t)arg * 7919 + 3;
	struct block *blocks = calloc(BLOCKS, sizeof(*blocks));
	bool good = true;

	for (int i = 0; i < 30000 && good; i++) {
		struct block *b = &blocks[draw(&state) % BLOCKS];

		if (!b->p) {
			fresh(b, &state);
			continue;
		}
		good = good_block(b);
		if (draw(&state) % 2) {
			free(b->p);
			b->p = NULL;
		} else {
			good &= resize(b, &state);
		}
	}
	for (int i = 0; i < BLOCKS; i++) {
		good &= good_block(&blocks[i]);
		free(blocks[i].p);
	}
	free(blocks);
	return (void *)(uintptr_t)!good;
}

/* As stdio, strings and vectors do it: a bit more each time. */
static void test_steps(void)
{
	bool good = true;

	for (size_t step = 1; step < 100000; step = step * 5 + 3) {
		size_t n = 0,
		       last = step * 400 < (8u << 20) ? step * 400 : 8u << 20;
		char *p = NULL;

		while (n < last) {
			p = realloc(p, n + step);
			memset(p + n, (int)(n / step) & 0x7f, step);
			n += step;
		}
		for (size_t i = 0; i < n; i += step)
			good &= p[i] == (char)((i / step) & 0x7f) &&
				p[i + step - 1] == p[i];
		while (n > step) {
			n = n / 2 / step * step + step;
			p = realloc(p, n);
			good &= p[n - 1] == (char)(((n - 1) / step) & 0x7f);
			if (n == step * 2)
				break;
		}
		free(p);
	}
	tap_ok(good, "blocks that grow by steps and shrink by halves");
}

int main(void)
{
	pthread_t t[6];
	bool good = true;
	void *result;

	test_steps();
	tap_ok(!churn((void *)1), "one thread, all sizes, all calls");
	for (uintptr_t i = 0; i < 6; i++)
		pthread_create(&t[i], NULL, churn, (void *)(i + 2));
	for (int i = 0; i < 6; i++) {
		pthread_join(t[i], &result);
		good &= !result;
	}
	tap_ok(good, "six threads at it");
	return tap_done();
}
