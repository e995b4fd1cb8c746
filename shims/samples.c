/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of buckets, each larger than the one before and used when a bucket
 * there is full.  A block is in one place only, and only who owns the block
 * asks for it, so that a place needs no more than to be taken and left.
 */
#include "shims/samples.h"

#include <sys/mman.h>

#include "base/sys.h"

#define WAYS 8 /* keys of a bucket: a cache line */
#define LEVELS 4
#define FIRST_BITS 7 /* buckets of the first table */
#define MORE_BITS 3 /* each is eight times as large as the one before */

#define BUSY ((uintptr_t)1) /* being filled */

struct bucket {
	uintptr_t key[WAYS]; /* the block's address, BUSY, or 0 */
	struct hms_sample sample[WAYS];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct hms_sample) % 8 == 0, "words of a sample");

uint32_t hms_sample_kinds[HMS_SAMPLE_KINDS];
static struct bucket *levels[LEVELS];

static unsigned bits_of(unsigned level)
{
	return FIRST_BITS + MORE_BITS * level;
}

static struct bucket *bucket_of(
	struct bucket *table, unsigned level, const void *block)
{
	uint64_t hash = (uintptr_t)block / HMS_SAMPLE_ALIGN *
			UINT64_C(0x9e3779b97f4a7c15);

	return &table[hash >> (64 - bits_of(level))];
}

/* The table, made if need be; NULL: no memory. */
static struct bucket *table_of(unsigned level)
{
	size_t bytes = sizeof(struct bucket) << bits_of(level);
	struct bucket *none = NULL, *table;

	table = __atomic_load_n(&levels[level], __ATOMIC_ACQUIRE);
	if (table)
		return table;
	table = hms_sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hms_sys_failed(table))
		return NULL;
	if (__atomic_compare_exchange_n(&levels[level], &none, table, false,
		    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return table;
	hms_sys_munmap(table, bytes);
	return none;
}

/* Others may read it, and throw away what they got if it changed meanwhile. */
static void copy(struct hms_sample *to, const struct hms_sample *from)
{
	uint64_t word;

	for (size_t i = 0; i < sizeof(*to) / sizeof(word); i++) {
		word = __atomic_load_n(
			(const uint64_t *)from + i, __ATOMIC_RELAXED);
		__atomic_store_n((uint64_t *)to + i, word, __ATOMIC_RELAXED);
	}
}

bool hms_sample_put(const void *block, const struct hms_sample *sample)
{
	for (unsigned level = 0; level < LEVELS; level++) {
		struct bucket *table = table_of(level), *b;

		if (!table)
			return false;
		b = bucket_of(table, level, block);
		for (unsigned i = 0; i < WAYS; i++) {
			uintptr_t none = 0;

			if (__atomic_load_n(&b->key[i], __ATOMIC_RELAXED) ||
				!__atomic_compare_exchange_n(&b->key[i], &none,
					BUSY, false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED))
				continue;
			copy(&b->sample[i], sample);
			__atomic_fetch_add(
				hms_sample_kind(block), 1, __ATOMIC_RELAXED);
			__atomic_store_n(
				&b->key[i], (uintptr_t)block, __ATOMIC_RELEASE);
			return true;
		}
	}
	return false;
}

static void leave(uintptr_t *key, const void *block)
{
	__atomic_store_n(key, 0, __ATOMIC_RELEASE);
	__atomic_fetch_sub(hms_sample_kind(block), 1, __ATOMIC_RELAXED);
}

static bool find(const void *block, struct hms_sample *out, bool take)
{
	for (unsigned level = 0; level < LEVELS; level++) {
		struct bucket *table =
			__atomic_load_n(&levels[level], __ATOMIC_ACQUIRE);
		struct bucket *b;

		if (!table)
			return false;
		b = bucket_of(table, level, block);
		for (unsigned i = 0; i < WAYS; i++) {
			if (__atomic_load_n(&b->key[i], __ATOMIC_ACQUIRE) !=
				(uintptr_t)block)
				continue;
			*out = b->sample[i];
			if (take)
				leave(&b->key[i], block);
			return true;
		}
	}
	return false;
}

bool hms_sample_take(const void *block, struct hms_sample *out)
{
	return block && find(block, out, true);
}

bool hms_sample_find(const void *block, struct hms_sample *out)
{
	return block && find(block, out, false);
}

static void each_of(const struct bucket *b,
	void (*fn)(uintptr_t block, const struct hms_sample *sample, void *arg),
	void *arg)
{
	struct hms_sample sample;
	uintptr_t key;

	for (unsigned i = 0; i < WAYS; i++) {
		key = __atomic_load_n(&b->key[i], __ATOMIC_ACQUIRE);
		if (!key || key == BUSY)
			continue;
		copy(&sample, &b->sample[i]);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&b->key[i], __ATOMIC_RELAXED) == key)
			fn(key, &sample, arg);
	}
}

void hms_samples_each(
	void (*fn)(uintptr_t block, const struct hms_sample *sample, void *arg),
	void *arg)
{
	for (unsigned level = 0; level < LEVELS; level++) {
		const struct bucket *table =
			__atomic_load_n(&levels[level], __ATOMIC_ACQUIRE);

		for (size_t i = 0; table && i < (size_t)1 << bits_of(level);
			i++)
			each_of(&table[i], fn, arg);
	}
}
