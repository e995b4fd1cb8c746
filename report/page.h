/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file behind a status page: FOLDER/PID.status, mode 0600, in a folder of
 * base/runtime.h.
 *
 * Pages of processes that are gone stay for `hms report`, for an hour, and
 * at most 32 of them; making a page removes the others.
 *
 * Nothing here allocates, locks, or touches errno.
 */
#ifndef HMS_REPORT_PAGE_H
#define HMS_REPORT_PAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/runtime.h"
#include "report/status.h"

/*
 * Makes this process's file and maps it, MAP_SHARED, all its blocks
 * reserved, because a full disk would otherwise be a SIGBUS in the program;
 * no descriptor stays open.  path gets its name.
 * 0, or -errno of the last folder tried.
 */
int hms_page_create(
	const char *runtime, struct hms_text *path, struct hms_status **out);
/* The page goes, and what is known of sites (report/sites.h) with it. */
void hms_page_remove(const char *page);
/* PID.status's PID.sites; false: that is no page, or out is too small. */
bool hms_page_sites(const char *page, struct hms_text *out);

void hms_page_unmap(struct hms_status *page);

/* Is this, of so many bytes, a page of a version that we can read? */
bool hms_page_valid(const struct hms_status *page, size_t bytes);

#endif
