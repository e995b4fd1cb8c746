/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/source/table.h"

#include <errno.h>
#include <string.h>

#define SMALLEST 64

static uintptr_t addr_of(const void *item)
{
	return *(const uintptr_t *)item;
}

/* The item, or the free slot where it belongs; never a full table. */
static void *slot_of(const struct hms_hash *hash, uintptr_t addr)
{
	size_t mask = hash->slots.count - 1;
	size_t i = (addr / hash->unit * UINT64_C(0x9e3779b97f4a7c15)) >> 32;

	for (;; i++) {
		void *item = hms_hash_nth(hash, i & mask);

		if (addr_of(item) == 0 || addr_of(item) == addr)
			return item;
	}
}

void *hms_hash_find(const struct hms_hash *hash, uintptr_t addr)
{
	void *item;

	if (hash->slots.count == 0)
		return NULL;
	item = slot_of(hash, addr);
	return addr_of(item) ? item : NULL;
}

static int grow(struct hms_hash *hash)
{
	struct hms_hash old = *hash;
	size_t n = SMALLEST;

	while (n < 4 * hash->used)
		n *= 2;
	memset(&hash->slots, 0, sizeof(hash->slots));
	if (hms_array_reserve(&hash->slots, n, hash->item) < 0) {
		*hash = old;
		return -ENOMEM;
	}
	hash->slots.count = n;
	hash->used = 0;
	for (size_t i = 0; i < old.slots.count; i++) {
		const void *item = hms_hash_nth(&old, i);

		if (addr_of(item) == 0 ||
			(hash->wanted &&
				!hash->wanted(addr_of(item), hash->arg)))
			continue;
		memcpy(slot_of(hash, addr_of(item)), item, hash->item);
		hash->used++;
	}
	hms_array_free(&old.slots);
	return 0;
}

void *hms_hash_get(struct hms_hash *hash, uintptr_t addr)
{
	void *item;

	if (2 * hash->used >= hash->slots.count && grow(hash) < 0)
		return NULL;
	item = slot_of(hash, addr);
	if (addr_of(item) == 0) {
		*(uintptr_t *)item = addr;
		hash->used++;
	}
	return item;
}

void hms_hash_free(struct hms_hash *hash)
{
	hms_array_free(&hash->slots);
	hash->used = 0;
}
