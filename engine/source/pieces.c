/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/source/pieces.h"

#include <errno.h>
#include <string.h>

/* Index of the first piece that ends behind addr. */
static size_t index_from(const struct hms_pieces *pieces, uintptr_t addr)
{
	size_t low = 0, high = hms_pieces_count(pieces);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (hms_pieces_nth(pieces, middle)->watch.end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void sum_up(struct hms_pieces *pieces)
{
	uint64_t bytes = 0;

	if (!pieces->changed)
		return;

	for (size_t i = 0; i < hms_pieces_count(pieces); i++) {
		struct hms_watched *p = hms_pieces_nth(pieces, i);

		p->before = bytes;
		bytes += p->watch.end - p->watch.start;
	}
	pieces->total = bytes;
	pieces->changed = false;
}

uint64_t hms_pieces_bytes(struct hms_pieces *pieces)
{
	sum_up(pieces);
	return pieces->total;
}

int hms_pieces_drop(struct hms_pieces *pieces, uintptr_t start, uintptr_t end)
{
	size_t first = index_from(pieces, start), last;
	struct hms_watched *p, *right;
	int rc = 0;

	if (first == hms_pieces_count(pieces) || start >= end)
		return 0;
	pieces->changed = true;
	p = hms_pieces_nth(pieces, first);
	if (p->watch.start < start && p->watch.end > end) {
		right = hms_array_insert(
			&pieces->array, first + 1, sizeof(*right));
		p = hms_pieces_nth(pieces, first);
		if (right) {
			*right = *p;
			right->watch.start = end;
		} else {
			rc = -ENOMEM;
		}
		p->watch.end = start;
		return rc;
	}
	if (p->watch.start < start) {
		p->watch.end = start;
		first++;
	}
	for (last = first; last < hms_pieces_count(pieces); last++) {
		p = hms_pieces_nth(pieces, last);
		if (p->watch.end > end) {
			if (p->watch.start < end)
				p->watch.start = end;
			break;
		}
	}
	hms_array_remove(&pieces->array, first, last - first,
		sizeof(struct hms_watched));
	return 0;
}

static bool alike(const struct hms_watched *p, const struct hms_watch *watch)
{
	for (size_t i = 0; i < sizeof(p->state) / sizeof(p->state[0]); i++)
		if (p->state[i])
			return false;
	return p->watch.memory == watch->memory &&
	       p->watch.wanted_refault == watch->wanted_refault;
}

struct hms_watched *hms_pieces_add(
	struct hms_pieces *pieces, const struct hms_watch *watch)
{
	struct hms_watched *p, *next;
	size_t at;

	if (watch->start >= watch->end ||
		hms_pieces_drop(pieces, watch->start, watch->end) < 0)
		return NULL;
	pieces->changed = true;
	at = index_from(pieces, watch->start);
	p = at > 0 ? hms_pieces_nth(pieces, at - 1) : NULL;
	next = at < hms_pieces_count(pieces) ? hms_pieces_nth(pieces, at)
					     : NULL;
	if (p && p->watch.end == watch->start && alike(p, watch)) {
		p->watch.end = watch->end;
		if (next && next->watch.start == watch->end &&
			alike(next, watch)) {
			p->watch.end = next->watch.end;
			hms_array_remove(&pieces->array, at, 1, sizeof(*p));
		}
		return p;
	}
	if (next && next->watch.start == watch->end && alike(next, watch)) {
		next->watch.start = watch->start;
		return next;
	}
	p = hms_array_insert(&pieces->array, at, sizeof(*p));
	if (p)
		p->watch = *watch;
	return p;
}

struct hms_watched *hms_pieces_from(
	const struct hms_pieces *pieces, uintptr_t addr)
{
	size_t i = index_from(pieces, addr);

	return i < hms_pieces_count(pieces) ? hms_pieces_nth(pieces, i) : NULL;
}

struct hms_watched *hms_pieces_find(
	const struct hms_pieces *pieces, uintptr_t addr)
{
	struct hms_watched *p = hms_pieces_from(pieces, addr);

	return p && p->watch.start <= addr ? p : NULL;
}

uintptr_t hms_pieces_at(struct hms_pieces *pieces, uint64_t n)
{
	size_t low = 0, high = hms_pieces_count(pieces);

	sum_up(pieces);
	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (hms_pieces_nth(pieces, middle)->before <= n)
			low = middle;
		else
			high = middle;
	}
	return hms_pieces_nth(pieces, low)->watch.start +
	       (uintptr_t)(n - hms_pieces_nth(pieces, low)->before);
}

size_t hms_pieces_in_block(const struct hms_pieces *pieces, uintptr_t addr)
{
	uintptr_t start = addr & ~(HMS_SOURCE_BLOCK - 1);
	uintptr_t end = start + HMS_SOURCE_BLOCK;
	size_t sum = 0;

	for (size_t i = index_from(pieces, start); i < hms_pieces_count(pieces);
		i++) {
		const struct hms_watch *w = &hms_pieces_nth(pieces, i)->watch;

		if (w->start >= end)
			break;
		sum += (w->end < end ? w->end : end) -
		       (w->start > start ? w->start : start);
	}
	return sum;
}

void hms_pieces_free(struct hms_pieces *pieces)
{
	hms_array_free(&pieces->array);
	memset(pieces, 0, sizeof(*pieces));
}
