/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/mover/copy.h"

#include <errno.h>
#include <string.h>

#include "base/sys.h"
#include "engine/mover/look.h"

#define PAGE ((size_t)4096)
/* What devices write is waited for, with the block stopped: milliseconds. */
#define REST_MS 1
#define RESTS 8

static bool is_zero(const char *page)
{
	const uint64_t *word = (const uint64_t *)page;

	for (size_t i = 0; i < PAGE / sizeof(*word); i++)
		if (word[i])
			return false;
	return true;
}

int hms_copy_pages(char *to, const char *from, size_t len, bool clean)
{
	bool filled[HMS_LOOK_PAGES];
	int rc;

	for (size_t at = 0; at < len; at += HMS_LOOK_PAGES * PAGE) {
		size_t n = (len - at) / PAGE;

		if (n > HMS_LOOK_PAGES)
			n = HMS_LOOK_PAGES;
		rc = hms_look_filled((uintptr_t)from + at, (unsigned)n, filled);
		if (rc < 0)
			return rc;
		for (size_t i = 0; i < n; i++) {
			const char *page = from + at + i * PAGE;

			if (!filled[i] && !clean)
				memset(to + at + i * PAGE, 0, PAGE);
			else if (filled[i] && !(clean && is_zero(page)))
				memcpy(to + at + i * PAGE, page, PAGE);
		}
	}
	return 0;
}

/* Has anybody written meanwhile?  If so, that is taken along. */
static bool changed(char *to, const char *from, size_t len)
{
	if (memcmp(to, from, len) == 0)
		return false;
	memcpy(to, from, len);
	return true;
}

int hms_copy_file(char *to, const char *from, size_t len, uintptr_t block,
	enum hms_direct direct)
{
	bool busy;

	memcpy(to, from, len);
	hms_direct_begin();
	for (int i = 0; direct != HMS_DIRECT_NONE; i++) {
		busy = hms_direct_under_way(block, block + len);
		hms_sys_poll(NULL, 0, REST_MS);
		busy |= changed(to, from, len);
		if (!busy)
			break;
		if (i == RESTS)
			return -EBUSY;
	}
	return 0;
}
