/* SPDX-License-Identifier: BSD-2-Clause */
/* Libraries of equal layout, which differ by name; see site_modules.c. */
#include <stdlib.h>

#define EXPORTED __attribute__((visibility("default"), noinline))

static volatile int keep;

EXPORTED void *INNER(size_t n);
EXPORTED void *INNER(size_t n)
{
	void *block = malloc(n);

	keep++;
	return block;
}

EXPORTED void *turn_make(size_t n);
EXPORTED void *turn_make(size_t n)
{
	void *block = INNER(n);

	keep++;
	return block;
}
