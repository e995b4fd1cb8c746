/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of a report about memory that moves; see render.h. */
#ifndef HMS_REPORT_RENDER_LEARNING_H
#define HMS_REPORT_RENDER_LEARNING_H

#include "report/render.h"

/* Nothing, if no rule lets memory move. */
void hms_render_learning_text(
	const struct hms_render *what, struct hms_sink *sink);
/* The value of "learning": null, or an object. */
void hms_render_learning_json(
	const struct hms_status *status, struct hms_sink *sink);

/* Words for rows of the page. */
const char *hms_learning_state_name(uint32_t state);
const char *hms_learning_use_name(uint32_t use);
extern const char *const hms_learning_ends[HMS_LEARNING_ENDS];
extern const char *const hms_learning_parts[HMS_LEARNING_PARTS];
/* The target of a row, "" if there is none such. */
const char *hms_learning_target(
	const struct hms_status *status, uint32_t target);

#endif
