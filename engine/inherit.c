/* SPDX-License-Identifier: BSD-2-Clause */
/* The range table in a forked child. */
#include <linux/mempolicy.h>

#include "base/sys.h"
#include "engine/charge.h"
#include "engine/ranging.h"

/*
 * What this child does not get of a shared limit: copies that it makes of
 * these pages are to be no memory under the limit.
 */
static void let_go(struct hms_range *range)
{
	if (range->target && range->target->ops->maps) {
		/* Copies are no part of the file or device anyway. */
		range->options |= HMS_RANGE_UNCHARGED;
		return;
	}
	hms_sys_mbind((void *)range->start, range->end - range->start,
		MPOL_DEFAULT, NULL, 0, 0);
	hms_ranges_count(range, -1);
	range->target = NULL;
	range->step = -1;
	hms_ranges_count(range, 1);
}

/*
 * What other threads had decided on, but not bound or remembered yet, is not
 * in the child: only what stands in the table is charged there.
 */
void hms_ranges_inherit(void)
{
	const struct hms_places *places = hms_ranges_places();
	const struct hms_range *range = hms_tree_first(0, UINTPTR_MAX);
	bool all = true;

	hms_charges_clear(places);
	for (; range; range = hms_tree_after(range)) {
		/* This one's parent could not charge it either. */
		if (range->options & HMS_RANGE_UNCHARGED)
			all = false;
		if (hms_ranges_charge(range, 1))
			continue;
		let_go(hms_tree_edit(range));
		all = false;
	}
	hms_limits_inherited(places, all);
}
