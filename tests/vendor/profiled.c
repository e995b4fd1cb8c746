/* SPDX-License-Identifier: BSD-2-Clause */
/* A program with a profiler of its own: what it read, record by record. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct counter {
	uint32_t kind, counter;
	uint64_t value, start, end, address;
	uint32_t from, to, stream, process, flags, pad;
	uint64_t processors[5];
};
_Static_assert(
	sizeof(struct counter) == 104, "CUpti_ActivityUnifiedMemoryCounter3");

int cuptiActivityGetNextRecord(uint8_t *buffer, size_t size, void **record);

int main(void)
{
	static struct counter all[] = {
		{ .kind = 25,
			.counter = 1,
			.value = 4096,
			.from = 99,
			.to = 1 },
		{ .kind = 25,
			.counter = 2,
			.value = 8192,
			.from = 1,
			.to = 99 },
		{ .kind = 25, .counter = 4, .value = 3, .from = 1, .to = 99 },
		{ .kind = 25, .counter = 8, .value = 100, .from = 0, .to = 1 },
		{ .kind = 25, .counter = 3, .value = 77, .from = 1, .to = 1 },
		{ .kind = 10, .counter = 1, .value = 55, .from = 1, .to = 1 },
	};
	void *record = NULL;
	uint64_t sum = 0;

	while (!cuptiActivityGetNextRecord(
		(uint8_t *)all, sizeof(all), &record))
		sum += ((struct counter *)record)->value;
	printf("%llu\n", (unsigned long long)sum);
	return 0;
}
