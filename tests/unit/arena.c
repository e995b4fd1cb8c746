/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <stdint.h>
#include <string.h>

#include "base/arena.h"

/* Catches memory that is not cleared, not aligned, or handed out twice. */
Test(arena, pieces_are_zero_aligned_and_apart)
{
	struct hms_arena arena = { 0 };
	unsigned char *before = NULL;

	for (size_t size = 1; size < 200000; size = size * 3 + 1) {
		unsigned char *p = hms_arena_alloc(&arena, size);

		cr_assert_not_null(p);
		cr_assert_eq((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < size; i++)
			cr_assert_eq(p[i], 0);
		memset(p, 0xff, size);
		if (before)
			cr_assert_eq(*before, 0xff);
		before = p;
	}
	hms_arena_free(&arena);
	cr_assert_eq(arena.total, 0);
}

/* Catches a size whose rounding wraps round to a small one. */
Test(arena, absurd_sizes_are_refused)
{
	struct hms_arena arena = { 0 };

	cr_assert_null(hms_arena_alloc(&arena, SIZE_MAX));
	cr_assert_null(hms_arena_alloc(&arena, SIZE_MAX - 64));
	cr_assert_null(hms_arena_strndup(&arena, "x", SIZE_MAX));
	cr_assert_str_eq(
		hms_arena_strdup(&arena, "still alive"), "still alive");
	hms_arena_free(&arena);
}
