/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/self/smaps, piece by piece: what the kernel counted in a mapping.
 * The parser is pure and takes text in any portions.  Source: proc(5).
 */
#ifndef HMS_ENGINE_SOURCE_SMAPS_H
#define HMS_ENGINE_SOURCE_SMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hms_smap {
	uintptr_t start, end;
	/* Bytes. */
	uint64_t rss, referenced, huge;
};

#define HMS_SMAPS_LINE 128

struct hms_smaps {
	struct hms_smap now;
	bool have; /* now is a mapping whose lines are being read */
	char line[HMS_SMAPS_LINE]; /* a line that has not come to its end */
	size_t len; /* of it; longer ones are cut off, paths are not needed */
	void (*mapping)(const struct hms_smap *smap, void *arg);
	void *arg;
};

/* Calls mapping() for each mapping that is complete. */
void hms_smaps_feed(struct hms_smaps *smaps, const char *text, size_t len);
/* No more text comes. */
void hms_smaps_end(struct hms_smaps *smaps);

#endif
