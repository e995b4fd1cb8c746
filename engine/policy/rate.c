/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The planner `rate`: a block goes up when what was lost by not having it up
 * there has reached what moving it costs.
 *
 * This is the ski rental problem: whoever buys skis once the rents paid have
 * come to their price pays at most twice what he would have paid had he known
 * how often it would snow (Karlin, Manasse, Rudolph and Sleator, 1988).  The
 * price of a place is the coldest block in the faster tier; both rates are
 * taken a standard deviation to the careful side.  No threshold on rates
 * anywhere, so nothing to tune to a program.
 *
 * Where the faster tier is the slower one under load, its hottest blocks go
 * down, a fiftieth of all accesses at a time, until latencies meet (Colloid,
 * SOSP'24).  Moving takes no more than its share of the slower tier's
 * bandwidth.
 *
 * Work per tick is bounded: the blocks that were seen, the coldest ones known,
 * and a slice of the others, so all get their turn.
 */
#include "engine/policy/approx.h"
#include "engine/policy/rate.h"

extern const struct hms_planner hms_planner_rate;

#define DEAD_BAND 0.05f /* of the slower one's latency; no difference */
#define SHED_SHARE 0.02f /* of all accesses, in a tick */
#define AHEAD 8 /* blocks that are fetched before their turn */
#define HARDLY 8 /* so many times less than the hottest is not hot */
#define GUESSED_WORTH 150e-9f /* seconds, where no latency is known */
#define MOST_LOAD 0.9f
#define SMOOTH 0.25f /* weight of a probe */
#define BALANCE_SECONDS 10 /* after it shed, a tier is filled as slowly */
#define BUCKET_SECONDS 0.25

static struct rate *of(struct hms_planner_state *state)
{
	return (struct rate *)(void *)state;
}

/* All blocks have their turn twice before a tick is forgotten. */
static uint32_t history_for(uint32_t nblocks)
{
	uint32_t need = nblocks / RATE_LOOKS_LEAST * 2 + 16, n = 16;

	while (n < need && n < 65536)
		n *= 2;
	return n;
}

static uint32_t watches_for(uint32_t nblocks)
{
	return nblocks < RATE_WATCHES ? nblocks + 1 : RATE_WATCHES;
}

static size_t rate_bytes(uint32_t nblocks)
{
	return sizeof(struct rate) +
	       history_for(nblocks) * sizeof(struct rate_then) +
	       watches_for(nblocks) * sizeof(struct rate_watch);
}

static void rate_init(struct hms_planner_state *state, uint32_t nblocks)
{
	struct rate *rate = of(state);

	rate->nblocks = nblocks;
	rate->history = history_for(nblocks);
	rate->watches = watches_for(nblocks);
}

/*
 * What one more access costs there: its own time, and that by which it makes
 * others wait.  Of a queue with load u that makes accesses wait for W on
 * average that is W / (1 - u) (M/M/1; Kleinrock, 1975).  How they wait is what
 * latency is above the least that was ever seen; a load that is not known
 * counts for nothing.
 */
static float marginal(
	struct rate *rate, const struct hms_snapshot *snapshot, unsigned tier)
{
	const struct hms_tier *t = &snapshot->tiers[tier];
	float latency = (float)policy_sane(t->latency, 1e-10, 1e3, 0);
	float u = t->bandwidth > 0 ? t->load / t->bandwidth : 0;
	float *idle = &rate->idle[tier], *mean = &rate->latency[tier];

	if (!(latency > 0))
		return 0;
	*mean += (latency - *mean) * (*mean > 0 ? SMOOTH : 1);
	latency = *mean;
	if (!(*idle > 0) || latency < *idle)
		*idle = latency;
	u = (float)policy_sane(u, 0, MOST_LOAD, u > 0 ? MOST_LOAD : 0);
	return latency + (u > 0 ? (latency - *idle) / (1 - u) : 0);
}

static float worth(
	struct rate *rate, const struct hms_snapshot *snapshot, unsigned fast)
{
	float quick = marginal(rate, snapshot, fast);
	float slow = marginal(rate, snapshot, fast + 1);

	if (!(quick > 0) || !(slow > 0))
		return GUESSED_WORTH;
	if (slow - quick < DEAD_BAND * slow && quick - slow < DEAD_BAND * slow)
		return 0;
	return slow - quick;
}

/* Bytes that may move now, over what is left from before. */
static void fill(
	struct rate *rate, const struct hms_snapshot *snapshot, unsigned fast)
{
	struct rate_pair *pair = &rate->pairs[fast];
	double bandwidth =
		policy_sane(snapshot->tiers[fast + 1].bandwidth, 1, 1e15, 0);
	double share = policy_sane(snapshot->slow_bandwidth_share, 0, 1, 0.1);
	double most = bandwidth * share * BUCKET_SECONDS;
	double block = (double)snapshot->block_bytes;

	if (!(bandwidth > 0)) {
		pair->tokens = 1e30;
		return;
	}
	if (most < 2 * block)
		most = 2 * block;
	pair->tokens += bandwidth * share * rate->dt;
	if (pair->tokens > most)
		pair->tokens = most;
}

static bool pay(struct rate_pair *pair, const struct hms_snapshot *snapshot,
	unsigned blocks)
{
	double bytes = (double)snapshot->block_bytes * blocks;

	if (pair->tokens < bytes)
		return false;
	pair->tokens -= bytes;
	return true;
}

static void look_around(struct rate *rate, const struct hms_snapshot *snapshot)
{
	uint32_t nagain = 0, n = snapshot->nblocks, most;

	for (unsigned p = 0; p + 1 < rate->ntiers; p++) {
		struct rate_pair *pair = &rate->pairs[p];

		policy_pool_cut(&pair->cold);
		for (uint32_t i = 0; i < pair->cold.n; i++)
			rate->again[nagain++] = pair->cold.at[i].block;
		policy_pool_clear(&pair->cold);
		policy_pool_clear(&pair->hot);
		policy_pool_clear(&pair->wanted);
		pair->worth = worth(rate, snapshot, p);
		fill(rate, snapshot, p);
	}
	for (uint32_t i = 0; i < snapshot->nseen; i++) {
		const struct hms_seen *seen = &snapshot->seen[i];
		uint32_t soon =
			i + AHEAD < snapshot->nseen ? seen[AHEAD].block : 0;

		if (soon < n)
			__builtin_prefetch(&snapshot->blocks[soon], 1);
		if (seen->block < n)
			rate_look(rate, snapshot, seen->block, seen->events,
				seen->exposure);
	}
	for (uint32_t i = 0; i < nagain; i++)
		if (rate->again[i] < n)
			rate_look(rate, snapshot, rate->again[i], 0, 0);
	most = rate->looks + RATE_LOOKS_LEAST < RATE_LOOKS
		       ? RATE_LOOKS - rate->looks
		       : RATE_LOOKS_LEAST;
	for (uint32_t i = 0; i < most && i < n; i++) {
		if (rate->cursor >= n)
			rate->cursor = 0;
		rate_look(rate, snapshot, rate->cursor++, 0, 0);
	}
}

/* What the coldest block up there is worth: none, if there is a free place. */
static void set_price(
	struct rate *rate, const struct hms_snapshot *snapshot, unsigned fast)
{
	struct rate_pair *pair = &rate->pairs[fast];
	float least = -1e30f;

	pair->price = 0;
	if (snapshot->tiers[fast].room > rate_reserve(snapshot, fast))
		return;
	for (uint32_t i = 0; i < pair->cold.n; i++)
		if (pair->cold.at[i].value > least)
			least = pair->cold.at[i].value;
	pair->price = -least; /* nobody can go: beyond any price */
}

/* Accesses per second that may change place in this tick, of all. */
static double step(const struct rate *rate, const struct hms_snapshot *snapshot)
{
	double blocks = 0;

	for (unsigned t = 0; t < rate->ntiers; t++)
		blocks += (double)snapshot->tiers[t].blocks;
	return rate->all.exposure > 0 ? blocks * rate->all.events /
						rate->all.exposure * SHED_SHARE
				      : 0;
}

static void shed(struct rate *rate, struct policy_draft *draft, unsigned fast)
{
	struct rate_pair *pair = &rate->pairs[fast];
	double left = step(rate, draft->snapshot);

	pair->shed = rate->now.time;
	policy_pool_sort(&pair->hot);
	for (uint32_t i = 0; i < pair->hot.n; i++) {
		struct policy_note note = pair->hot.at[i];

		/* Cold ones would be moved for nothing. */
		if (note.value * HARDLY < pair->hot.at[0].value ||
			!policy_draft_has(draft, 1))
			return;
		if (note.value > left)
			continue;
		if (!pay(pair, draft->snapshot, 1))
			return;
		if (policy_demote(draft, note.block,
			    -note.value * pair->worth / rate->parallelism))
			left -= note.value;
	}
}

/* Coldest first, until the reserve is free. */
static void keep_reserve(
	struct rate *rate, struct policy_draft *draft, unsigned fast)
{
	const struct hms_snapshot *snapshot = draft->snapshot;
	struct rate_pair *pair = &rate->pairs[fast];
	uint64_t reserve = rate_reserve(snapshot, fast);

	if (draft->room[fast] >= reserve)
		return;
	policy_pool_sort(&pair->cold);
	for (uint32_t i = 0; i < pair->cold.n; i++) {
		if (draft->room[fast] >= reserve || !draft->room[fast + 1] ||
			!policy_draft_has(draft, 1) || !pay(pair, snapshot, 1))
			return;
		policy_demote(draft, pair->cold.at[i].block, 0);
	}
}

/* The hottest up, for the coldest, as long as it gains. */
static void promote(
	struct rate *rate, struct policy_draft *draft, unsigned fast)
{
	const struct hms_snapshot *snapshot = draft->snapshot;
	struct rate_pair *pair = &rate->pairs[fast];
	uint64_t reserve = rate_reserve(snapshot, fast);
	uint32_t victim = 0;
	double left = 1e30;

	if (!pair->wanted.n)
		return;
	if (pair->shed > 0 && rate->now.time - pair->shed < BALANCE_SECONDS)
		left = step(rate, snapshot);
	policy_pool_sort(&pair->wanted);
	policy_pool_sort(&pair->cold);
	for (uint32_t i = 0; i < pair->wanted.n; i++) {
		struct policy_note note = pair->wanted.at[i];
		float gain = note.value * pair->worth / rate->parallelism;

		left -= note.value;
		if (left < 0)
			return;
		if (draft->room[fast] > reserve) {
			if (!policy_draft_has(draft, 1) ||
				!pay(pair, snapshot, 1))
				return;
			policy_promote(draft, note.block, gain);
			continue;
		}
		while (victim < pair->cold.n &&
			!policy_movable(snapshot, pair->cold.at[victim].block))
			victim++;
		if (victim == pair->cold.n ||
			note.value <= -pair->cold.at[victim].value)
			return;
		gain += pair->cold.at[victim].value * pair->worth /
			rate->parallelism;
		if (!policy_draft_has(draft, 2) || !draft->room[fast + 1] ||
			!pay(pair, snapshot, 2) ||
			!policy_swap(draft, note.block,
				pair->cold.at[victim].block, gain))
			return;
		victim++;
	}
}

/* From the slowest up, as policy_draft wants it. */
static void rate_plan(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, struct hms_plan *out)
{
	struct rate *rate = of(state);
	struct policy_draft draft;

	policy_draft_open(&draft, snapshot, out);
	rate_clock(rate, snapshot);
	look_around(rate, snapshot);
	rate_judge(rate, snapshot, out);
	for (unsigned fast = rate->ntiers; fast-- > 0;) {
		if (fast + 1 >= rate->ntiers)
			continue;
		set_price(rate, snapshot, fast);
		if (rate->pairs[fast].worth < 0)
			shed(rate, &draft, fast);
		keep_reserve(rate, &draft, fast);
		if (rate->pairs[fast].worth > 0)
			promote(rate, &draft, fast);
	}
	out->price = rate->ntiers > 1 ? rate->pairs[0].price : 0;
	policy_draft_close(&draft);
}

static void rate_moved(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, const struct hms_move *move,
	int result, float seconds)
{
	struct rate *rate = of(state);
	struct hms_block *block = &snapshot->blocks[move->block];
	float *cost;

	if (move->block >= snapshot->nblocks || move->from >= HMS_TIERS ||
		move->to >= HMS_TIERS)
		return;
	block->flags &= (uint8_t)~HMS_BLOCK_WATCHED;
	block->regret = 0;
	if (result) {
		rate_failed(block);
		return;
	}
	cost = &rate->cost[move->from][move->to];
	seconds = (float)policy_sane(seconds, 1e-9, 1e4, *cost);
	*cost += (seconds - *cost) * (*cost > 0 ? 1 / 16.0f : 1);
	if (move->to < move->from && block->tier == move->to)
		rate_watch(rate, snapshot, move->block);
}

static float rate_rate(const struct hms_planner_state *state,
	const struct hms_block *block, float *deviation)
{
	struct rate_belief belief =
		rate_believe((const struct rate *)(const void *)state, block);

	*deviation = belief.deviation;
	return belief.rate;
}

static float rate_site(const struct hms_planner_state *state, uint16_t site)
{
	return rate_of_site((const struct rate *)(const void *)state, site);
}

const struct hms_planner hms_planner_rate = {
	.name = "rate",
	.state_bytes = rate_bytes,
	.init = rate_init,
	.plan = rate_plan,
	.moved = rate_moved,
	.rate = rate_rate,
	.site = rate_site,
};
