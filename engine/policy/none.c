/* SPDX-License-Identifier: BSD-2-Clause */
/* Plans nothing: memory stays where it was placed. */
#include "engine/policy/draft.h"

extern const struct hms_planner hms_planner_none;

static size_t none_bytes(uint32_t nblocks)
{
	return 64;
}

static void none_init(struct hms_planner_state *state, uint32_t nblocks)
{
}

static void none_plan(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, struct hms_plan *out)
{
	struct policy_draft draft;

	policy_draft_open(&draft, snapshot, out);
	policy_draft_close(&draft);
}

static void none_moved(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, const struct hms_move *move,
	int result, float seconds)
{
}

static float none_rate(const struct hms_planner_state *state,
	const struct hms_block *block, float *deviation)
{
	*deviation = 0;
	return 0;
}

static float none_site(const struct hms_planner_state *state, uint16_t site)
{
	return -1;
}

const struct hms_planner hms_planner_none = {
	.name = "none",
	.state_bytes = none_bytes,
	.init = none_init,
	.plan = none_plan,
	.moved = none_moved,
	.rate = none_rate,
	.site = none_site,
};
