/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/source/ttf.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/maths.h"
#include "base/sys.h"
#include "engine/source/faults.h"
#include "engine/source/purse.h"

#define EULER 0.5772157f
#define CLIP 4
/* Times before a mean of logs is believed; and how long it remembers. */
#define BELIEVED 3
#define MEMORY 8
#define NS 1e-9f
/* A part of a block may be cold alone: after so long another one is tried. */
#define TURN_NS UINT64_C(1000000000)
/* Exposure of a probe is told this often. */
#define TELL_NS UINT64_C(1000000000)
#define TABLE_FIRST 256
/* Of a probe's CPU time, until it has been measured. */
#define PROBE_NS 16000
#define TRIES 8
/* More would tell nothing new of small memory; per second. */
#define PROBES_PER_BLOCK 8

struct hms_ttf_block {
	uintptr_t block; /* its address; 0: free */
	uintptr_t start, end; /* armed part; 0: none is */
	uint64_t before, armed; /* arming took from, to; ns */
	uint64_t told; /* exposure is told up to here */
	uint64_t fired; /* ns; 0: not yet */
	uint32_t tid;
	float share; /* of the block's watched bytes */
	float log_mean; /* of seconds times share */
	uint32_t n;
};

static struct hms_ttf_block *slot_at(const struct hms_ttf *ttf, size_t i)
{
	return (struct hms_ttf_block *)ttf->table.items + i;
}

static size_t slots(const struct hms_ttf *ttf)
{
	return ttf->table.count;
}

/* The block's slot, or the free one where it belongs; slots() > 0. */
static struct hms_ttf_block *slot_of(const struct hms_ttf *ttf, uintptr_t block)
{
	size_t mask = slots(ttf) - 1;
	size_t i =
		(block / HMS_SOURCE_BLOCK * UINT64_C(0x9e3779b97f4a7c15)) >> 32;

	for (;; i++)
		if (!slot_at(ttf, i & mask)->block ||
			slot_at(ttf, i & mask)->block == block)
			return slot_at(ttf, i & mask);
}

static bool watched(const struct hms_ttf *ttf, uintptr_t block)
{
	const struct hms_watched *p = hms_pieces_from(&ttf->pieces, block);

	return p && p->watch.start < block + HMS_SOURCE_BLOCK;
}

/* Twice as large, without blocks that nobody watches any more. */
static int grow(struct hms_ttf *ttf)
{
	struct hms_array old = ttf->table;
	size_t n = TABLE_FIRST;

	while (n < 4 * ttf->used)
		n *= 2;
	memset(&ttf->table, 0, sizeof(ttf->table));
	if (hms_array_reserve(&ttf->table, n, sizeof(struct hms_ttf_block)) <
		0) {
		ttf->table = old;
		return -ENOMEM;
	}
	ttf->table.count = n;
	ttf->used = 0;
	for (size_t i = 0; i < old.count; i++) {
		const struct hms_ttf_block *b =
			(struct hms_ttf_block *)old.items + i;

		if (!b->block || !watched(ttf, b->block))
			continue;
		*slot_of(ttf, b->block) = *b;
		ttf->used++;
	}
	hms_array_free(&old);
	return 0;
}

static struct hms_ttf_block *block_of(struct hms_ttf *ttf, uintptr_t addr)
{
	uintptr_t block = addr & ~(HMS_SOURCE_BLOCK - 1);
	struct hms_ttf_block *b;

	if (2 * ttf->used >= slots(ttf) && grow(ttf) < 0)
		return NULL;
	b = slot_of(ttf, block);
	if (!b->block) {
		b->block = block;
		ttf->used++;
	}
	return b;
}

int hms_ttf_start(struct hms_ttf *ttf, const struct hms_ttf_ops *ops)
{
	memset(ttf, 0, sizeof(*ttf));
	ttf->ops = ops;
	ttf->random = hms_sys_clock(CLOCK_MONOTONIC) | 1;
	ttf->probe_ns = PROBE_NS;
	return hms_faults_join(hms_ttf_fault, ttf, true);
}

void hms_ttf_stop(struct hms_ttf *ttf)
{
	hms_faults_leave(hms_ttf_fault);
	hms_pieces_free(&ttf->pieces);
	hms_array_free(&ttf->table);
	hms_array_free(&ttf->fired);
}

void hms_ttf_after_fork(struct hms_ttf *ttf)
{
	hms_pieces_free(&ttf->pieces);
	hms_array_free(&ttf->table);
	hms_array_free(&ttf->fired);
	memset(ttf, 0, sizeof(*ttf));
}

static void disarm(struct hms_ttf *ttf, struct hms_ttf_block *b)
{
	if (b->start)
		ttf->armed--;
	b->start = b->end = 0;
	b->fired = 0;
}

int hms_ttf_watch(struct hms_ttf *ttf, const struct hms_watch *watch)
{
	return hms_pieces_add(&ttf->pieces, watch) ? 0 : -ENOMEM;
}

void hms_ttf_forget(struct hms_ttf *ttf, uintptr_t start, uintptr_t end)
{
	hms_pieces_drop(&ttf->pieces, start, end);
	for (size_t i = 0; i < slots(ttf); i++) {
		struct hms_ttf_block *b = slot_at(ttf, i);

		if (b->block && b->block < end &&
			b->block + HMS_SOURCE_BLOCK > start) {
			disarm(ttf, b);
			b->n = 0;
		}
	}
}

void hms_ttf_fault(const struct hms_fault *fault, void *arg)
{
	struct hms_ttf *ttf = arg;
	struct hms_ttf_block *b;
	uint32_t *fired;

	if (slots(ttf) == 0 || fault->major)
		return;
	b = slot_of(ttf, fault->addr & ~(HMS_SOURCE_BLOCK - 1));
	if (!b->block || fault->addr < b->start || fault->addr >= b->end ||
		fault->time < b->before || b->fired)
		return;
	fired = hms_array_insert(&ttf->fired, ttf->fired.count, sizeof(*fired));
	if (!fired)
		return;
	*fired = (uint32_t)(b - slot_at(ttf, 0));
	b->fired = fault->time ? fault->time : 1;
	b->tid = fault->tid;
}

float hms_ttf_estimate(float seconds, float *log_mean, unsigned n)
{
	float usual = (float)hms_exp(EULER + *log_mean);
	float told = seconds;
	unsigned weight = n + 1 < MEMORY ? n + 1 : MEMORY;

	if (n >= BELIEVED && told > CLIP * usual)
		told = CLIP * usual;
	*log_mean += ((float)hms_ln(seconds) - *log_mean) / (float)weight;
	return told;
}

static void tell(const struct hms_ttf_block *b, float events, float exposure,
	const struct hms_sights *sights)
{
	struct hms_sight sight = {
		.addr = b->start,
		.len = b->end - b->start,
		.events = events,
		.exposure = exposure,
		.tid = events > 0 ? b->tid : 0,
	};

	sights->see(&sight, sights->arg);
}

/* It was touched at `when`; exposure up to b->told is told already. */
static void touched(struct hms_ttf *ttf, struct hms_ttf_block *b, uint64_t when,
	const struct hms_sights *sights)
{
	/* A fault may come while the part is still being armed. */
	uint64_t ns = when > b->armed ? when - b->armed : 0;
	float seconds = (float)(ns > 1000 ? ns : 1000) * NS * b->share;
	float before = (float)(b->told - b->armed) * NS * b->share;
	float exposure = hms_ttf_estimate(seconds, &b->log_mean, b->n);

	b->n++;
	tell(b, 1, exposure > before ? exposure - before : 0, sights);
	ttf->touches++;
	disarm(ttf, b);
}

static void tell_fired(struct hms_ttf *ttf, const struct hms_sights *sights)
{
	const uint32_t *fired = ttf->fired.items;

	for (size_t i = 0; i < ttf->fired.count; i++) {
		struct hms_ttf_block *b = slot_at(ttf, fired[i]);

		if (b->start && b->fired)
			touched(ttf, b, b->fired, sights);
	}
	ttf->fired.count = 0;
}

/* Touched, but nobody recorded when. */
static void touched_unseen(struct hms_ttf *ttf, struct hms_ttf_block *b,
	uint64_t now, const struct hms_sights *sights)
{
	uint64_t ns = (now - b->told) / 2;
	float usual = (float)hms_exp(EULER + b->log_mean) / (NS * b->share);

	if (b->n >= BELIEVED && usual < (float)ns)
		ns = (uint64_t)usual;
	b->tid = 0;
	tell(b, 1, (float)ns * NS * b->share, sights);
	ttf->unseen++;
	disarm(ttf, b);
}

/* A look at one slot: exposure so far, touches that were not recorded. */
static void look_at(struct hms_ttf *ttf, struct hms_ttf_block *b, uint64_t now,
	const struct hms_sights *sights)
{
	int rc;

	if (!b->start || now < b->told + TELL_NS)
		return;
	rc = ttf->ops->touched(b->start, b->end);
	if (rc < 0) {
		disarm(ttf, b);
	} else if (rc > 0) {
		touched_unseen(ttf, b, now, sights);
	} else {
		tell(b, 0, (float)(now - b->told) * NS * b->share, sights);
		b->told = now;
		if (b->share < 1 && now > b->armed + TURN_NS)
			disarm(ttf, b);
	}
}

static uint64_t next_random(struct hms_ttf *ttf)
{
	/* xorshift64*, Vigna 2016 */
	ttf->random ^= ttf->random >> 12;
	ttf->random ^= ttf->random << 25;
	ttf->random ^= ttf->random >> 27;
	return ttf->random * UINT64_C(2685821657736338717);
}

/*
 * A byte of a block that is not armed; of two, the one less known.  Slots move
 * when the table grows, so none is kept over a look at the next.
 */
static struct hms_ttf_block *choose(struct hms_ttf *ttf, uintptr_t *addr)
{
	uint64_t bytes = hms_pieces_bytes(&ttf->pieces);
	unsigned found = 0, least = 0;

	if (bytes == 0)
		return NULL;
	for (unsigned i = 0; i < TRIES && found < 2; i++) {
		uintptr_t at =
			hms_pieces_at(&ttf->pieces, next_random(ttf) % bytes);
		const struct hms_ttf_block *b = block_of(ttf, at);

		if (!b)
			return NULL;
		if (b->start)
			continue;
		/* Every other probe is blind, so that none is left out. */
		if (found && (least <= b->n || (ttf->probes & 1))) {
			found++;
			continue;
		}
		found++;
		least = b->n;
		*addr = at;
	}
	return found ? block_of(ttf, *addr) : NULL;
}

/* Arms a probe; what the program will pay for it, 0 if nothing was armed. */
static uint64_t probe(struct hms_ttf *ttf)
{
	struct hms_ttf_piece piece = { 0 };
	struct hms_watched *p;
	struct hms_ttf_block *b = choose(ttf, &piece.addr);
	uint64_t before;
	int rc;

	if (!b)
		return 0;
	p = hms_pieces_find(&ttf->pieces, piece.addr);
	piece.low = p->watch.start > b->block ? p->watch.start : b->block;
	piece.high = p->watch.end < b->block + HMS_SOURCE_BLOCK
			     ? p->watch.end
			     : b->block + HMS_SOURCE_BLOCK;
	piece.memory = p->watch.memory;
	before = hms_sys_clock(CLOCK_MONOTONIC);
	ttf->probes++;
	rc = ttf->ops->arm(&piece);
	if (rc < 0) {
		ttf->refused++;
		if (rc == -ENOENT)
			hms_ttf_forget(ttf, piece.low, piece.high);
		return 0;
	}
	b->start = piece.start;
	b->end = piece.end;
	b->before = before;
	b->armed = b->told = hms_sys_clock(CLOCK_MONOTONIC);
	b->fired = 0;
	b->share = (float)(piece.end - piece.start) /
		   (float)hms_pieces_in_block(&ttf->pieces, b->block);
	ttf->armed++;
	return piece.fault_ns;
}

/* As many probes as both budgets allow: the tracker's, and the program's. */
static void arm_some(struct hms_ttf *ttf, uint64_t budget, uint64_t elapsed)
{
	uint64_t start = hms_sys_clock(CLOCK_THREAD_CPUTIME_ID), used;
	uint64_t paid = 0, n = 0, fruitless = 0;
	uint64_t most = (uint64_t)((float)budget / ttf->probe_ns);
	uint64_t blocks = hms_pieces_bytes(&ttf->pieces) / HMS_SOURCE_BLOCK + 1;
	uint64_t useful =
		blocks * PROBES_PER_BLOCK * (elapsed / 1000) / 1000000 + 1;

	if (most > useful)
		most = useful;
	while (n < most && paid < elapsed / 100 && fruitless < TRIES) {
		uint64_t ns = probe(ttf);

		paid += ns;
		n++;
		fruitless = ns ? 0 : fruitless + 1;
	}
	if (n == 0)
		return;
	used = hms_sys_clock(CLOCK_THREAD_CPUTIME_ID) - start;
	ttf->probe_ns += ((float)used / (float)n - ttf->probe_ns) / 8;
	if (ttf->probe_ns < 500)
		ttf->probe_ns = 500;
}

void hms_ttf_tick(struct hms_ttf *ttf, uint64_t now, uint64_t budget,
	const struct hms_sights *sights)
{
	uint64_t elapsed = ttf->last && now > ttf->last ? now - ttf->last : 0;
	struct hms_purse purse;

	if (!hms_purse_open(&purse, &ttf->debt, budget))
		return;
	ttf->last = now;
	if (ttf->ops->begin && ttf->ops->begin() < 0)
		goto out;
	hms_faults_read(now, budget / 2);
	tell_fired(ttf, sights);
	for (size_t i = 0;
		i < slots(ttf) && hms_purse_left(&purse) > (int64_t)budget / 2;
		i++) {
		if (ttf->cursor >= slots(ttf))
			ttf->cursor = 0;
		look_at(ttf, slot_at(ttf, ttf->cursor++), now, sights);
	}
	if (hms_purse_left(&purse) > 0)
		arm_some(ttf, (uint64_t)hms_purse_left(&purse), elapsed);
	if (ttf->ops->end)
		ttf->ops->end();
out:
	hms_purse_close(&purse);
}
