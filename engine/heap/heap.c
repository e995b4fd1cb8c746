/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/heap/heap.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "engine/heap/cache.h"

#define ALL_ARENAS "4096" /* MALLCTL_ARENAS_ALL */

/* By slot; NULL: it is an arena of instance 0 (cache.h). */
static const struct hms_instance *owns[HMS_SLOTS] = {
	[HMS_SLOT_DEFAULT] = &hms_instances[0],
};
/* Arenas' slots follow those of the instances, used or not. */
static unsigned nslots = HMS_SLOT_DEFAULT + HMS_INSTANCES;
static unsigned ninstances = 1;

unsigned hms_heap_add(struct hms_place *place, int rule, uint32_t options)
{
	struct hms_range as = {
		.place = place, .rule = rule, .options = options
	};
	unsigned slot;

	if (place->index == 0)
		return HMS_SLOT_DEFAULT;
	/*
	 * A jemalloc makes each thread a cache from its own memory, and crashes
	 * at the next call if there was none; a strict rule may leave it none.
	 */
	if (ninstances < HMS_INSTANCES && !(options & HMS_OPT_STRICT)) {
		slot = HMS_SLOT_DEFAULT + ninstances;
		hms_window_set_instance(ninstances, slot);
		hms_instance_tune(ninstances);
		owns[slot] = &hms_instances[ninstances++];
	} else {
		if (nslots == HMS_SLOTS)
			return HMS_SLOT_NONE;
		slot = nslots++;
		hms_window_want_pages(slot);
	}
	hms_window_assign(slot, &as);
	return slot;
}

const struct hms_instance *hms_heap_instance(unsigned slot)
{
	return owns[slot];
}

void hms_heap_start(unsigned slot)
{
	const struct hms_instance *own = owns[slot];

	hms_instance_start(own ? (unsigned)(own - hms_instances) : 0);
}

/* jemalloc leaves errno alone when a size is impossible (realloc, memalign). */
static void *or_enomem(void *block)
{
	if (!block)
		errno = ENOMEM;
	return block;
}

void *hms_heap_malloc(unsigned slot, size_t size)
{
	const struct hms_instance *own = owns[slot];

	if (!own)
		return hms_cache_malloc(size, slot);
	/* jemalloc's class of 8 bytes is aligned to 8; libc's never is. */
	if (size <= 8)
		size = 9;
	return or_enomem(own->malloc(size));
}

void *hms_heap_calloc(unsigned slot, size_t n, size_t size)
{
	const struct hms_instance *own = owns[slot];
	size_t total;

	if (!own)
		return hms_cache_calloc(n, size, slot);
	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	if (total <= 8)
		total = 9;
	return own->calloc(1, total);
}

void *hms_heap_memalign(unsigned slot, size_t align, size_t size)
{
	const struct hms_instance *own = owns[slot];

	if (!own)
		return hms_cache_memalign(align, size, slot);
	if (size <= 8)
		size = 9;
	if (align < 16)
		align = 16;
	return or_enomem(own->memalign(align, size));
}

void *hms_heap_realloc(unsigned slot, void *block, size_t size)
{
	const struct hms_instance *own = owns[slot];

	if (!own)
		return hms_cache_realloc(block, size, slot);
	if (size <= 8)
		size = 9;
	return or_enomem(own->realloc(block, size));
}

/* jemalloc(3): MALLOCX_ALIGN and MALLOCX_ZERO. */
#define ALIGN_FLAG(align) (__builtin_ctzl(align))
#define ZERO_FLAG 0x40

void *hms_heap_zalign(unsigned slot, size_t align, size_t size)
{
	const struct hms_instance *own = owns[slot];

	if (!own)
		return hms_cache_zalign(align, size, slot);
	return or_enomem(
		own->mallocx(size ? size : 1, ALIGN_FLAG(align) | ZERO_FLAG));
}

void *hms_heap_realign(unsigned slot, void *block, size_t align, size_t size)
{
	const struct hms_instance *own = owns[slot];

	if (!own)
		return hms_cache_realign(block, align, size, slot);
	return or_enomem(own->rallocx(block, size, ALIGN_FLAG(align)));
}

void hms_heap_free(unsigned slot, void *block)
{
	const struct hms_instance *own = owns[slot];

	if (own)
		own->free(block);
	else
		hms_cache_free_in(block, slot);
}

size_t hms_heap_usable(unsigned slot, void *block)
{
	const struct hms_instance *own = owns[slot];

	return (own ? own : &hms_instances[0])->usable(block);
}

void hms_heap_thread_end(void)
{
	hms_cache_thread_end();
}

void *(*hms_heap_malloc_of(unsigned slot))(size_t)
{
	return owns[slot] ? owns[slot]->malloc : hms_cache_malloc_of(slot);
}

void *(*hms_heap_calloc_of(unsigned slot))(size_t, size_t)
{
	return owns[slot] ? owns[slot]->calloc : hms_cache_calloc_of(slot);
}

bool hms_heap_trim(void)
{
	struct hms_heap_stats before, after;

	hms_heap_stats(&before);
	hms_cache_flush();
	for (unsigned n = 0; n < HMS_INSTANCES; n++)
		if (hms_instance_started(n))
			hms_instances[n].mallctl("arena." ALL_ARENAS ".purge",
				NULL, NULL, NULL, 0);
	hms_heap_stats(&after);
	return after.mapped < before.mapped;
}

static size_t stat_of(const struct hms_instance *instance, const char *name)
{
	size_t value = 0, len = sizeof(value);

	if (instance->mallctl(name, &value, &len, NULL, 0))
		return 0;
	return value;
}

void hms_heap_stats(struct hms_heap_stats *sum)
{
	size_t cached = hms_cache_bytes();

	memset(sum, 0, sizeof(*sum));
	for (unsigned n = 0; n < HMS_INSTANCES; n++) {
		const struct hms_instance *instance = &hms_instances[n];
		uint64_t epoch = 1;

		if (!hms_instance_started(n))
			continue;
		instance->mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
		sum->allocated += stat_of(instance, "stats.allocated");
		sum->active += stat_of(instance, "stats.active");
		sum->mapped += stat_of(instance, "stats.resident");
		sum->retained += stat_of(instance, "stats.retained");
	}
	/* To jemalloc they are live. */
	sum->allocated -= cached < sum->allocated ? cached : sum->allocated;
}
