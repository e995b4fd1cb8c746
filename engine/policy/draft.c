/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/policy/draft.h"

#include <string.h>

unsigned policy_tiers(const struct hms_snapshot *snapshot)
{
	return snapshot->ntiers < HMS_TIERS ? snapshot->ntiers : HMS_TIERS;
}

bool policy_movable(const struct hms_snapshot *snapshot, uint32_t block)
{
	const struct hms_block *b = &snapshot->blocks[block];

	return block < snapshot->nblocks && b->tier < policy_tiers(snapshot) &&
	       (b->flags & (HMS_BLOCK_USED | HMS_BLOCK_FIXED |
				   HMS_BLOCK_MOVING)) == HMS_BLOCK_USED;
}

void policy_draft_open(struct policy_draft *draft,
	const struct hms_snapshot *snapshot, struct hms_plan *plan)
{
	struct hms_move *moves = plan->moves;

	memset(draft, 0, sizeof(*draft));
	memset(plan, 0, sizeof(*plan));
	plan->moves = moves;
	draft->snapshot = snapshot;
	draft->plan = plan;
	draft->ntiers = policy_tiers(snapshot);
	for (unsigned t = 0; t < draft->ntiers; t++)
		draft->room[t] =
			snapshot->tiers[t].room < UINT32_MAX
				? snapshot->tiers[t].room
				: UINT32_MAX; /* more than there are blocks */
}

bool policy_draft_has(const struct policy_draft *draft, uint32_t moves)
{
	return draft->snapshot->budget - draft->ndown - draft->nup >= moves;
}

/* Promotions grow down from the end of the moves, see close. */
static void put(
	struct policy_draft *draft, uint32_t block, int step, float gain)
{
	const struct hms_snapshot *snapshot = draft->snapshot;
	struct hms_block *b = &snapshot->blocks[block];
	struct hms_move *moves = draft->plan->moves;
	struct hms_move move = { .block = block,
		.from = b->tier,
		.to = (uint8_t)(b->tier + step),
		.gain = gain };

	b->flags |= HMS_BLOCK_MOVING;
	draft->room[move.to]--;
	if (step > 0) {
		draft->room[move.from]++;
		moves[draft->ndown++] = move;
	} else {
		moves[snapshot->budget - ++draft->nup] = move;
	}
}

static bool refuse(struct policy_draft *draft)
{
	draft->plan->refused++;
	return false;
}

bool policy_demote(struct policy_draft *draft, uint32_t block, float gain)
{
	const struct hms_block *b = &draft->snapshot->blocks[block];

	if (!policy_movable(draft->snapshot, block) ||
		b->tier + 1u >= draft->ntiers)
		return false;
	if (!policy_draft_has(draft, 1) || !draft->room[b->tier + 1])
		return refuse(draft);
	put(draft, block, 1, gain);
	return true;
}

bool policy_promote(struct policy_draft *draft, uint32_t block, float gain)
{
	const struct hms_block *b = &draft->snapshot->blocks[block];

	if (!policy_movable(draft->snapshot, block) || !b->tier)
		return false;
	if (!policy_draft_has(draft, 1) || !draft->room[b->tier - 1])
		return refuse(draft);
	put(draft, block, -1, gain);
	return true;
}

bool policy_swap(
	struct policy_draft *draft, uint32_t block, uint32_t victim, float gain)
{
	const struct hms_snapshot *snapshot = draft->snapshot;

	if (!policy_movable(snapshot, block) ||
		!policy_movable(snapshot, victim) ||
		snapshot->blocks[victim].tier + 1u !=
			snapshot->blocks[block].tier)
		return false;
	if (!policy_draft_has(draft, 2) ||
		!draft->room[snapshot->blocks[block].tier])
		return refuse(draft);
	put(draft, victim, 1, 0);
	put(draft, block, -1, gain);
	return true;
}

/* They were put in back to front: the first is the last of the array. */
void policy_draft_close(struct policy_draft *draft)
{
	struct hms_move *moves = draft->plan->moves;
	uint32_t budget = draft->snapshot->budget, nup = draft->nup;
	struct hms_move *up = moves + budget - nup;

	for (uint32_t i = 0; i < nup / 2; i++) {
		struct hms_move was = up[i];

		up[i] = up[nup - 1 - i];
		up[nup - 1 - i] = was;
	}
	if (nup)
		memmove(moves + draft->ndown, up, nup * sizeof(*moves));
	draft->plan->nmoves = draft->ndown + nup;
}
