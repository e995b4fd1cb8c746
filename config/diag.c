/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/diag.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Characters of a line that are shown; longer ones are cut at the caret. */
#define WINDOW 72
/* Room that the line, the caret and their tabs need at the end. */
#define MESSAGE_MAX 360
#define NAME_MAX_SHOWN 160

/* Bytes of the character at p, 1 for what is no UTF-8. */
static size_t char_len(const char *p, const char *end)
{
	unsigned char c = (unsigned char)*p;
	size_t n = c < 0xc2   ? 1
		   : c < 0xe0 ? 2
		   : c < 0xf0 ? 3
		   : c < 0xf5 ? 4
			      : 1;

	if (n > (size_t)(end - p))
		return 1;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

unsigned hms_diag_columns(const char *text, size_t len)
{
	const char *end = text + len;
	unsigned n = 0;

	for (; text < end; n++)
		text += char_len(text, end);
	return n;
}

static const char *skip(const char *p, const char *end, unsigned chars)
{
	while (chars-- && p < end)
		p += char_len(p, end);
	return p;
}

/* Puts [p, end), each control character but the tab as a question mark. */
static void put_clean(struct hms_text *text, const char *p, const char *end)
{
	for (; p < end; p++) {
		bool odd =
			((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f;

		hms_text_put(text, odd ? "?" : p, 1);
	}
}

static void put_line(struct hms_text *text, const char *line, const char *end,
	unsigned column)
{
	unsigned first = 0, total;
	const char *from, *to, *caret;

	caret = skip(line, end, column ? column - 1 : 0);
	total = hms_diag_columns(line, (size_t)(end - line));
	if (total > WINDOW && column > WINDOW / 2) {
		first = column - WINDOW / 2;
		if (first > total - WINDOW)
			first = total - WINDOW;
	}
	from = skip(line, end, first);
	to = skip(from, end, WINDOW);
	hms_text_put(text, "\n", 1);
	if (first)
		hms_text_add(text, "...");
	put_clean(text, from, to);
	if (to < end)
		hms_text_add(text, "...");
	hms_text_put(text, "\n", 1);
	if (first)
		hms_text_add(text, "   ");
	for (; from < caret; from += char_len(from, end))
		hms_text_put(text, *from == '\t' ? "\t" : " ", 1);
	hms_text_put(text, "^", 1);
}

static void put_source_line(struct hms_text *text,
	const struct hms_rule_text *source, unsigned line, unsigned column)
{
	const char *p = source->text, *end = p + source->len, *stop;

	for (unsigned i = 1; i < line && p; i++) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (p)
			p++;
	}
	if (!p)
		return;
	stop = memchr(p, '\n', (size_t)(end - p));
	if (!stop)
		stop = end;
	if (stop > p && stop[-1] == '\r')
		stop--;
	put_line(text, p, stop, column);
}

void hms_diag_put(struct hms_diag *diag, const struct hms_rule_text *source,
	unsigned line, unsigned column, const char *severity,
	const char *format, va_list args)
{
	struct hms_text text = HMS_TEXT(diag->text);
	char message[MESSAGE_MAX];
	size_t len = strlen(source->name);
	struct hms_text clean;

	diag->line = line;
	diag->column = line ? column : 0;
	/* Of a long path the end tells more. */
	if (len > NAME_MAX_SHOWN)
		hms_text_add(
			&text, "...%s", source->name + len - NAME_MAX_SHOWN);
	else
		hms_text_add(&text, "%s", source->name);
	if (line)
		hms_text_add(&text, ":%u:%u", line, column);
	hms_text_add(&text, ": %s: ", severity);
	vsnprintf(message, sizeof(message), format, args);
	clean = (struct hms_text){ text.buf, text.size, text.len, false };
	put_clean(&clean, message, message + strlen(message));
	if (line)
		put_source_line(&clean, source, line, column);
}

void hms_diag_error(struct hms_diag *diag, const struct hms_rule_text *source,
	unsigned line, unsigned column, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	hms_diag_put(diag, source, line, column, "error", format, args);
	va_end(args);
}
