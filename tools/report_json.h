/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports that were written as JSON (report/render.h), read again. */
#ifndef HMS_TOOLS_REPORT_JSON_H
#define HMS_TOOLS_REPORT_JSON_H

#include "report/sites.h"
#include "report/status.h"

/*
 * Fills a page of zeros with what the report says, so that it renders as it
 * did; *sites is NULL if it has none, otherwise the caller frees it.
 * 0; -EINVAL: it is no report, *why says why not; -ENOMEM.
 */
int tool_report_parse(const char *text, size_t len, struct hms_status *page,
	struct hms_sites **sites, const char **why);

#endif
