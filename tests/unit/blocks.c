/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/target/blocks.h"

#define UNITS 512
#define UNIT UINT64_C(4096)

/* Catches blocks handed out twice: the model knows who has each of them. */
static bool taken[UNITS];

static void mark(uint64_t offset, uint64_t len, bool now)
{
	cr_assert_eq(offset % UNIT, 0);
	cr_assert_leq(offset + len, UNITS * UNIT);
	for (uint64_t i = offset / UNIT; i < (offset + len) / UNIT; i++) {
		cr_assert_neq(taken[i], now);
		taken[i] = now;
	}
}

static uint64_t free_units(void)
{
	uint64_t n = 0;

	for (size_t i = 0; i < UNITS; i++)
		n += !taken[i];
	return n;
}

static void one_take(struct hms_blocks *blocks)
{
	uint64_t len = UNIT * (1 + (uint64_t)rand() % 16);
	uint64_t align = UNIT << (rand() % 4);
	uint64_t phase = UNIT * ((uint64_t)rand() % 64);
	uint64_t offset;

	if (hms_blocks_take(blocks, len, align, phase, &offset) < 0)
		return;
	cr_assert_eq((offset - phase) % align, 0);
	mark(offset, len, true);
}

/* Gives back a random part of what is taken, cut at any unit. */
static void one_give(struct hms_blocks *blocks)
{
	size_t from = (size_t)rand() % UNITS, to = from;
	size_t most = 1 + (size_t)rand() % 12;

	while (to < UNITS && to - from < most && taken[to])
		to++;
	if (to == from)
		return;
	mark(from * UNIT, (to - from) * UNIT, false);
	hms_blocks_give(blocks, from * UNIT, (to - from) * UNIT);
}

Test(blocks, agree_with_a_model)
{
	struct hms_blocks blocks;
	uint64_t offset, len;

	srand(7);
	hms_blocks_setup(&blocks, UNITS * UNIT);
	for (int i = 0; i < 200000; i++) {
		if (rand() % 2)
			one_take(&blocks);
		else
			one_give(&blocks);
		cr_assert_eq(hms_blocks_room(&blocks), free_units() * UNIT);
	}
	for (size_t i = 0; i < UNITS; i++)
		if (taken[i])
			hms_blocks_give(&blocks, i * UNIT, UNIT);
	cr_assert_eq(blocks.end, 0, "all free spans became one");
	cr_assert_not(hms_blocks_pop(&blocks, &offset, &len));
}

/* Catches first-fit that ignores free blocks, and an end never lowered. */
Test(blocks, are_used_again)
{
	struct hms_blocks blocks;
	uint64_t a, b, c, d;

	hms_blocks_setup(&blocks, HMS_BLOCKS_UNLIMITED);
	cr_assert_eq(hms_blocks_take(&blocks, 4 * UNIT, UNIT, 0, &a), 0);
	cr_assert_eq(hms_blocks_take(&blocks, 4 * UNIT, UNIT, 0, &b), 0);
	cr_assert_eq(hms_blocks_take(&blocks, 4 * UNIT, UNIT, 0, &c), 0);
	hms_blocks_give(&blocks, b, 4 * UNIT);
	cr_assert_eq(hms_blocks_take(&blocks, 3 * UNIT, UNIT, 0, &d), 0);
	cr_assert_eq(d, b);
	cr_assert_not(hms_blocks_take_at(&blocks, b + 3 * UNIT, 2 * UNIT));
	cr_assert(hms_blocks_take_at(&blocks, b + 3 * UNIT, UNIT));
	hms_blocks_give(&blocks, c, 4 * UNIT);
	cr_assert_eq(blocks.end, c);
	cr_assert(hms_blocks_take_at(&blocks, c, UNIT), "at the end");
}

/* Catches an end that wraps round or passes the limit. */
Test(blocks, end_at_their_limit)
{
	struct hms_blocks blocks;
	uint64_t offset;

	hms_blocks_setup(&blocks, 8 * UNIT);
	cr_assert_lt(hms_blocks_take(&blocks, 9 * UNIT, UNIT, 0, &offset), 0);
	cr_assert_lt(hms_blocks_take(
			     &blocks, UINT64_MAX - UNIT + 1, UNIT, 0, &offset),
		0);
	cr_assert_lt(hms_blocks_take(&blocks, 0, UNIT, 0, &offset), 0);
	cr_assert_eq(hms_blocks_take(&blocks, 8 * UNIT, UNIT, 0, &offset), 0);
	cr_assert_lt(hms_blocks_take(&blocks, UNIT, UNIT, 0, &offset), 0);
	cr_assert_not(hms_blocks_take_at(&blocks, 8 * UNIT, UNIT));
	cr_assert_eq(hms_blocks_largest(&blocks), 0);
}
