/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's pools of huge pages, by node.  Source: the kernel's
 * admin-guide/mm/hugetlbpage.rst (nr_hugepages, free_hugepages of
 * nodeN/hugepages/hugepages-SIZEkB).
 */
#include "engine/topology/read/read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/topology/sysfs.h"

#define DIR "sys/devices/system/node/node%u/hugepages"
#define PREFIX "hugepages-"

struct pool {
	int target;
	unsigned node;
};

/* "hugepages-2048kB": bytes; 0: it is no size. */
static uint64_t size_of(const char *name)
{
	const char *end;
	uint64_t kib;

	end = hms_sysfs_digits(name + strlen(PREFIX), &kib);
	return end && !strcmp(end, "kB") && !(kib >> 54) ? kib << 10 : 0;
}

/* False, and said, without a number. */
static bool number(struct hms_builder *b, const struct pool *pool,
	const char *name, const char *file, uint64_t *out)
{
	char path[HMS_SYSFS_PATH];
	int rc, n;

	n = snprintf(path, sizeof(path), DIR "/%s/%s", pool->node, name, file);
	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	rc = hms_sysfs_number(b, out, "%s", path);
	if (rc && rc != -EINVAL)
		hms_sysfs_complain(b, path, 0, "cannot be read: error %d", -rc);
	return !rc;
}

static void read_pool(struct hms_builder *b, const char *name, void *arg)
{
	const struct pool *pool = arg;
	struct hms_huge_pages pages;
	char path[64];

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return;
	pages.size = size_of(name);
	if (!pages.size) {
		snprintf(path, sizeof(path), DIR, pool->node);
		hms_sysfs_complain(
			b, path, 0, "\"%.40s\" has no size in kB", name);
		return;
	}
	if (!number(b, pool, name, "nr_hugepages", &pages.total) ||
		!number(b, pool, name, "free_hugepages", &pages.free))
		return;
	hms_builder_huge_pages(b, pool->target, &pages);
}

void hms_read_huge(struct hms_builder *b)
{
	unsigned n = hms_builder_targets(b);

	for (unsigned i = 0; i < n; i++) {
		const struct hms_memory *memory = hms_builder_memory(b, (int)i);
		struct pool pool = { (int)i, (unsigned)memory->node };

		if (memory->node >= 0 &&
			memory->manager == HMS_MANAGED_BY_KERNEL)
			hms_sysfs_dir(b, read_pool, &pool, DIR, pool.node);
	}
}
