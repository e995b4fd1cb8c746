/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * malloc and calloc of one slot each, so that a call that is known to go to
 * a slot needs no number: shims/routes.c.  Each is two instructions.
 */
#include "engine/heap/cache.h"

#define EACH_OF(row, high)                                                     \
	row(0x##high##0) row(0x##high##1) row(0x##high##2) row(0x##high##3)    \
		row(0x##high##4) row(0x##high##5) row(0x##high##6)             \
			row(0x##high##7) row(0x##high##8) row(0x##high##9)     \
				row(0x##high##a) row(0x##high##b)              \
					row(0x##high##c) row(0x##high##d)      \
						row(0x##high##e)               \
							row(0x##high##f)
#define EACH(row)                                                              \
	EACH_OF(row, 0)                                                        \
	EACH_OF(row, 1)                                                        \
	EACH_OF(row, 2)                                                        \
	EACH_OF(row, 3)                                                        \
	EACH_OF(row, 4)                                                        \
	EACH_OF(row, 5)                                                        \
	EACH_OF(row, 6)                                                        \
	EACH_OF(row, 7)                                                        \
	EACH_OF(row, 8)                                                        \
	EACH_OF(row, 9)                                                        \
	EACH_OF(row, a)                                                        \
	EACH_OF(row, b)                                                        \
	EACH_OF(row, c)                                                        \
	EACH_OF(row, d)                                                        \
	EACH_OF(row, e)                                                        \
	EACH_OF(row, f)

#define FUNCTIONS(n)                                                           \
	static void *malloc_##n(size_t size)                                   \
	{                                                                      \
		return hms_cache_malloc(size, n);                              \
	}                                                                      \
	static void *calloc_##n(size_t count, size_t size)                     \
	{                                                                      \
		return hms_cache_calloc(count, size, n);                       \
	}
EACH(FUNCTIONS)

#define MALLOC_ROW(n) malloc_##n,
#define CALLOC_ROW(n) calloc_##n,

void *(*hms_cache_malloc_of(unsigned slot))(size_t)
{
	static void *(*const mallocs[256])(size_t) = { EACH(MALLOC_ROW) };

	return mallocs[slot];
}

void *(*hms_cache_calloc_of(unsigned slot))(size_t, size_t)
{
	static void *(*const callocs[256])(
		size_t, size_t) = { EACH(CALLOC_ROW) };

	return callocs[slot];
}
