/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of text.h's form: blanks, quotes, escapes, comments. */
#include <string.h>

#include "engine/topology/parse.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Length of the escape at s, which begins with \; 0: none such. */
static size_t escape(const char *s, size_t len, char *out)
{
	if (len >= 2 && (s[1] == '\\' || s[1] == '"')) {
		*out = s[1];
		return 2;
	}
	if (len >= 4 && s[1] == 'x' && hex(s[2]) >= 0 && hex(s[3]) >= 0) {
		*out = (char)(hex(s[2]) << 4 | hex(s[3]));
		return *out ? 4 : 0;
	}
	return 0;
}

bool hms_piece_text(struct hms_piece piece, char *buf, size_t size)
{
	bool quoted = false;
	size_t n = 0, i = 0, step;

	for (; i < piece.len; i += step) {
		char c = piece.at[i];

		step = 1;
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && c == '\\')
			step = escape(piece.at + i, piece.len - i, &c);
		if (!step || n + 1 >= size)
			return false;
		buf[n++] = c;
	}
	buf[n] = 0;
	return true;
}

size_t hms_piece_find(struct hms_piece piece, const char *any)
{
	bool quoted = false;
	size_t i = 0;

	for (; i < piece.len; i++) {
		if (piece.at[i] == '"')
			quoted = !quoted;
		else if (quoted && piece.at[i] == '\\' && i + 1 < piece.len)
			i++;
		else if (!quoted && strchr(any, piece.at[i]))
			break;
	}
	return i;
}

bool hms_piece_next(struct hms_piece *list, struct hms_piece *part)
{
	size_t at = hms_piece_find(*list, ",");

	if (!list->len)
		return false;
	*part = (struct hms_piece){ list->at, at };
	if (at < list->len)
		at++;
	list->at += at;
	list->len -= at;
	return true;
}

bool hms_line_word(struct hms_line *line, struct hms_piece *word)
{
	while (line->at < line->end && is_blank(*line->at))
		line->at++;
	*word = (struct hms_piece){ line->at, (size_t)(line->end - line->at) };
	word->len = hms_piece_find(*word, " \t#");
	line->at += word->len;
	return word->len;
}

bool hms_line_sound(struct hms_line *line)
{
	bool quoted = false;
	char c;

	for (const char *s = line->at; s < line->end; s++) {
		size_t step = 1;

		if (!quoted && *s == '#')
			return true;
		if ((unsigned char)*s < ' ' && *s != '\t') {
			hms_line_complain(line, "a byte of value %u is no text",
				(unsigned)(unsigned char)*s);
			return false;
		}
		if (*s == '"')
			quoted = !quoted;
		else if (quoted && *s == '\\')
			step = escape(s, (size_t)(line->end - s), &c);
		if (!step) {
			hms_line_complain(line,
				"\\ in quotes is followed by \\, \" or xHH");
			return false;
		}
		s += step - 1;
	}
	if (quoted)
		hms_line_complain(line, "a quote is not closed");
	return !quoted;
}
