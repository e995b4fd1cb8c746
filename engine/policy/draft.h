/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plan in the making.  Whatever a planner asks for, only what is legal gets
 * in: blocks that are used, not fixed and not under way; one tier up or down;
 * room, at every point of the plan's order; the budget.  Demotions come to
 * stand first.  Pure.
 */
#ifndef HMS_ENGINE_POLICY_DRAFT_H
#define HMS_ENGINE_POLICY_DRAFT_H

#include "engine/policy/planner.h"

struct policy_draft {
	const struct hms_snapshot *snapshot;
	struct hms_plan *plan;
	unsigned ntiers;
	/*
	 * What demotions free counts at once, what promotions free only from
	 * the next plan on: so any prefix of the plan fits.
	 */
	uint64_t room[HMS_TIERS];
	uint32_t ndown, nup;
};

/* Tiers that there are, at most HMS_TIERS. */
unsigned policy_tiers(const struct hms_snapshot *snapshot);
/* May this block move at all? */
bool policy_movable(const struct hms_snapshot *snapshot, uint32_t block);

/* Clears the plan. */
void policy_draft_open(struct policy_draft *draft,
	const struct hms_snapshot *snapshot, struct hms_plan *plan);
/* False, and counted as refused, if there is no room or budget. */
bool policy_demote(struct policy_draft *draft, uint32_t block, float gain);
bool policy_promote(struct policy_draft *draft, uint32_t block, float gain);
/* Both or none: victim goes down to make room for block. */
bool policy_swap(struct policy_draft *draft, uint32_t block, uint32_t victim,
	float gain);
/* May so many more moves get in? */
bool policy_draft_has(const struct policy_draft *draft, uint32_t moves);
void policy_draft_close(struct policy_draft *draft);

#endif
