/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/heap/classes.h"

/*
 * Bytes and blocks that a cache keeps of one class at most.  A program that
 * frees what it allocated a while ago, 1,000 blocks of 64 B say, finds room.
 */
#define CLASS_BYTES ((size_t)64 << 10)
#define CLASS_BLOCKS 2048
#define CLASS_LEAST 4

uint8_t hms_class_table[HMS_CACHE_LARGEST / 16 + 1];
uint32_t hms_class_size[HMS_CACHE_CLASSES];
uint32_t hms_class_most[HMS_CACHE_CLASSES];
uint32_t hms_class_far[HMS_CACHE_CLASSES];
unsigned hms_classes;

static uint32_t most_of(size_t size)
{
	size_t most = CLASS_BYTES / size;

	if (most > CLASS_BLOCKS)
		most = CLASS_BLOCKS;
	return (uint32_t)(most < CLASS_LEAST ? CLASS_LEAST : most);
}

static void find(void)
{
	unsigned class = 0;
	size_t last = 0, pointers = HMS_CACHE_FAR;

	for (size_t i = 1; i <= HMS_CACHE_LARGEST / 16; i++) {
		size_t size = hms_je0_nallocx(i * 16, 0);

		if (size != last) {
			if (++class == HMS_CACHE_CLASSES)
				break;
			if (size > HMS_CACHE_LARGEST ||
				pointers + most_of(size) > HMS_CACHE_POINTERS)
				break;
			hms_class_far[class] = (uint32_t)pointers;
			pointers += most_of(size);
			last = size;
			hms_class_size[class] = (uint32_t)size;
			hms_class_most[class] = most_of(size);
		}
		hms_class_table[i] = (uint8_t) class;
	}
	if (hms_class_table[HMS_CACHE_LARGEST / 16])
		class ++;
	hms_class_table[0] = hms_class_table[1];
	__atomic_store_n(&hms_classes, class, __ATOMIC_RELEASE);
}

void hms_classes_find(void)
{
	if (__atomic_load_n(&hms_classes, __ATOMIC_ACQUIRE))
		return;
	hms_instance_start(0);
	hms_instances_lock();
	if (!hms_classes)
		find();
	hms_instances_unlock();
}
