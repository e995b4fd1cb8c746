/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/policy/pool.h"

#include <stdbool.h>

static bool better(struct policy_note a, struct policy_note b)
{
	return a.value > b.value || (a.value == b.value && a.block < b.block);
}

static void exchange(struct policy_note *a, struct policy_note *b)
{
	struct policy_note was = *a;

	*a = *b;
	*b = was;
}

void policy_pool_clear(struct policy_pool *pool)
{
	pool->n = 0;
	pool->full = 0;
}

/* The median of three, as a pivot. */
static struct policy_note median(
	struct policy_note a, struct policy_note b, struct policy_note c)
{
	if (better(b, a))
		exchange(&a, &b);
	if (better(c, b))
		exchange(&b, &c);
	return better(b, a) ? a : b;
}

/* Hoare's selection: the best k of n come to stand first. */
static void select_best(struct policy_note *at, int n, int k)
{
	int low = 0, high = n - 1;

	while (low < high) {
		struct policy_note pivot =
			median(at[low], at[(low + high) / 2], at[high]);
		int i = low, j = high;

		while (i <= j) {
			while (better(at[i], pivot))
				i++;
			while (better(pivot, at[j]))
				j--;
			if (i <= j)
				exchange(&at[i++], &at[j--]);
		}
		if (k <= j)
			high = j;
		else if (k >= i)
			low = i;
		else
			return;
	}
}

void policy_pool_cut(struct policy_pool *pool)
{
	if (pool->n <= POLICY_POOL)
		return;
	select_best(pool->at, (int)pool->n, POLICY_POOL - 1);
	pool->n = POLICY_POOL;
	pool->bar = pool->at[POLICY_POOL - 1];
	pool->full = 1;
}

void policy_pool_add(struct policy_pool *pool, uint32_t block, float value)
{
	struct policy_note note = { block, value };

	if (pool->full && !better(note, pool->bar))
		return;
	pool->at[pool->n++] = note;
	if (pool->n == 2 * POLICY_POOL)
		policy_pool_cut(pool);
}

static void sift(struct policy_note *at, uint32_t i, uint32_t n)
{
	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= n)
			return;
		if (child + 1 < n && better(at[child], at[child + 1]))
			child++;
		if (!better(at[i], at[child]))
			return;
		exchange(&at[i], &at[child]);
		i = child;
	}
}

/* A heap with the worst on top, taken apart from the end. */
void policy_pool_sort(struct policy_pool *pool)
{
	policy_pool_cut(pool);
	for (uint32_t i = pool->n / 2; i-- > 0;)
		sift(pool->at, i, pool->n);
	for (uint32_t n = pool->n; n-- > 1;) {
		exchange(&pool->at[0], &pool->at[n]);
		sift(pool->at, 0, n);
	}
}
