/* SPDX-License-Identifier: BSD-2-Clause */
/* NUMA hint faults: which memory the kernel balances for us, and how long. */
#include <linux/mempolicy.h>
#include <string.h>

#include "engine/source/hint.h"
#include "engine/source/pagemap.h"

#define SECOND UINT64_C(1000000000)
/* Blocks whose policy is looked at in a second; a microsecond each. */
#define CHECKS 1024
/* A piece has not many more parts than that which are turned on. */
#define PARTS 256
#define RARELY (30 * SECOND)

static const struct hms_mempolicy *had_of(
	const struct hms_hint_bound *bound, const struct hms_watched *piece)
{
	const struct hms_mempolicy *had = bound->policies.items;

	return had + piece->state[HMS_HINT_POLICY] - 1;
}

/* Index + 1 of what a piece had, as all that had the same; 0: no memory. */
static size_t remember(
	struct hms_hint_bound *bound, const struct hms_mempolicy *had)
{
	struct hms_mempolicy *kept = bound->policies.items;

	for (size_t i = 0; i < bound->policies.count; i++)
		if (hms_mempolicy_same(&kept[i], had))
			return i + 1;
	kept = hms_array_insert(
		&bound->policies, bound->policies.count, sizeof(*kept));
	if (!kept)
		return 0;
	*kept = *had;
	return bound->policies.count;
}

void hms_hint_turn_on(struct hms_hint_bound *bound, struct hms_watched *piece)
{
	const struct hms_watch *watch = &piece->watch;
	struct hms_mempolicy had, wanted;
	size_t kept;

	piece->state[HMS_HINT_PENDING] = 0;
	if (hms_mempolicy_get(watch->start, &had) < 0 ||
		hms_balanced(&bound->balance, &had, &wanted) < 0 ||
		hms_mempolicy_same(&had, &wanted))
		return;
	if (hms_balanced_strays(&had, &wanted) && !hms_resident(watch)) {
		piece->state[HMS_HINT_PENDING] = 1;
		return;
	}
	kept = remember(bound, &had);
	if (!kept || hms_mempolicy_exchange(
			     watch->start, watch->end, &had, &wanted) < 0)
		return;
	piece->state[HMS_HINT_POLICY] = kept;
	bound->turned++;
}

void hms_hint_turn_off(struct hms_hint_bound *bound, struct hms_pieces *pieces,
	uintptr_t start, uintptr_t end)
{
	for (struct hms_watched *p = hms_pieces_from(pieces, start);
		p && p->watch.start < end;
		p = hms_pieces_from(pieces, p->watch.end)) {
		struct hms_mempolicy now;

		if (!p->state[HMS_HINT_POLICY] ||
			hms_balanced(&bound->balance, had_of(bound, p), &now))
			continue;
		hms_mempolicy_exchange(
			p->watch.start > start ? p->watch.start : start,
			p->watch.end < end ? p->watch.end : end, &now,
			had_of(bound, p));
	}
}

/* A run of blocks from `at` on of which all pages are there; false: no more. */
static bool next_run(
	struct hms_pagemap *map, uintptr_t at, struct hms_watch *run)
{
	const uintptr_t end = run->end;

	run->start = run->end = 0;
	while (at < end) {
		uintptr_t stop = (at | (HMS_SOURCE_BLOCK - 1)) + 1;
		struct hms_pages pages;

		if (stop > end)
			stop = end;
		if (hms_pagemap_look(map, at, stop, &pages) == 0 &&
			pages.present == pages.pages) {
			if (!run->end)
				run->start = at;
			run->end = stop;
		} else if (run->end) {
			break;
		}
		at = stop;
	}
	return run->end != 0;
}

/*
 * A heap is never there as a whole.  Each part that is makes up to two mappings
 * more, of which a process has not many: so only larger ones are taken.
 */
static void turn_on_parts(struct hms_hint_bound *bound,
	struct hms_pieces *pieces, const struct hms_watch *whole,
	const struct hms_purse *purse)
{
	const uintptr_t least =
		2 * HMS_SOURCE_BLOCK + (whole->end - whole->start) / PARTS;
	struct hms_watch run = *whole;
	struct hms_pagemap map;

	if (hms_pagemap_open(&map) < 0)
		return;
	for (uintptr_t at = whole->start; hms_purse_left(purse) > 0;
		at = run.end) {
		struct hms_watched *p;

		run.end = whole->end;
		if (!next_run(&map, at, &run))
			break;
		if (run.end - run.start < least)
			continue;
		p = hms_pieces_add(pieces, &run);
		if (p)
			hms_hint_turn_on(bound, p);
	}
	hms_pagemap_close(&map);
}

/* Pending pieces; less and less often, as what is never there costs a look. */
static void try_pending(struct hms_hint_bound *bound, struct hms_pieces *pieces,
	uint64_t now, const struct hms_purse *purse)
{
	if (now < bound->tried + bound->try_gap)
		return;
	bound->tried = now;
	if (bound->try_gap < RARELY)
		bound->try_gap += bound->try_gap / 2;
	for (size_t i = 0;
		i < hms_pieces_count(pieces) && hms_purse_left(purse) > 0;
		i++) {
		struct hms_watched *p = hms_pieces_nth(pieces, i);
		const struct hms_watch whole = p->watch;

		if (!p->state[HMS_HINT_PENDING])
			continue;
		hms_hint_turn_on(bound, p);
		if (p->state[HMS_HINT_PENDING])
			turn_on_parts(bound, pieces, &whole, purse);
	}
}

void hms_hint_try_soon(struct hms_hint_bound *bound)
{
	bound->try_gap = SECOND;
}

/* Calm nodes that fill up are no longer all that memory is bound to. */
static void mind_room(struct hms_hint_bound *bound, struct hms_pieces *pieces)
{
	uint64_t bytes = hms_pieces_bytes(pieces);
	bool crowded;

	if (!bound->balance.bind_only || !hms_balance_has_calm(&bound->balance))
		return;
	/* Twice as much to come back, lest it goes to and fro. */
	crowded = !hms_balance_roomy(
		&bound->balance, bound->balance.crowded ? 2 * bytes : bytes);
	if (crowded == bound->balance.crowded)
		return;
	hms_hint_turn_off(bound, pieces, 0, UINTPTR_MAX);
	bound->balance.crowded = crowded;
	for (size_t i = 0; i < hms_pieces_count(pieces); i++) {
		struct hms_watched *p = hms_pieces_nth(pieces, i);

		if (!p->state[HMS_HINT_POLICY])
			continue;
		p->state[HMS_HINT_POLICY] = 0;
		p->state[HMS_HINT_PENDING] = 1;
	}
	hms_hint_try_soon(bound);
}

/* From `at` on, a block; returns where to look next. */
static uintptr_t check_block(struct hms_hint_bound *bound,
	struct hms_pieces *pieces, struct hms_watched *p, uintptr_t at)
{
	struct hms_watch watch = p->watch;
	uint64_t huge = p->state[HMS_HINT_HUGE];
	struct hms_mempolicy ours, now;

	if (!p->state[HMS_HINT_POLICY] ||
		hms_balanced(&bound->balance, had_of(bound, p), &ours) < 0)
		return watch.end;
	if (hms_mempolicy_get(at, &now) < 0 || hms_mempolicy_same(&now, &ours))
		return (at | (HMS_SOURCE_BLOCK - 1)) + 1;
	watch.start = at;
	watch.end = hms_mempolicy_run(at, watch.end, &now);
	p = hms_pieces_add(pieces, &watch);
	if (p) {
		p->state[HMS_HINT_HUGE] = huge;
		hms_hint_turn_on(bound, p);
	}
	return watch.end;
}

/* The mover gives memory that has moved a policy of its new target. */
static void check(struct hms_hint_bound *bound, struct hms_pieces *pieces,
	const struct hms_purse *purse)
{
	for (unsigned n = 0; n < CHECKS && hms_purse_left(purse) > 0; n++) {
		struct hms_watched *p = hms_pieces_from(pieces, bound->checked);

		if (!p) {
			bound->checked = 0;
			return;
		}
		bound->checked = check_block(bound, pieces, p,
			p->watch.start > bound->checked ? p->watch.start
							: bound->checked);
	}
}

bool hms_hint_tend(struct hms_hint_bound *bound, struct hms_pieces *pieces,
	uint64_t now, const struct hms_purse *purse)
{
	const unsigned turned = bound->turned;

	if (now < bound->tended + SECOND)
		return false;
	bound->tended = now;
	mind_room(bound, pieces);
	try_pending(bound, pieces, now, purse);
	check(bound, pieces, purse);
	return bound->turned != turned;
}

void hms_hint_child(struct hms_hint_bound *bound, struct hms_pieces *pieces)
{
	for (size_t i = 0; i < hms_pieces_count(pieces); i++) {
		const struct hms_watched *p = hms_pieces_nth(pieces, i);
		struct hms_mempolicy ours, now;

		/* What both share has the policy of both. */
		if (!p->state[HMS_HINT_POLICY] ||
			p->watch.memory != HMS_MEMORY_ANON)
			continue;
		if (hms_balanced(&bound->balance, had_of(bound, p), &ours) ==
				0 &&
			hms_mempolicy_get(p->watch.start, &now) == 0 &&
			hms_mempolicy_same(&now, &ours))
			hms_mempolicy_set(
				p->watch.start, p->watch.end, had_of(bound, p));
	}
}
