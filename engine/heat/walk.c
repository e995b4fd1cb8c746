/* SPDX-License-Identifier: BSD-2-Clause */
/* From the range table to blocks, and to what sources watch. */
#include <string.h>

#include "engine/heat/heat.h"

#define NO_WINDOW UINT32_MAX

/* The window in hand: pieces come in the order of their addresses. */
struct walk {
	struct hms_heat *heat;
	uint32_t window;
	uint64_t bytes[HMS_TIERS];
	int rule;
	uint16_t site;
};

static bool may_move(const struct hms_heat *heat, const struct hms_range *range)
{
	const struct hms_places *places = heat->tiers->places;

	return range->rule >= 0 && places->rule_moves[range->rule] &&
	       range->step >= 0 && !range->reserve &&
	       !(range->options & HMS_BIND_STAYS) &&
	       hms_tier_of(heat->tiers, range->target) != HMS_TIER_NONE;
}

/* Where most of it is, and how much it is in all. */
static unsigned settle(const struct walk *w, uint64_t *sum)
{
	unsigned best = 0;

	*sum = 0;
	for (unsigned t = 0; t < HMS_TIERS; t++) {
		*sum += w->bytes[t];
		if (w->bytes[t] > w->bytes[best])
			best = t;
	}
	return best;
}

static void finish_window(struct walk *w)
{
	struct hms_heat *heat = w->heat;
	struct hms_heat_info *info;
	struct hms_block *block;
	uint64_t sum;
	unsigned tier = settle(w, &sum);
	uint32_t i;

	if (w->window == NO_WINDOW || sum < HMS_HEAT_LEAST)
		return;
	i = hms_heat_find(heat, (uintptr_t)w->window << HMS_HEAT_SHIFT);
	if (i == HMS_HEAT_NONE) {
		i = hms_heat_take(heat, w->window);
		if (i == HMS_HEAT_NONE) {
			heat->lost++;
			return;
		}
		heat->count[tier]++;
		heat->blocks[i].tier = (uint8_t)tier;
	}
	block = &heat->blocks[i];
	info = &heat->info[i];
	if (block->tier != tier)
		hms_heat_moved(heat, i, tier);
	block->flags |= HMS_BLOCK_USED;
	block->site = w->site;
	heat->bytes += sum - info->bytes;
	info->bytes = (uint32_t)sum;
	info->rule = (int16_t)w->rule;
	info->stamp = heat->stamp;
}

static void into_window(
	struct walk *w, uint32_t window, const struct hms_range *range)
{
	if (window == w->window)
		return;
	finish_window(w);
	w->window = window;
	memset(w->bytes, 0, sizeof(w->bytes));
	w->rule = range->rule;
	w->site = range->site;
}

static enum hms_watch_memory memory_of(const struct hms_range *range)
{
	if (!range->target->ops->maps)
		return range->kind == HMS_RANGE_SHM ? HMS_MEMORY_SHARED
						    : HMS_MEMORY_ANON;
	return strcmp(range->target->ops->name, "dax") ? HMS_MEMORY_SHARED
						       : HMS_MEMORY_DEVICE;
}

static void visit(const struct hms_range *range, void *arg)
{
	struct walk *w = arg;
	uintptr_t at = range->start;
	unsigned tier;

	if (!may_move(w->heat, range) || range->end >> 48)
		return;
	hms_spans_add(
		&w->heat->spans, range->start, range->end, memory_of(range));
	tier = hms_tier_of(w->heat->tiers, range->target);
	while (at < range->end) {
		uintptr_t stop = (at | (HMS_HEAT_BLOCK - 1)) + 1;

		if (stop > range->end)
			stop = range->end;
		into_window(w, (uint32_t)(at >> HMS_HEAT_SHIFT), range);
		w->bytes[tier] += stop - at;
		at = stop;
	}
}

static void drop_gone(struct hms_heat *heat)
{
	for (uint32_t i = 0; i < heat->nblocks; i++)
		if ((heat->blocks[i].flags & HMS_BLOCK_USED) &&
			heat->info[i].stamp != heat->stamp)
			hms_heat_drop(heat, i);
	while (heat->nblocks &&
		!(heat->blocks[heat->nblocks - 1].flags & HMS_BLOCK_USED) &&
		heat->used == 0)
		heat->nblocks--;
	if (!heat->nblocks)
		heat->free = HMS_HEAT_NONE;
}

void hms_heat_walk(struct hms_heat *heat)
{
	struct walk w = { .heat = heat, .window = NO_WINDOW };

	heat->generation = hms_range_generation();
	heat->stamp++;
	heat->lost = heat->spans.lost = 0;
	heat->spans.nnext = 0;
	hms_range_each(visit, &w);
	finish_window(&w);
	drop_gone(heat);
}
