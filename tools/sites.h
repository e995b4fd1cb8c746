/* SPDX-License-Identifier: BSD-2-Clause */
/* What a process left of its sites, as a copy that is safe to look at. */
#ifndef HMS_TOOLS_SITES_H
#define HMS_TOOLS_SITES_H

#include "report/sites.h"

/*
 * The table beside a status page, FOLDER/PID.sites for FOLDER/PID.status;
 * the caller frees it.  NULL: there is none, or it cannot be used; then
 * *why says so, or is "".
 */
struct hms_sites *tool_sites_read(const char *page, const char **why);

#endif
