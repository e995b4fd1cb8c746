/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/json.h"

#include <stddef.h>

/*
 * Length of the UTF-8 sequence at s, 0 if there is none; no surrogates, no
 * overlong forms (RFC 3629, section 4).  Names may be any bytes, and the page
 * may have cut one in the middle.
 */
static size_t utf8(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* A JSON string with its quotes: RFC 8259, section 7. */
void hms_json_string(struct hms_sink *sink, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	const char *bytes;
	size_t len;

	hms_sink_add(sink, "\"");
	for (; *s; s += len ? len : 1) {
		len = utf8(s);
		bytes = (const char *)s;
		if (!len)
			hms_sink_add(sink, "\\ufffd");
		else if (*s == '"' || *s == '\\')
			hms_sink_add(sink, "\\%c", *s);
		else if (*s == '\n')
			hms_sink_add(sink, "\\n");
		else if (*s < 0x20 || *s == 0x7f)
			hms_sink_add(sink, "\\u%04x", *s);
		else
			sink->write(sink, bytes, len);
	}
	hms_sink_add(sink, "\"");
}

void hms_json_key(struct hms_sink *sink, const char *before, const char *name)
{
	hms_sink_add(sink, "%s", before);
	hms_json_string(sink, name);
	hms_sink_add(sink, ": ");
}

void hms_json_number(struct hms_sink *sink, const char *before,
	const char *name, uint64_t value)
{
	hms_json_key(sink, before, name);
	hms_sink_add(sink, "%llu", (unsigned long long)value);
}

void hms_json_text(struct hms_sink *sink, const char *before, const char *name,
	const char *value)
{
	hms_json_key(sink, before, name);
	hms_json_string(sink, value);
}
