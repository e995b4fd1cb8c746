/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/residency.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>

#include "base/sys.h"
#include "engine/place.h"

/* Asked at a time; small enough for any thread's stack (16 KiB). */
#define BATCH 512
#define WAKES 64 /* pages woken at a time */
#define GONE 8 /* so many cannot be read: no more are tried */
#define LAST_NODE 63

/* Bits of an entry of pagemap: the kernel's admin-guide/mm/pagemap.rst. */
#define PRESENT (UINT64_C(1) << 63)
#define OF_FILE (UINT64_C(1) << 61)

static int open_pagemap(bool files)
{
	return files ? hms_sys_open("/proc/self/pagemap", O_RDONLY, 0) : -1;
}

/* The kernel reads a byte of each for us, which is nobody's access. */
void hms_pages_wake(void *const *pages, unsigned n)
{
	struct iovec from[WAKES];
	char bytes[WAKES];
	unsigned failed = 0;

	for (unsigned i = 0; i < n && failed < GONE;) {
		unsigned some = n - i < WAKES ? n - i : WAKES;
		const struct iovec to = { bytes, some };
		ssize_t got;

		for (unsigned j = 0; j < some; j++)
			from[j] = (struct iovec){ pages[i + j], 1 };
		got = hms_sys_peek(&to, from, (int)some);
		/* It ends before one that has gone. */
		failed += got < (ssize_t)some;
		i += got > 0 ? (unsigned)got : 0;
		i += got < (ssize_t)some;
	}
}

/* Those that are there after all are asked for once more. */
static void ask_again(
	void **pages, int *status, const uint64_t *entries, size_t n)
{
	void *asleep[BATCH];
	unsigned found = 0;

	for (size_t i = 0; i < n; i++)
		if (hms_page_sleeps(status[i]) &&
			(entries[i] & (PRESENT | OF_FILE)) == PRESENT)
			asleep[found++] = pages[i];
	if (!found)
		return;
	hms_pages_wake(asleep, found);
	hms_sys_move_pages(0, n, pages, NULL, status, 0);
}

/* Zero entries if they cannot be read: then no page is known as a file's. */
static void read_pagemap(
	int fd, uintptr_t start, size_t n, size_t page, uint64_t *entries)
{
	ssize_t got = 0;

	if (fd >= 0)
		got = hms_sys_pread(fd, entries, n * sizeof(*entries),
			(off_t)(start / page * sizeof(*entries)));
	if (got < 0)
		got = 0;
	memset((char *)entries + got, 0, n * sizeof(*entries) - (size_t)got);
}

/*
 * status is the kernel's answer for a page.  Device memory without struct
 * pages of a node (DAX) has no node, but is present.
 */
static void add_page(int status, uint64_t entry, size_t page, bool files,
	struct hms_residency *sum)
{
	if (files && (entry & PRESENT) && ((entry & OF_FILE) || status < 0))
		sum->file += page;
	else if (status >= 0)
		sum->node[status < LAST_NODE ? status : LAST_NODE] += page;
	else
		sum->absent += page;
}

int hms_residency(
	const void *addr, size_t len, bool files, struct hms_residency *sum)
{
	const size_t page = hms_sys_page_size();
	uintptr_t at = (uintptr_t)addr, end = at + len;
	int fd = open_pagemap(files);
	long rc = 0;

	while (at < end) {
		void *pages[BATCH];
		int status[BATCH];
		uint64_t entries[BATCH];
		size_t n = (end - at + page - 1) / page;

		if (n > BATCH)
			n = BATCH;
		for (size_t i = 0; i < n; i++)
			pages[i] = (void *)(at + i * page);
		rc = hms_sys_move_pages(0, n, pages, NULL, status, 0);
		if (rc < 0)
			break;
		read_pagemap(fd, at, n, page, entries);
		ask_again(pages, status, entries, n);
		for (size_t i = 0; i < n; i++)
			add_page(status[i], entries[i], page, files, sum);
		at += n * page;
	}
	if (fd >= 0)
		hms_sys_close(fd);
	if (rc == -EPERM || rc == -ENOSYS || rc == -EACCES)
		return hms_residency_by_maps(at, end, files, sum);
	return rc < 0 ? (int)rc : 0;
}
