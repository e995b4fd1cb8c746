/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A double of libcupti.so.13: takes one record after the other out of a buffer
 * of records of one size, as its caller filled it.
 */
#include <stddef.h>
#include <stdint.h>

#define RECORD 104 /* CUpti_ActivityUnifiedMemoryCounter3 */

int cuptiActivityGetNextRecord(uint8_t *buffer, size_t size, void **record);

int cuptiActivityGetNextRecord(uint8_t *buffer, size_t size, void **record)
{
	uint8_t *next = *record ? (uint8_t *)*record + RECORD : buffer;

	if (next + RECORD > buffer + size)
		return 12; /* CUPTI_ERROR_MAX_LIMIT_REACHED */
	*record = next;
	return 0;
}
