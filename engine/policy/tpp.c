/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The planner `tpp`: recency, after TPP (ASPLOS'23), as Linux does it.
 *
 * A block of a slower tier that is touched twice within a second goes up, if
 * there is room.  Room is made apart from that, ahead of need: below the low
 * watermark blocks go down until the high one is reached, those first that
 * were not touched since a hand last came by (CLOCK, an approximation of least
 * recently used).  Blind to rates, costs and bandwidth.
 */
#include "engine/policy/approx.h"
#include "engine/policy/draft.h"

extern const struct hms_planner hms_planner_tpp;

#define RECENT 1.0f /* seconds between the two touches, at most */
#define LOW 50 /* one part in so many is free, or room is made */
#define HIGH 33 /* until one in so many is */
#define STEPS 4000 /* of hands, in a tick */

/*
 * Of a block: regret is the second of its last touch and lasting that of the
 * one before, since the start, 0: never; NOTED: touched since the hand was
 * there.
 */
struct tpp {
	double time; /* seconds, starts at 1 */
	uint32_t hand[HMS_TIERS];
};

static size_t tpp_bytes(uint32_t nblocks)
{
	return (sizeof(struct tpp) + 63) / 64 * 64;
}

static void tpp_init(struct hms_planner_state *state, uint32_t nblocks)
{
	struct tpp *tpp = (void *)state;

	tpp->time = 1;
}

static void make_room(
	struct tpp *tpp, struct policy_draft *draft, unsigned tier)
{
	const struct hms_snapshot *snapshot = draft->snapshot;
	const struct hms_tier *t = &snapshot->tiers[tier];
	uint64_t all =
		t->room > UINT64_MAX - t->blocks ? 0 : t->blocks + t->room;
	uint32_t steps = STEPS / (draft->ntiers - 1);

	if (draft->room[tier] >= all / LOW)
		return;
	for (; steps && draft->room[tier] < all / HIGH; steps--) {
		uint32_t at = tpp->hand[tier] < snapshot->nblocks
				      ? tpp->hand[tier]
				      : 0;
		struct hms_block *block = &snapshot->blocks[at];

		tpp->hand[tier] = at + 1;
		if (at >= snapshot->nblocks || !policy_movable(snapshot, at) ||
			block->tier != tier)
			continue;
		if (block->flags & HMS_BLOCK_NOTED)
			block->flags &= (uint8_t)~HMS_BLOCK_NOTED;
		else if (!policy_demote(draft, at, 0))
			return;
	}
}

static bool touch(struct tpp *tpp, struct hms_block *block)
{
	float before = block->regret;

	block->lasting = before;
	block->regret = (float)tpp->time;
	block->flags |= HMS_BLOCK_NOTED;
	return block->tier && before > 0 && block->regret - before <= RECENT;
}

static void tpp_plan(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, struct hms_plan *out)
{
	struct tpp *tpp = (void *)state;
	struct policy_draft draft;

	policy_draft_open(&draft, snapshot, out);
	tpp->time += policy_sane(snapshot->dt, 0, 3600, 0);
	for (unsigned tier = draft.ntiers; tier-- > 0;)
		if (tier + 1 < draft.ntiers)
			make_room(tpp, &draft, tier);
	for (uint32_t i = 0; i < snapshot->nseen; i++) {
		const struct hms_seen *seen = &snapshot->seen[i];

		if (seen->block < snapshot->nblocks && seen->events > 0 &&
			(snapshot->blocks[seen->block].flags &
				HMS_BLOCK_USED) &&
			touch(tpp, &snapshot->blocks[seen->block]))
			policy_promote(&draft, seen->block, 0);
	}
	policy_draft_close(&draft);
}

static void tpp_moved(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, const struct hms_move *move,
	int result, float seconds)
{
}

/* Two touches since the one before the last. */
static float tpp_rate(const struct hms_planner_state *state,
	const struct hms_block *block, float *deviation)
{
	const struct tpp *tpp = (const void *)state;
	float rate = 0;

	if (block->lasting > 0 && (float)tpp->time > block->lasting)
		rate = 2 / ((float)tpp->time - block->lasting);
	*deviation = rate;
	return rate;
}

static float tpp_site(const struct hms_planner_state *state, uint16_t site)
{
	return -1;
}

const struct hms_planner hms_planner_tpp = {
	.name = "tpp",
	.state_bytes = tpp_bytes,
	.init = tpp_init,
	.plan = tpp_plan,
	.moved = tpp_moved,
	.rate = tpp_rate,
	.site = tpp_site,
};
