/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void hms_text_put(struct hms_text *text, const char *bytes, size_t len)
{
	size_t room = text->size - text->len - 1;

	if (len > room) {
		len = room;
		text->cut = true;
	}
	memcpy(text->buf + text->len, bytes, len);
	text->len += len;
	text->buf[text->len] = 0;
}

void hms_text_add(struct hms_text *text, const char *format, ...)
{
	size_t room = text->size - text->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->buf + text->len, room, format, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n >= room) {
		n = (int)room - 1;
		text->cut = true;
	}
	text->len += (size_t)n;
}

/* Shift that a suffix stands for, -1 for none such; "", K, KB, KiB ... */
static int suffix_shift(const char *s, size_t len)
{
	static const char letters[] = "kmgt";
	const char *found;

	if (len == 0 || (len == 1 && (*s == 'b' || *s == 'B')))
		return 0;
	found = strchr(letters, tolower((unsigned char)*s));
	if (!found || !*found)
		return -1;
	if (len > 1 && !(len == 2 && (s[1] == 'b' || s[1] == 'B')) &&
		!(len == 3 && s[1] == 'i' && (s[2] == 'b' || s[2] == 'B')))
		return -1;
	return 10 * (int)(found - letters + 1);
}

int hms_text_size(const char *text, size_t len, uint64_t *out)
{
	uint64_t whole = 0, frac = 0, frac_base = 1;
	bool overflow = false;
	size_t i = 0;
	int shift;

	for (; i < len && isdigit((unsigned char)text[i]); i++)
		overflow |= __builtin_mul_overflow(whole, 10, &whole) |
			    __builtin_add_overflow(
				    whole, (uint64_t)(text[i] - '0'), &whole);
	if (i == 0)
		return -EINVAL;
	if (i + 1 < len && text[i] == '.' &&
		isdigit((unsigned char)text[i + 1])) {
		for (i++; i < len && isdigit((unsigned char)text[i]); i++)
			if (frac_base < 1000000) {
				frac = frac * 10 + (uint64_t)(text[i] - '0');
				frac_base *= 10;
			}
	}
	shift = suffix_shift(text + i, len - i);
	if (shift < 0)
		return -EINVAL;
	/* "1.5" bytes mean nothing; frac < 10^6, so 2^40 * frac fits. */
	if (frac && !shift)
		return -EINVAL;
	if (overflow || (shift && whole >> (64 - shift)))
		return -ERANGE;
	whole <<= shift;
	if (frac && __builtin_add_overflow(
			    whole, (frac << shift) / frac_base, &whole))
		return -ERANGE;
	*out = whole;
	return 0;
}

const char *hms_text_human(uint64_t bytes, char *buf)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB",
		"PiB" };
	double value = (double)bytes;
	unsigned unit = 0;

	while (value >= 1024 && unit < 5) {
		value /= 1024;
		unit++;
	}
	if (unit == 0 || value >= 100 || value == (double)(uint64_t)value)
		snprintf(buf, 16, "%.0f %s", value, units[unit]);
	else
		snprintf(buf, 16, "%.1f %s", value, units[unit]);
	return buf;
}

/* Does c stand in the set that starts after '['?  *end: after the ']'. */
static bool in_set(const char *set, unsigned char c, const char **end)
{
	bool negate = *set == '!' || *set == '^', found = false;
	const char *s = negate ? set + 1 : set;
	const char *first = s;

	for (; *s && (*s != ']' || s == first); s++) {
		unsigned char low = (unsigned char)*s, high = low;

		if (s[1] == '-' && s[2] && s[2] != ']') {
			high = (unsigned char)s[2];
			s += 2;
		}
		if (c >= low && c <= high)
			found = true;
	}
	if (!*s) { /* no closing bracket: '[' is a letter */
		*end = set;
		return c == '[';
	}
	*end = s + 1;
	return found != negate;
}

/* One glob element against one character; *next: the element after it. */
static bool one_matches(const char *glob, unsigned char c, const char **next)
{
	if (*glob == '[')
		return in_set(glob + 1, c, next);
	if (*glob == '\\' && glob[1])
		glob++;
	else if (*glob == '?') {
		*next = glob + 1;
		return true;
	}
	*next = glob + 1;
	return (unsigned char)*glob == c;
}

bool hms_text_glob(const char *glob, const char *string)
{
	const char *star = NULL, *retry = NULL, *next;

	/* Only the last star needs trying again: linear but for restarts. */
	while (*string) {
		if (*glob == '*') {
			star = ++glob;
			retry = string;
		} else if (*glob &&
			   one_matches(glob, (unsigned char)*string, &next)) {
			glob = next;
			string++;
		} else if (star) {
			glob = star;
			string = ++retry;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

#define MAX_WORD 31

/* Edit distance with transpositions (optimal string alignment). */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][MAX_WORD + 1];
	unsigned *before = row[0], *last = row[1], *now = row[2], *spare;
	size_t la = strlen(a), lb = strlen(b);

	if (la > MAX_WORD || lb > MAX_WORD)
		return MAX_WORD;
	for (size_t j = 0; j <= lb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			int ca = tolower((unsigned char)a[i - 1]);
			int cb = tolower((unsigned char)b[j - 1]);
			unsigned best = last[j - 1] + (ca != cb);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1] &&
				before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[lb];
}

const char *hms_text_nearest(
	const char *word, const char *const *words, size_t n)
{
	unsigned best = (unsigned)(strlen(word) + 2) / 3 + 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(word, words[i]);

		if (d < best) {
			best = d;
			nearest = words[i];
		}
	}
	return nearest;
}

bool hms_text_glob_file(const char *glob, const char *path)
{
	const char *slash;

	if (!path)
		return false;
	slash = strrchr(path, '/');
	if (slash && !strchr(glob, '/'))
		path = slash + 1;
	return hms_text_glob(glob, path);
}
