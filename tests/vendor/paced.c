/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CUDA program with a profiler, whose device is full of memory that it does
 * not use, and fetches other memory all the time: says when that was sent to
 * the device, as the driver's double writes down, and in which order.
 * Arguments: `hint` lets the program say itself where the other memory is.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/vendor/minicudart.h"

#define IDLE ((size_t)48 << 20)
#define BUSY ((size_t)32 << 20)
#define MOST 20 /* seconds until nothing will come of it */

struct counter {
	uint32_t kind, counter;
	uint64_t value, start, end, address;
	uint32_t from, to, stream, process, flags, pad;
	uint64_t processors[5];
};

int cuptiActivityGetNextRecord(uint8_t *buffer, size_t size, void **record);

/* The device fetched all of it over its bus. */
static void fetch(void *memory)
{
	struct counter all = { .kind = 25,
		.counter = 1,
		.value = BUSY,
		.address = (uintptr_t)memory,
		.from = 99,
		.to = 0 };
	void *record = NULL;

	while (!cuptiActivityGetNextRecord(
		(uint8_t *)&all, sizeof(all), &record))
		;
}

/* Bytes of the first lines that send something, as "SIZE PLACE" each. */
static int sent(char *out, size_t size)
{
	FILE *calls = fopen(getenv("HMS_FAKES_CALLS"), "r");
	char line[200], what[64], where[16];
	int n = 0;

	*out = 0;
	while (calls && fgets(line, sizeof(line), calls))
		if (sscanf(line, "cuMemPrefetchAsync_v2 %63s %15s", what,
			    where) == 2 &&
			strlen(out) + 90 < size) {
			strcat(strcat(strcat(strcat(out, what), " "), where),
				";");
			n++;
		}
	if (calls)
		fclose(calls);
	return n;
}

int main(int argc, char **argv)
{
	const int hint = argc > 1 && !strcmp(argv[1], "hint");
	const time_t end = time(NULL) + (hint ? 2 : MOST);
	cudaStream_t stream;
	void *idle, *busy;
	char out[400];

	if (cudaStreamCreate(&stream) || cudaMalloc(&idle, IDLE) ||
		cudaMalloc(&busy, BUSY))
		return 1;
	if (hint)
		cudaMemPrefetchAsync(busy, BUSY, -1, stream);
	do {
		fetch(busy);
		cudaLaunch(stream);
	} while (sent(out, sizeof(out)) < 2 && time(NULL) < end);
	printf("%s\n", out);
	return 0;
}
