/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NUMA hint faults: where the administrator runs the kernel's NUMA balancing,
 * it unmaps memory from time to time to learn who uses it, and perf tells when
 * each page faults: time to fault, for free.
 *
 * Memory with a policy of its own is left out by the kernel, as HMS's is.  So
 * watched memory gets MPOL_F_NUMA_BALANCING: with MPOL_PREFERRED_MANY (Linux
 * 6.9), before that with MPOL_BIND, and where it may with nodes that have no
 * CPUs: the kernel then moves no page by itself.  Where new pages would not go
 * where they did, that waits until all are there.  On machines whose nodes all
 * have CPUs the kernel may move pages, as the administrator told it to; the
 * worker notices.
 * Sources: mbind(2), set_mempolicy(2), the kernel's
 * admin-guide/sysctl/kernel.rst on numa_balancing.
 */
#include "engine/source/hint.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/sys.h"
#include "engine/source/accessed.h"
#include "engine/source/canary.h"
#include "engine/source/faults.h"
#include "engine/source/hold.h"
#include "engine/source/pagemap.h"
#include "engine/source/purse.h"
#include "engine/source/split.h"
#include "engine/source/table.h"

#define SECOND UINT64_C(1000000000)
/* Faults between two ticks; more than a kernel hints at. */
#define WAITING 4096
/*
 * How often smaps is asked which memory has huge pages; at first more often,
 * as memory is just being filled.
 */
#define LOOK_NS (30 * SECOND)

extern const struct hms_source hms_source_hint;

static struct {
	struct hms_pieces pieces;
	struct hms_hint_bound bound;
	struct hms_hash chunks; /* struct hms_chunk */
	struct hms_array waiting; /* struct hms_fault */
	struct hms_smaps_file smaps;
	uint64_t looked, look_gap; /* at smaps, ns */
	int64_t debt;
	size_t cursor; /* in chunks */
	unsigned markings; /* of the chunk with most */
	uint64_t period; /* between markings, ns; see hint.h */
} hint;

static bool chunk_wanted(uintptr_t addr, void *unused)
{
	const struct hms_watched *p = hms_pieces_from(&hint.pieces, addr);

	(void)unused;
	return p && p->watch.start < addr + HMS_CHUNK;
}

static void heard(const struct hms_fault *fault, void *unused)
{
	struct hms_fault *waiting;

	(void)unused;
	if (fault->major || hint.waiting.count >= WAITING ||
		!hms_pieces_find(&hint.pieces, fault->addr))
		return;
	waiting = hms_array_insert(
		&hint.waiting, hint.waiting.count, sizeof(*waiting));
	if (waiting)
		*waiting = *fault;
}

static void mark_huge(const struct hms_smap *smap, void *unused)
{
	(void)unused;
	for (struct hms_watched *p = hms_pieces_from(&hint.pieces, smap->start);
		p && p->watch.start < smap->end;
		p = hms_pieces_from(&hint.pieces, p->watch.end))
		p->state[HMS_HINT_HUGE] =
			smap->rss && 2 * smap->huge >= smap->rss;
}

static void look_soon(void)
{
	hint.look_gap = SECOND;
}

/* smaps, a portion each time; and what the kernel is to balance. */
static void look_around(uint64_t now, const struct hms_purse *purse)
{
	if (hint.smaps.fd < 0 && now >= hint.looked + hint.look_gap) {
		hint.looked = now;
		if (hint.look_gap < LOOK_NS)
			hint.look_gap *= 2;
		hms_smaps_open(&hint.smaps, mark_huge, NULL);
	}
	while (hint.smaps.fd >= 0 && hms_purse_left(purse) > 0)
		if (hms_smaps_read(&hint.smaps) <= 0)
			hms_smaps_close(&hint.smaps);
	if (hms_hint_tend(&hint.bound, &hint.pieces, now, purse))
		look_soon();
}

/* Pages that are there when a chunk comes to be known are no first touches. */
static void note_pages(struct hms_chunk *chunk, struct hms_pagemap *map)
{
	for (size_t page = 0; page < HMS_CHUNK_PAGES; page += 64) {
		uintptr_t at = chunk->start + page * 4096;
		struct hms_pages pages;

		if (!hms_pieces_in_block(&hint.pieces, at))
			continue;
		if (hms_pagemap_look(map, at, at + 64 * 4096, &pages) == 0 &&
			pages.present == pages.pages)
			chunk->known[page / 64] = UINT64_MAX;
	}
}

/* Chunks of a piece, each with what is there already. */
static void make_chunks(const struct hms_watch *watch)
{
	struct hms_pagemap map;
	int rc = hms_pagemap_open(&map);

	for (uintptr_t at = watch->start & ~(HMS_CHUNK - 1); at < watch->end;
		at += HMS_CHUNK) {
		struct hms_chunk *chunk = hms_hash_get(&hint.chunks, at);

		if (chunk && rc == 0 && !chunk->marked)
			note_pages(chunk, &map);
	}
	if (rc == 0)
		hms_pagemap_close(&map);
}

static void handle(
	const struct hms_fault *fault, const struct hms_sights *sights)
{
	const struct hms_watched *p =
		hms_pieces_find(&hint.pieces, fault->addr);
	struct hms_chunk *chunk;

	if (!p || p->state[HMS_HINT_PENDING])
		return;
	chunk = hms_hash_find(&hint.chunks, fault->addr & ~(HMS_CHUNK - 1));
	if (!chunk)
		return;
	hms_chunk_fault(chunk, fault, p->state[HMS_HINT_HUGE] != 0,
		&hint.pieces, &hint.period, sights);
	if (chunk->markings > hint.markings)
		hint.markings = chunk->markings;
}

/*
 * At once where something faulted, so that accesses never go without the
 * exposure of those that did not come; else once a second, as far as the
 * budget goes.
 */
static void tell_chunks(uint64_t now, const struct hms_purse *purse,
	const struct hms_sights *sights)
{
	for (size_t n = hint.chunks.slots.count;
		n > 0 && hms_purse_left(purse) > 0; n--) {
		struct hms_chunk *chunk;
		const struct hms_watched *p;

		if (hint.cursor >= hint.chunks.slots.count)
			hint.cursor = 0;
		chunk = hms_hash_nth(&hint.chunks, hint.cursor++);
		if (!chunk->start)
			continue;
		p = hms_pieces_from(&hint.pieces, chunk->start);
		if (!p || p->watch.start >= chunk->start + HMS_CHUNK ||
			p->state[HMS_HINT_PENDING])
			continue;
		/* The kernel goes round: others were marked twice meanwhile. */
		if (hint.markings >= 3)
			hms_chunk_silent(chunk, now);
		if (now >= chunk->told + SECOND || chunk->last > chunk->told)
			hms_chunk_tell(chunk, now, p->state[HMS_HINT_HUGE] != 0,
				&hint.pieces, sights);
	}
}

static void tick(uint64_t now, uint64_t budget, const struct hms_sights *sights)
{
	const struct hms_fault *waiting;
	struct hms_purse purse;

	hms_faults_read(now, budget / 2);
	waiting = hint.waiting.items;
	for (size_t i = 0; i < hint.waiting.count; i++)
		handle(&waiting[i], sights);
	hint.waiting.count = 0;
	if (!hms_purse_open(&purse, &hint.debt, budget))
		return;
	tell_chunks(now, &purse, sights);
	look_around(now, &purse);
	hms_purse_close(&purse);
}

static int read_sysctl(void)
{
	char buf[16];
	ssize_t n = hms_sys_read_file(
		"/proc/sys/kernel/numa_balancing", buf, sizeof(buf));

	return n < 0 ? (int)n : n > 0 ? buf[0] - '0' : 0;
}

/* Remembers for start() how it is done. */
static int try_balance(void *block)
{
	struct hms_balance *balance = &hint.bound.balance;
	int rc;

	*balance = (struct hms_balance){ .bind_only = false };
	rc = hms_balance_look(balance);
	if (rc < 0)
		return rc;
	rc = hms_balance_try(balance, block);
	balance->bind_only = rc < 0;
	return rc < 0 ? hms_balance_try(balance, block) : rc;
}

static int probe(char why[HMS_WHY])
{
	struct hms_canary canary;
	int rc = read_sysctl();

	if (rc < 0)
		return hms_source_why(
			why, rc, "this kernel has no NUMA balancing");
	if (rc == 0)
		return hms_source_why(
			why, -EOPNOTSUPP, "kernel.numa_balancing is 0");
	rc = hms_faults_probe(why);
	if (rc < 0)
		return rc;
	rc = hms_canary_make(&canary, false, why);
	if (rc < 0)
		return rc;
	rc = try_balance(canary.block);
	if (rc < 0)
		hms_source_why(why, rc,
			"mbind refuses MPOL_F_NUMA_BALANCING: %s",
			strerrorname_np(-rc));
	else
		rc = hms_canary_read(canary.block, why);
	hms_canary_free(&canary);
	return rc;
}

static int start(void)
{
	const struct hms_balance balance = hint.bound.balance;

	memset(&hint, 0, sizeof(hint));
	hint.bound.balance = balance;
	look_soon();
	hint.smaps.fd = -1;
	hint.chunks.item = sizeof(struct hms_chunk);
	hint.chunks.unit = HMS_CHUNK;
	hint.chunks.wanted = chunk_wanted;
	return hms_faults_join(heard, NULL, true);
}

static void clear(void)
{
	hms_smaps_close(&hint.smaps);
	hms_pieces_free(&hint.pieces);
	hms_array_free(&hint.bound.policies);
	hms_array_free(&hint.waiting);
	hms_hash_free(&hint.chunks);
}

static void stop(void)
{
	hms_hint_turn_off(&hint.bound, &hint.pieces, 0, UINTPTR_MAX);
	hms_faults_leave(heard);
	clear();
}

static bool fits(const struct hms_watch *watch)
{
	/* Device memory and files on disk have no node to be balanced to. */
	return watch->memory == HMS_MEMORY_ANON ||
	       watch->memory == HMS_MEMORY_SHARED;
}

static void forget(uintptr_t from, uintptr_t to)
{
	hms_hint_turn_off(&hint.bound, &hint.pieces, from, to);
	hms_pieces_drop(&hint.pieces, from, to);
}

/* Part by part, each of which had one policy. */
static int watch_piece(const struct hms_watch *watch)
{
	struct hms_watch part = *watch;
	struct hms_mempolicy had;
	struct hms_watched *piece;

	hms_hint_turn_off(&hint.bound, &hint.pieces, watch->start, watch->end);
	for (; part.start < watch->end; part.start = part.end) {
		part.end = watch->end;
		if (hms_mempolicy_get(part.start, &had) == 0)
			part.end =
				hms_mempolicy_run(part.start, watch->end, &had);
		piece = hms_pieces_add(&hint.pieces, &part);
		if (!piece)
			return -ENOMEM;
		hms_hint_turn_on(&hint.bound, piece);
	}
	hms_hint_try_soon(&hint.bound);
	make_chunks(watch);
	look_soon();
	return 0;
}

static void after_fork(void)
{
	hms_hint_child(&hint.bound, &hint.pieces);
	clear();
	hint.smaps.fd = -1;
}

const struct hms_source hms_source_hint = {
	.name = "hint",
	.text = "the kernel's NUMA hint faults are timed",
	.probe = probe,
	.start = start,
	.stop = stop,
	.fits = fits,
	.watch = watch_piece,
	.forget = forget,
	.tick = tick,
	.after_fork = after_fork,
};
