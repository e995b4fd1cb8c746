/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A planner like Memtis (SOSP'23): counts in bins of a power of two, halved
 * each two million samples; each hundred thousand samples the threshold is set
 * so that what is above it fits fast memory; what is one bin below stays where
 * it is, as long as that fits.  Twice a second, at most 2 GB/s.
 */
#include <math.h>

#include "engine/policy/draft.h"
#include "tools/replay/replay.h"

extern const struct hms_planner replay_rival_memtis;

#define BINS 16
#define COOL 2e6
#define ADAPT 1e5
#define EVERY 0.5
#define BANDWIDTH 2e9
#define WARM 0.75

struct memtis {
	double time, next, cool, adapt;
	unsigned hot, warm; /* bins from these on */
	uint32_t hand;
	bool adapted;
};

static size_t memtis_bytes(uint32_t nblocks)
{
	return sizeof(struct memtis);
}

static void memtis_init(struct hms_planner_state *state, uint32_t nblocks)
{
	struct memtis *m = (void *)state;

	m->hot = m->warm = 1;
}

static unsigned bin(const struct hms_block *block)
{
	int power = block->events >= 1 ? ilogbf(block->events) + 1 : 0;

	return (unsigned)(power < BINS ? power : BINS - 1);
}

static void adapt(struct memtis *m, const struct hms_snapshot *snapshot)
{
	uint64_t room = snapshot->tiers[0].blocks + snapshot->tiers[0].room;
	uint64_t bins[BINS] = { 0 }, sum = 0;

	for (uint32_t i = 0; i < snapshot->nblocks; i++)
		if (snapshot->blocks[i].flags & HMS_BLOCK_USED)
			bins[bin(&snapshot->blocks[i])]++;
	m->hot = BINS;
	while (m->hot > 1 && sum + bins[m->hot - 1] <= room)
		sum += bins[--m->hot];
	m->warm = (double)sum < WARM * (double)room && m->hot > 1 ? m->hot - 1
								  : m->hot;
}

/* A block of fast memory that is neither hot nor warm. */
static uint32_t cold(struct memtis *m, const struct hms_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->nblocks; i++) {
		uint32_t at = m->hand++ % snapshot->nblocks;

		if (policy_movable(snapshot, at) &&
			!snapshot->blocks[at].tier &&
			bin(&snapshot->blocks[at]) < m->warm)
			return at;
	}
	return snapshot->nblocks;
}

static void migrate(struct memtis *m, struct policy_draft *draft)
{
	const struct hms_snapshot *snapshot = draft->snapshot;
	double left = BANDWIDTH * EVERY / (double)snapshot->block_bytes;

	for (uint32_t i = 0; i < snapshot->nblocks && left > 0; i++) {
		uint32_t victim;

		if (!policy_movable(snapshot, i) || !snapshot->blocks[i].tier ||
			bin(&snapshot->blocks[i]) < m->hot)
			continue;
		if (draft->room[0]) {
			policy_promote(draft, i, 0);
			left--;
			continue;
		}
		victim = cold(m, snapshot);
		if (victim == snapshot->nblocks ||
			!policy_swap(draft, i, victim, 0))
			return;
		left -= 2;
	}
}

static void memtis_plan(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, struct hms_plan *out)
{
	struct memtis *m = (void *)state;
	struct policy_draft draft;

	policy_draft_open(&draft, snapshot, out);
	m->time += snapshot->dt;
	for (uint32_t i = 0; i < snapshot->nseen; i++) {
		struct hms_block *block =
			&snapshot->blocks[snapshot->seen[i].block];

		block->events += snapshot->seen[i].events;
		m->cool += (double)snapshot->seen[i].events;
		m->adapt += (double)snapshot->seen[i].events;
	}
	if (m->cool >= COOL) {
		m->cool = 0;
		for (uint32_t i = 0; i < snapshot->nblocks; i++)
			snapshot->blocks[i].events /= 2;
	}
	/* Before it has adapted once, whenever it moves. */
	if (m->adapt >= ADAPT || (!m->adapted && m->time >= m->next)) {
		m->adapted |= m->adapt >= ADAPT;
		m->adapt = m->adapted ? 0 : m->adapt;
		adapt(m, snapshot);
	}
	if (m->time >= m->next) {
		m->next = m->time + EVERY;
		migrate(m, &draft);
	}
	policy_draft_close(&draft);
}

static void memtis_moved(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, const struct hms_move *move,
	int result, float seconds)
{
}

static float memtis_rate(const struct hms_planner_state *state,
	const struct hms_block *block, float *deviation)
{
	*deviation = 0;
	return 0;
}

static float memtis_site(const struct hms_planner_state *state, uint16_t site)
{
	return -1;
}

const struct hms_planner replay_rival_memtis = {
	.name = "memtis",
	.state_bytes = memtis_bytes,
	.init = memtis_init,
	.plan = memtis_plan,
	.moved = memtis_moved,
	.rate = memtis_rate,
	.site = memtis_site,
};
