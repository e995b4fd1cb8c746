/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/groups.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CGROUP "proc/self/cgroup"
/* Version 1 has a line for each of its dozen controllers. */
#define CGROUP_BYTES 8192
/*
 * Version 1 says "none" with the largest number of pages that a long has
 * (cgroup-v1/memory.rst: -1 resets it): no machine has an exbibyte.
 */
#define ABSURD (UINT64_C(1) << 60)

struct version {
	const char *mount, *limit, *usage;
};

static const struct version one = { "sys/fs/cgroup/memory",
	"memory.limit_in_bytes", "memory.usage_in_bytes" };
static const struct version two = { "sys/fs/cgroup", "memory.max",
	"memory.current" };

/* HMS_GROUPS_ANY: no file, no limit, or said to be malformed. */
static uint64_t number_in(struct hms_builder *b, const char *path)
{
	char buf[64];
	const char *end;
	uint64_t bytes;
	ssize_t len;

	len = hms_sysfs_read(b, buf, sizeof(buf), "%s", path);
	/* The highest group has none, and containers hide those above. */
	if (len < 0 && len != -ENOENT && len != -EACCES)
		hms_sysfs_complain(
			b, path, 0, "cannot be read: error %d", (int)-len);
	if (len < 0 || !strcmp(buf, "max"))
		return HMS_GROUPS_ANY;
	end = hms_sysfs_digits(buf, &bytes);
	if (!len)
		hms_sysfs_complain(b, path, 0, "is empty");
	else if (!end || *end)
		hms_sysfs_complain(b, path, 0,
			"\"%.40s\" is no number of bytes, nor max", buf);
	if (!end || *end)
		return HMS_GROUPS_ANY;
	return bytes < ABSURD ? bytes : HMS_GROUPS_ANY;
}

/* One group: the first len bytes of where, from the mount. */
static void look(struct hms_builder *b, const struct version *version,
	const char *where, size_t len, struct hms_groups *out, bool room)
{
	char path[HMS_SYSFS_PATH];
	uint64_t limit, used;
	int n;

	n = snprintf(path, sizeof(path), "%s%.*s/%s", version->mount, (int)len,
		where, version->limit);
	if (n < 0 || (size_t)n >= sizeof(path))
		return;
	limit = number_in(b, path);
	if (limit == HMS_GROUPS_ANY)
		return;
	if (limit < out->limit) {
		out->limit = limit;
		memcpy(out->file, path, (size_t)n + 1);
	}
	if (!room)
		return;
	snprintf(path, sizeof(path), "%s%.*s/%s", version->mount, (int)len,
		where, version->usage);
	used = number_in(b, path);
	if (used == HMS_GROUPS_ANY)
		return;
	used = used < limit ? limit - used : 0;
	if (used < out->room)
		out->room = used;
}

static void climb(struct hms_builder *b, const struct version *version,
	const char *where, struct hms_groups *out, bool room)
{
	size_t len = strlen(where);

	/* Outside of this namespace: only its root can be seen. */
	if (!strcmp(where, "/") || strstr(where, "/.."))
		len = 0;
	look(b, version, where, len, out, room);
	while (len) {
		while (len && where[--len] != '/')
			;
		look(b, version, where, len, out, room);
	}
}

/* Is "memory" in "cpu,memory"? */
static bool has_memory(const char *names)
{
	static const char memory[] = "memory";

	while (*names) {
		size_t len = strcspn(names, ",");

		if (len == sizeof(memory) - 1 && !memcmp(names, memory, len))
			return true;
		names += len + (names[len] == ',');
	}
	return false;
}

/* "0::/box" (version 2) or "4:memory:/box" (version 1). */
static void read_line(struct hms_builder *b, char *line, unsigned number,
	struct hms_groups *out, bool room)
{
	char *names = strchr(line, ':'), *where;

	where = names ? strchr(names + 1, ':') : NULL;
	if (!where || where[1] != '/') {
		hms_sysfs_complain(b, CGROUP, number,
			"\"%.40s\" does not say which group this is", line);
		return;
	}
	*where++ = 0;
	names++;
	if (!*names)
		climb(b, &two, where, out, room);
	else if (has_memory(names))
		climb(b, &one, where, out, room);
}

void hms_groups_read(struct hms_builder *b, bool room, struct hms_groups *out)
{
	char buf[CGROUP_BYTES], *line = buf, *end;

	out->limit = out->room = HMS_GROUPS_ANY;
	out->file[0] = 0;
	if (hms_sysfs_bytes(b, buf, sizeof(buf), CGROUP) < 0)
		return;
	/* A line that is cut short names another group. */
	for (unsigned number = 1; (end = strchr(line, '\n')); number++) {
		*end = 0;
		read_line(b, line, number, out, room);
		line = end + 1;
	}
}
