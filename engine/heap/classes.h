/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jemalloc's size classes up to HMS_CACHE_LARGEST, as it tells them itself.
 * Class 0 is none.  Written once, by hms_classes_find(), before a cache is
 * made that they are used with.  Sizes are bytes.
 */
#ifndef HMS_ENGINE_HEAP_CLASSES_H
#define HMS_ENGINE_HEAP_CLASSES_H

#include "engine/heap/cache.h"
#include "engine/heap/keep.h"

extern uint8_t hms_class_table[HMS_CACHE_LARGEST / 16 + 1] HMS_HIDDEN;
extern uint32_t hms_class_size[HMS_CACHE_CLASSES] HMS_HIDDEN;
/* The most blocks that one cache keeps of a class. */
extern uint32_t hms_class_most[HMS_CACHE_CLASSES] HMS_HIDDEN;
/* Where its blocks stand when they are more than HMS_CACHE_NEAR. */
extern uint32_t hms_class_far[HMS_CACHE_CLASSES] HMS_HIDDEN;
extern unsigned hms_classes HMS_HIDDEN; /* with class 0 */

/* The smallest class that holds size bytes, at most HMS_CACHE_LARGEST. */
static inline unsigned hms_class_of(size_t size)
{
	return hms_class_table[(size + 15) / 16];
}

/* Starts instance 0. */
void hms_classes_find(void) HMS_HIDDEN;

#endif
