/* SPDX-License-Identifier: BSD-2-Clause */
/* "learning" of a report that was written as JSON (report/render.h). */
#ifndef HMS_TOOLS_REPORT_LEARNING_H
#define HMS_TOOLS_REPORT_LEARNING_H

#include <jansson.h>

#include "report/status.h"

/* After the page's rules and targets; in may be null, or none. */
void tool_report_learning(const json_t *in, struct hms_status *page);

#endif
