/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "engine/target/device.h"
#include "tests/unit/machine.h"

static const struct hms_place *place_of(unsigned rule)
{
	return &machine_places.places[machine_places.rule_place[rule]];
}

/* Catches equal targets made twice: their room would be counted twice. */
Test(places, equal_targets_are_one)
{
	machine_start("tiers",
		"malloc -> hbm then dram; mmap -> dram then node:1;"
		"* -> interleave(hbm*2, dram)");
	cr_assert_eq(machine_places.ntargets, 3);
	cr_assert_eq(place_of(0)->steps[1].targets[0],
		place_of(1)->steps[0].targets[0]);
	cr_assert_eq(machine_missing, 0);
}

/* Catches a kind that takes one of its nodes only. */
Test(places, a_kind_is_all_nodes_of_it)
{
	const struct hms_target *dram;

	machine_start("tiers", "* -> dram");
	dram = place_of(0)->steps[0].targets[0];
	cr_assert_eq(dram->nnodes, 2);
	cr_assert_eq(dram->nodes[0], 3);
}

/* Catches a silent fall-back to a node that is not there. */
Test(places, a_node_that_is_not_there_is_pointed_at)
{
	int rc = machine_resolve("tiers", "# one\n* -> hbm then node:3\n");

	cr_assert_eq(rc, -EINVAL);
	cr_assert_eq(machine_diag.line, 2);
	cr_assert_eq(machine_diag.column, 15);
	cr_assert(strstr(machine_diag.text, "nodes here: 0, 1, 2, 4, 5"), "%s",
		machine_diag.text);
	cr_assert(strstr(machine_diag.text, "\n              ^"), "%s",
		machine_diag.text);
}

/* Catches a rule that fails because another machine has more kinds. */
Test(places, kinds_that_are_missing_are_left_out)
{
	machine_start("plain", "malloc -> hbm; * -> hbm then cxl");
	cr_assert_eq(machine_missing, 1);
	cr_assert_eq(machine_places.rule_place[0], 0);
	cr_assert_eq(place_of(1)->nsteps, 1);
	cr_assert_str_eq(place_of(1)->steps[0].targets[0]->text, "cxl");
}

/* Catches `default` taken for a target of its own. */
Test(places, default_ends_a_place)
{
	machine_start("tiers",
		"malloc -> default; calloc -> node:1 then default then node:2");
	cr_assert_eq(machine_places.rule_place[0], 0);
	cr_assert_eq(machine_missing, 0);
	cr_assert_eq(place_of(1)->nsteps, 2);
	cr_assert_eq(place_of(1)->steps[1].ntargets, 0);
	cr_assert_eq(machine_places.ntargets, 1);
}

/* Catches weights that are not reduced, or a target counted twice. */
Test(places, weights_are_reduced_and_added)
{
	const struct hms_step *step;

	machine_start("tiers", "* -> interleave(node:0*4, node:1*4, node:0*8)");
	step = &place_of(0)->steps[0];
	cr_assert_eq(step->ntargets, 2);
	cr_assert_eq(step->weights[0], 3);
	cr_assert_eq(step->weights[1], 1);
	cr_assert_eq(step->total, 4);
}

/*
 * Catches kernel interleaving where it would give other shares: it goes node
 * by node, so a kind of two nodes would get twice its weight.
 */
Test(places, the_kernel_shares_only_what_it_shares_right)
{
	machine_start("tiers", "malloc -> interleave(node:1*1, node:2*1);"
			       "calloc -> interleave(dram*1, node:2);"
			       "realloc -> interleave(dram*2, node:2);"
			       "memalign -> interleave(node:0*3, node:1);"
			       "mmap -> interleave(node:0*2, node:1);"
			       "valloc -> interleave(local*1, node:2)");
	cr_assert_eq(place_of(0)->steps[0].sharing, HMS_SHARE_EVENLY);
	cr_assert_eq(place_of(1)->steps[0].sharing, HMS_SHARE_STRIPES);
	cr_assert_eq(place_of(2)->steps[0].sharing, HMS_SHARE_EVENLY);
	cr_assert_eq(place_of(3)->steps[0].sharing, HMS_SHARE_WEIGHTED);
	cr_assert_eq(place_of(4)->steps[0].sharing, HMS_SHARE_STRIPES);
	cr_assert_eq(place_of(5)->steps[0].sharing, HMS_SHARE_STRIPES);
}

/*
 * Catches names whose spill lists are lost in an interleave: each share falls
 * to the next target of its own name, and starts at the first there is.
 */
Test(places, names_in_an_interleave_spill_each_for_itself)
{
	static const char policy[] =
		"target fast = hbm then dram\ntarget far = cxl then pmem\n"
		"limit fast 1G\nmap -> interleave(fast*3, node:1)\n"
		"* -> interleave(fast*3, far*1) then node:0";
	const struct hms_place *place;

	machine_start("tiers", policy);
	place = place_of(0);
	cr_assert_eq(place->nsteps, 2);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(place->steps[i].ntargets, 2);
		cr_assert_str_eq(place->steps[i].targets[1]->text, "node:1");
	}
	place = place_of(1);
	cr_assert_eq(place->nsteps, 3);
	cr_assert_str_eq(place->steps[0].targets[0]->text, "hbm");
	cr_assert_str_eq(place->steps[0].targets[1]->text, "cxl");
	cr_assert_str_eq(place->steps[1].targets[0]->text, "dram");
	cr_assert_str_eq(place->steps[1].targets[1]->text, "pmem");
	cr_assert_str_eq(place->steps[2].targets[0]->text, "node:0");
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(place->steps[i].weights[0], 3);
		cr_assert_eq(place->steps[i].total, 4);
		cr_assert_eq(place->steps[i].limits[0], 0);
		cr_assert_eq(place->steps[i].limits[1], -1);
	}
	machine_start("plain", policy);
	place = place_of(1);
	cr_assert_eq(place->nsteps, 2);
	cr_assert_str_eq(place->steps[0].targets[0]->text, "dram");
	cr_assert_eq(place->steps[0].weights[0], 3);
	cr_assert_str_eq(place->steps[0].targets[1]->text, "cxl");
}

static const char *target_text(const struct hms_place *place, unsigned step)
{
	return place->steps[step].targets[0]->text;
}

/*
 * Catches wishes that become other steps than the ranking has, or targets
 * that are not those of the same node named otherwise.
 */
Test(places, wishes_become_steps)
{
	const struct hms_place *place;

	machine_start("tiers",
		"malloc -> best bandwidth for cpu then node:0;"
		"calloc -> best latency for cpu:1; realloc -> near cpu;"
		"mmap -> node:2 then local");
	cr_assert_eq(machine_missing, 0);
	place = place_of(0);
	cr_assert_eq(place->nsteps, 5);
	cr_assert_str_eq(target_text(place, 0), "node:2");
	cr_assert_str_eq(target_text(place, 1), "node:0-1");
	cr_assert_eq(place->steps[1].targets[0]->nodes[0], 3);
	cr_assert_eq(place->steps[1].targets[0]->nnodes, 2);
	cr_assert_str_eq(target_text(place, 2), "node:4");
	cr_assert_str_eq(target_text(place, 3), "node:5");
	cr_assert_str_eq(target_text(place, 4), "node:0");
	cr_assert_eq(
		place->steps[0].targets[0], place_of(3)->steps[0].targets[0]);
	place = place_of(1);
	cr_assert_eq(place->nsteps, 5);
	cr_assert_str_eq(target_text(place, 0), "node:1");
	cr_assert(place_of(2)->steps[0].targets[0]->local);
	cr_assert_eq(place_of(2)->steps[0].targets[0],
		place_of(3)->steps[1].targets[0]);
}

/*
 * Catches rules that fail, or go elsewhere unsaid, because a device is not on
 * this machine.
 */
Test(places, who_is_not_here_costs_the_term)
{
	machine_start("tiers", "malloc -> best latency for cpu and cuda:0 then "
			       "hbm; map -> near gpu:0");
	cr_assert_eq(machine_missing, 1);
	cr_assert_eq(machine_places.rule_place[1], 0);
	cr_assert_eq(place_of(0)->nsteps, 1);
	cr_assert_str_eq(target_text(place_of(0), 0), "hbm");
	cr_assert_eq(machine_places.nwarnings, 2);
	cr_assert_str_eq(machine_places.warnings[0],
		"test:1:11: warning: there is no cuda:0 here; \"best latency "
		"for cpu and cuda:0\" is left out; initiators here: cpu, "
		"cpu:0, cpu:1\n"
		"malloc -> best latency for cpu and cuda:0 then hbm; map -> "
		"near gpu:0\n"
		"          ^");
}

/*
 * Catches shares that are even though speeds are known, weights kept where
 * some are written, and a wish that does not spread.
 */
Test(places, interleaves_without_weights_go_by_bandwidth)
{
	const struct hms_step *step;

	machine_start("tiers", "malloc -> interleave(hbm, dram);"
			       "calloc -> interleave(hbm*1, dram);"
			       "mmap -> interleave(best bandwidth);"
			       "realloc -> interleave(hbm, local)");
	/* 400 GB/s, and two nodes of 100. */
	step = &place_of(0)->steps[0];
	cr_assert_eq(step->ntargets, 2);
	cr_assert_eq(step->weights[0], 2);
	cr_assert_eq(step->weights[1], 1);
	step = &place_of(1)->steps[0];
	cr_assert_eq(step->weights[0], 1);
	cr_assert_eq(step->weights[1], 1);
	/* 100, 100, 400, 30 and 10 GB/s: within 3 % of 40 parts. */
	step = &place_of(2)->steps[0];
	cr_assert_eq(step->ntargets, 5);
	cr_assert_eq(place_of(2)->nsteps, 1);
	cr_assert_eq(step->weights[0], 10);
	cr_assert_eq(step->weights[1], 10);
	cr_assert_eq(step->weights[2], 39);
	cr_assert_eq(step->weights[3], 3);
	cr_assert_eq(step->weights[4], 1);
	/* Whoever touches has one node next to him, not both. */
	step = &place_of(3)->steps[0];
	cr_assert_eq(step->weights[0], 4);
	cr_assert_eq(step->weights[1], 1);
	machine_start("plain", "* -> interleave(dram, cxl)");
	step = &place_of(0)->steps[0];
	cr_assert_eq(step->weights[0], 1);
	cr_assert_eq(step->weights[1], 1);
}

/* Catches a name's limit that each node of a wish has for itself. */
Test(places, a_limit_is_for_all_shares_of_its_name)
{
	const size_t mib = (size_t)1 << 20;

	machine_start("tiers", "target fast = best bandwidth\nlimit fast 8M\n"
			       "* -> interleave(fast)");
	cr_assert_eq(place_of(0)->steps[0].ntargets, 5);
	cr_assert_eq(machine_bind((uintptr_t)64 << 30, 32 * mib), 0);
	cr_assert_leq(machine_on_step(0), 8 * mib);
	cr_assert_geq(machine_on_step(0), 7 * mib);
	cr_assert_geq(machine_on_step(-1), 24 * mib);
}

/* Catches memory that is to move, and has nowhere to go; or never does. */
Test(places, what_moves_has_a_choice)
{
	machine_start("tiers",
		"malloc -> hbm then cxl; new -> cxl; mmap -> hbm then node:2;"
		"calloc -> hbm then cxl, pin; brk -> interleave(hbm, cxl);"
		"migrate auto");
	cr_assert(machine_places.moves);
	cr_assert(machine_places.rule_moves[0]);
	cr_assert(!machine_places.rule_moves[1]);
	/* Node 2 is hbm under another name. */
	cr_assert(!machine_places.rule_moves[2]);
	cr_assert(!machine_places.rule_moves[3]);
	cr_assert(machine_places.rule_moves[4]);
	/* What the kernel interleaves could not move. */
	cr_assert_eq(place_of(4)->steps[0].sharing, HMS_SHARE_STRIPES);
	machine_start("tiers", "malloc -> hbm then cxl; migrate off");
	cr_assert(!machine_places.moves);
}

/* Catches managed memory that forgets where it may be, or is made twice. */
Test(places, managed_memory_knows_its_places)
{
	const struct hms_managed_targets *in;
	const struct hms_device_id *id;

	machine_start("tiers",
		"cudaMalloc -> managed(cuda:3 then hbm then cxl) then cuda:0;"
		"cudaMallocManaged -> cuda:3 then "
		"managed(cuda:3 then hbm then cxl)");
	cr_assert_eq(place_of(0)->nsteps, 2);
	cr_assert_eq(place_of(0)->steps[0].targets[0],
		place_of(1)->steps[1].targets[0]);
	in = hms_target_managed_in(place_of(0)->steps[0].targets[0]);
	cr_assert(in);
	cr_assert_eq(in->n, 3);
	cr_assert_eq(in->targets[0], place_of(1)->steps[0].targets[0]);
	id = hms_target_device_id(in->targets[0]);
	cr_assert_eq(id->vendor, HMS_FAMILY_CUDA);
	cr_assert_eq(id->number, 3);
	cr_assert_str_eq(in->targets[1]->text, "hbm");
	cr_assert(!hms_target_device_id(in->targets[1]));
	for (unsigned i = 0; i < machine_places.ntargets; i++)
		cr_assert_eq(machine_places.targets[i]->index, i);
}

/* Catches a managed place that stays when the machine has nothing of it. */
Test(places, managed_memory_of_nothing_is_left_out)
{
	machine_start("plain", "cudaMalloc -> managed(hbm) then cuda:0");
	cr_assert_eq(place_of(0)->nsteps, 1);
	cr_assert_str_eq(place_of(0)->steps[0].targets[0]->text, "cuda:0");
}

/* Catches limits that devices' memory is not under, or never gives back. */
Test(places, limits_are_for_devices_too)
{
	struct hms_place *place;
	const size_t mib = (size_t)1 << 20;

	machine_start("plain", "target g = cuda:0\nlimit g 8M\n"
			       "cudaMalloc -> g, limit 6M;"
			       "cudaMallocManaged -> g");
	place = (struct hms_place *)place_of(0);
	cr_assert_eq(
		hms_device_charge(&machine_places, place, 0, 0, 5 * mib), 0);
	cr_assert_eq(hms_device_charge(&machine_places, place, 0, 0, 2 * mib),
		-ENOSPC);
	cr_assert_eq(
		hms_device_charge(&machine_places, place, 1, 0, 3 * mib), 0);
	cr_assert_eq(
		hms_device_charge(&machine_places, place, 1, 0, 1), -ENOSPC);
	hms_device_release(&machine_places, place, 0, 0, 5 * mib);
	cr_assert_eq(
		hms_device_charge(&machine_places, place, 1, 0, 5 * mib), 0);
	cr_assert_eq(machine_places.limits[0].used, 8 * mib);
}

/* Catches heap memory that is bound to a device all the same. */
Test(places, devices_are_passed_over_by_the_host)
{
	const size_t mib = (size_t)1 << 20;
	struct hms_range as = { .start = (uintptr_t)64 << 30,
		.options = HMS_BIND_IN_PLACE };

	machine_start("tiers", "cudaMalloc -> managed(cuda:0) then cuda:0 then "
			       "hbm then dram");
	as.end = as.start + 4 * mib;
	as.place = (struct hms_place *)place_of(0);
	cr_assert_eq(hms_range_bind(&as, 3), 0);
	cr_assert_eq(machine_on_step(2), 4 * mib);
}
