/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text without allocation: a bounded buffer to format into, sizes with
 * suffixes, globs, and the distance behind "did you mean".
 * No function here allocates, locks or changes errno.
 */
#ifndef HMS_BASE_TEXT_H
#define HMS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text being built in someone else's memory; cut off, never overrun. */
struct hms_text {
	char *buf;
	size_t size; /* of buf, > 0 */
	size_t len; /* without the closing 0 that is always there */
	bool cut; /* something did not fit */
};

#define HMS_TEXT(array)                                                        \
	{                                                                      \
		(array), sizeof(array), 0, false                               \
	}

void hms_text_add(struct hms_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void hms_text_put(struct hms_text *text, const char *bytes, size_t len);

/*
 * Parses "64", "4K", "1.5G", "256MiB", powers of 1,024, suffix K M G T in
 * either case.  0, -EINVAL for no such number, -ERANGE if it needs more than
 * 64 bits.
 */
int hms_text_size(const char *text, size_t len, uint64_t *out);
/* "1.5 GiB" and the like, for people; buf of at least 16 bytes; returns buf. */
const char *hms_text_human(uint64_t bytes, char *buf);
/* Shell globs: * ? [a-z] [!a-z] and \ to quote; whole string must match. */
bool hms_text_glob(const char *glob, const char *string);
/* A glob without a slash is about the file's name only.  No path: false. */
bool hms_text_glob_file(const char *glob, const char *path);
/*
 * The one of n words nearest to word by edit distance, or NULL if none is
 * near enough to be meant (more than a third of the letters differ).
 */
const char *hms_text_nearest(
	const char *word, const char *const *words, size_t n);

#endif
