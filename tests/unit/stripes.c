/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <linux/mempolicy.h>

#include "engine/stripes.h"
#include "report/status.h"
#include "tests/unit/machine.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)
#define BASE ((uintptr_t)64 << 30)

/* Is `got` of `all` the share, within 2 % of it? */
static bool about(size_t got, size_t all, double share)
{
	double ratio = (double)got / (double)all / share;

	return ratio > 0.98 && ratio < 1.02;
}

/* Catches stripes that are too coarse, overlap, or leave gaps. */
Test(stripes, shares_hold_inside_one_range)
{
	size_t len = 64 * MIB;

	machine_start("tiers", "* -> interleave(node:1*3, node:2)");
	cr_assert_eq(machine_bind(BASE, len), 0);
	cr_assert(about(machine_bound_to(BASE, BASE + len, 1), len, 0.75));
	cr_assert(about(machine_bound_to(BASE, BASE + len, 2), len, 0.25));
	cr_assert_eq(machine.binds[0].start, BASE);
	for (size_t i = 1; i < machine.nbinds; i++)
		cr_assert_eq(machine.binds[i].start, machine.binds[i - 1].end);
	cr_assert_leq(machine.nbinds, 256);
	cr_assert_eq(hms_status->rules[0].wanted[0],
		machine_bound_to(BASE, BASE + len, 1));
}

/* Catches each range beginning anew: the first target would get it all. */
Test(stripes, shares_hold_over_many_small_ranges)
{
	size_t len = 64 * KIB, n = 1000;

	machine_start("tiers", "* -> interleave(node:1*3, node:2)");
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(machine_bind(BASE + i * 2 * len, len), 0);
	cr_assert(about(machine_bound_to(BASE, UINTPTR_MAX, 1), n * len, 0.75));
	cr_assert_eq(hms_range_count(), n);
	cr_assert_eq(hms_range_stripes(), 0);
}

/* Catches a phase that only holds for ranges of one size. */
Test(stripes, shares_hold_over_ranges_of_all_sizes)
{
	uintptr_t at = BASE;
	unsigned seed = 1;

	machine_start("tiers", "* -> interleave(node:1*5, node:2*2, node:4)");
	for (size_t i = 0; i < 400; i++) {
		size_t len;

		seed = seed * 1103515245 + 12345;
		len = (size_t)4096 << (seed >> 16) % 13;
		cr_assert_eq(machine_bind(at, len), 0);
		at += len + 4096;
		/* Freed memory must not count as dealt. */
		if (i % 7 == 0)
			hms_range_drop(at - len - 4096, at);
	}
	cr_assert(about(machine_places.targets[0]->bound,
		hms_status->rules[0].bound, 5.0 / 8));
	cr_assert(about(machine_places.targets[1]->bound,
		hms_status->rules[0].bound, 2.0 / 8));
	cr_assert(about(machine_places.targets[2]->bound,
		hms_status->rules[0].bound, 1.0 / 8));
}

/* Catches stripes that split huge pages where the range is large. */
Test(stripes, large_ranges_keep_huge_pages)
{
	machine.free[2] = machine.free[1] = 64 * GIB;
	machine_start("tiers", "* -> interleave(node:1*3, node:2)");
	cr_assert_eq(machine_bind(BASE + 4096, 4 * GIB), 0);
	for (size_t i = 1; i < machine.nbinds; i++)
		cr_assert_eq(machine.binds[i].start % (2 * MIB), 0);
}

/* Catches running into vm.max_map_count by stripes alone. */
Test(stripes, their_number_has_a_budget)
{
	size_t budget = hms_stripe_budget(), all = 0;

	machine_start("tiers", "* -> interleave(node:1*3, node:2)");
	for (int i = 0; i < 64; i++) {
		for (int n = 1; n <= 2; n++)
			machine.free[n] = 6000 * GIB;
		machine.nbinds = 0;
		cr_assert_eq(machine_bind(BASE + 64 * i * GIB, 64 * GIB), 0);
		all += 64 * GIB;
		cr_assert_leq(hms_range_stripes(), budget);
	}
	cr_assert_gt(hms_range_stripes(), budget / 2);
	cr_assert(about(machine_places.targets[0]->bound, all, 0.75));
	hms_range_drop(BASE, UINTPTR_MAX);
	cr_assert_eq(hms_range_stripes(), 0);
	cr_assert_eq(machine_places.places[1].steps[0].dealt[0], 0);
	cr_assert_eq(machine_places.places[1].steps[0].dealt[1], 0);
}

/* Catches an interleave that goes on after one of its nodes is full. */
Test(stripes, the_fullest_target_ends_the_step)
{
	/* 8 MiB are kept back. */
	machine.free[2] = 32 * MIB + 8 * MIB;
	machine_start("tiers", "* -> interleave(node:1*3, node:2) then node:0");
	cr_assert_eq(machine_bind(BASE, 256 * MIB), 0);
	cr_assert_leq(machine_on_step(0), 4 * 34 * MIB);
	cr_assert_geq(machine_on_step(0), 4 * 30 * MIB);
	cr_assert_eq(machine_on_step(0) + machine_on_step(1), 256 * MIB);
}

/*
 * Catches treating a kernel without the mode as a refusal: the weights are
 * in sysfs, so it was tried, and stripes must serve instead.
 */
Test(stripes, stand_in_for_weighted_interleave)
{
	machine.refuse_bind = -EINVAL;
	machine_start("tiers", "* -> interleave(node:0*3, node:1)");
	machine.refuse_mode = 6;
	cr_assert_eq(
		machine_places.places[1].steps[0].sharing, HMS_SHARE_WEIGHTED);
	cr_assert_eq(machine_bind(BASE, 64 * MIB), 0);
	cr_assert(about(
		machine_bound_to(BASE, BASE + 64 * MIB, 0), 64 * MIB, 0.75));
	cr_assert_eq(machine_on_step(0), 64 * MIB);
	cr_assert_eq(hms_status->targets[0].refusals, 0);
}

/*
 * Catches sums that do not come out even when a range that the kernel shares
 * goes in other pieces than it came.
 */
Test(stripes, shares_of_parts_add_up)
{
	size_t page = 4096;

	machine_start("tiers", "* -> interleave(node:0*1, node:1*1, node:2*1)");
	cr_assert_eq(machine_bind(BASE, 1000 * page), 0);
	cr_assert_eq(machine.nbinds, 1);
	cr_assert_eq(machine.binds[0].mode, MPOL_INTERLEAVE);
	for (size_t i = 0; i < 1000; i += 7)
		hms_range_drop(BASE + i * page, BASE + (i + 3) * page);
	for (size_t i = 0; i < 1000; i += 5)
		hms_range_drop(BASE + i * page, BASE + (i + 5) * page);
	cr_assert_eq(hms_range_count(), 0);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(machine_places.targets[i]->bound, 0);
		cr_assert_eq(hms_status->rules[0].wanted[i], 0);
	}
}
