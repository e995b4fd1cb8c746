/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Did a promotion pay?  For a second after it, what is seen of the block is
 * held against what the block that it replaced would have had, and against
 * what the moves cost.  One that lost makes the next promotion dearer: of the
 * block by far, of its site by some, of all by a little; so a stream's blocks
 * are left alone after a mistake or two.
 *
 * While a block is WATCHED its regret counts events.
 */
#include "engine/policy/approx.h"
#include "engine/policy/rate.h"

#define WATCH_SECONDS 1.0
#define WATCH_MOST 10.0 /* nothing at all was seen: no verdict */

/* log2 of what kappas are multiplied by, and their ends. */
#define BLOCK_LOSS 24 /* eighths: x 8 */
#define BLOCK_GAIN (-8) /* x 0.5 */
#define BLOCK_LEAST (-8)
#define BLOCK_MOST 120
#define BLOCK_FAILED 8 /* a move that could not be done: x 2 */
#define SITE_LOSS 0.3219f /* x 1.25 */
#define SITE_GAIN (-0.152f) /* x 0.9 */
#define ALL_LOSS 0.0286f /* x 1.02 */
#define ALL_GAIN (-0.0439f) /* x 0.97 */
#define SITE_MOST 5.0f
#define ALL_MOST 2.0f
#define ERRATIC 2.0f /* octaves of kappa: what it does lately misleads */
/*
 * Losses are paid from gains, and from so much of the time: only what is
 * beyond makes a site's promotions dearer.  Saved up is what so many moves
 * cost, whatever a move costs here.
 */
#define ALLOWED 0.0005f
#define CREDIT_COSTS 300
#define CREDIT_MOST 0.2f /* seconds */
#define VERDICT_MOST 10 /* costs, that a single promotion counts */
#define SITE_RELENT 138.0 /* seconds, in which a site's kappa halves */

/* Seconds in which a block's kappa goes one eighth of an octave back: it
 * halves in 138. */
#define RELENT_SECONDS 17.25

/* A copy of two megabytes at 7.4 GB/s, where nothing is known yet. */
#define COST_PER_BYTE 1.35e-10f
#define PER_THREAD 4 /* accesses under way; see hms_snapshot.parallelism */

float rate_cost(const struct rate *rate, const struct hms_snapshot *snapshot,
	unsigned from, unsigned to)
{
	float up = (float)policy_sane(snapshot->cost[from][to], 1e-9, 1e4, 0);
	float down = (float)policy_sane(snapshot->cost[to][from], 1e-9, 1e4, 0);
	float guess = (float)snapshot->block_bytes * COST_PER_BYTE;

	if (!(up > 0))
		up = rate->cost[from][to] > 0 ? rate->cost[from][to] : guess;
	if (!(down > 0))
		down = rate->cost[to][from] > 0 ? rate->cost[to][from] : guess;
	/* What goes up makes something else go down. */
	if (snapshot->tiers[to].room <= rate_reserve(snapshot, to))
		up += down;
	/* A program of many threads loses that part of its time. */
	return rate->parallelism > PER_THREAD
		       ? up * PER_THREAD / rate->parallelism
		       : up;
}

bool rate_erratic(const struct rate *rate, const struct hms_block *block)
{
	const struct rate_site *site =
		&rate->sites[block->site % HMS_PLAN_SITES];

	return !(block->flags & HMS_BLOCK_SINGLE) &&
	       rate->all.log_kappa + site->log_kappa >= ERRATIC;
}

float rate_kappa(const struct rate *rate, const struct hms_block *block)
{
	if (rate_erratic(rate, block))
		return policy_exp2((float)block->log_kappa / 8);
	return policy_exp2((float)block->log_kappa / 8 + rate->all.log_kappa +
			   rate->sites[block->site % HMS_PLAN_SITES].log_kappa);
}

void rate_relent(const struct rate *rate, struct hms_block *block)
{
	uint8_t now = (uint8_t)(uint64_t)(rate->now.time / RELENT_SECONDS);
	int steps = (uint8_t)(now - block->age);

	block->age = now;
	if (block->log_kappa > 0)
		block->log_kappa = (int8_t)(block->log_kappa > steps
						    ? block->log_kappa - steps
						    : 0);
	else if (block->log_kappa < 0)
		block->log_kappa = (int8_t)(-block->log_kappa > steps
						    ? block->log_kappa + steps
						    : 0);
}

void rate_watch(
	struct rate *rate, const struct hms_snapshot *snapshot, uint32_t index)
{
	struct hms_block *block = &snapshot->blocks[index];
	struct rate_pair *pair = &rate->pairs[block->tier];

	block->regret = 0;
	if (rate->nwatches == rate->watches)
		return;
	block->flags |= HMS_BLOCK_WATCHED;
	rate_watches(
		rate)[(rate->first_watch + rate->nwatches++) % rate->watches] =
		(struct rate_watch){
			.block = index,
			.price = pair->price,
			.cost = rate_cost(
				rate, snapshot, block->tier + 1u, block->tier),
			.worth = pair->worth > 0 ? pair->worth : 0,
			.time = rate->now.time,
			.seen = rate->now.seen,
		};
}

void rate_failed(struct hms_block *block)
{
	block->log_kappa = (int8_t)(block->log_kappa + BLOCK_FAILED > BLOCK_MOST
					    ? BLOCK_MOST
					    : block->log_kappa + BLOCK_FAILED);
}

static float bounded(float x, float low, float high)
{
	return x < low ? low : x > high ? high : x;
}

void rate_allow(struct rate_site *site, double seconds)
{
	site->credit = bounded(
		site->credit + (float)seconds * ALLOWED, 0, CREDIT_MOST);
	site->log_kappa = bounded(
		site->log_kappa - (float)(seconds / SITE_RELENT), 0, SITE_MOST);
}

/*
 * A site that gains by most of its promotions may lose by some; credit: the
 * most that it can have saved up.
 */
static void learn_site(struct rate_site *site, float profit, float loss,
	float gain, float most, float credit)
{
	site->credit += profit;
	if (profit > 0) {
		site->log_kappa += gain;
	} else if (site->credit < 0) {
		site->credit = 0;
		site->log_kappa += loss;
	}
	site->credit = bounded(site->credit, 0, credit);
	site->log_kappa = bounded(site->log_kappa, 0, most);
}

/* Seconds gained, in the end; and what the move cost. */
static void learn(
	struct rate *rate, struct hms_block *block, float profit, float cost)
{
	int kappa = block->log_kappa + (profit > 0 ? BLOCK_GAIN : BLOCK_LOSS);
	float credit = bounded(cost * CREDIT_COSTS, 0, CREDIT_MOST);

	block->log_kappa = (int8_t)(kappa < BLOCK_LEAST	 ? BLOCK_LEAST
				    : kappa > BLOCK_MOST ? BLOCK_MOST
							 : kappa);
	profit = bounded(profit, -cost * VERDICT_MOST, cost * VERDICT_MOST);
	learn_site(&rate->sites[block->site % HMS_PLAN_SITES], profit,
		SITE_LOSS, SITE_GAIN, SITE_MOST, credit);
	learn_site(&rate->all, profit, ALL_LOSS, ALL_GAIN, ALL_MOST, credit);
}

/* False: too early to say. */
static bool judge(struct rate *rate, const struct hms_snapshot *snapshot,
	const struct rate_watch *watch, struct hms_plan *out)
{
	struct hms_block *block = &snapshot->blocks[watch->block];
	double seconds = rate->now.time - watch->time;
	float exposure, seen, profit;

	if (watch->block >= snapshot->nblocks ||
		(block->flags & (HMS_BLOCK_USED | HMS_BLOCK_WATCHED)) !=
			(HMS_BLOCK_USED | HMS_BLOCK_WATCHED))
		return true; /* it is gone, or somebody else */
	if (seconds < WATCH_SECONDS)
		return false;
	exposure = (float)(rate->now.seen - watch->seen);
	/* Looks at single blocks are few: what is believed has to do. */
	if (block->flags & HMS_BLOCK_SINGLE)
		seen = rate_believe(rate, block).rate;
	else if (exposure > 0)
		seen = block->regret / exposure;
	else if (seconds < WATCH_MOST)
		return false;
	else
		seen = -1;
	block->flags &= (uint8_t)~HMS_BLOCK_WATCHED;
	block->regret = 0;
	if (seen < 0)
		return true;
	profit = (seen - watch->price) * watch->worth * (float)seconds /
			 rate->parallelism -
		 watch->cost;
	learn(rate, block, profit, watch->cost);
	out->npaid += profit > 0;
	out->nlost += !(profit > 0);
	out->gained += profit;
	return true;
}

void rate_judge(struct rate *rate, const struct hms_snapshot *snapshot,
	struct hms_plan *out)
{
	struct rate_watch *watches = rate_watches(rate);

	while (rate->nwatches) {
		if (!judge(rate, snapshot, &watches[rate->first_watch], out))
			return;
		rate->first_watch = (rate->first_watch + 1) % rate->watches;
		rate->nwatches--;
	}
}
