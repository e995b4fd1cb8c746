/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interleaving by weights of our own: memory is dealt in stripes, each to the
 * target that is furthest behind its share of all that the step has dealt.
 * So the shares hold within one stripe, in a large range as over many small
 * ones.  Each stripe that differs from its neighbour is a mapping of its own
 * to the kernel (vm.max_map_count), so their number has a budget.
 */
#ifndef HMS_ENGINE_STRIPES_H
#define HMS_ENGINE_STRIPES_H

#include "engine/place.h"

/*
 * Bytes of a stripe for a range of len bytes; a power of two from 64 KiB,
 * more than len if the range is to be dealt as a whole.  now: extra mappings
 * that exist for stripes.
 */
size_t hms_stripe_size(const struct hms_step *step, size_t len, size_t now);
/*
 * Deals the memory from start on, at most to end: to which target, up to
 * where.  The caller adds it to what that target was dealt.
 */
unsigned hms_stripe_deal(const struct hms_step *step, size_t stripe,
	uintptr_t start, uintptr_t end, uintptr_t *up_to);
/* A quarter of vm.max_map_count, read once. */
size_t hms_stripe_budget(void);

#endif
