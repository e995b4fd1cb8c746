/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "engine/source/pmu.h"

#define WORD 64

/* Which member of attr "config", "config1" or "config2" is; NULL: none. */
static __u64 *member(const char *name, size_t len, struct perf_event_attr *attr)
{
	if (len == 6 && memcmp(name, "config", 6) == 0)
		return &attr->config;
	if (len == 7 && memcmp(name, "config1", 7) == 0)
		return &attr->config1;
	if (len == 7 && memcmp(name, "config2", 7) == 0)
		return &attr->config2;
	return NULL;
}

static const char *digits(const char *s, unsigned *out)
{
	unsigned n = 0;
	const char *first = s;

	for (; *s >= '0' && *s <= '9' && n < 1000; s++)
		n = n * 10 + (unsigned)(*s - '0');
	*out = n;
	return s == first ? NULL : s;
}

int hms_pmu_set_bits(
	const char *description, uint64_t value, struct perf_event_attr *attr)
{
	const char *s = strchr(description, ':');
	struct perf_event_attr set = *attr;
	__u64 *word =
		s ? member(description, (size_t)(s - description), &set) : NULL;
	unsigned from, to;

	if (!word)
		return -EINVAL;
	do {
		s = digits(s + 1, &from);
		if (!s)
			return -EINVAL;
		to = from;
		if (*s == '-')
			s = digits(s + 1, &to);
		if (!s || from > to || to >= WORD)
			return -EINVAL;
		for (unsigned bit = from; bit <= to; bit++, value >>= 1) {
			*word &= ~(UINT64_C(1) << bit);
			*word |= (uint64_t)(value & 1) << bit;
		}
	} while (*s == ',');
	if (*s && *s != '\n')
		return -EINVAL;
	if (value)
		return -ERANGE;
	*attr = set;
	return 0;
}

static ssize_t read_in(const char *dir, const char *folder, const char *name,
	char *buf, size_t size)
{
	char path[512];
	struct hms_text text = HMS_TEXT(path);

	hms_text_add(
		&text, "%s%s%s/%s", dir, folder[0] ? "/" : "", folder, name);
	if (text.cut)
		return -ENAMETOOLONG;
	return hms_sys_read_file(path, buf, size);
}

int hms_pmu_set(const char *dir, const char *field, uint64_t value,
	struct perf_event_attr *attr)
{
	char buf[128];
	ssize_t n = read_in(dir, "format", field, buf, sizeof(buf));

	return n < 0 ? (int)n : hms_pmu_set_bits(buf, value, attr);
}

/* "name=0x12", "name=18" or "name", which means 1. */
static int set_term(const char *dir, const char *term, size_t len,
	struct perf_event_attr *attr)
{
	char name[64], *end;
	const char *equals = memchr(term, '=', len);
	size_t name_len = equals ? (size_t)(equals - term) : len;
	uint64_t value = 1;
	__u64 *whole;

	if (name_len == 0 || name_len >= sizeof(name))
		return -EINVAL;
	memcpy(name, term, name_len);
	name[name_len] = 0;
	if (equals) {
		value = strtoull(equals + 1, &end, 0);
		/* "event=?" wants a value of the user's. */
		if (end == equals + 1 || end != term + len)
			return -EINVAL;
	}
	whole = member(name, name_len, attr);
	if (whole) {
		*whole = value;
		return 0;
	}
	if (strcmp(name, "period") == 0)
		return 0;
	return hms_pmu_set(dir, name, value, attr);
}

int hms_pmu_event(
	const char *dir, const char *alias, struct perf_event_attr *attr)
{
	char buf[256];
	ssize_t n = read_in(dir, "events", alias, buf, sizeof(buf));
	int type = hms_pmu_type(dir), rc = 0;
	size_t len;

	if (n < 0)
		return (int)n;
	if (type < 0)
		return type;
	attr->type = (uint32_t)type;
	for (const char *s = buf; rc == 0 && *s && *s != '\n';
		s += len + (s[len] == ',')) {
		len = strcspn(s, ",\n");
		rc = set_term(dir, s, len, attr);
	}
	return rc;
}

int hms_pmu_type(const char *dir)
{
	char buf[32];
	unsigned type;
	ssize_t n = read_in(dir, "", "type", buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	return digits(buf, &type) ? (int)type : -EINVAL;
}
