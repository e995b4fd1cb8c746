/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/source/smaps.h"

#include <string.h>

/* Digits of a number of that base; NULL if there is none. */
static const char *number(const char *s, unsigned base, uint64_t *out)
{
	const char *first = s;
	uint64_t n = 0;

	for (;; s++) {
		unsigned digit;

		if (*s >= '0' && *s <= '9')
			digit = (unsigned)(*s - '0');
		else if (base == 16 && *s >= 'a' && *s <= 'f')
			digit = (unsigned)(*s - 'a') + 10;
		else
			break;
		n = n * base + digit;
	}
	*out = n;
	return s == first ? NULL : s;
}

/* "Referenced:       12 kB" */
static bool value(const char *line, const char *name, uint64_t *out)
{
	size_t len = strlen(name);
	uint64_t kib;

	if (strncmp(line, name, len) != 0 || line[len] != ':')
		return false;
	line += len + 1;
	while (*line == ' ' || *line == '\t')
		line++;
	if (!number(line, 10, &kib))
		return false;
	*out = kib * 1024;
	return true;
}

static void complete(struct hms_smaps *smaps)
{
	if (smaps->have)
		smaps->mapping(&smaps->now, smaps->arg);
	smaps->have = false;
}

/* "7f12a000-7f12c000 rw-p ..." begins a mapping. */
static bool header(const char *line, struct hms_smap *out)
{
	uint64_t start, end;
	const char *s = number(line, 16, &start);

	if (!s || *s != '-')
		return false;
	s = number(s + 1, 16, &end);
	if (!s || *s != ' ')
		return false;
	memset(out, 0, sizeof(*out));
	out->start = (uintptr_t)start;
	out->end = (uintptr_t)end;
	return true;
}

static void take_line(struct hms_smaps *smaps)
{
	struct hms_smap next;
	uint64_t bytes;

	if (header(smaps->line, &next)) {
		complete(smaps);
		smaps->now = next;
		smaps->have = true;
	} else if (smaps->have) {
		if (value(smaps->line, "Rss", &bytes))
			smaps->now.rss = bytes;
		else if (value(smaps->line, "Referenced", &bytes))
			smaps->now.referenced = bytes;
		else if (value(smaps->line, "AnonHugePages", &bytes) ||
			 value(smaps->line, "ShmemPmdMapped", &bytes) ||
			 value(smaps->line, "FilePmdMapped", &bytes))
			smaps->now.huge += bytes;
	}
}

void hms_smaps_feed(struct hms_smaps *smaps, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n') {
			if (smaps->len < sizeof(smaps->line) - 1)
				smaps->line[smaps->len++] = text[i];
			continue;
		}
		smaps->line[smaps->len] = 0;
		take_line(smaps);
		smaps->len = 0;
	}
}

void hms_smaps_end(struct hms_smaps *smaps)
{
	complete(smaps);
	smaps->len = 0;
}
