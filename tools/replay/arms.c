/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A planner like ARMS (2025): a short and a long moving average of each
 * block's count; who is in the first k by the long one, or by the short one
 * for some seconds after the hot set has changed, is hot.  Swaps those that
 * are hot and slow for the coldest, if the difference pays the moves within a
 * horizon, hottest first, in batches that leave the slow memory a part of its
 * bandwidth.
 */
#include <math.h>
#include <stdlib.h>

#include "engine/policy/draft.h"
#include "tools/replay/replay.h"

extern const struct hms_planner replay_rival_arms;

#define SHORT 0.3f /* weights of a tick */
#define LONG 0.03f
#define RECENT 3.0 /* seconds that the short one counts after a change */
#define CHANGED 0.25 /* of the accesses went to other blocks than before */
#define HORIZON 0.5 /* seconds in which a move has to pay */
#define SHARE 0.25 /* of the slow memory's bandwidth */

struct entry {
	float score;
	uint32_t block;
};

/* events: the long average, exposure: the short one; counts per tick. */
struct arms {
	double time, recent; /* recent: the short one counts until then */
	float usual; /* share of samples in fast memory, moving average */
	struct entry entries[];
};

static size_t arms_bytes(uint32_t nblocks)
{
	return sizeof(struct arms) + nblocks * sizeof(struct entry);
}

static void arms_init(struct hms_planner_state *state, uint32_t nblocks)
{
}

static int hotter(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->block < y->block ? -1 : x->block > y->block;
}

/* Counts of this tick; who looks at another set than before? */
static void average(struct arms *a, const struct hms_snapshot *snapshot)
{
	float in = 0, all = 0;

	for (uint32_t i = 0; i < snapshot->nblocks; i++) {
		snapshot->blocks[i].events *= 1 - LONG;
		snapshot->blocks[i].exposure *= 1 - SHORT;
	}
	for (uint32_t i = 0; i < snapshot->nseen; i++) {
		const struct hms_seen *seen = &snapshot->seen[i];
		struct hms_block *block = &snapshot->blocks[seen->block];

		block->events += LONG * seen->events;
		block->exposure += SHORT * seen->events;
		all += seen->events;
		in += block->tier ? 0 : seen->events;
	}
	if (!(all > 0))
		return;
	in /= all;
	if (in < a->usual - (float)CHANGED)
		a->recent = a->time + RECENT;
	a->usual += 0.1f * (in - a->usual);
}

static void swap(struct arms *a, struct policy_draft *draft, uint32_t n)
{
	const struct hms_snapshot *snapshot = draft->snapshot;
	uint64_t room = snapshot->tiers[0].blocks + snapshot->tiers[0].room;
	uint32_t k = room < n ? (uint32_t)room : n, victim = n;
	double left = SHARE * (double)snapshot->tiers[1].bandwidth *
		      snapshot->dt / (double)snapshot->block_bytes;
	double worth = (double)(snapshot->tiers[1].latency -
				snapshot->tiers[0].latency) /
		       (double)snapshot->parallelism * HORIZON;
	double per = (double)snapshot->exposure;
	double cost = (double)(snapshot->cost[0][1] + snapshot->cost[1][0]) *
		      4 / (double)snapshot->parallelism;

	for (uint32_t i = 0; i < k && left >= 2; i++) {
		uint32_t block = a->entries[i].block;

		if (!snapshot->blocks[block].tier)
			continue;
		if (draft->room[0]) {
			policy_promote(draft, block, 0);
			left--;
			continue;
		}
		do
			victim--;
		while (victim > k &&
			snapshot->blocks[a->entries[victim].block].tier);
		if (victim <= k ||
			(double)(a->entries[i].score -
				 a->entries[victim].score) /
					per * worth <
				cost ||
			!policy_swap(draft, block, a->entries[victim].block, 0))
			return;
		left -= 2;
	}
}

static void arms_plan(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, struct hms_plan *out)
{
	struct arms *a = (void *)state;
	struct policy_draft draft;
	uint32_t n = 0;

	policy_draft_open(&draft, snapshot, out);
	a->time += snapshot->dt;
	average(a, snapshot);
	for (uint32_t i = 0; i < snapshot->nblocks; i++) {
		const struct hms_block *block = &snapshot->blocks[i];

		if (!policy_movable(snapshot, i))
			continue;
		a->entries[n++] = (struct entry){
			a->time < a->recent ? block->exposure : block->events, i
		};
	}
	qsort(a->entries, n, sizeof(*a->entries), hotter);
	if (snapshot->exposure > 0)
		swap(a, &draft, n);
	policy_draft_close(&draft);
}

static void arms_moved(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, const struct hms_move *move,
	int result, float seconds)
{
}

static float arms_rate(const struct hms_planner_state *state,
	const struct hms_block *block, float *deviation)
{
	*deviation = 0;
	return 0;
}

static float arms_site(const struct hms_planner_state *state, uint16_t site)
{
	return -1;
}

const struct hms_planner replay_rival_arms = {
	.name = "arms",
	.state_bytes = arms_bytes,
	.init = arms_init,
	.plan = arms_plan,
	.moved = arms_moved,
	.rate = arms_rate,
	.site = arms_site,
};
