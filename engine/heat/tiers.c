/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/heat/tiers.h"

#include <string.h>

#include "engine/charge.h"
#include "engine/room.h"

#define LINE 64 /* bytes */
#define IN_FLIGHT 10 /* lines per CPU */

/* ns and MB/s where nobody knows better; the ratios are what counts. */
static const struct {
	uint32_t latency, bandwidth;
} guessed[HMS_KINDS] = {
	[HMS_KIND_DRAM] = { 100, 100000 },
	[HMS_KIND_HBM] = { 120, 400000 },
	[HMS_KIND_CXL] = { 250, 40000 },
	[HMS_KIND_PMEM] = { 350, 20000 },
	[HMS_KIND_GPU] = { 700, 50000 },
	[HMS_KIND_FILE] = { 1000, 5000 },
};

static enum hms_kind kind_of(
	const struct hms_places *places, const struct hms_target *target)
{
	const unsigned bits = 8 * sizeof(target->nodes[0]);

	if (target->ops->maps)
		return HMS_KIND_FILE;
	for (unsigned n = 0; n <= places->nodes->max; n++)
		if (target->nodes[n / bits] >> n % bits & 1)
			return places->nodes->node[n].kind;
	return HMS_KIND_DRAM;
}

struct speed {
	float latency, bandwidth, cost;
};

static struct speed speed_of(const struct hms_places *places,
	const struct hms_target *target, unsigned cpus)
{
	enum hms_kind kind = kind_of(places, target);
	uint32_t latency = target->latency, bandwidth = target->bandwidth;
	struct speed s;

	if (!latency)
		latency = guessed[kind].latency;
	if (!bandwidth)
		bandwidth = guessed[kind].bandwidth;
	s.latency = 1e-9f * (float)latency;
	s.bandwidth = 1e6f * (float)bandwidth;
	s.cost = s.latency + (float)(cpus * IN_FLIGHT * LINE) / s.bandwidth;
	return s;
}

/*
 * Behind all that are faster, and behind its equals.  The slowest of too many
 * are left out: their memory stays where it is.
 */
static void insert(struct hms_tiers *tiers, struct hms_target *target,
	float *costs, const struct speed *speed)
{
	unsigned at = tiers->n;

	while (at > 0 && costs[at - 1] > speed->cost)
		at--;
	if (at == HMS_TIERS)
		return;
	if (tiers->n < HMS_TIERS)
		tiers->n++;
	for (unsigned i = tiers->n - 1; i > at; i--) {
		tiers->target[i] = tiers->target[i - 1];
		tiers->latency[i] = tiers->latency[i - 1];
		tiers->bandwidth[i] = tiers->bandwidth[i - 1];
		costs[i] = costs[i - 1];
	}
	tiers->target[at] = target;
	tiers->latency[at] = speed->latency;
	tiers->bandwidth[at] = speed->bandwidth;
	costs[at] = speed->cost;
}

/* "hbm" and "node:1" may be one memory. */
static bool same(const struct hms_target *a, const struct hms_target *b)
{
	return a == b || (!a->ops->maps && !b->ops->maps &&
				 !memcmp(a->nodes, b->nodes, sizeof(a->nodes)));
}

static unsigned find(
	const struct hms_tiers *tiers, const struct hms_target *target)
{
	unsigned i = 0;

	while (i < tiers->n && !same(tiers->target[i], target))
		i++;
	return i;
}

static void add_place(struct hms_tiers *tiers, const struct hms_place *place,
	float *costs, unsigned cpus)
{
	for (unsigned i = 0; i < place->nsteps; i++)
		for (unsigned j = 0; j < place->steps[i].ntargets; j++) {
			struct hms_target *t = place->steps[i].targets[j];
			struct speed speed = speed_of(tiers->places, t, cpus);

			if (find(tiers, t) == tiers->n)
				insert(tiers, t, costs, &speed);
		}
}

void hms_tiers_setup(
	struct hms_tiers *tiers, const struct hms_places *places, unsigned cpus)
{
	float costs[HMS_TIERS];

	memset(tiers, 0, sizeof(*tiers));
	memset(tiers->of, HMS_TIER_NONE, sizeof(tiers->of));
	tiers->places = places;
	for (unsigned r = 0; r < places->nrules; r++)
		if (places->rule_moves[r])
			add_place(tiers, &places->places[places->rule_place[r]],
				costs, cpus ? cpus : 1);
	for (unsigned i = 0; i < places->ntargets && i < sizeof(tiers->of);
		i++) {
		unsigned t = find(tiers, places->targets[i]);

		if (t < tiers->n)
			tiers->of[i] = (uint8_t)t;
	}
	/* Chosen for its bandwidth, it is worth a move all the same. */
	for (unsigned i = 1; i < tiers->n; i++)
		if (tiers->latency[i] < 1.1f * tiers->latency[i - 1])
			tiers->latency[i] = 1.1f * tiers->latency[i - 1];
}

/* What this place's limits leave of the tier; 0 if it is not in it. */
static uint64_t place_left(const struct hms_tiers *tiers,
	const struct hms_place *place, unsigned tier)
{
	const struct hms_places *places = tiers->places;
	uint64_t most = 0;

	for (unsigned i = 0; i < place->nsteps; i++) {
		const struct hms_step *step = &place->steps[i];

		for (unsigned j = 0; j < step->ntargets; j++) {
			uint64_t left = hms_limit_left(places, step->limit);
			uint64_t own = hms_limit_left(places, step->limits[j]);

			if (hms_tier_of(tiers, step->targets[j]) != tier)
				continue;
			left = own < left ? own : left;
			most = left > most ? left : most;
		}
	}
	return most;
}

void hms_tiers_look(struct hms_tiers *tiers, uint64_t want)
{
	const struct hms_places *places = tiers->places;

	for (unsigned t = 0; t < tiers->n; t++) {
		uint64_t most = 0, left;

		for (unsigned r = 0; r < places->nrules; r++) {
			if (!places->rule_moves[r])
				continue;
			left = place_left(tiers,
				&places->places[places->rule_place[r]], t);
			most = left > most ? left : most;
		}
		left = hms_place_room(
			tiers->target[t], want < most ? want : most);
		tiers->room[t] = left < most ? left : most;
	}
}

/* The step of a place that has the tier, and its target there; or -1. */
static int step_of(const struct hms_tiers *tiers, const struct hms_place *place,
	unsigned tier, struct hms_target **target)
{
	for (unsigned i = 0; i < place->nsteps; i++)
		for (unsigned j = 0; j < place->steps[i].ntargets; j++) {
			*target = place->steps[i].targets[j];
			if (hms_tier_of(tiers, *target) == tier)
				return (int)i;
		}
	return -1;
}

int hms_tiers_step(const struct hms_tiers *tiers, const struct hms_place *place,
	unsigned from, unsigned *tier, struct hms_target **target)
{
	int way = *tier < from ? 1 : -1, step;

	for (unsigned t = *tier; t != from; t += (unsigned)way) {
		step = step_of(tiers, place, t, target);
		if (step < 0)
			continue;
		*tier = t;
		return step;
	}
	return -1;
}
