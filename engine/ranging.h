/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What range.c and retarget.c share.  All but enter() want the table's lock.
 */
#ifndef HMS_ENGINE_RANGING_H
#define HMS_ENGINE_RANGING_H

#include "engine/range.h"
#include "engine/tree.h"

void hms_ranges_enter(void);
void hms_ranges_leave(void);
/* What hms_ranges_setup() was given. */
const struct hms_places *hms_ranges_places(void);
/* Takes one piece, or its part inside, out of the table; it stays charged. */
bool hms_ranges_take(uintptr_t start, uintptr_t end, struct hms_range *taken);
/* Remembers a piece that is charged; stripe: see hms_tree_add(). */
void hms_ranges_put(const struct hms_range *range, bool stripe);
/*
 * Of a piece's options, beside HMS_BIND_*: a forked child has it, and it is
 * its parent that is charged.
 */
#define HMS_RANGE_UNCHARGED (UINT32_C(1) << 29)
/* Tells the status page; sign: 1 or -1. */
void hms_ranges_count(const struct hms_range *range, int sign);
/* In a forked child, locks held: all that it has is charged to it. */
void hms_ranges_inherit(void);
/* sign: 1 or -1, which needs no lock; see hms_place_charge(). */
bool hms_ranges_charge(const struct hms_range *range, int sign);

/* This part left the table: moves that are under way learn of it. */
void hms_retargets_tell(const struct hms_range *taken);
/* In a forked child: whoever moved anything is not here. */
void hms_retargets_reset(void);

#endif
