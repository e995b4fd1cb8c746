/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The planner `threshold`: counts and a threshold, after HeMem (SOSP'21).
 *
 * A block is hot from four counts on; a tick in which one reaches ten makes all
 * counts halve, which each block catches up with when it is looked at.  Hot
 * blocks of a slower tier go up in the order in which they became hot; if there
 * is no room, a hand that goes round finds a block up there that is not hot; if
 * all of them are, nothing moves.  Blind to rates, costs and bandwidth: the
 * simplest that works, to compare with.
 */
#include "engine/policy/approx.h"
#include "engine/policy/draft.h"

extern const struct hms_planner hms_planner_threshold;

#define HOT 4
#define COOL 10
#define QUEUE 4096
#define STEPS 4000 /* of hands, in a tick */
/* A source that looked at a block for a short time stands for no more than so
 * many of what it saw. */
#define MOST_SHARE 16.0

struct threshold {
	uint32_t clock; /* how often all counts were halved */
	uint32_t first, n; /* of the queue */
	bool cool; /* one reached COOL in this tick */
	double exposure; /* halved as counts are */
	uint32_t hand[HMS_TIERS];
	uint32_t queue[QUEUE];
};

static size_t threshold_bytes(uint32_t nblocks)
{
	return sizeof(struct threshold);
}

static void threshold_init(struct hms_planner_state *state, uint32_t nblocks)
{
}

/* events: the count; age: the clock that it is as of. */
static float cooled(const struct threshold *t, const struct hms_block *block)
{
	uint8_t missed = (uint8_t)(t->clock - block->age);

	return missed < 32 ? block->events / (float)(1u << missed) : 0;
}

static void catch_up(struct threshold *t, struct hms_block *block)
{
	block->events = cooled(t, block);
	block->age = (uint8_t)t->clock;
}

static void count(struct threshold *t, const struct hms_snapshot *snapshot,
	const struct hms_seen *seen)
{
	struct hms_block *block = &snapshot->blocks[seen->block];
	double events = policy_sane(seen->events, 0, 1e9, 0), scale = 1;

	if (seen->block >= snapshot->nblocks ||
		!(block->flags & HMS_BLOCK_USED))
		return;
	if (seen->exposure > 0) /* it would have seen more in a whole tick */
		scale = policy_sane(snapshot->dt / (double)seen->exposure, 0,
			MOST_SHARE, MOST_SHARE);
	catch_up(t, block);
	block->events += (float)(events * scale);
	t->cool |= block->events >= COOL;
	if (!block->tier || block->events < HOT || t->n == QUEUE ||
		(block->flags & HMS_BLOCK_NOTED))
		return;
	block->flags |= HMS_BLOCK_NOTED;
	t->queue[(t->first + t->n++) % QUEUE] = seen->block;
}

/* A block of this tier that is not hot; nblocks if none was found. */
static uint32_t cold(struct threshold *t, const struct hms_snapshot *snapshot,
	unsigned tier, uint32_t *steps)
{
	for (uint32_t i = 0; i < snapshot->nblocks && *steps; i++, --*steps) {
		uint32_t at =
			t->hand[tier] < snapshot->nblocks ? t->hand[tier] : 0;
		struct hms_block *block = &snapshot->blocks[at];

		t->hand[tier] = at + 1;
		if (!policy_movable(snapshot, at) || block->tier != tier)
			continue;
		catch_up(t, block);
		if (block->events < HOT)
			return at;
	}
	return snapshot->nblocks;
}

static void threshold_plan(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, struct hms_plan *out)
{
	struct threshold *t = (void *)state;
	struct policy_draft draft;
	uint32_t steps = STEPS;

	policy_draft_open(&draft, snapshot, out);
	t->exposure += policy_sane(snapshot->exposure, 0, 1e9, 0);
	for (uint32_t i = 0; i < snapshot->nseen; i++)
		if (snapshot->seen[i].block < snapshot->nblocks)
			count(t, snapshot, &snapshot->seen[i]);
	if (t->cool) {
		t->cool = false;
		t->clock++;
		t->exposure /= 2;
	}
	while (t->n && policy_draft_has(&draft, 2)) {
		uint32_t at = t->queue[t->first], victim;
		struct hms_block *block = &snapshot->blocks[at];

		if (at < snapshot->nblocks && policy_movable(snapshot, at) &&
			block->tier && cooled(t, block) >= HOT) {
			if (draft.room[block->tier - 1]) {
				policy_promote(&draft, at, 0);
			} else {
				victim = cold(
					t, snapshot, block->tier - 1u, &steps);
				if (victim == snapshot->nblocks ||
					!policy_swap(&draft, at, victim, 0))
					break;
			}
		}
		if (at < snapshot->nblocks)
			block->flags &= (uint8_t)~HMS_BLOCK_NOTED;
		t->first = (t->first + 1) % QUEUE;
		t->n--;
	}
	if (t->exposure > 0)
		out->price = (float)(HOT / t->exposure);
	policy_draft_close(&draft);
}

static void threshold_moved(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, const struct hms_move *move,
	int result, float seconds)
{
}

static float threshold_rate(const struct hms_planner_state *state,
	const struct hms_block *block, float *deviation)
{
	const struct threshold *t = (const void *)state;
	float events = cooled(t, block), per;

	per = t->exposure > 0 ? (float)(1 / t->exposure) : 0;
	*deviation = policy_sqrt(events) * per;
	return events * per;
}

static float threshold_site(
	const struct hms_planner_state *state, uint16_t site)
{
	return -1;
}

const struct hms_planner hms_planner_threshold = {
	.name = "threshold",
	.state_bytes = threshold_bytes,
	.init = threshold_init,
	.plan = threshold_plan,
	.moved = threshold_moved,
	.rate = threshold_rate,
	.site = threshold_site,
};
