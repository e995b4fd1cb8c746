/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/closest.h"

#include <errno.h>

#define DIGITS 8

int hms_sites_check(struct hms_sites *copy, size_t bytes)
{
	size_t most, n;

	if (bytes < sizeof(*copy) || copy->magic != HMS_SITES_MAGIC ||
		copy->nmodules > HMS_SITES_MODULES ||
		copy->nsites > HMS_SITES_MAX || copy->mode > HMS_SITES_EXACT)
		return -EINVAL;
	most = (bytes - sizeof(*copy)) / sizeof(copy->rows[0]);
	n = copy->nsites;
	if (n > most)
		copy->nsites = (uint32_t)most;
	for (unsigned i = 0; i < HMS_SITES_MODULES; i++) {
		struct hms_sites_module *m = &copy->modules[i];

		m->path[sizeof(m->path) - 1] = 0;
		if (m->build_id_len > sizeof(m->build_id))
			m->build_id_len = 0;
	}
	for (uint32_t i = 0; i < copy->nsites; i++)
		if (copy->rows[i].nframes > HMS_SITES_FRAMES)
			copy->rows[i].nframes = HMS_SITES_FRAMES;
	return n > most ? -EMSGSIZE : 0;
}

uint64_t hms_sites_median(const struct hms_sites_row *row)
{
	uint64_t all = 0, below = 0;

	for (unsigned i = 0; i < HMS_SITES_LIVES; i++)
		all += row->lives[i];
	for (unsigned i = 0; i + 1 < HMS_SITES_LIVES && all; i++) {
		below += row->lives[i];
		if (below >= all - below)
			return UINT64_C(1) << i;
	}
	return all ? UINT64_MAX : 0;
}

void hms_sites_id(uint64_t id, uint32_t hint, struct hms_text *out)
{
	hms_text_add(out, "%016llx.%08x", (unsigned long long)id, hint);
}

const struct hms_sites_row *hms_sites_find(
	const struct hms_sites *sites, uint64_t id)
{
	for (uint32_t i = 1; i < sites->nsites; i++)
		if (sites->rows[i].id == id)
			return &sites->rows[i];
	return NULL;
}

const struct hms_sites_row *hms_sites_next(
	const struct hms_sites *sites, const struct hms_sites_row *after)
{
	const struct hms_sites_row *best = NULL;

	for (uint32_t i = 1; i < sites->nsites; i++) {
		const struct hms_sites_row *row = &sites->rows[i];

		if (after && (row->live_peak > after->live_peak ||
				     (row->live_peak == after->live_peak &&
					     row <= after)))
			continue;
		if (!best || row->live_peak > best->live_peak)
			best = row;
	}
	return best;
}

static unsigned digit(uint32_t hint, unsigned i)
{
	return hint >> 4 * (DIGITS - 1 - i) & 15;
}

unsigned hms_sites_likeness(uint32_t one, uint32_t other)
{
	unsigned row[DIGITS + 1] = { 0 };

	for (unsigned i = 0; i < DIGITS; i++) {
		unsigned diagonal = 0;

		for (unsigned k = 0; k < DIGITS; k++) {
			unsigned above = row[k + 1];

			if (digit(one, i) && digit(one, i) == digit(other, k))
				row[k + 1] = diagonal + 1;
			else if (row[k] > above)
				row[k + 1] = row[k];
			diagonal = above;
		}
	}
	return row[DIGITS];
}

/* Is a a better answer than b? */
static bool better(const struct hms_sites_row *a, const struct hms_sites_row *b,
	uint32_t hint)
{
	unsigned like = hms_sites_likeness(a->hint, hint),
		 unlike = hms_sites_likeness(b->hint, hint);

	return like != unlike ? like > unlike : a->bytes > b->bytes;
}

unsigned hms_sites_closest(const struct hms_sites *sites, uint32_t hint,
	const struct hms_sites_row *out[HMS_SITES_CLOSEST])
{
	unsigned n = 0, digits = 0;

	for (unsigned i = 0; i < DIGITS; i++)
		digits += digit(hint, i) != 0;
	for (uint32_t i = 1; i < sites->nsites && digits; i++) {
		const struct hms_sites_row *row = &sites->rows[i];
		unsigned at = n;

		if (2 * hms_sites_likeness(row->hint, hint) < digits)
			continue;
		while (at && better(row, out[at - 1], hint))
			at--;
		if (at == HMS_SITES_CLOSEST)
			continue;
		n += n < HMS_SITES_CLOSEST;
		for (unsigned k = n - 1; k > at; k--)
			out[k] = out[k - 1];
		out[at] = row;
	}
	return n;
}
