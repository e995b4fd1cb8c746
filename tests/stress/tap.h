/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TAP for the stress programs.  Each program runs unchanged with and without
 * the preload; what it checks must hold for glibc's own heap first.
 * Not thread-safe: only the main thread reports.
 */
#ifndef HMS_TESTS_STRESS_TAP_H
#define HMS_TESTS_STRESS_TAP_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_tests, tap_failures, tap_notes;

/* Counts one check that stands for itself. */
static inline void tap_ok(bool good, const char *name)
{
	tap_tests++;
	tap_notes = 0;
	if (!good)
		tap_failures++;
	printf("%sok %d - %s\n", good ? "" : "not ", tap_tests, name);
	fflush(stdout);
}

static inline void tap_skip(const char *name, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_tests, name, why);
}

/* For loops: says where it went wrong, but is no check of its own. */
static inline bool tap_bad(const char *what, size_t at)
{
	int error = errno;

	if (tap_notes++ < 5)
		printf("# %s: %zu (errno %d)\n", what, at, error);
	fflush(stdout);
	errno = error;
	return false;
}

/* The plan, and main's return value. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap_tests);
	fflush(stdout);
	return tap_failures ? 1 : 0;
}

/* A size that the compiler cannot reason about. */
static inline size_t opaque(size_t n)
{
	__asm__ volatile("" : "+r"(n));
	return n;
}

/* A block's content depends on its seed, so that mixed up blocks show. */
static inline void fill(void *p, size_t n, unsigned seed)
{
	unsigned char *c = (unsigned char *)p;

	for (size_t i = 0; i < n; i++)
		c[i] = (unsigned char)(seed + i * 7 + (i >> 8));
}

static inline bool filled(const void *p, size_t n, unsigned seed)
{
	const unsigned char *c = (const unsigned char *)p;

	for (size_t i = 0; i < n; i++)
		if (c[i] != (unsigned char)(seed + i * 7 + (i >> 8)))
			return false;
	return true;
}

/* Small, fast, reentrant; xorshift32 by Marsaglia (2003). */
static inline uint32_t draw(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

#endif
