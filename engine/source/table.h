/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash table from addresses to items of one size; the first member of an
 * item is its address, 0: free.  Items are never taken out one by one: those
 * that nobody wants any more are left behind when the table grows.  For the
 * worker thread only.
 */
#ifndef HMS_ENGINE_SOURCE_TABLE_H
#define HMS_ENGINE_SOURCE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"

/* Before use: item and unit, the rest zero. */
struct hms_hash {
	size_t item; /* bytes */
	uintptr_t unit; /* addresses are multiples of it */
	bool (*wanted)(uintptr_t addr, void *arg);
	void *arg;
	struct hms_array slots;
	size_t used;
};

/* NULL if it is not there. */
void *hms_hash_find(const struct hms_hash *hash, uintptr_t addr);
/* A zeroed one if it was not there; NULL: no memory.  Others may move. */
void *hms_hash_get(struct hms_hash *hash, uintptr_t addr);
/* Slot i of hash->slots.count; its address may be 0. */
static inline void *hms_hash_nth(const struct hms_hash *hash, size_t i)
{
	return (char *)hash->slots.items + i * hash->item;
}
void hms_hash_free(struct hms_hash *hash);

#endif
