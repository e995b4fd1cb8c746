/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page faults by site (report/sites.h): whose memory is it that they hit?
 *
 * Mappings are all known.  Of heap blocks those are that were samples, each of
 * which stands for others of its size; blocks smaller than a page share theirs
 * with others, and are nobody's.  So numbers of heap sites are estimates.
 */
#ifndef HMS_SHIMS_FAULTED_H
#define HMS_SHIMS_FAULTED_H

#include <stdbool.h>

#include "engine/source/source.h"

/*
 * Counts the fault; false: the memory is of no site that is known.  For the
 * worker, or who has its lock.  Takes the map lock; errno is never touched.
 */
bool hms_faulted(const struct hms_fault *fault);
/* In a forked child: what was known of the parent's heap is forgotten. */
void hms_faulted_after_fork(void);

#endif
