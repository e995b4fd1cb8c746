/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/heat/sites.h"

#include "engine/heat/tiers.h"
#include "engine/policy/planner.h"

/* The last number is for none and all others (planner.h). */
#define CALLERS (HMS_PLAN_SITES - 1 - HMS_SITE_RULES)

static const struct hms_tiers *with; /* atomic */
static uint8_t advice[HMS_PLAN_SITES];

uint16_t hms_site_of_rule(int rule)
{
	return rule >= 0 && rule + 1 < HMS_SITE_RULES ? (uint16_t)(rule + 1)
						      : HMS_PLAN_SITES - 1;
}

uint16_t hms_site_of_caller(const void *caller)
{
	/* Knuth's multiplicative hash: neighbours come to lie apart. */
	uint64_t hash = (uintptr_t)caller * UINT64_C(0x9e3779b97f4a7c15);

	return (uint16_t)(HMS_SITE_RULES + (hash >> 32) % CALLERS);
}

int hms_site_first_step(uint16_t site, const struct hms_place *place)
{
	const struct hms_tiers *tiers =
		__atomic_load_n(&with, __ATOMIC_ACQUIRE);
	struct hms_target *target;
	unsigned tier;
	int step;

	if (!tiers || site >= HMS_PLAN_SITES)
		return 0;
	tier = __atomic_load_n(&advice[site], __ATOMIC_RELAXED);
	if (!tier || tier >= tiers->n)
		return 0;
	step = hms_tiers_step(tiers, place, 0, &tier, &target);
	return step > 0 ? step : 0;
}

void hms_sites_advise_with(const struct hms_tiers *tiers)
{
	__atomic_store_n(&with, NULL, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < HMS_PLAN_SITES; i++)
		__atomic_store_n(&advice[i], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&with, tiers, __ATOMIC_RELEASE);
}

void hms_site_advise(uint16_t site, unsigned tier)
{
	if (site < HMS_PLAN_SITES)
		__atomic_store_n(
			&advice[site], (uint8_t)tier, __ATOMIC_RELAXED);
}
