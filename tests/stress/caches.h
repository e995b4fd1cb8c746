/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of tests/stress/caches: what the kernel says, and forks. */
#ifndef HMS_TESTS_STRESS_CACHES_H
#define HMS_TESTS_STRESS_CACHES_H

#include <stdbool.h>
#include <stddef.h>

/* The band of a size, as caches.sh has them. */
static inline unsigned band_of(size_t size)
{
	unsigned band = 0;

	for (size_t last = 64; band < 6 && size > last; last *= 4)
		band++;
	return band;
}

/* Does the kernel map FOLDER/bBAND at this address? */
bool lies_in(const char *folder, const void *p, unsigned band);
/* Bytes of resident memory of this process. */
size_t resident(void);
/* Does a child use what its parent's threads kept? */
bool orphans_are_used(void);
/* Do children of busy threads find every block once? */
bool children_are_whole(void);

#endif
