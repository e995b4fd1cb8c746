/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/heat/heat.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"

#define LEAF_SHIFT 11
#define LEAF_ENTRIES (1u << LEAF_SHIFT)
/* 48 bits of address space, like the windows of heaps. */
#define LEAVES (1u << (48 - HMS_HEAT_SHIFT - LEAF_SHIFT))
#define LEAST_BLOCKS 1024u
#define SPANS_PER_BLOCK 1

void *hms_heat_reserve(size_t bytes)
{
	void *p = hms_sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (hms_sys_failed(p))
		return NULL;
	/* A page for what is used, not 2 MiB. */
	hms_sys_madvise(p, bytes, MADV_NOHUGEPAGE);
	return p;
}

static void give(void *p, size_t bytes)
{
	if (p)
		hms_sys_munmap(p, bytes);
}

static void give_all(struct hms_heat *heat)
{
	for (uint32_t i = 0; heat->index && i < LEAVES; i++)
		give(heat->index[i], LEAF_ENTRIES * sizeof(uint32_t));
	give(heat->index, LEAVES * sizeof(*heat->index));
	give(heat->blocks, heat->most * sizeof(*heat->blocks));
	give(heat->info, heat->most * sizeof(*heat->info));
	give(heat->seen, heat->most * sizeof(*heat->seen));
}

static bool try_most(struct hms_heat *heat, uint32_t most)
{
	heat->most = most;
	heat->blocks = hms_heat_reserve(most * sizeof(*heat->blocks));
	heat->info = hms_heat_reserve(most * sizeof(*heat->info));
	heat->seen = hms_heat_reserve(most * sizeof(*heat->seen));
	heat->index = hms_heat_reserve(LEAVES * sizeof(*heat->index));
	if (heat->blocks && heat->info && heat->seen && heat->index &&
		!hms_spans_start(&heat->spans, SPANS_PER_BLOCK * most))
		return true;
	give_all(heat);
	return false;
}

int hms_heat_start(
	struct hms_heat *heat, struct hms_tiers *tiers, uint32_t most)
{
	memset(heat, 0, sizeof(*heat));
	while (!try_most(heat, most)) {
		most /= 4;
		if (most < LEAST_BLOCKS) {
			memset(heat, 0, sizeof(*heat));
			return -ENOMEM;
		}
	}
	heat->tiers = tiers;
	heat->free = HMS_HEAT_NONE;
	/* No table has been walked yet. */
	heat->generation = UINT64_MAX;
	return 0;
}

void hms_heat_stop(struct hms_heat *heat)
{
	hms_spans_stop(&heat->spans);
	give_all(heat);
	memset(heat, 0, sizeof(*heat));
}

static uint32_t *entry_of(const struct hms_heat *heat, uint32_t window)
{
	uint32_t leaf = window >> LEAF_SHIFT;

	if (leaf >= LEAVES || !heat->index[leaf])
		return NULL;
	return &heat->index[leaf][window & (LEAF_ENTRIES - 1)];
}

uint32_t hms_heat_find(const struct hms_heat *heat, uintptr_t addr)
{
	const uint32_t *entry;

	if (addr >> 48)
		return HMS_HEAT_NONE;
	entry = entry_of(heat, (uint32_t)(addr >> HMS_HEAT_SHIFT));
	return entry ? *entry - 1 : HMS_HEAT_NONE;
}

/* The entry of a window, which gets a leaf if it had none; NULL: no memory. */
static uint32_t *make_entry(struct hms_heat *heat, uint32_t window)
{
	uint32_t leaf = window >> LEAF_SHIFT;

	if (leaf >= LEAVES)
		return NULL;
	if (!heat->index[leaf])
		heat->index[leaf] =
			hms_heat_reserve(LEAF_ENTRIES * sizeof(uint32_t));
	return entry_of(heat, window);
}

uint32_t hms_heat_take(struct hms_heat *heat, uint32_t window)
{
	uint32_t *entry = make_entry(heat, window), block = heat->free;

	if (!entry || (block == HMS_HEAT_NONE && heat->nblocks == heat->most))
		return HMS_HEAT_NONE;
	if (block != HMS_HEAT_NONE)
		heat->free = heat->info[block].window;
	else
		block = heat->nblocks++;
	if (heat->nblocks > heat->top)
		heat->top = heat->nblocks;
	memset(&heat->blocks[block], 0, sizeof(heat->blocks[block]));
	heat->info[block] = (struct hms_heat_info){
		.window = window,
		.told = heat->info[block].told,
	};
	*entry = block + 1;
	heat->used++;
	return block;
}

void hms_heat_drop(struct hms_heat *heat, uint32_t block)
{
	struct hms_heat_info *info = &heat->info[block];

	*entry_of(heat, info->window) = 0;
	heat->bytes -= info->bytes;
	heat->count[heat->blocks[block].tier]--;
	heat->used--;
	memset(&heat->blocks[block], 0, sizeof(heat->blocks[block]));
	info->bytes = 0;
	info->window = heat->free;
	heat->free = block;
}

void hms_heat_clear(struct hms_heat *heat)
{
	for (uint32_t i = 0; i < heat->nseen; i++)
		heat->info[heat->seen[i].block].seen = 0;
	heat->nseen = heat->unknown = 0;
	heat->exposure = 0;
}

void hms_heat_see(const struct hms_sight *sight, void *arg)
{
	struct hms_heat *heat = arg;
	uint32_t block = hms_heat_find(heat, sight->addr);
	struct hms_heat_info *info;

	if (block == HMS_HEAT_NONE) {
		heat->unknown++;
		return;
	}
	info = &heat->info[block];
	/* There are as many as blocks, and each has one. */
	if (!info->seen) {
		heat->seen[heat->nseen++] = (struct hms_seen){ .block = block };
		info->seen = heat->nseen;
	}
	heat->seen[info->seen - 1].events += sight->events;
	heat->seen[info->seen - 1].exposure += sight->exposure;
}

void hms_heat_all(float exposure, void *arg)
{
	struct hms_heat *heat = arg;

	heat->exposure += exposure;
}

void hms_heat_moved(struct hms_heat *heat, uint32_t block, unsigned tier)
{
	struct hms_block *b = &heat->blocks[block];

	heat->count[b->tier]--;
	heat->count[tier]++;
	b->tier = (uint8_t)tier;
}
