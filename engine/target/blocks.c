/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/target/blocks.h"

#include <errno.h>
#include <stddef.h>

/* How many free spans are tried before an unlimited file grows instead. */
#define TRIES 256

void hms_blocks_setup(struct hms_blocks *blocks, uint64_t limit)
{
	*blocks = (struct hms_blocks){ .limit = limit };
	RB_INIT(&blocks->free);
}

/* The lowest offset from start on that equals phase modulo align. */
static uint64_t align_up(uint64_t start, uint64_t align, uint64_t phase)
{
	return start + ((phase - start) & (align - 1));
}

/* [from, to) of a free extent is taken; what is left of it stays free. */
static void carve(struct hms_blocks *blocks, struct hms_extent *e,
	uint64_t from, uint64_t to)
{
	struct hms_extent *tail;

	blocks->unused -= to - from;
	if (from > e->start && to < e->end) {
		tail = hms_extent_new(); /* the caller made sure of one */
		tail->start = to;
		tail->end = e->end;
		e->end = from;
		RB_INSERT(hms_extents, &blocks->free, tail);
	} else if (from > e->start) {
		e->end = from;
	} else if (to < e->end) {
		e->start = to; /* keeps its place in the order */
	} else {
		RB_REMOVE(hms_extents, &blocks->free, e);
		hms_extent_free(e);
	}
}

static int grow(struct hms_blocks *blocks, uint64_t len, uint64_t align,
	uint64_t phase, uint64_t *offset)
{
	uint64_t start = align_up(blocks->end, align, phase);
	uint64_t gap = blocks->end;

	if (start < blocks->end || len > blocks->limit ||
		start > blocks->limit - len)
		return -ENOSPC;
	blocks->end = start + len;
	if (start > gap)
		hms_blocks_give(blocks, gap, start - gap);
	*offset = start;
	return 0;
}

int hms_blocks_take(struct hms_blocks *blocks, uint64_t len, uint64_t align,
	uint64_t phase, uint64_t *offset)
{
	struct hms_extent *e;
	unsigned tries = 0;

	if (!len)
		return -EINVAL;
	if (hms_extent_spare(2) < 0)
		return -ENOMEM;
	if (blocks->unused >= len) {
		RB_FOREACH (e, hms_extents, &blocks->free) {
			uint64_t start = align_up(e->start, align, phase);

			if (start < e->end && e->end - start >= len) {
				carve(blocks, e, start, start + len);
				*offset = start;
				return 0;
			}
			if (++tries >= TRIES &&
				blocks->limit == HMS_BLOCKS_UNLIMITED)
				break;
		}
	}
	return grow(blocks, len, align, phase, offset);
}

bool hms_blocks_take_at(
	struct hms_blocks *blocks, uint64_t offset, uint64_t len)
{
	struct hms_extent *e;

	if (offset == blocks->end)
		return !grow(blocks, len, 1, 0, &offset);
	if (hms_extent_spare(1) < 0)
		return false;
	e = hms_extents_from(&blocks->free, offset);
	if (!e || e->start > offset || e->end - offset < len)
		return false;
	carve(blocks, e, offset, offset + len);
	return true;
}

/* A free span that reaches the end makes the end lower. */
static void trim(struct hms_blocks *blocks, struct hms_extent *e)
{
	if (e->end != blocks->end)
		return;
	blocks->end = e->start;
	blocks->unused -= e->end - e->start;
	RB_REMOVE(hms_extents, &blocks->free, e);
	hms_extent_free(e);
}

void hms_blocks_give(struct hms_blocks *blocks, uint64_t offset, uint64_t len)
{
	struct hms_extent *next = hms_extents_from(&blocks->free, offset);
	struct hms_extent *prev = NULL, *e;

	if (!len)
		return;
	if (offset)
		prev = hms_extents_from(&blocks->free, offset - 1);
	if (prev && prev->end != offset)
		prev = NULL;
	if (next && next->start != offset + len)
		next = NULL;
	blocks->unused += len;
	if (prev && next) {
		prev->end = next->end;
		RB_REMOVE(hms_extents, &blocks->free, next);
		hms_extent_free(next);
		e = prev;
	} else if (prev) {
		prev->end = offset + len;
		e = prev;
	} else if (next) {
		next->start = offset;
		e = next;
	} else {
		e = hms_extent_new();
		if (!e) {
			blocks->unused -= len;
			blocks->lost += len;
			return;
		}
		e->start = offset;
		e->end = offset + len;
		RB_INSERT(hms_extents, &blocks->free, e);
	}
	trim(blocks, e);
}

uint64_t hms_blocks_largest(struct hms_blocks *blocks)
{
	uint64_t largest = blocks->limit - blocks->end;
	struct hms_extent *e;

	RB_FOREACH (e, hms_extents, &blocks->free)
		if (e->end - e->start > largest)
			largest = e->end - e->start;
	return largest;
}

uint64_t hms_blocks_room(const struct hms_blocks *blocks)
{
	return blocks->limit - blocks->end + blocks->unused;
}

bool hms_blocks_pop(struct hms_blocks *blocks, uint64_t *offset, uint64_t *len)
{
	struct hms_extent *e = RB_MIN(hms_extents, &blocks->free);

	if (!e)
		return false;
	*offset = e->start;
	*len = e->end - e->start;
	carve(blocks, e, e->start, e->end);
	return true;
}

void hms_blocks_reset(struct hms_blocks *blocks)
{
	uint64_t offset, len;

	while (hms_blocks_pop(blocks, &offset, &len))
		;
	hms_blocks_setup(blocks, blocks->limit);
}
