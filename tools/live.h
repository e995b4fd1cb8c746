/* SPDX-License-Identifier: BSD-2-Clause */
/* A process that runs, seen from outside. */
#ifndef HMS_TOOLS_LIVE_H
#define HMS_TOOLS_LIVE_H

#include <stdbool.h>
#include <sys/types.h>

#include "report/status.h"

/*
 * Asks the kernel where the pages of the page's spans are now, and puts the
 * answer into the page's actual fields (a copy that nobody else writes to).
 * What the process bound since its last look is missing.
 * 0; -ENODATA: the page does not say which memory is bound; -errno: the kernel
 * refuses, as move_pages(2) says; the page is as it was.
 */
int hms_live_update(struct hms_status *page);

/*
 * Prints what the whole process has by node, from /proc/PID/numa_maps, bound
 * or not.
 */
void hms_live_print_process(pid_t pid);

#endif
