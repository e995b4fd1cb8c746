/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of a report as JSON; what is missing or of another kind is nothing. */
#ifndef HMS_TOOLS_REPORT_READ_H
#define HMS_TOOLS_REPORT_READ_H

#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

static inline uint64_t report_count(const json_t *in, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(in, key));

	return n > 0 ? (uint64_t)n : 0;
}

static inline const char *report_string(const json_t *in, const char *key)
{
	const char *text = json_string_value(json_object_get(in, key));

	return text ? text : "";
}

static inline void report_copy(char *to, size_t size, const char *text)
{
	struct hms_text out = { to, size, 0, false };

	hms_text_put(&out, text, strlen(text));
}

#endif
