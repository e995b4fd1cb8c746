/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tiers: the targets that memory moves among, fastest first.
 *
 * A target's speed is what an access takes when many are under way: its
 * latency, and the time that its bandwidth needs for the lines that the CPUs
 * of this process can have in flight (10 each, the fill buffers of a core of
 * Intel's; others have more).  So high-bandwidth memory comes before memory of
 * a lower latency on machines with many CPUs, and not on those with few.
 *
 * What the machine's graph does not know is guessed by kind: files and devices
 * after all nodes, then in the order of the places that name them.
 *
 * Made once, then immutable but for what hms_tiers_look() refreshes; one
 * thread.  Nothing here touches errno or allocates.
 */
#ifndef HMS_ENGINE_HEAT_TIERS_H
#define HMS_ENGINE_HEAT_TIERS_H

#include "engine/place.h"
#include "engine/policy/planner.h"

#define HMS_TIER_NONE 0xff

struct hms_tiers {
	const struct hms_places *places;
	unsigned n;
	struct hms_target *target[HMS_TIERS];
	float latency[HMS_TIERS]; /* seconds; ascends */
	float bandwidth[HMS_TIERS]; /* bytes per second */
	uint64_t room[HMS_TIERS]; /* bytes more, as last looked at */
	/* By index of the target; HMS_TIER_NONE: not among them. */
	uint8_t of[256];
};

/* cpus: how many this process may use. */
void hms_tiers_setup(struct hms_tiers *tiers, const struct hms_places *places,
	unsigned cpus);
/*
 * Looks how much more could move in: the room of the target, and the most that
 * any place's limits leave.  want: bytes that are worth an exact answer.
 */
void hms_tiers_look(struct hms_tiers *tiers, uint64_t want);

/*
 * Where memory of a place goes if it is to leave tier `from` for *tier: the
 * step, and its target; or -1.  A place that lacks the tier may have another
 * on the way there, which *tier then is.
 */
int hms_tiers_step(const struct hms_tiers *tiers, const struct hms_place *place,
	unsigned from, unsigned *tier, struct hms_target **target);

/* The tier of a piece's memory, or HMS_TIER_NONE. */
static inline unsigned hms_tier_of(
	const struct hms_tiers *tiers, const struct hms_target *target)
{
	return target && target->index < sizeof(tiers->of)
		       ? tiers->of[target->index]
		       : HMS_TIER_NONE;
}

#endif
