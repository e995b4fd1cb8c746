/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads of one thread. */
#include <string.h>

#include "bench/alloc.h"
#include "bench/inner.h"

#define BATCH 1000
#define STRETCH 200
#define SLOTS 4096
#define LARGE_SLOTS 64
#define GROW_END (1 << 20)
#define GROW_BUFFERS 16

uint64_t bench_pair(uint64_t n, size_t size)
{
	uint64_t start = bench_now();

	for (uint64_t done = 0; done < n; done += STRETCH)
		bench_turn(done / STRETCH)->pair(STRETCH, size);
	return bench_now() - start;
}

uint64_t bench_batch(uint64_t n, size_t size)
{
	static void *block[BATCH];
	uint64_t start = bench_now();

	for (uint64_t done = 0; done < n; done += BATCH) {
		bench_own.fill(block, BATCH / 2, size);
		bench_half.fill(block + BATCH / 2, BATCH / 2, size);
		for (int i = 0; i < BATCH; i++)
			free(block[i]);
	}
	return bench_now() - start;
}

uint64_t bench_random(uint64_t n, size_t size)
{
	static void *block[SLOTS];
	uint64_t state = 88172645463325252ull, start = bench_now();

	(void)size;
	for (uint64_t done = 0; done < n; done += STRETCH)
		bench_turn(done / STRETCH)
			->replace(block, SLOTS, STRETCH, BENCH_SMALL, &state);
	for (int i = 0; i < SLOTS; i++) {
		free(block[i]);
		block[i] = NULL;
	}
	return bench_now() - start;
}

/* One byte per page is written: page faults belong to the cost. */
static void touch(char *p, size_t size)
{
	for (size_t at = 0; at < size; at += 4096)
		p[at] = 1;
}

uint64_t bench_large(uint64_t n, size_t size)
{
	static void *block[LARGE_SLOTS];
	uint64_t state = 362436069ull, start = bench_now();

	(void)size;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t r = bench_random64(&state);
		void **slot = &block[r % LARGE_SLOTS];
		size_t want = (size_t)65536 << ((r >> 32) % 6);

		free(*slot);
		*slot = bench_malloc(want);
		touch(*slot, want);
	}
	for (int i = 0; i < LARGE_SLOTS; i++) {
		free(block[i]);
		block[i] = NULL;
	}
	return bench_now() - start;
}

uint64_t bench_calloc(uint64_t n, size_t size)
{
	uint64_t state = 521288629ull, start = bench_now();

	(void)size;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t r = bench_random64(&state);
		void *p = bench_keep(calloc(1, (size_t)16 << (r >> 33) % 9));

		if (!p)
			abort();
		free(p);
	}
	return bench_now() - start;
}

/*
 * One operation is one realloc.  Several buffers grow in turn, at random: one
 * alone would measure what happened to lie behind it.
 */
uint64_t bench_grow(uint64_t n, size_t size)
{
	char *buffer[GROW_BUFFERS] = { NULL };
	size_t have[GROW_BUFFERS] = { 0 };
	uint64_t state = 88675123, start = bench_now();

	(void)size;
	for (uint64_t i = 0; i < n; i++) {
		unsigned int at = bench_random64(&state) % GROW_BUFFERS;
		size_t want = have[at] ? have[at] + have[at] / 2 : 16;

		if (want > GROW_END) {
			free(buffer[at]);
			buffer[at] = NULL;
			have[at] = 0;
			want = 16;
		}
		buffer[at] = bench_keep(realloc(buffer[at], want));
		if (!buffer[at])
			abort();
		memset(buffer[at] + have[at], 1, want - have[at]);
		have[at] = want;
	}
	for (int i = 0; i < GROW_BUFFERS; i++)
		free(buffer[i]);
	return bench_now() - start;
}
