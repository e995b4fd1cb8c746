/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pieces of JSON, RFC 8259, into a sink.  before: what stands between this and
 * what was written last, such as ", ".
 */
#ifndef HMS_REPORT_JSON_H
#define HMS_REPORT_JSON_H

#include <stdint.h>

#include "report/render.h"

/* With its quotes; bytes that are no UTF-8 become U+FFFD. */
void hms_json_string(struct hms_sink *sink, const char *text);
void hms_json_key(struct hms_sink *sink, const char *before, const char *name);
void hms_json_number(struct hms_sink *sink, const char *before,
	const char *name, uint64_t value);
void hms_json_text(struct hms_sink *sink, const char *before, const char *name,
	const char *value);

#endif
