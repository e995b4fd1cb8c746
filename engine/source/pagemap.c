/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/source/pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <string.h>
#include <sys/stat.h>

#define AT_ONCE 512 /* entries: 2 MiB of small pages */
#define PRESENT (UINT64_C(1) << 63)
#define OF_FILE (UINT64_C(1) << 61)

/* The kernel's uapi/linux/fs.h, which headers before 6.7 lack. */
struct page_region {
	uint64_t start, end, categories;
};

struct pm_scan_arg {
	uint64_t size, flags;
	uint64_t start, end, walk_end;
	uint64_t vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask;
	uint64_t category_anyof_mask, return_mask;
};

#define PAGEMAP_SCAN _IOWR('f', 16, struct pm_scan_arg)
#define PM_SCAN_WP_MATCHING 1
#define PM_SCAN_CHECK_WPASYNC 2
#define REGIONS 64

/* Is it our file still?  Another one's answers would be believed. */
static bool is_ours(const struct hms_pagemap *map)
{
	struct stat st;

	return hms_sys_fstat(map->fd, &st) == 0 && st.st_dev == map->dev &&
	       st.st_ino == map->ino;
}

int hms_pagemap_open(struct hms_pagemap *map)
{
	struct pm_scan_arg arg = { .size = sizeof(arg) };
	struct stat st;
	int rc;

	/* The first thread may have ended, and has no memory then. */
	map->fd = hms_sys_open("/proc/thread-self/pagemap", O_RDONLY, 0);
	if (map->fd < 0)
		return map->fd;
	map->fd = hms_sys_move_up(map->fd);
	rc = hms_sys_fstat(map->fd, &st);
	if (rc < 0) {
		hms_sys_close(map->fd);
		map->fd = -1;
		return rc;
	}
	map->dev = st.st_dev;
	map->ino = st.st_ino;
	/* An empty range is scanned by whoever can scan. */
	map->scans = hms_sys_ioctl(map->fd, PAGEMAP_SCAN, &arg) == 0;
	return 0;
}

void hms_pagemap_close(struct hms_pagemap *map)
{
	if (map->fd >= 0 && is_ours(map))
		hms_sys_close(map->fd);
	map->fd = -1;
}

static ssize_t scan(struct hms_pagemap *map, struct pm_scan_arg *arg,
	struct page_region *regions)
{
	ssize_t n;

	arg->size = sizeof(*arg);
	arg->vec = (uintptr_t)regions;
	arg->vec_len = REGIONS;
	n = hms_sys_ioctl(map->fd, PAGEMAP_SCAN, arg);
	return n == -ENOTTY || n == -EINVAL ? -EOPNOTSUPP : n;
}

static int look_by_scan(struct hms_pagemap *map, uintptr_t start, uintptr_t end,
	struct hms_pages *out)
{
	const size_t page = hms_sys_page_size();
	struct page_region regions[REGIONS];

	while (start < end) {
		struct pm_scan_arg arg = {
			.start = start,
			.end = end,
			.category_mask = HMS_PAGE_PRESENT,
			.return_mask = HMS_PAGE_FILE | HMS_PAGE_HUGE,
		};
		ssize_t n = scan(map, &arg, regions);

		if (n < 0)
			return (int)n;
		for (ssize_t i = 0; i < n; i++) {
			size_t pages =
				(regions[i].end - regions[i].start) / page;

			out->present += pages;
			if (regions[i].categories & HMS_PAGE_FILE)
				out->file += pages;
			if (regions[i].categories & HMS_PAGE_HUGE)
				out->huge += pages;
		}
		if (arg.walk_end <= start)
			return -EIO;
		start = (uintptr_t)arg.walk_end;
	}
	return 0;
}

int hms_pagemap_look(struct hms_pagemap *map, uintptr_t start, uintptr_t end,
	struct hms_pages *out)
{
	const size_t page = hms_sys_page_size();
	uint64_t entries[AT_ONCE];
	size_t n = (end - start) / page;
	ssize_t got;

	memset(out, 0, sizeof(*out));
	out->pages = n;
	if (map->scans)
		return look_by_scan(map, start, end, out);
	if (n > AT_ONCE)
		return -EINVAL;
	got = hms_sys_pread(map->fd, entries, n * sizeof(*entries),
		(off_t)(start / page * sizeof(*entries)));
	if (got < 0)
		return (int)got;
	if (!is_ours(map))
		return -EBADF;
	for (size_t i = 0; i < (size_t)got / sizeof(*entries); i++) {
		out->present += !!(entries[i] & PRESENT);
		out->file += entries[i] & PRESENT && entries[i] & OF_FILE;
	}
	return 0;
}

ssize_t hms_pagemap_scan(struct hms_pagemap *map, const struct hms_scan *what)
{
	const size_t page = hms_sys_page_size();
	struct page_region regions[REGIONS];
	uintptr_t start = what->start;
	ssize_t sum = 0;

	if (!map->scans)
		return -EOPNOTSUPP;
	while (start < what->end) {
		struct pm_scan_arg arg = {
			.start = start,
			.end = what->end,
			.category_mask = what->all | what->none,
			.category_inverted = what->none,
			.return_mask = what->all,
			.flags = what->protect ? PM_SCAN_WP_MATCHING |
							 PM_SCAN_CHECK_WPASYNC
					       : 0,
		};
		ssize_t n = scan(map, &arg, regions);

		if (n < 0)
			return n;
		for (ssize_t i = 0; i < n; i++)
			sum += (ssize_t)((regions[i].end - regions[i].start) /
					 page);
		if (arg.walk_end <= start)
			return -EIO;
		start = (uintptr_t)arg.walk_end;
	}
	return sum;
}

bool hms_resident(const struct hms_watch *watch)
{
	struct hms_pagemap map;
	struct hms_pages pages;
	uintptr_t at, to;
	bool all = true;

	if (hms_pagemap_open(&map) < 0)
		return false;
	for (at = watch->start; all && at < watch->end; at = to) {
		to = (at / HMS_SOURCE_BLOCK + 1) * HMS_SOURCE_BLOCK;
		if (to > watch->end)
			to = watch->end;
		all = hms_pagemap_look(&map, at, to, &pages) == 0 &&
		      pages.present == pages.pages;
	}
	hms_pagemap_close(&map);
	return all;
}
