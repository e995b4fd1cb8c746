/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/heap/cache.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "engine/heap/classes.h"
#include "engine/heap/keep.h"
#include "engine/heap/shared.h"
#include "engine/heap/window.h"

/* Most that a thread fetches at once: less than any slab of jemalloc's. */
#define FETCH_BYTES 4095
#define FETCH 32
/* A bin's room grows by at least this much: blocks, and bytes of them. */
#define STEP 8
#define STEP_BYTES ((size_t)8 << 10)
/* Bins that are asked for room at a time. */
#define ASKED 2

static void *or_enomem(void *block)
{
	if (!block)
		errno = ENOMEM;
	return block;
}

/* The class of a block that lives; 0: none, or it is not known. */
static inline unsigned class_at(const void *block)
{
	const uint8_t *pages = hms_window_pages_of(block);

	return pages ? __atomic_load_n(
			       &pages[hms_window_page(block)], __ATOMIC_RELAXED)
		     : 0;
}

/*
 * A block leaves jemalloc: free() will want its class.  Most pages say so
 * already, and others may be reading.
 */
static inline void mark(const void *block, unsigned class)
{
	uint8_t *pages = hms_window_pages_of(block);

	if (pages && class_at(block) != class)
		__atomic_store_n(&pages[hms_window_page(block)],
			(uint8_t) class, __ATOMIC_RELAXED);
}

/* Bytes that a block of this size has is what its class is known by. */
static void *marked(void *block, size_t usable)
{
	unsigned class = usable <= HMS_CACHE_LARGEST ? hms_class_of(usable) : 0;

	if (!block)
		return NULL;
	mark(block, hms_class_size[class] == usable ? class : 0);
	return block;
}

/* This thread's cache of a slot, made if need be; NULL if it has none. */
static struct hms_cache *own(unsigned slot)
{
	struct hms_cache *cache = hms_keep->of[slot];

	if (cache != &hms_cache_none)
		return cache;
	if (!hms_shared_ready() || !hms_window_has_pages(slot))
		return NULL;
	cache = hms_cache_get();
	if (!cache)
		return NULL;
	memset(cache->bin, 0, sizeof(cache->bin));
	for (unsigned class = 1; class < hms_classes; class ++) {
		struct hms_bin *bin = &cache->bin[class];

		bin->at = bin->low = bin->high = class * HMS_CACHE_NEAR;
		bin->fetch = 1;
	}
	cache->bytes = 0;
	cache->hand = 0;
	__atomic_store_n(&hms_keep->of[slot], cache, __ATOMIC_RELEASE);
	return cache;
}

/*
 * All but the `keep` blocks that were given back last return to jemalloc.
 * The bin is empty meanwhile: see struct hms_bin.
 */
static void shrink(
	struct hms_cache *cache, unsigned class, unsigned slot, uint32_t keep)
{
	struct hms_bin *bin = &cache->bin[class];
	void **bottom = &cache->block[bin->low];
	uint32_t n = bin->at - bin->low;

	if (bin->at <= bin->low || n <= keep)
		return;
	__atomic_store_n(&bin->at, bin->low, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < n - keep; i++)
		hms_shared_free(bottom[i], slot);
	memmove(bottom, bottom + n - keep, keep * sizeof(*bottom));
	__atomic_store_n(&bin->at, bin->low + keep, __ATOMIC_RELEASE);
}

/*
 * The room of bins that nothing happened to since they were last asked; the
 * busy ones need theirs, and so does the one that is to have more.
 */
static void take_room(struct hms_cache *cache, unsigned slot, unsigned grows)
{
	for (unsigned i = 0; i < ASKED; i++) {
		unsigned class = 1 + cache->hand++ % (hms_classes - 1);
		struct hms_bin *bin = &cache->bin[class];
		uint16_t now = (uint16_t)(bin->at - bin->low);

		if (bin->seen != now || class == grows) {
			bin->seen = now;
			continue;
		}
		shrink(cache, class, slot, 0);
		cache->bytes -= (bin->high - bin->low) * hms_class_size[class];
		bin->high = bin->low;
		bin->seen = 0;
	}
}

/* To where there is room for more; lower addresses come first. */
static void move_far(struct hms_cache *cache, unsigned class)
{
	struct hms_bin *bin = &cache->bin[class];
	void **near = &cache->block[bin->low];
	uint32_t n = bin->at - bin->low, far = hms_class_far[class];

	__atomic_store_n(&bin->at, bin->low, __ATOMIC_SEQ_CST);
	memcpy(&cache->block[far], near, n * sizeof(*near));
	bin->high += far - bin->low;
	__atomic_store_n(&bin->low, far, __ATOMIC_RELEASE);
	__atomic_store_n(&bin->at, far + n, __ATOMIC_RELEASE);
}

/* Room for more blocks of a class, at best as many again; false: none. */
static bool grow(
	struct hms_cache *cache, unsigned class, unsigned slot, uint32_t least)
{
	struct hms_bin *bin = &cache->bin[class];
	uint32_t now = bin->high - bin->low;
	uint32_t left = hms_class_most[class] - now;
	size_t size = hms_class_size[class];
	uint32_t more = now > least ? now : least;

	if (more > left)
		more = left;
	if (!more || more < least)
		return false;
	if (cache->bytes + more * size > HMS_CACHE_BYTES)
		take_room(cache, slot, class);
	while (more > least && cache->bytes + more * size > HMS_CACHE_BYTES)
		more = least + (more - least) / 2;
	if (cache->bytes + more * size > HMS_CACHE_BYTES)
		return false;
	cache->bytes += more * size;
	bin->high += more;
	if (bin->low < HMS_CACHE_FAR && bin->high - bin->low > HMS_CACHE_NEAR)
		move_far(cache, class);
	return true;
}

static void push(struct hms_cache *cache, struct hms_bin *bin, void *block)
{
	cache->block[bin->at] = block;
	__atomic_store_n(&bin->at, bin->at + 1, __ATOMIC_RELEASE);
}

/* What a thread before the fork kept becomes this thread's. */
static void *adopt(struct hms_cache *cache, unsigned class, unsigned slot)
{
	struct hms_cache *orphan = hms_cache_orphan(slot);
	struct hms_bin *bin = &cache->bin[class];

	if (!orphan)
		return NULL;
	for (unsigned c = 1; c < hms_classes; c++) {
		struct hms_bin *from = &orphan->bin[c], *to = &cache->bin[c];

		while (from->at > from->low) {
			void *block = orphan->block[--from->at];

			if (to->at < to->high || grow(cache, c, slot, 1))
				push(cache, to, block);
			else
				hms_shared_free(block, slot);
		}
	}
	hms_cache_put(orphan);
	if (bin->at == bin->low)
		return NULL;
	__atomic_store_n(&bin->at, bin->at - 1, __ATOMIC_RELEASE);
	return cache->block[bin->at];
}

/* Several blocks at once; one is returned, the others are kept. */
static void *refill(struct hms_cache *cache, unsigned class, unsigned slot)
{
	struct hms_bin *bin = &cache->bin[class];
	size_t size = hms_class_size[class];
	void *fetched[FETCH], *block = adopt(cache, class, slot);
	uint32_t want = bin->fetch;
	size_t n;

	if (block)
		return block;
	if (want > FETCH_BYTES / size)
		want = FETCH_BYTES / size;
	if (want > 1 && bin->high - bin->low < want - 1 &&
		!grow(cache, class, slot, want - 1 - (bin->high - bin->low)))
		want = 1;
	bin->fetch = bin->fetch * 2 < FETCH ? bin->fetch * 2 : FETCH;
	n = hms_shared_fetch(slot, size, want ? want : 1, fetched);
	if (!n)
		return NULL;
	for (size_t i = n; i-- > 0;) {
		mark(fetched[i], class);
		/* In jemalloc's order, which is by address. */
		if (i)
			push(cache, bin, fetched[i]);
	}
	return fetched[0];
}

static __attribute__((noinline)) void *slow_malloc(size_t size, unsigned slot)
{
	struct hms_cache *cache = own(slot);
	unsigned class = 0;
	struct hms_bin *bin;

	if (cache && size <= HMS_CACHE_LARGEST)
		class = hms_class_of(size);
	if (!class)
		return or_enomem(marked(hms_shared_alloc(slot, size, 0),
			hms_shared_usable(size, 0)));
	/* The cache may just have been made, but then it is empty. */
	bin = &cache->bin[class];
	if (bin->at == bin->low)
		return or_enomem(refill(cache, class, slot));
	__atomic_store_n(&bin->at, bin->at - 1, __ATOMIC_RELEASE);
	return cache->block[bin->at];
}

void *hms_cache_malloc(size_t size, unsigned slot)
{
	struct hms_cache *cache = hms_keep->of[slot];
	struct hms_bin *bin;
	uint32_t at;
	void *block;

	if (__builtin_expect(size > HMS_CACHE_LARGEST, 0))
		return slow_malloc(size, slot);
	bin = &cache->bin[hms_class_of(size)];
	at = bin->at;
	if (__builtin_expect(at == bin->low, 0))
		return slow_malloc(size, slot);
	block = cache->block[at - 1];
	__atomic_store_n(&bin->at, at - 1, __ATOMIC_RELEASE);
	return block;
}

static __attribute__((noinline)) void slow_free(
	void *block, unsigned slot, unsigned class)
{
	struct hms_cache *cache = class ? own(slot) : NULL;
	struct hms_bin *bin;
	uint32_t step, half;

	if (!cache) {
		hms_shared_free(block, slot);
		return;
	}
	bin = &cache->bin[class];
	step = (uint32_t)(STEP_BYTES / hms_class_size[class]);
	step = step < 1 ? 1 : step > STEP ? STEP : step;
	if (bin->at == bin->high && !grow(cache, class, slot, step) &&
		!grow(cache, class, slot, 1)) {
		half = (bin->high - bin->low) / 2;
		shrink(cache, class, slot, half);
	}
	if (bin->at == bin->high)
		hms_shared_free(block, slot);
	else
		push(cache, bin, block);
}

static inline void give(void *block, unsigned slot)
{
	struct hms_cache *cache = hms_keep->of[slot];
	unsigned class = class_at(block);
	struct hms_bin *bin = &cache->bin[class];
	uint32_t at = bin->at;

	if (__builtin_expect(at == bin->high, 0)) {
		slow_free(block, slot, class);
		return;
	}
	cache->block[at] = block;
	/* The block stands there before it is counted. */
	__atomic_store_n(&bin->at, at + 1, __ATOMIC_RELEASE);
}

void hms_cache_free(void *block)
{
	give(block, hms_slot_of(block));
}

void hms_cache_free_in(void *block, unsigned slot)
{
	give(block, slot);
}

void *hms_cache_calloc(size_t n, size_t size, unsigned slot)
{
	size_t total;
	void *block;

	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	/* Fresh pages are zero: jemalloc knows, a cache does not. */
	if (total > HMS_CACHE_LARGEST)
		return or_enomem(
			marked(hms_shared_alloc(slot, total, HMS_SHARED_ZERO),
				hms_shared_usable(total, 0)));
	block = hms_cache_malloc(total, slot);
	return block ? memset(block, 0, total) : NULL;
}

void *hms_cache_memalign(size_t align, size_t size, unsigned slot)
{
	int flags = hms_shared_align(align < 16 ? 16 : align);

	return or_enomem(marked(hms_shared_alloc(slot, size, flags),
		hms_shared_usable(size, flags)));
}

void *hms_cache_zalign(size_t align, size_t size, unsigned slot)
{
	int flags = hms_shared_align(align) | HMS_SHARED_ZERO;

	return or_enomem(marked(hms_shared_alloc(slot, size, flags),
		hms_shared_usable(size, flags)));
}

void *hms_cache_realign(void *block, size_t align, size_t size, unsigned slot)
{
	int flags = hms_shared_align(align);

	return or_enomem(marked(hms_shared_realloc(slot, block, size, flags),
		hms_shared_usable(size, flags)));
}

void *hms_cache_realloc(void *block, size_t size, unsigned slot)
{
	unsigned class = class_at(block);
	void *moved;

	if (class && size <= HMS_CACHE_LARGEST) {
		size_t old = hms_class_size[class];

		if (hms_class_of(size) == class)
			return block;
		moved = hms_cache_malloc(size, slot);
		if (!moved)
			return NULL;
		memcpy(moved, block, old < size ? old : size);
		give(block, slot);
		return moved;
	}
	return or_enomem(marked(hms_shared_realloc(slot, block, size, 0),
		hms_shared_usable(size, 0)));
}

static void flush(struct hms_cache *cache, unsigned slot)
{
	for (unsigned class = 1; class < hms_classes; class ++)
		shrink(cache, class, slot, 0);
}

void hms_cache_flush(void)
{
	for (unsigned slot = 0; slot < HMS_SLOTS; slot++) {
		struct hms_cache *orphan;

		if (hms_keep->of[slot] != &hms_cache_none)
			flush(hms_keep->of[slot], slot);
		while ((orphan = hms_cache_orphan(slot))) {
			flush(orphan, slot);
			hms_cache_put(orphan);
		}
	}
	hms_shared_flush();
}

void hms_cache_thread_end(void)
{
	struct hms_keep *keep = hms_keep;

	for (unsigned slot = 0; slot < HMS_SLOTS; slot++) {
		struct hms_cache *cache = keep->of[slot];

		if (cache == &hms_cache_none)
			continue;
		flush(cache, slot);
		__atomic_store_n(
			&keep->of[slot], &hms_cache_none, __ATOMIC_RELEASE);
		hms_cache_put(cache);
	}
	hms_shared_thread_end();
}

static void add_bytes(const struct hms_cache *cache, void *sum)
{
	for (unsigned class = 1; class < hms_classes; class ++) {
		const struct hms_bin *bin = &cache->bin[class];

		*(size_t *)sum += (__atomic_load_n(&bin->at, __ATOMIC_RELAXED) -
					  bin->low) *
				  hms_class_size[class];
	}
}

size_t hms_cache_bytes(void)
{
	size_t sum = 0;

	hms_keep_each(add_bytes, &sum);
	return sum;
}
