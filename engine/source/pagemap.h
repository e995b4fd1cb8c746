/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel says of pages: /proc/self/pagemap, and its PAGEMAP_SCAN
 * (Linux 6.7) where there is one.  Opened for a tick at a time.
 * Source: the kernel's admin-guide/mm/pagemap.rst.
 */
#ifndef HMS_ENGINE_SOURCE_PAGEMAP_H
#define HMS_ENGINE_SOURCE_PAGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/sys.h"
#include "engine/source/source.h"

/* Categories of PAGEMAP_SCAN; ACCESSED with userfaultfd's RWP only. */
enum hms_page_is {
	HMS_PAGE_WPALLOWED = 1 << 0,
	HMS_PAGE_WRITTEN = 1 << 1,
	HMS_PAGE_FILE = 1 << 2,
	HMS_PAGE_PRESENT = 1 << 3,
	HMS_PAGE_HUGE = 1 << 6,
	HMS_PAGE_ACCESSED = 1 << 9,
};

struct hms_pagemap {
	int fd; /* -1: not open */
	dev_t dev;
	ino_t ino;
	bool scans; /* has PAGEMAP_SCAN */
};

/* 0 or -errno. */
int hms_pagemap_open(struct hms_pagemap *map);
void hms_pagemap_close(struct hms_pagemap *map);

/* Pages of [start, end) by what they are. */
struct hms_pages {
	size_t pages;
	size_t present;
	size_t file; /* present, of a file or shared */
	size_t huge; /* present, mapped by a huge entry; 0 if not known */
};

/* end - start at most 2 MiB.  0 or -errno; -EBADF: the program closed it. */
int hms_pagemap_look(struct hms_pagemap *map, uintptr_t start, uintptr_t end,
	struct hms_pages *out);

/* Are all pages of the piece there?  False if that cannot be told. */
bool hms_resident(const struct hms_watch *watch);

/* A scan, see struct pm_scan_arg of the kernel's uapi/linux/fs.h. */
struct hms_scan {
	uintptr_t start, end;
	uint64_t all; /* categories that all must hold */
	uint64_t none; /* and those that must not */
	bool protect; /* those that match: write-protected again */
};

/* How many pages matched; -errno, -EOPNOTSUPP without PAGEMAP_SCAN. */
ssize_t hms_pagemap_scan(struct hms_pagemap *map, const struct hms_scan *scan);

#endif
