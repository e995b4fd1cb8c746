/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that do nothing but allocate, one per row of the table in
 * alloc.c.  A workload runs `n` operations and returns the CPU or wall
 * time they took; what one operation is stands in its row.
 */
#ifndef HMS_BENCH_ALLOC_H
#define HMS_BENCH_ALLOC_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/*
 * Run n operations on blocks of `size` bytes (0: sizes of the workload's
 * own choice).  Returns nanoseconds for all of them; exits on no memory.
 */
typedef uint64_t bench_fn(uint64_t n, size_t size);

bench_fn bench_pair, bench_batch, bench_random, bench_large;
bench_fn bench_calloc, bench_grow;
bench_fn bench_larson, bench_handover, bench_threads;
/* size: how many threads, 1 or 2. */
bench_fn bench_swap, bench_apart;

/* Hides a pointer from the compiler, or it would drop malloc with its free. */
static inline void *bench_keep(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

static inline void *bench_malloc(size_t size)
{
	char *p = bench_keep(malloc(size));

	if (!p)
		abort();
	*p = 1;
	return p;
}

static inline uint64_t bench_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* CPU time of this thread: other people's load does not count. */
static inline uint64_t bench_now(void)
{
	return bench_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* xorshift64*: the same sizes on every run, at a cost of about 1 ns. */
static inline uint64_t bench_random64(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dull;
}

#endif
