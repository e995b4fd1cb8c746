/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources: numa(7) for numa_maps, proc(5) for maps.  Both list mappings by
 * rising address; numa_maps has no ends, maps has no nodes.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/sys.h"
#include "engine/residency.h"

#define LAST_NODE 63

/* A file read line by line; what exceeds buf is cut off a line's end. */
struct lines {
	int fd;
	size_t len, at;
	char buf[2048];
};

/* The next line, ended with a 0; NULL at the end. */
static char *next_line(struct lines *in)
{
	char *line, *stop;
	ssize_t n;

	for (;;) {
		line = in->buf + in->at;
		stop = memchr(line, '\n', in->len - in->at);
		if (stop) {
			*stop = 0;
			in->at = (size_t)(stop - in->buf) + 1;
			return line;
		}
		memmove(in->buf, line, in->len - in->at);
		in->len -= in->at;
		in->at = 0;
		/* Names can be longer; what counts stands in front. */
		if (in->len == sizeof(in->buf))
			in->len = sizeof(in->buf) / 2;
		n = hms_sys_read(
			in->fd, in->buf + in->len, sizeof(in->buf) - in->len);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			return NULL;
		in->len += (size_t)n;
	}
}

static uintptr_t hex(const char **p)
{
	uintptr_t n = 0;

	for (;; (*p)++) {
		char c = **p;

		if (c >= '0' && c <= '9')
			n = n * 16 + (uintptr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n * 16 + (uintptr_t)(c - 'a' + 10);
		else
			return n;
	}
}

static uint64_t decimal(const char **p)
{
	uint64_t n = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++)
		n = n * 10 + (uint64_t)(**p - '0');
	return n;
}

/* " N3=12": adds 12 pages of the size the line's end names, as a part. */
static void add_counts(const char *line, uint64_t part, uint64_t whole,
	bool files, struct hms_residency *sum)
{
	const char *size = strstr(line, "kernelpagesize_kB=");
	const char *p = line;
	bool file = files && strstr(line, " file=");
	uint64_t page = hms_sys_page_size(), seen = 0;

	if (size) {
		size += strlen("kernelpagesize_kB=");
		page = decimal(&size) << 10;
	}
	while ((p = strstr(p, " N"))) {
		uint64_t node, bytes;

		p += 2;
		node = decimal(&p);
		if (*p++ != '=')
			continue;
		bytes = (uint64_t)((unsigned __int128)(decimal(&p) * page) *
				   part / whole);
		seen += bytes;
		if (file)
			sum->file += bytes;
		else
			sum->node[node < LAST_NODE ? node : LAST_NODE] += bytes;
	}
	sum->absent += part > seen ? part - seen : 0;
}

/* Mappings of both files side by side, as far as they concern the range. */
static void add_mappings(struct lines *maps, struct lines *nodes,
	uintptr_t start, uintptr_t end, bool files, struct hms_residency *sum)
{
	const char *line, *counts = next_line(nodes);

	while ((line = next_line(maps))) {
		uintptr_t from = hex(&line), to, low, high, at = 0;

		line += *line == '-';
		to = hex(&line);
		if (from >= end)
			return;
		if (to <= start)
			continue;
		for (; counts; counts = next_line(nodes)) {
			const char *p = counts;

			at = hex(&p);
			if (at >= from)
				break;
		}
		if (!counts)
			return;
		low = from > start ? from : start;
		high = to < end ? to : end;
		if (at == from)
			add_counts(counts, high - low, to - from, files, sum);
	}
}

int hms_residency_by_maps(
	uintptr_t start, uintptr_t end, bool files, struct hms_residency *sum)
{
	struct lines maps = { .fd = -1 }, nodes = { .fd = -1 };
	int rc = 0;

	maps.fd = hms_sys_open("/proc/self/maps", O_RDONLY, 0);
	nodes.fd = hms_sys_open("/proc/self/numa_maps", O_RDONLY, 0);
	if (maps.fd < 0)
		rc = maps.fd;
	else if (nodes.fd < 0)
		rc = nodes.fd;
	else
		add_mappings(&maps, &nodes, start, end, files, sum);
	if (maps.fd >= 0)
		hms_sys_close(maps.fd);
	if (nodes.fd >= 0)
		hms_sys_close(nodes.fd);
	return rc;
}
