/* SPDX-License-Identifier: BSD-2-Clause */
/* "devices" and "vendor_..." of a report that was written as JSON. */
#ifndef HMS_TOOLS_REPORT_VENDORS_H
#define HMS_TOOLS_REPORT_VENDORS_H

#include <jansson.h>

#include "report/status.h"

/* Into a page of zeros; report: the whole.  What it lacks stays 0. */
void tool_report_vendors(const json_t *report, struct hms_status *page);

#endif
