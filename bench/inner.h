/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loops that allocate.  They are compiled twice, into the program and
 * into bench/.libs/libhalf.so, and take turns in short stretches: for rules
 * that ask for the caller, one half of all allocations is libhalf's.
 */
#ifndef HMS_BENCH_INNER_H
#define HMS_BENCH_INNER_H

#include <stddef.h>
#include <stdint.h>

/* Pseudo-random sizes, taken from 64 random bits. */
enum bench_sizes {
	BENCH_SMALL, /* 8 B to 2 KiB, mostly small: parsers and scripts */
	BENCH_512, /* 8 to 519 B, all alike */
	BENCH_1K, /* 16 to 1,039 B, all alike */
};

struct bench_inner {
	/* n times malloc(size) and free. */
	void (*pair)(uint64_t n, size_t size);
	/* Allocates n blocks of one size. */
	void (*fill)(void **block, int n, size_t size);
	/* Allocates n blocks of random sizes. */
	void (*mixed)(
		void **block, int n, enum bench_sizes sizes, uint64_t *state);
	/* n times: frees one of the slots, 2^k in all, allocates it anew. */
	void (*replace)(void **block, unsigned int slots, uint64_t n,
		enum bench_sizes sizes, uint64_t *state);
};

/* [0] is the program's own, [1] libhalf's. */
extern const struct bench_inner bench_own, bench_half;

/* Whose turn it is; turn counts stretches. */
static inline const struct bench_inner *bench_turn(uint64_t turn)
{
	return turn & 1 ? &bench_half : &bench_own;
}

#endif
