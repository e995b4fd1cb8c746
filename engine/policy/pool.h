/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The best few of many blocks, in memory that does not grow: what goes in
 * beyond twice the pool's size pushes the worse half out.  Each addition costs
 * the same on average, whatever the order.  Equal values go by block, so a
 * result never depends on the order of additions.  Pure.
 */
#ifndef HMS_ENGINE_POLICY_POOL_H
#define HMS_ENGINE_POLICY_POOL_H

#include <stdint.h>

#define POLICY_POOL 512

struct policy_note {
	uint32_t block;
	float value; /* the higher, the better; no NaN */
};

struct policy_pool {
	uint32_t n;
	uint32_t full; /* was cut: nothing worse than bar comes in */
	struct policy_note bar;
	struct policy_note at[2 * POLICY_POOL];
};

void policy_pool_clear(struct policy_pool *pool);
void policy_pool_add(struct policy_pool *pool, uint32_t block, float value);
/* Leaves at most POLICY_POOL, the best first. */
void policy_pool_sort(struct policy_pool *pool);
/* Leaves at most POLICY_POOL, in any order. */
void policy_pool_cut(struct policy_pool *pool);

#endif
