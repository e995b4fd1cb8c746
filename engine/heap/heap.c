/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/heap/heap.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/guard.h"

/*
 * jemalloc(3): flags of the mallocx family.  Written out because its header
 * would also declare the public names.
 */
#define ARENA_FLAG(arena) ((int)(((arena) + 1) << 20))
#define TCACHE_FLAG(cache) ((int)(((cache) + 2) << 8))
#define NO_TCACHE TCACHE_FLAG(-1)
#define ALIGN_FLAG(align) (__builtin_ctzl(align))
#define ZERO_FLAG 0x40

#define ALL_ARENAS "4096" /* MALLCTL_ARENAS_ALL */

struct heap_slot {
	const struct hms_instance *own; /* NULL: an arena of instance 0 */
	unsigned arena; /* created on first use */
	bool has_arena;
};

static struct heap_slot heap_slots[HMS_SLOTS] = {
	[HMS_SLOT_DEFAULT] = { .own = &hms_instances[0] },
};
static unsigned nslots = HMS_SLOT_DEFAULT + 1;
static unsigned ninstances = 1;

/* This thread's cache in each arena slot, plus one; 0: none yet. */
static __thread uint16_t caches[HMS_SLOTS]
	__attribute__((tls_model("initial-exec")));
/* Times the thread's end was told: later caches would never be given back. */
static __thread unsigned char endings
	__attribute__((tls_model("initial-exec")));
#define MAX_ENDINGS 3 /* POSIX: at least 4 rounds of destructors */

unsigned hms_heap_add(struct hms_place *place, int rule, uint32_t options)
{
	struct hms_range as = {
		.place = place, .rule = rule, .options = options
	};
	unsigned slot;

	if (place->index == 0)
		return HMS_SLOT_DEFAULT;
	if (nslots == HMS_SLOTS)
		return HMS_SLOT_NONE;
	slot = nslots++;
	if (ninstances < HMS_INSTANCES) {
		hms_window_set_instance(ninstances, slot);
		hms_instance_tune(ninstances);
		heap_slots[slot].own = &hms_instances[ninstances++];
	}
	hms_window_assign(slot, &as);
	return slot;
}

const struct hms_instance *hms_heap_instance(unsigned slot)
{
	return heap_slots[slot].own;
}

/* The slot's arena; two threads may race to make it: one is left empty. */
static bool arena_of(unsigned slot, unsigned *arena)
{
	struct heap_slot *s = &heap_slots[slot];
	size_t len = sizeof(*arena);
	bool made;

	if (__atomic_load_n(&s->has_arena, __ATOMIC_ACQUIRE)) {
		*arena = s->arena;
		return true;
	}
	hms_guard_enter();
	hms_window_owner = (uint8_t)slot;
	made = hms_instances[0].mallctl(
		       "arenas.create", arena, &len, NULL, 0) == 0;
	hms_window_owner = HMS_SLOT_NONE;
	if (made) {
		unsigned none = 0;

		if (__atomic_compare_exchange_n(&s->arena, &none, *arena, false,
			    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			__atomic_store_n(&s->has_arena, true, __ATOMIC_RELEASE);
		else
			*arena = none;
	}
	hms_guard_leave();
	return made;
}

static int cache_flag(unsigned slot)
{
	unsigned cache;
	size_t len = sizeof(cache);

	if (caches[slot])
		return TCACHE_FLAG((int)caches[slot] - 1);
	if (endings >= MAX_ENDINGS)
		return NO_TCACHE;
	hms_guard_enter();
	if (hms_instances[0].mallctl("tcache.create", &cache, &len, NULL, 0) ==
			0 &&
		cache < UINT16_MAX) {
		caches[slot] = (uint16_t)(cache + 1);
		hms_thread_watch();
	}
	hms_guard_leave();
	return caches[slot] ? TCACHE_FLAG((int)caches[slot] - 1) : NO_TCACHE;
}

/* jemalloc leaves errno alone when a size is impossible (realloc, memalign). */
static void *or_enomem(void *block)
{
	if (!block)
		errno = ENOMEM;
	return block;
}

/*
 * jemalloc may need new pages for an arena while it serves this call; the
 * owner tells the window which slot they belong to.
 */
static void *arena_alloc(unsigned slot, size_t size, int flags)
{
	unsigned arena;
	void *block;

	if (!arena_of(slot, &arena))
		return or_enomem(NULL);
	flags |= ARENA_FLAG(arena) | cache_flag(slot);
	hms_window_owner = (uint8_t)slot;
	block = hms_je0_mallocx(size ? size : 1, flags);
	hms_window_owner = HMS_SLOT_NONE;
	return or_enomem(block);
}

void *hms_heap_malloc(unsigned slot, size_t size)
{
	const struct hms_instance *own = heap_slots[slot].own;

	/* jemalloc's class of 8 bytes is aligned to 8; libc's never is. */
	if (size <= 8)
		size = 9;
	return own ? or_enomem(own->malloc(size)) : arena_alloc(slot, size, 0);
}

void *hms_heap_calloc(unsigned slot, size_t n, size_t size)
{
	const struct hms_instance *own = heap_slots[slot].own;
	size_t total;

	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	if (total <= 8)
		total = 9;
	return own ? own->calloc(1, total)
		   : arena_alloc(slot, total, ZERO_FLAG);
}

void *hms_heap_memalign(unsigned slot, size_t align, size_t size)
{
	const struct hms_instance *own = heap_slots[slot].own;

	if (size <= 8)
		size = 9;
	if (align < 16)
		align = 16;
	return own ? own->memalign(align, size)
		   : arena_alloc(slot, size, ALIGN_FLAG(align));
}

void *hms_heap_realloc(unsigned slot, void *block, size_t size)
{
	const struct hms_instance *own = heap_slots[slot].own;
	unsigned arena;

	if (size <= 8)
		size = 9;
	if (own)
		return or_enomem(own->realloc(block, size));
	if (!arena_of(slot, &arena))
		return or_enomem(NULL);
	hms_window_owner = (uint8_t)slot;
	block = hms_je0_rallocx(
		block, size, ARENA_FLAG(arena) | cache_flag(slot));
	hms_window_owner = HMS_SLOT_NONE;
	return or_enomem(block);
}

void hms_heap_free(unsigned slot, void *block)
{
	const struct hms_instance *own = heap_slots[slot].own;

	if (own)
		own->free(block);
	else
		hms_je0_dallocx(block, cache_flag(slot));
}

size_t hms_heap_usable(unsigned slot, void *block)
{
	const struct hms_instance *own = heap_slots[slot].own;

	return (own ? own : &hms_instances[0])->usable(block);
}

void hms_heap_thread_end(void)
{
	endings++;
	for (unsigned slot = 0; slot < nslots; slot++) {
		unsigned cache = caches[slot];

		if (!cache)
			continue;
		caches[slot] = 0;
		cache--;
		hms_instances[0].mallctl(
			"tcache.destroy", NULL, NULL, &cache, sizeof(cache));
	}
}

bool hms_heap_trim(void)
{
	struct hms_heap_stats before, after;

	hms_heap_stats(&before);
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
}
