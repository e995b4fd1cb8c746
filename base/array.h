/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays that grow, in mappings of their own.  Nothing here takes a lock or
 * touches errno; each array belongs to whoever holds it.
 */
#ifndef HMS_BASE_ARRAY_H
#define HMS_BASE_ARRAY_H

#include <stddef.h>

/* All zero is an empty array.  items may move whenever it grows. */
struct hms_array {
	void *items;
	size_t count;
	size_t bytes; /* mapped */
};

/* Room for n items of so many bytes, new ones zero; 0 or -ENOMEM. */
int hms_array_reserve(struct hms_array *array, size_t n, size_t item);
/* A gap of one zeroed item at index at; NULL if there is no memory. */
void *hms_array_insert(struct hms_array *array, size_t at, size_t item);
/* Takes n items from index at out. */
void hms_array_remove(
	struct hms_array *array, size_t at, size_t n, size_t item);
void hms_array_free(struct hms_array *array);

#endif
