/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <sys/mman.h>

#include "report/status.h"
#include "tests/unit/machine.h"

#define MIB ((size_t)1 << 20)
#define BASE ((uintptr_t)64 << 30)

/*
 * Node 2 (HBM) of "tiers" keeps a little less than this back: 2 of 66 GiB of
 * 66 MiB, 2 GiB / 1000, 2 GiB / 512.  See kept_back() in room.c.
 */
#define KEPT (8 * MIB + MIB / 2)

/* Catches MPOL_BIND, and a mask where a mode must have none. */
Test(bind, modes)
{
	machine_start("tiers", "* -> node:2");
	cr_assert_eq(machine_bind(BASE, MIB), 0);
	machine_start("tiers", "* -> dram");
	cr_assert_eq(machine_bind(BASE, MIB), 0);
	machine_start("tiers", "* -> local");
	cr_assert_eq(machine_bind(BASE, MIB), 0);
	machine_start("tiers", "* -> interleave(node:0*1, node:2*1)");
	cr_assert_eq(machine_bind(BASE, MIB), 0);
	cr_assert_eq(machine.nbinds, 4);
	cr_assert_eq(machine.binds[0].mode, MPOL_PREFERRED);
	cr_assert_eq(machine.binds[0].nodes, 4);
	cr_assert_eq(machine.binds[1].mode, 5);
	cr_assert_eq(machine.binds[1].nodes, 3);
	cr_assert_eq(machine.binds[2].mode, MPOL_LOCAL);
	cr_assert_eq(machine.binds[2].nodes, 0);
	cr_assert_eq(machine.binds[3].mode, MPOL_INTERLEAVE);
	cr_assert_eq(machine.binds[3].nodes, 5);
}

/* Catches giving up, or one node for ever, where a mode is not known. */
Test(bind, kernels_without_preferred_many_get_the_emptiest_node)
{
	machine.refuse_bind = -EINVAL;
	machine_start("tiers", "* -> dram");
	machine.refuse_mode = 5;
	machine.free[0] = 100 * MIB;
	machine.free[1] = 900 * MIB;
	cr_assert_eq(machine_bind(BASE, MIB), 0);
	cr_assert_eq(machine.nbinds, 1);
	cr_assert_eq(machine.binds[0].mode, MPOL_PREFERRED);
	cr_assert_eq(machine.binds[0].nodes, 2);
	cr_assert_eq(hms_status->targets[0].refusals, 0);
}

int __wrap_hms_sys_getcpu(unsigned *cpu, unsigned *node);
static unsigned here; /* the node that the caller runs on */

int __wrap_hms_sys_getcpu(unsigned *cpu, unsigned *node)
{
	cr_assert_null(cpu);
	*node = here;
	return 0;
}

/*
 * Catches the emptiest node taken where one next to the caller has room, rows
 * of distances that are read by node number where nodes are missing, and a
 * node that is too full.
 */
Test(bind, kernels_without_preferred_many_get_the_nearest_node)
{
	machine.refuse_bind = -EINVAL;
	machine_start("sockets", "* -> dram");
	machine.refuse_mode = 5;
	machine.free[0] = 900 * MIB;
	machine.free[2] = 500 * MIB;
	machine.free[3] = 800 * MIB;
	for (unsigned i = 0; i < 3; i++) {
		static const unsigned nodes[] = { 2, 0, 3 };

		here = nodes[i];
		cr_assert_eq(machine_bind(BASE + i * MIB, MIB), 0);
		cr_assert_eq(machine.nbinds, i + 1);
		cr_assert_eq(machine.binds[i].mode, MPOL_PREFERRED);
		cr_assert_eq(machine.binds[i].nodes, 1ul << here);
	}
	/* 2 is full: 3 is nearer to it than 0. */
	here = 2;
	cr_assert_eq(machine_bind(BASE + 100 * MIB, 700 * MIB), 0);
	cr_assert_eq(machine.binds[3].nodes, 8);
}

/*
 * Catches binding more than is free, counting untouched memory as free a
 * second time, and pieces that overlap or leave a gap.
 */
Test(bind, spills_in_order_when_a_node_ends)
{
	machine.free[2] = 100 * MIB + KEPT;
	machine_start("tiers", "* -> hbm then dram");
	cr_assert_eq(machine_bind(BASE, 60 * MIB), 0);
	cr_assert_eq(machine_on_step(0), 60 * MIB);
	cr_assert_eq(machine_bind(BASE + 60 * MIB, 60 * MIB), 0);
	cr_assert_geq(machine_on_step(0), 100 * MIB);
	cr_assert_leq(machine_on_step(0), 101 * MIB);
	cr_assert_eq(machine_on_step(0) + machine_on_step(1), 120 * MIB);
	cr_assert_eq(hms_status->rules[0].first, machine_on_step(0));
	cr_assert_eq(hms_status->rules[0].spilled, machine_on_step(1));
	cr_assert_eq(machine_bind(BASE + 120 * MIB, 60 * MIB), 0);
	cr_assert_leq(machine_on_step(0), 101 * MIB);
	for (size_t i = 0; i + 1 < machine.nbinds; i++)
		cr_assert_eq(machine.binds[i].end, machine.binds[i + 1].start);
}

/*
 * Catches counting memory twice that has its pages: it is no longer free and
 * no longer to come.
 */
Test(bind, touched_memory_is_not_held_back_again)
{
	machine.free[2] = 100 * MIB + KEPT;
	machine_start("tiers", "* -> hbm then dram");
	cr_assert_eq(machine_bind(BASE, 60 * MIB), 0);
	machine.free[2] -= 60 * MIB;
	machine.touched = true;
	cr_assert_eq(machine_bind(BASE + 60 * MIB, 36 * MIB), 0);
	cr_assert_eq(machine_on_step(0), 96 * MIB);
}

/* Catches room that is not given back when memory is. */
Test(bind, room_comes_back)
{
	machine.free[2] = 100 * MIB + KEPT;
	machine_start("tiers", "* -> hbm, strict");
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(machine_bind(BASE, 80 * MIB), 0, "turn %d", i);
		cr_assert_eq(machine_bind(BASE + 80 * MIB, 80 * MIB), -ENOMEM);
		hms_range_drop(BASE, BASE + 160 * MIB);
	}
	cr_assert_eq(hms_range_count(), 0);
	cr_assert_eq(hms_status->rules[0].bound, 0);
	cr_assert_eq(hms_status->rules[0].bound_peak, 80 * MIB);
	cr_assert_eq(machine_places.targets[0]->bound, 0);
}

/* Catches cache that counts as room though the kernel would go elsewhere. */
Test(bind, cache_is_room_only_where_there_is_no_other_node)
{
	machine.free[0] = 64 * MIB;
	machine.cache[0] = 512 * MIB;
	machine_start("one", "* -> node:0, strict");
	cr_assert_eq(machine_bind(BASE, 400 * MIB), 0);
	hms_range_drop(BASE, BASE + 400 * MIB);
	machine.free[2] = 64 * MIB;
	machine.cache[2] = 512 * MIB;
	machine_start("tiers", "* -> node:2, strict");
	cr_assert_eq(machine_bind(BASE, 400 * MIB), -ENOMEM);
	cr_assert_eq(hms_range_count(), 0);
}

/* Catches a limit that is by rule instead of by name, or never given back. */
Test(bind, limits_by_name)
{
	machine_start("tiers",
		"target fast = hbm\n* -> fast then dram\nlimit fast 10M");
	cr_assert_eq(machine_bind(BASE, 6 * MIB), 0);
	cr_assert_eq(machine_bind(BASE + 6 * MIB, 6 * MIB), 0);
	cr_assert_eq(machine_on_step(0), 10 * MIB);
	cr_assert_eq(machine_on_step(1), 2 * MIB);
	cr_assert_eq(machine_places.limits[0].used, 10 * MIB);
	hms_range_drop(BASE, BASE + 3 * MIB);
	cr_assert_eq(machine_places.limits[0].used, 7 * MIB);
	hms_range_strike(BASE + 3 * MIB, BASE + 4 * MIB);
	cr_assert_eq(machine_places.limits[0].used, 6 * MIB);
	cr_assert_eq(machine_bind(BASE + 16 * MIB, 8 * MIB), 0);
	cr_assert_eq(machine_places.limits[0].used, 10 * MIB);
}

/* Catches a rule's own limit that is not kept. */
Test(bind, limits_by_rule)
{
	machine_start("tiers", "* -> hbm then dram, limit 4M");
	cr_assert_eq(machine_bind(BASE, 6 * MIB), 0);
	cr_assert_eq(machine_on_step(0), 4 * MIB);
	cr_assert_eq(machine_on_step(1), 2 * MIB);
}

/* Catches an error for the program, a count that is lost, a piece too. */
Test(bind, a_refusal_leaves_memory_to_the_system)
{
	machine.refuse_bind = -EPERM;
	machine_start("tiers", "* -> node:1 then node:2, strict");
	cr_assert_eq(machine_bind(BASE, MIB), 0);
	cr_assert_eq(machine_on_step(-1), MIB);
	cr_assert_eq(hms_status->rules[0].refused, MIB);
	cr_assert_eq(hms_status->rules[0].bound, MIB);
	cr_assert_eq(hms_status->targets[0].refusals, 1);
	cr_assert_eq(hms_status->targets[0].last_errno, EPERM);
	cr_assert_eq(machine_places.targets[0]->bound, 0);
	machine_start("tiers", "* -> node:1 then node:2");
	cr_assert_eq(machine_bind(BASE + MIB, MIB), 0);
	cr_assert_eq(machine_on_step(-1), 2 * MIB);
}

/* Catches memory that nobody has room for being reported as placed. */
Test(bind, what_no_step_takes_is_the_systems)
{
	machine.free[2] = MIB;
	machine_start("tiers", "* -> hbm");
	cr_assert_eq(machine_bind(BASE, 64 * MIB), 0);
	cr_assert_eq(machine_on_step(-1), 64 * MIB);
	cr_assert_eq(machine.nbinds, 0);
	machine_start("tiers", "* -> hbm then default");
	cr_assert_eq(machine_bind(BASE, 64 * MIB), 0);
	cr_assert_eq(machine_on_step(1), 64 * MIB);
}

/* Catches wishes that are dropped, or given to pieces of other rules. */
Test(bind, huge_and_populate_are_asked_for)
{
	machine_start("tiers", "* -> hbm, huge, populate");
	cr_assert_eq(machine_bind(BASE, 8 * MIB), 0);
	cr_assert_eq(machine.advices[MADV_HUGEPAGE], 1);
	cr_assert_eq(machine.advices[23], 1);
	machine_start("tiers", "* -> hbm, nohuge");
	cr_assert_eq(machine_bind(BASE, 8 * MIB), 0);
	cr_assert_eq(machine.advices[MADV_NOHUGEPAGE], 1);
	cr_assert_eq(machine.advices[23], 1);
}

/* Catches a read of sysfs at every bind: 20 to 50 us each. */
Test(bind, free_memory_is_not_read_each_time)
{
	machine_start("tiers", "* -> hbm then dram");
	for (size_t i = 0; i < 1000; i++)
		cr_assert_eq(machine_bind(BASE + i * MIB / 16, MIB / 16), 0);
	cr_assert_lt(machine.reads, 20);
}

/* Catches a reservation that is charged, or one that is not on its node. */
Test(bind, reservations_are_bound_and_cost_nothing)
{
	struct hms_range as, found;

	machine_start("tiers", "* -> hbm then dram, limit 4M");
	as = (struct hms_range){
		.start = BASE,
		.end = BASE + 100000 * MIB,
		.place = &machine_places.places[1],
		.kind = HMS_RANGE_MAP,
		.reserve = true,
	};
	cr_assert_eq(hms_range_bind(&as, PROT_NONE), 0);
	cr_assert_eq(machine.nbinds, 1);
	cr_assert_eq(hms_status->rules[0].bound, 0);
	cr_assert_eq(machine_places.targets[0]->bound, 0);
	cr_assert_eq(machine_bind(BASE + MIB, MIB), 0);
	cr_assert_eq(hms_status->rules[0].bound, MIB);
	cr_assert_eq(hms_range_count(), 3);
	cr_assert(hms_range_find(BASE + MIB, &found));
	cr_assert_not(found.reserve);
	cr_assert(hms_range_find(BASE + 2 * MIB, &found));
	cr_assert(found.reserve);
	hms_range_drop(BASE, BASE + 100000 * MIB);
	cr_assert_eq(hms_status->rules[0].bound, 0);
	cr_assert_eq(hms_status->rules[0].first, 0);
	cr_assert_eq(machine_places.targets[0]->bound, 0);
}
