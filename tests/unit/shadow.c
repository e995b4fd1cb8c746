/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include "shims/shadow.h"

static const char heap[1 << 20] __attribute__((aligned(4096)));
static unsigned site;
static size_t size;

/* Catches a block that is forgotten, or known twice. */
Test(shadow, what_is_put_is_taken_once)
{
	cr_assert(hms_shadow_put(heap, 7, 100));
	cr_assert(hms_shadow_put(heap + 16, 8, 0xfffe));
	cr_assert(hms_shadow_take(heap, &site, &size));
	cr_expect_eq(site, 7);
	cr_expect_eq(size, 100);
	cr_assert(hms_shadow_take(heap + 16, &site, &size));
	cr_expect_eq(site, 8);
	cr_expect_eq(size, 0xfffe);
	cr_expect_not(hms_shadow_take(heap, &site, &size));
}

/* Catches what is left of a large block's size, taken for a small block. */
Test(shadow, large_blocks_leave_nothing)
{
	const size_t large = ((size_t)3 << 32) + 0x120034;

	cr_assert(hms_shadow_put(heap, 65534, large));
	cr_assert(hms_shadow_take(heap, &site, &size));
	cr_expect_eq(site, 65534);
	cr_expect_eq(size, large);
	for (size_t at = 0; at < 64; at += 16)
		cr_expect_not(hms_shadow_take(heap + at, &site, &size));
}
