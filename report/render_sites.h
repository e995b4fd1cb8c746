/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside of the renderers: what is said of sites.  As report/render.h. */
#ifndef HMS_REPORT_RENDER_SITES_H
#define HMS_REPORT_RENDER_SITES_H

#include <stdbool.h>

#include "report/render.h"

#define HMS_RENDER_WIDTH 96 /* lists wrap there; tables are made to fit it */

/* "0" and "1.5 GiB": a table is easier to read where nothing has no unit. */
const char *hms_render_amount(uint64_t bytes, char *buf);
void hms_render_column(struct hms_sink *sink, uint64_t bytes);
/* Left-aligned text of a fixed width, "~" where it was cut. */
void hms_render_label(struct hms_sink *sink, const char *text, int width);

/* Each is nothing without anything to say; JSON is a value, "[]" or "null". */
void hms_render_nowhere_text(
	const struct hms_render *what, struct hms_sink *sink);
void hms_render_nowhere_json(
	const struct hms_render *what, struct hms_sink *sink);
void hms_render_unknown_text(
	const struct hms_render *what, struct hms_sink *sink);
void hms_render_unknown_json(
	const struct hms_render *what, struct hms_sink *sink);
void hms_render_sites_text(
	const struct hms_render *what, struct hms_sink *sink);
void hms_render_sites_json(
	const struct hms_render *what, struct hms_sink *sink);

/* A line "libfoo.so+0x1234", with its function, file and line if known. */
void hms_render_frame(
	const struct hms_render *what, uint64_t frame, struct hms_sink *sink);

#endif
