/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every block's site and size are, for exact accounting: four bytes for
 * each 16 bytes of heap, where blocks begin.  Mapped as memory is used.
 *
 * Lock-free and async-signal-safe.
 */
#ifndef HMS_SHIMS_SHADOW_H
#define HMS_SHIMS_SHADOW_H

#include <stdbool.h>
#include <stddef.h>

/* block: of the heap, and this caller's alone; site: below 65,535. */
bool hms_shadow_put(const void *block, unsigned site, size_t size);
/* False: nothing is known.  What is found is forgotten. */
bool hms_shadow_take(const void *block, unsigned *site, size_t *size);

#endif
