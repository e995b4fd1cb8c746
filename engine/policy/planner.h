/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Planners: from what was seen of blocks to moves that pay.
 *
 * A planner is one file and one row of planners.def.  It is pure: arrays in, a
 * plan out; no system calls, no allocation, no clock, no locks, nothing of the
 * process it runs in.  The same object serves the library, `hms replay` and
 * tests.  Time is what the snapshot says it is.
 *
 * One thread at a time per state.  Nothing here touches errno.
 *
 * Where numbers come from: shared design, sections 10 and 11; each planner
 * names the paper it follows.
 */
#ifndef HMS_ENGINE_POLICY_PLANNER_H
#define HMS_ENGINE_POLICY_PLANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HMS_TIERS 8
#define HMS_BLOCK_RING 8
/* Sites told apart; the last one is for all others and for none. */
#define HMS_PLAN_SITES 4096

/*
 * The caller sets USED, FIXED and HUGE and leaves the others as they are.
 * MOVING is set by the planner on each block of its plan, and cleared by the
 * caller once that move was carried out or given up, before it calls moved().
 */
enum hms_block_flag {
	HMS_BLOCK_USED = 1 << 0, /* else nothing of it means anything */
	HMS_BLOCK_FIXED = 1 << 1, /* counts in its tier, is never to move */
	HMS_BLOCK_HUGE = 1 << 2, /* one huge page, as last seen */
	HMS_BLOCK_MOVING = 1 << 3, /* in a plan that is not carried out yet */
	HMS_BLOCK_WATCHED = 1 << 4, /* just promoted: does it pay? */
	/* The planner's own: looked at before; by a source of its own; kept
	 * in mind to be moved. */
	HMS_BLOCK_KNOWN = 1 << 5,
	HMS_BLOCK_SINGLE = 1 << 6,
	HMS_BLOCK_NOTED = 1 << 7,
};

/*
 * What is known of a block, 32 bytes; sizes are the snapshot's.  The caller
 * sets flags as above, tier and site; the rest is the planner's own.  When a
 * block comes into use, or is used for something else, the caller zeroes all
 * of it first.
 */
struct hms_block {
	float events; /* accesses seen, decayed */
	float exposure; /* seconds, times the share that would be seen; decayed
			 */
	uint8_t ring[HMS_BLOCK_RING]; /* events of the last ticks, saturated */
	float regret; /* seconds lost so far by not being in the next tier */
	float lasting; /* as events, but never forgotten for a change */
	int8_t log_kappa; /* 2^(n/8): how dear its next promotion is */
	uint8_t tier; /* index into tiers[], 0 is the fastest */
	uint8_t flags; /* enum hms_block_flag */
	uint8_t age; /* the planner's own */
	uint16_t site; /* who asked for it, below HMS_PLAN_SITES */
	uint16_t tick; /* low bits of the tick that last looked at it */
};

/* What was seen of a block since the last tick, summed by the caller: one for
 * each block, in any order. */
struct hms_seen {
	uint32_t block;
	float events; /* accesses */
	/*
	 * Beyond the snapshot's own exposure: of sources that look at single
	 * blocks.  Rate is events over all exposure, per second.
	 */
	float exposure;
};

/* A tier as the place's targets make it up. */
struct hms_tier {
	uint64_t blocks; /* how many are in it now, FIXED ones too */
	uint64_t room; /* how many more could move in, within limits */
	float latency; /* seconds of one access, loaded, as last known */
	float bandwidth; /* bytes per second at most; 0: not known */
	float load; /* bytes per second now; 0: not known */
};

/* All that a planner may look at. */
struct hms_snapshot {
	uint64_t tick; /* number of this call, from 1 */
	double dt; /* seconds since the last */
	struct hms_block *blocks;
	uint32_t nblocks; /* highest used index + 1 */
	uint64_t block_bytes; /* 2 MiB unless said otherwise */
	const struct hms_seen *seen;
	uint32_t nseen;
	/* Of every USED block, by sources that see all (PMU); seconds x share.
	 */
	float exposure;
	struct hms_tier tiers[HMS_TIERS]; /* fastest first */
	unsigned ntiers;
	/* Seconds of the mover's time for a block, as measured; 0: not known.
	 */
	float cost[HMS_TIERS][HMS_TIERS];
	float parallelism; /* accesses under way at a time, threads x 4 or so */
	uint32_t budget; /* moves at most that this plan may hold */
	double slow_bandwidth_share; /* of it that moving may take, 0.1 */
};

struct hms_move {
	uint32_t block;
	uint8_t from, to;
	float gain; /* seconds per second that it is expected to save */
};

/* What a planner made of it. */
struct hms_plan {
	struct hms_move *moves; /* room for budget ones */
	uint32_t nmoves;
	/* For reports. */
	float price; /* accesses per second of the marginal fast block */
	uint64_t refused; /* moves that there was no room or budget for */
	/* Promotions whose time to pay was over, and what they gained: seconds
	 * less what they cost. */
	uint32_t npaid, nlost;
	float gained;
};

/* Memory of a planner; opaque, of state_bytes() for so many blocks. */
struct hms_planner_state;

struct hms_planner {
	const char *name;
	/* Bytes of state for at most nblocks blocks; aligned to 64. */
	size_t (*state_bytes)(uint32_t nblocks);
	/* state: zeroed memory of that size. */
	void (*init)(struct hms_planner_state *state, uint32_t nblocks);
	/*
	 * Updates blocks from what was seen, and fills in the plan: demotions
	 * stand before the promotions that need their room.
	 */
	void (*plan)(struct hms_planner_state *state,
		const struct hms_snapshot *snapshot, struct hms_plan *out);
	/*
	 * A move of an earlier plan was carried out (result 0; blocks[].tier
	 * is set by the caller already), or was not (-errno): its price goes
	 * up.  seconds: what it took.  Of the snapshot only blocks, nblocks
	 * and block_bytes are looked at.
	 */
	void (*moved)(struct hms_planner_state *state,
		const struct hms_snapshot *snapshot,
		const struct hms_move *move, int result, float seconds);
	/*
	 * Accesses per second of a block as the planner now believes, with the
	 * standard deviation; for reports.
	 */
	float (*rate)(const struct hms_planner_state *state,
		const struct hms_block *block, float *deviation);
	/*
	 * Accesses per second per block that memory of this site deserved so
	 * far; negative: nothing is known.  For placing new memory.
	 */
	float (*site)(const struct hms_planner_state *state, uint16_t site);
};

/* By name (planners.def), NULL if there is none.  hms_planners[] ends NULL. */
const struct hms_planner *hms_planner_find(const char *name);
extern const struct hms_planner *const hms_planners[];

#endif
