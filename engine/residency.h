/* SPDX-License-Identifier: BSD-2-Clause */
/* How residency.c asks when move_pages(2) may not be called. */
#ifndef HMS_ENGINE_RESIDENCY_H
#define HMS_ENGINE_RESIDENCY_H

#include "engine/target/target.h"

/*
 * From /proc/self/numa_maps, which counts by mapping: of a mapping that is
 * only partly in [start, end) a part of each count is taken.  Adds to sum.
 * 0 or -errno.
 */
int hms_residency_by_maps(
	uintptr_t start, uintptr_t end, bool files, struct hms_residency *sum);

#endif
