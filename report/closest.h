/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at a table of sites.  Pure functions; nothing is allocated. */
#ifndef HMS_REPORT_CLOSEST_H
#define HMS_REPORT_CLOSEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "report/sites.h"

#define HMS_SITES_CLOSEST 3

/*
 * Makes a copy of a process's table safe to be read, whatever was in it:
 * counts are within it, texts end.  0; -EINVAL: it is no such table;
 * -EMSGSIZE: bytes are fewer than it should have, what is there is usable.
 */
int hms_sites_check(struct hms_sites *copy, size_t bytes);

static inline uint64_t hms_sites_live(const struct hms_sites_row *row)
{
	/* Estimates, and counters that are a few calls apart. */
	return row->bytes > row->freed_bytes ? row->bytes - row->freed_bytes
					     : 0;
}

/*
 * Half of the blocks were freed within less than so many microseconds; 0: none
 * was freed; UINT64_MAX: longer than is told apart.
 */
uint64_t hms_sites_median(const struct hms_sites_row *row);
/* "0123456789abcdef.01234567" */
void hms_sites_id(uint64_t id, uint32_t hint, struct hms_text *out);
/* The row of an ID, or NULL. */
const struct hms_sites_row *hms_sites_find(
	const struct hms_sites *sites, uint64_t id);
/*
 * The row with the next smaller peak after `after` (NULL: the largest);
 * among equals by their places.  NULL: there is none.  Row 0 is left out.
 */
const struct hms_sites_row *hms_sites_next(
	const struct hms_sites *sites, const struct hms_sites_row *after);

/*
 * How many digits two hints have in common, in the same order: their longest
 * common subsequence.  Zeros count for nothing.
 */
unsigned hms_sites_likeness(uint32_t one, uint32_t other);
/*
 * The rows most like a hint, by likeness, then by bytes asked for; only those
 * that share at least half of the hint's digits.  How many.
 */
unsigned hms_sites_closest(const struct hms_sites *sites, uint32_t hint,
	const struct hms_sites_row *out[HMS_SITES_CLOSEST]);

#endif
