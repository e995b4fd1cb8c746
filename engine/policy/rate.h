/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The planner `rate`, inside: what its files share.
 *
 *	rate.c		prices, who goes where
 *	rate_look.c	rates of blocks, with confidence; forgetting
 *	rate_judge.c	did it pay: per block, per site, in all
 */
#ifndef HMS_ENGINE_POLICY_RATE_H
#define HMS_ENGINE_POLICY_RATE_H

#include "engine/policy/draft.h"
#include "engine/policy/pool.h"

/* Rates halve their weight after so many seconds; 10 to 60 are as good. */
#define RATE_HALF_LIFE 20.0
/* Blocks looked at per tick, all together, and not because they were seen. */
#define RATE_LOOKS 3000
#define RATE_LOOKS_LEAST 400
#define RATE_WINDOWS 4
#define RATE_WATCHES 4096
/* One part in so many of a tier is kept free, for what comes anew. */
#define RATE_RESERVE 256

/* How things stood at a tick: blocks catch up from there when looked at. */
struct rate_then {
	double time;
	double decayed; /* exposure, losing half in RATE_HALF_LIFE */
	double seen; /* exposure, all of it */
};

/* A promotion to be judged. */
struct rate_watch {
	uint32_t block;
	float price; /* of the block that it took the place of */
	float cost; /* seconds */
	float worth; /* seconds saved per access */
	double time, seen; /* when it was promoted */
};

struct rate_site {
	float events, exposure; /* decayed */
	float squares; /* of the events of a block in a tick, decayed */
	float log_kappa; /* octaves */
	float credit; /* seconds that may be lost before that grows */
	uint32_t tick;
};

/* A tier and the next slower one. */
struct rate_pair {
	struct policy_pool cold; /* of the faster: coldest first */
	struct policy_pool hot; /* of the faster, if it is to shed */
	struct policy_pool wanted; /* of the slower: regret has paid the move */
	float price;
	float worth; /* seconds that an access there saves; below 0: costs */
	double tokens; /* bytes that may move */
	double shed; /* when the faster one last did */
};

struct rate {
	uint64_t tick;
	struct rate_then now;
	double dt;
	float parallelism;
	uint32_t nblocks; /* that there is state for */
	uint32_t history; /* a power of two */
	uint32_t cursor; /* next block of the slice */
	uint32_t looks; /* in this tick */
	float window[RATE_WINDOWS]; /* exposure of the last 1, 2, 4, 8 ticks */
	float faded; /* what is left since the tick before */
	uint32_t first_watch, nwatches, watches;
	unsigned ntiers;
	float latency[HMS_TIERS], idle[HMS_TIERS]; /* mean; least seen */
	float cost[HMS_TIERS][HMS_TIERS]; /* as moved() was told; 0: never */
	struct rate_site all;
	struct rate_site sites[HMS_PLAN_SITES];
	struct rate_pair pairs[HMS_TIERS - 1];
	uint32_t again[(HMS_TIERS - 1) * POLICY_POOL];
	/* struct rate_then[history], struct rate_watch[watches] follow */
};

static inline struct rate_then *rate_history(struct rate *rate)
{
	return (struct rate_then *)(void *)(rate + 1);
}

static inline struct rate_watch *rate_watches(struct rate *rate)
{
	return (struct rate_watch *)(void *)(rate_history(rate) +
					     rate->history);
}

static inline uint64_t rate_reserve(
	const struct hms_snapshot *snapshot, unsigned tier)
{
	const struct hms_tier *t = &snapshot->tiers[tier];

	if (t->blocks > UINT64_MAX - t->room) /* room without end */
		return 0;
	return (t->blocks + t->room) / RATE_RESERVE;
}

/* rate_look.c */
struct rate_belief {
	float rate, deviation; /* accesses per second */
};

/* The start of a tick. */
void rate_clock(struct rate *rate, const struct hms_snapshot *snapshot);
/* Catches up with what was seen of a block, or that nothing was. */
void rate_look(struct rate *rate, const struct hms_snapshot *snapshot,
	uint32_t block, float events, float exposure);
struct rate_belief rate_believe(
	const struct rate *rate, const struct hms_block *block);
/* Accesses per second and block; below 0: not known. */
float rate_of_site(const struct rate *rate, uint16_t site);

/* rate_judge.c */
/* A block's, its site's and the global one together. */
float rate_kappa(const struct rate *rate, const struct hms_block *block);
/*
 * Promotions after what it did lately have mostly lost: bursts, streams,
 * sweeps.  It is to be known by what it does in the long run.
 */
bool rate_erratic(const struct rate *rate, const struct hms_block *block);
/* As time passes, what was learned of a block loses weight. */
void rate_relent(const struct rate *rate, struct hms_block *block);
void rate_watch(
	struct rate *rate, const struct hms_snapshot *snapshot, uint32_t block);
/* As time passes, a site may try again. */
void rate_allow(struct rate_site *site, double seconds);
/* A move that could not be done. */
void rate_failed(struct hms_block *block);
void rate_judge(struct rate *rate, const struct hms_snapshot *snapshot,
	struct hms_plan *out);
/* Seconds of a move between neighbours. */
float rate_cost(const struct rate *rate, const struct hms_snapshot *snapshot,
	unsigned from, unsigned to);

#endif
