/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What moved without us, on the machine of heat.c: hbm is node 2, cxl 4, dram
 * 0 and 1.
 */
#include <criterion/criterion.h>

#include <errno.h>

#include "engine/worker/learn.h"
#include "tests/unit/machine.h"

#define MIB ((uintptr_t)1 << 20)
#define BASE ((uintptr_t)1 << 40)
#define SECOND UINT64_C(1000000000)

static struct hms_learn learn;
static uint64_t now, cpu;
static int refusal;

/* Node of each MiB, as the kernel has it. */
static int lies_on[16];

static int where_double(void **pages, int *status, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		size_t mib = ((uintptr_t)pages[i] - BASE) / MIB;

		status[i] = mib < 16 ? lies_on[mib] : -EFAULT;
	}
	cpu += 10000;
	return refusal;
}

static uint64_t cpu_double(void)
{
	return cpu;
}

static void start(const char *policy)
{
	machine_start("tiers", policy);
	memset(&learn, 0, sizeof(learn));
	learn.with.places = &machine_places;
	learn.with.where = where_double;
	learn.with.cpu = cpu_double;
	learn.with.share = 100;
	hms_tiers_setup(&learn.tiers, &machine_places, 4);
	cr_assert_eq(hms_heat_start(&learn.heat, &learn.tiers, 1024), 0);
	machine_bind(BASE, 16 * MIB);
	for (unsigned i = 0; i < 16; i++)
		lies_on[i] = i < 4 ? 2 : 4;
	hms_heat_walk(&learn.heat);
}

static unsigned tier_at(uintptr_t mib)
{
	uint32_t block = hms_heat_find(&learn.heat, BASE + mib * MIB);

	return learn.heat.blocks[block].tier;
}

static void look(void)
{
	now += 60 * SECOND;
	learn_strays(&learn, now);
	hms_heat_walk(&learn.heat);
}

#define RULES "target fast = hbm; limit fast 4M; * -> fast then cxl, migrate"

/*
 * Catches a table that says for ever what others have changed, and one that is
 * changed for a few pages.
 */
Test(stray, what_others_move_is_found)
{
	struct hms_range range;

	start(RULES);
	look();
	cr_assert_eq(learn.count.strayed, 0);
	cr_assert_eq(tier_at(0), 0);
	cr_assert_eq(tier_at(4), 1);
	/* One away and one by half, two to the fast node and one by half, one
	 * where its rule never puts it, one that is not there. */
	lies_on[0] = lies_on[1] = lies_on[3] = 4;
	lies_on[8] = lies_on[9] = lies_on[10] = lies_on[11] = 2;
	lies_on[12] = lies_on[13] = 0;
	lies_on[14] = 2;
	lies_on[4] = lies_on[5] = -ENOENT;
	look();
	cr_assert_eq(learn.count.strayed, 8 * MIB);
	cr_assert(hms_range_find(BASE + 1 * MIB, &range));
	cr_assert_eq(range.step, 1);
	cr_assert_eq(range.end, BASE + 8 * MIB);
	cr_assert(hms_range_find(BASE + 11 * MIB, &range));
	cr_assert_eq(range.step, 0);
	cr_assert_eq(range.start, BASE + 8 * MIB);
	cr_assert_eq(range.end, BASE + 12 * MIB);
	cr_assert_eq(machine_places.limits[0].used, 4 * MIB);
	cr_assert_eq(tier_at(0), 1);
	cr_assert_eq(tier_at(2), 1);
	cr_assert_eq(tier_at(8), 0);
	cr_assert_eq(tier_at(12), 1);
	cr_assert_eq(tier_at(14), 1);
	cr_assert_eq(learn.heat.count[0], 2);
	/* Beyond its limit, but it is so. */
	lies_on[6] = lies_on[7] = 2;
	look();
	cr_assert_eq(machine_places.limits[0].used, 6 * MIB);
}

/* Catches looks that take more than their share, or go on where refused. */
Test(stray, looks_take_a_tenth_of_the_budget)
{
	uint64_t took;

	start(RULES);
	look();
	took = cpu;
	cr_assert_eq(took, 8 * 10000);
	learn_strays(&learn, now + 1000 * took - 1);
	cr_assert_eq(cpu, took);
	refusal = -EPERM;
	learn_strays(&learn, now + 1000 * took);
	cr_assert_eq(cpu, took + 10000);
	look();
	cr_assert_eq(cpu, took + 10000);
}
