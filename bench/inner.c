/* SPDX-License-Identifier: BSD-2-Clause */
/* BENCH_INNER: the name under which the loops are exported. */
#include "bench/inner.h"
#include "bench/alloc.h"

static inline size_t size_of(enum bench_sizes sizes, uint64_t r)
{
	switch (sizes) {
	case BENCH_SMALL:
		return 8 + ((r >> 20) & ((8u << ((r >> 40) & 7) << 1) - 1));
	case BENCH_512:
		return 8 + ((r >> 32) & 511);
	default:
		return 16 + ((r >> 32) & 1023);
	}
}

static void pair(uint64_t n, size_t size)
{
	for (uint64_t i = 0; i < n; i++)
		free(bench_malloc(size));
}

static void fill(void **block, int n, size_t size)
{
	for (int i = 0; i < n; i++)
		block[i] = bench_malloc(size);
}

static void mixed(void **block, int n, enum bench_sizes sizes, uint64_t *state)
{
	for (int i = 0; i < n; i++)
		block[i] = bench_malloc(size_of(sizes, bench_random64(state)));
}

static void replace(void **block, unsigned int slots, uint64_t n,
	enum bench_sizes sizes, uint64_t *state)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t r = bench_random64(state);
		void **slot = &block[r & (slots - 1)];

		free(*slot);
		*slot = bench_malloc(size_of(sizes, r));
	}
}

const struct bench_inner BENCH_INNER = { pair, fill, mixed, replace };
