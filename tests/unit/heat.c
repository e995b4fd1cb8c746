/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the range table to blocks and spans.  The machine has hbm (node 2),
 * dram (0 and 1), cxl (4) and pmem (5).
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/heat/heat.h"
#include "engine/heat/sites.h"
#include "tests/unit/machine.h"

#define MIB ((uintptr_t)1 << 20)
#define BASE ((uintptr_t)1 << 40)

static struct hms_tiers tiers;
static struct hms_heat heat;

static void start(const char *policy)
{
	machine_start("tiers", policy);
	hms_tiers_setup(&tiers, &machine_places, 64);
	cr_assert_eq(hms_heat_start(&heat, &tiers, 4096), 0);
}

static const char *order(void)
{
	static char text[256];

	text[0] = 0;
	for (unsigned i = 0; i < tiers.n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"%s ", tiers.target[i]->text);
	return text;
}

/* Catches tiers in the order of spilling, which says nothing of speed. */
Test(heat, tiers_are_in_the_order_of_speed)
{
	unsigned tier;
	struct hms_target *target;

	start("malloc -> cxl then pmem then hbm then node:4, migrate;"
	      "mmap -> dram then file:/tmp then node:0; brk -> local then dram;"
	      "migrate auto");
	cr_assert_str_eq(order(), "hbm dram node:0 cxl pmem file:/tmp ");
	/* node:4 is cxl. */
	cr_assert_eq(hms_tier_of(&tiers, machine_places.targets[3]), 3);
	for (unsigned i = 1; i < tiers.n; i++)
		cr_assert_gt(tiers.latency[i], tiers.latency[i - 1]);
	/* From file towards hbm, which its place has not: to dram. */
	tier = 0;
	cr_assert_eq(
		hms_tiers_step(&tiers,
			&machine_places.places[machine_places.rule_place[1]], 5,
			&tier, &target),
		0);
	cr_assert_eq(tier, 1);
	cr_assert_str_eq(target->text, "dram");
	/* From pmem down to file: there is nothing. */
	tier = 5;
	cr_assert_eq(
		hms_tiers_step(&tiers,
			&machine_places.places[machine_places.rule_place[0]], 4,
			&tier, &target),
		-1);
}

/* Catches high-bandwidth memory behind memory of a lower latency. */
Test(heat, many_cpus_want_bandwidth)
{
	machine_start("tiers", "* -> hbm then dram, migrate");
	/* As machines with both have it. */
	machine_places.targets[0]->latency = 130;
	machine_places.targets[0]->bandwidth = 700000;
	machine_places.targets[1]->latency = 100;
	machine_places.targets[1]->bandwidth = 250000;
	hms_tiers_setup(&tiers, &machine_places, 2);
	cr_assert_str_eq(order(), "dram hbm ");
	hms_tiers_setup(&tiers, &machine_places, 64);
	cr_assert_str_eq(order(), "hbm dram ");
	cr_assert_gt(tiers.latency[1], tiers.latency[0]);
}

/* Catches room that goes beyond a limit, or that a limit elsewhere takes. */
Test(heat, room_ends_at_the_limit)
{
	start("target fast = hbm; limit fast 64M; * -> fast then cxl, migrate");
	machine.free[4] = 512 * MIB;
	hms_tiers_look(&tiers, 1024 * MIB);
	cr_assert_eq(tiers.room[0], 64 * MIB);
	cr_assert_leq(tiers.room[1], 512 * MIB);
	machine_bind(BASE, 24 * MIB);
	hms_tiers_look(&tiers, 1024 * MIB);
	cr_assert_eq(tiers.room[0], 40 * MIB);
}

static uint32_t at(uintptr_t addr)
{
	uint32_t block = hms_heat_find(&heat, addr);

	cr_assert_neq(block, HMS_HEAT_NONE, "no block at %zx", addr - BASE);
	return block;
}

/* Catches blocks that miss memory, or outlive it; indexes that change. */
Test(heat, blocks_follow_the_table)
{
	uint32_t first, fourth;

	start("target fast = hbm; limit fast 8M; * -> fast then cxl, migrate");
	machine_bind(BASE + MIB, 15 * MIB);
	hms_heat_walk(&heat);
	/* Half a block at its start; fast up to BASE + 9 MiB. */
	cr_assert_eq(heat.used, 8);
	cr_assert_eq(heat.bytes, 15 * MIB);
	first = at(BASE + MIB);
	fourth = at(BASE + 7 * MIB);
	cr_assert_eq(first, at(BASE));
	cr_assert_eq(heat.blocks[fourth].tier, 0);
	cr_assert_eq(heat.blocks[at(BASE + 8 * MIB)].tier, 0);
	cr_assert_eq(heat.blocks[at(BASE + 11 * MIB)].tier, 1);
	cr_assert_eq(heat.count[0] + heat.count[1], 8);
	cr_assert_eq(heat.info[fourth].bytes, 2 * MIB);
	cr_assert_eq(hms_heat_find(&heat, BASE + 16 * MIB), HMS_HEAT_NONE);
	cr_assert_eq(hms_heat_find(&heat, UINTPTR_MAX), HMS_HEAT_NONE);
	heat.blocks[fourth].events = 7;
	heat.blocks[first].events = 9;
	/* The first two go, others come; what stays is what it was. */
	hms_range_drop(BASE, BASE + 4 * MIB);
	machine_bind(BASE + 64 * MIB, 4 * MIB);
	hms_heat_walk(&heat);
	cr_assert_eq(heat.used, 8);
	cr_assert_eq(at(BASE + 6 * MIB), fourth);
	cr_assert_eq(heat.blocks[fourth].events, 7);
	cr_assert_eq(hms_heat_find(&heat, BASE + MIB), HMS_HEAT_NONE);
	cr_assert_eq(heat.blocks[at(BASE + 64 * MIB)].events, 0);
	/* Moved memory is at its new place. */
	hms_range_move(BASE + 64 * MIB, BASE + 68 * MIB, BASE + 512 * MIB,
		BASE + 516 * MIB);
	hms_heat_walk(&heat);
	cr_assert_eq(hms_heat_find(&heat, BASE + 64 * MIB), HMS_HEAT_NONE);
	at(BASE + 514 * MIB);
	/* All gone: nothing is used, and everything is free again. */
	hms_range_drop(0, UINTPTR_MAX);
	hms_heat_walk(&heat);
	cr_assert_eq(heat.used, 0);
	cr_assert_eq(heat.nblocks, 0);
	cr_assert_eq(heat.bytes, 0);
	for (unsigned t = 0; t < HMS_TIERS; t++)
		cr_assert_eq(heat.count[t], 0);
}

/* Catches memory that no rule lets move among blocks, and tiny pieces. */
Test(heat, what_stays_is_no_block)
{
	start("mmap -> hbm then cxl, pin; * -> hbm then cxl; migrate auto");
	machine_bind(BASE, 8 * MIB);
	hms_heat_walk(&heat);
	cr_assert_eq(heat.used, 0);
	cr_assert_eq(hms_range_moving(), 0);
	hms_range_drop(BASE, BASE + 8 * MIB);
	start("mmap -> hbm then cxl; migrate auto");
	machine_bind(BASE, 60 << 10);
	machine_bind(BASE + 2 * MIB, 64 << 10);
	hms_heat_walk(&heat);
	cr_assert_eq(heat.used, 1);
	at(BASE + 2 * MIB);
	/* Bound by the program itself. */
	hms_range_strike(BASE + 2 * MIB, BASE + 4 * MIB);
	hms_heat_walk(&heat);
	cr_assert_eq(heat.used, 0);
}

/* Catches sights that are lost, doubled, or given to a neighbour. */
Test(heat, sights_are_added_up)
{
	struct hms_sight s = { .addr = BASE + 3 * MIB,
		.len = 4096,
		.events = 2,
		.exposure = 0.5f };

	start("* -> hbm then cxl, migrate");
	machine_bind(BASE, 8 * MIB);
	hms_heat_walk(&heat);
	hms_heat_clear(&heat);
	hms_heat_see(&s, &heat);
	s.addr = BASE + 2 * MIB;
	hms_heat_see(&s, &heat);
	s.addr = BASE + 6 * MIB;
	s.exposure = 0;
	hms_heat_see(&s, &heat);
	s.addr = BASE + 9 * MIB;
	hms_heat_see(&s, &heat);
	hms_heat_all(0.25f, &heat);
	cr_assert_eq(heat.nseen, 2);
	cr_assert_eq(heat.unknown, 1);
	cr_assert_eq(heat.seen[0].block, at(BASE + 2 * MIB));
	cr_assert_eq(heat.seen[0].events, 4);
	cr_assert_eq(heat.seen[0].exposure, 1);
	cr_assert_eq(heat.seen[1].events, 2);
	cr_assert_eq(heat.exposure, 0.25f);
	hms_heat_clear(&heat);
	cr_assert_eq(heat.nseen + heat.unknown, 0);
	cr_assert_eq(heat.exposure, 0);
	s.addr = BASE + 2 * MIB;
	hms_heat_see(&s, &heat);
	cr_assert_eq(heat.seen[0].events, 2);
}

/* Catches more blocks than there is room for written beyond it. */
Test(heat, too_many_blocks_are_counted)
{
	start("* -> hbm then cxl, migrate");
	hms_heat_stop(&heat);
	cr_assert_eq(hms_heat_start(&heat, &tiers, 1024), 0);
	machine_bind(BASE, 4096 * MIB);
	hms_heat_walk(&heat);
	cr_assert_eq(heat.used, 1024);
	cr_assert_eq(heat.lost, 1024);
	machine.refuse_mmap = true;
	hms_heat_stop(&heat);
	cr_assert_eq(hms_heat_start(&heat, &tiers, 4096), -ENOMEM);
}

static char told[512];

static uint8_t tell_watch(const struct hms_span *span, void *arg)
{
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "+%zu-%zu ",
		(size_t)span->start, (size_t)span->end);
	return *(uint8_t *)arg;
}

static void tell_forget(const struct hms_span *span, void *arg)
{
	(void)arg;
	snprintf(told + strlen(told), sizeof(told) - strlen(told),
		"-%zu-%zu@%u ", (size_t)span->start, (size_t)span->end,
		span->source);
}

/* What turning to these spans tells; "kind start end, ..." */
static const char *turn(
	struct hms_spans *spans, uint8_t source, const char *text)
{
	const struct hms_spans_told to = { tell_watch, tell_forget, &source };
	size_t start, end;
	char kind;

	spans->nnext = 0;
	for (; sscanf(text, " %c %zu %zu", &kind, &start, &end) == 3;
		text = strchrnul(text, ',') + (*strchrnul(text, ',') == ','))
		hms_spans_add(spans, start, end,
			kind == 'a' ? HMS_MEMORY_ANON : HMS_MEMORY_SHARED);
	told[0] = 0;
	hms_spans_turn(spans, &to);
	return told;
}

/* Catches sources that are told of what they watch already, or too late. */
Test(heat, only_differences_are_told)
{
	struct hms_spans s;

	cr_assert_eq(hms_spans_start(&s, 8), 0);
	cr_assert_str_eq(
		turn(&s, 1, "a 10 20, a 20 30, a 50 60"), "+10-30 +50-60 ");
	cr_assert_eq(s.nnow, 2);
	cr_assert_str_empty(turn(&s, 2, "a 10 30, a 50 60"));
	/* It grows at both ends, by another source. */
	cr_assert_str_eq(turn(&s, 2, "a 5 35, a 50 60"), "+5-10 +30-35 ");
	cr_assert_eq(s.nnow, 4);
	/* Another kind of memory in its midst. */
	cr_assert_str_eq(turn(&s, 3, "a 5 15, s 15 20, a 20 35, a 50 60"),
		"-15-20@1 +15-20 ");
	/* Unmapped, but for a piece across two of them. */
	cr_assert_str_eq(turn(&s, 4, "a 25 33"),
		"-5-10@2 -10-15@1 -15-20@3 -20-25@1 -33-35@2 -50-60@1 ");
	cr_assert_str_eq(turn(&s, 4, ""), "-25-30@1 -30-33@2 ");
	cr_assert_eq(s.nnow, 0);
	/* What nobody watches is told to nobody when it goes. */
	turn(&s, HMS_SPAN_SOURCE_NONE, "a 10 20");
	cr_assert_str_empty(turn(&s, 1, ""));
	hms_spans_stop(&s);
}

/* Catches spans beyond the list's end. */
Test(heat, too_many_spans_are_counted)
{
	struct hms_spans s;

	cr_assert_eq(hms_spans_start(&s, 2), 0);
	cr_assert_str_eq(
		turn(&s, 1, "a 10 20, a 30 40, a 50 60"), "+10-20 +30-40 ");
	cr_assert_eq(s.lost, 1);
	hms_spans_stop(&s);
}

/* Catches advice that is not followed, or without anybody's giving it. */
Test(heat, sites_begin_where_they_belong)
{
	struct hms_range piece;
	uint16_t site = hms_site_of_rule(0);

	start("target fast = hbm; * -> fast then cxl, migrate");
	machine.free[4] = 512 * MIB;
	machine_bind(BASE, 2 * MIB);
	cr_assert(hms_range_find(BASE, &piece));
	cr_assert_eq(piece.site, site);
	cr_assert_eq(piece.step, 0);
	hms_sites_advise_with(&tiers);
	hms_site_advise(site, 1);
	machine_bind(BASE + 4 * MIB, 1024 * MIB);
	cr_assert(hms_range_find(BASE + 4 * MIB, &piece));
	cr_assert_eq(piece.step, 1);
	cr_assert_eq(piece.target, tiers.target[1]);
	/* It is full: then the first step serves after all. */
	cr_assert(hms_range_find(BASE + 1028 * MIB - 1, &piece));
	cr_assert_eq(piece.step, 0);
	hms_sites_advise_with(NULL);
	machine_bind(BASE + 2048 * MIB, 2 * MIB);
	cr_assert(hms_range_find(BASE + 2048 * MIB, &piece));
	cr_assert_eq(piece.step, 0);
	/* Different callers are different sites, mostly. */
	cr_assert_neq(hms_site_of_caller((void *)0x401000),
		hms_site_of_caller((void *)0x401008));
	cr_assert_geq(hms_site_of_caller((void *)0x401000), HMS_SITE_RULES);
}
