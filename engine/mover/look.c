/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/mover/look.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <string.h>

#include "base/sys.h"
#include "engine/mover/own.h"

#define HUGE_BYTES ((uintptr_t)2 << 20)
#define REGIONS 64

/* <linux/fs.h> of Linux 6.7; what we build with may be older. */
struct page_region {
	__u64 start, end, categories;
};

struct scan_arg {
	__u64 size, flags;
	__u64 start, end, walk_end;
	__u64 vec, vec_len, max_pages;
	__u64 category_inverted, category_mask, category_anyof_mask;
	__u64 return_mask;
};

#define SCAN _IOWR('f', 16, struct scan_arg)
#define IS_PRESENT (UINT64_C(1) << 3)
#define IS_ZERO (UINT64_C(1) << 5)
#define IS_HUGE (UINT64_C(1) << 6)

/* An entry of pagemap. */
#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_OF_FILE (UINT64_C(1) << 61)
#define ENTRY_SWAPPED (UINT64_C(1) << 62)

static struct hms_own pagemap = { .fd = -1 };
static bool no_scan; /* this kernel has none */

void hms_look_close(void)
{
	hms_own_close(&pagemap);
}

static void add(struct hms_look *look, uintptr_t at, size_t bytes)
{
	look->addr[look->n] = (void *)at;
	look->bytes[look->n++] = (uint32_t)bytes;
}

/* One region; false if look has become full inside it. */
static bool add_region(struct hms_look *look, const struct page_region *r)
{
	const size_t page = hms_sys_page_size();

	for (uintptr_t at = r->start; at < r->end;) {
		uintptr_t stop = at + page;

		if (r->categories & IS_HUGE) {
			stop = (at + HUGE_BYTES) & ~(HUGE_BYTES - 1);
			if (stop > r->end)
				stop = r->end;
		}
		if (look->n == HMS_LOOK_PAGES) {
			look->next = at;
			return false;
		}
		add(look, at, stop - at);
		at = stop;
	}
	return true;
}

static int scan(struct hms_look *look, uintptr_t end)
{
	struct page_region regions[REGIONS];
	struct scan_arg arg = {
		.size = sizeof(arg),
		.start = look->next,
		.end = end,
		.vec = (uintptr_t)regions,
		.vec_len = REGIONS,
		/* Pages that only read zeros are the kernel's own. */
		.category_inverted = IS_ZERO,
		.category_mask = IS_PRESENT | IS_ZERO,
		.return_mask = IS_PRESENT | IS_HUGE,
	};
	long n = hms_sys_ioctl(pagemap.fd, SCAN, &arg);

	if (n < 0)
		return (int)n;
	for (long i = 0; i < n; i++)
		if (!add_region(look, &regions[i]))
			return 0;
	look->next = arg.walk_end > look->next ? arg.walk_end : end;
	return 0;
}

static bool full_and_aligned(
	const uint64_t *entries, uintptr_t at, size_t n, size_t page)
{
	if ((at & (HUGE_BYTES - 1)) || n * page < HUGE_BYTES)
		return false;
	for (size_t i = 0; i < HUGE_BYTES / page; i++)
		if (!(entries[i] & ENTRY_PRESENT))
			return false;
	return true;
}

/* Bytes or -errno; another file's answer would be believed. */
static ssize_t read_pagemap(uint64_t *entries, size_t n, uintptr_t at)
{
	ssize_t got = hms_sys_pread(pagemap.fd, entries, n * sizeof(*entries),
		(off_t)(at / hms_sys_page_size() * sizeof(*entries)));

	return got < 0 || hms_own_is(&pagemap) ? got : -EBADF;
}

static int read_entries(struct hms_look *look, uintptr_t end, bool guess)
{
	const size_t page = hms_sys_page_size();
	uint64_t entries[HMS_LOOK_PAGES];
	size_t n = (end - look->next) / page, i = 0;
	ssize_t got;

	if (n > HMS_LOOK_PAGES)
		n = HMS_LOOK_PAGES;
	got = read_pagemap(entries, n, look->next);
	if (got <= 0)
		return got < 0 ? (int)got : -EIO;
	n = (size_t)got / sizeof(*entries);
	for (; i < n && look->n < HMS_LOOK_PAGES; i++) {
		uintptr_t at = look->next + i * page;

		if (guess && full_and_aligned(entries + i, at, n - i, page)) {
			add(look, at, HUGE_BYTES);
			i += HUGE_BYTES / page - 1;
		} else if (entries[i] & ENTRY_PRESENT) {
			add(look, at, page);
		}
	}
	look->next += i * page;
	return 0;
}

/* This thread's: the first one may have ended, and has no memory then. */
static int open_pagemap(void)
{
	if (hms_own_is(&pagemap))
		return 0;
	pagemap.fd = -1;
	return hms_own_take(&pagemap,
		hms_sys_open("/proc/thread-self/pagemap", O_RDONLY, 0));
}

static int entries_of(uintptr_t start, size_t n, uint64_t *entries)
{
	ssize_t got = open_pagemap();

	if (got == 0)
		got = read_pagemap(entries, n, start);
	if (got < 0 || (size_t)got < n * sizeof(*entries))
		return got < 0 ? (int)got : -EIO;
	return 0;
}

int hms_look_filled(uintptr_t start, unsigned n, bool *filled)
{
	uint64_t entries[HMS_LOOK_PAGES];
	int rc = entries_of(start, n, entries);

	for (unsigned i = 0; i < n && rc == 0; i++)
		filled[i] = entries[i] & (ENTRY_PRESENT | ENTRY_SWAPPED);
	return rc;
}

int hms_look_empty(uintptr_t start, size_t len)
{
	const size_t page = hms_sys_page_size();
	bool filled[HMS_LOOK_PAGES];
	int rc = 0;

	for (size_t at = 0, n; at < len && rc == 0; at += n * page) {
		n = (len - at) / page;
		if (n > HMS_LOOK_PAGES)
			n = HMS_LOOK_PAGES;
		rc = hms_look_filled(start + at, (unsigned)n, filled);
		for (size_t i = 0; i < n && rc == 0; i++)
			rc = filled[i] ? -EEXIST : 0;
	}
	return rc;
}

size_t hms_look_mapped(uintptr_t start, size_t len)
{
	const size_t page = hms_sys_page_size();
	uint64_t entries[HMS_LOOK_PAGES];
	size_t found = 0;

	for (size_t at = 0, n; at < len; at += n * page) {
		n = (len - at) / page;
		if (n > HMS_LOOK_PAGES)
			n = HMS_LOOK_PAGES;
		if (entries_of(start + at, n, entries) < 0)
			return 0;
		for (size_t i = 0; i < n; i++)
			found += (entries[i] & ENTRY_PRESENT) &&
				 (entries[i] & ENTRY_OF_FILE);
	}
	return found * page;
}

int hms_look(struct hms_look *look, uintptr_t end, bool guess)
{
	const unsigned had = look->n;
	int rc = open_pagemap();

	while (!rc && look->next < end && look->n < HMS_LOOK_PAGES) {
		if (no_scan) {
			rc = read_entries(look, end, guess);
			continue;
		}
		rc = scan(look, end);
		if (rc == -ENOTTY || rc == -EINVAL) {
			no_scan = true;
			rc = 0;
		}
	}
	if (rc)
		look->n = had;
	return rc;
}
