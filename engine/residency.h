/* SPDX-License-Identifier: BSD-2-Clause */
/* How residency.c asks for what move_pages(2) does not tell. */
#ifndef HMS_ENGINE_RESIDENCY_H
#define HMS_ENGINE_RESIDENCY_H

#include <errno.h>
#include <stdbool.h>

#include "engine/target/target.h"

/*
 * Pages that the kernel's NUMA balancing has unmapped are there, but from Linux
 * 6.1 on until 6.6 move_pages(2) neither sees nor moves them: ENOENT, EFAULT.
 * After this they are mapped again, until it comes round the next time.  A page
 * that has gone meanwhile is no error.  Async-signal-safe.
 */
void hms_pages_wake(void *const *pages, unsigned n);
/* Is it such an answer? */
static inline bool hms_page_sleeps(int status)
{
	return status == -EFAULT || status == -ENOENT;
}

/*
 * From /proc/self/numa_maps, which counts by mapping: of a mapping that is
 * only partly in [start, end) a part of each count is taken.  Adds to sum.
 * 0 or -errno.
 */
int hms_residency_by_maps(
	uintptr_t start, uintptr_t end, bool files, struct hms_residency *sum);

#endif
