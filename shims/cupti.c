/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults and transfers of managed memory, if the program counts them.  CUPTI
 * serves one profiler of a process, and that may be the program's; so we read
 * along: when it takes the next record out of a buffer, we look at it too.
 *
 * Source: CUPTI 13.0, cuptiActivityGetNextRecord,
 * CUpti_ActivityUnifiedMemoryCounter2 and 3, which begin alike.
 */
#include <time.h>

#include "base/sys.h"
#include "engine/mover/device.h"
#include "shims/cuda.h"

#define LIBRARIES "libcupti.so.13:libcupti.so.12:libcupti.so.11.8"

/* CUptiResult, CUpti_ActivityKind, ..._UNIFIED_MEMORY_COUNTER_KIND_... */
/* What a fault brings at least. */
#define PAGE 4096

enum { NOT_INITIALIZED = 15 };
enum { UNIFIED_MEMORY_COUNTER = 25 };
enum { HOST_TO_DEVICE = 1, DEVICE_TO_HOST = 2, GPU_FAULT = 4, TO_DEVICE = 8 };

struct record {
	uint32_t kind;
	uint32_t counter; /* what follows is of UNIFIED_MEMORY_COUNTER alone */
	uint64_t value; /* bytes, or faults of the same page */
	uint64_t start, end; /* ns */
	uint64_t address;
	uint32_t from, to; /* devices */
} __attribute__((packed, aligned(8)));

int hms_cuptiActivityGetNextRecord(uint8_t *buffer, size_t size, void **record);

static void add(uint32_t device, size_t member, uint64_t n)
{
	struct hms_status_device *row = hms_device_row(HMS_FAMILY_CUDA, device);

	if (row)
		hms_device_count(
			(uint64_t *)((char *)row + member), NULL, (int64_t)n);
}
#define ADD(device, member, n)                                                 \
	add((device), offsetof(struct hms_status_device, member), (n))

static void look(const struct record *record)
{
	if (record->kind != UNIFIED_MEMORY_COUNTER)
		return;
	switch (record->counter) {
	case HOST_TO_DEVICE:
	case TO_DEVICE:
		ADD(record->to, fetched, record->value);
		hms_device_seen(HMS_FAMILY_CUDA, record->to, record->address,
			record->value, true);
		break;
	case DEVICE_TO_HOST:
		ADD(record->from, evicted, record->value);
		hms_device_seen(HMS_FAMILY_CUDA, record->from, record->address,
			record->value, false);
		break;
	case GPU_FAULT:
		ADD(record->from, faults, record->value);
		hms_device_seen(HMS_FAMILY_CUDA, record->from, record->address,
			record->value * PAGE, true);
		break;
	}
	hms_device_plan(hms_sys_clock(CLOCK_MONOTONIC));
}

int hms_cuptiActivityGetNextRecord(uint8_t *buffer, size_t size, void **record)
{
	static void *cache;
	__typeof__(&hms_cuptiActivityGetNextRecord) real =
		(__typeof__(real))hms_library_function(
			LIBRARIES, "cuptiActivityGetNextRecord", &cache);
	int rc;

	if (!real)
		return NOT_INITIALIZED;
	rc = real(buffer, size, record);
	if (rc == 0 && record && *record && hms_vendor_live(HMS_FAMILY_CUDA))
		look(*record);
	return rc;
}
extern __typeof__(hms_cuptiActivityGetNextRecord) cuptiActivityGetNextRecord
	__attribute__((alias("hms_cuptiActivityGetNextRecord"),
		visibility("default")));
