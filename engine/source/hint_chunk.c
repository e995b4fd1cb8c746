/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "engine/source/hint.h"

#define MS UINT64_C(1000000)
#define SILENCE (300 * MS)
/* The kernel marks no sooner again (numa_balancing_scan_period_min_ms). */
#define PERIOD (900 * MS)
/* The first fault that shows a marking came after it, by about so much. */
#define LEAST (1 * MS)
/* Huge pages that are accessed all the time fault so soon after each other. */
#define NEAR (2 * MS)
#define BLOCK_PAGES (HMS_SOURCE_BLOCK / 4096)

static bool bit(const uint64_t *bits, size_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static void set(uint64_t *bits, size_t i)
{
	bits[i / 64] |= UINT64_C(1) << i % 64;
}

/* Bits of a block's pages. */
static unsigned count(const uint64_t *bits, size_t block)
{
	unsigned n = 0;

	for (size_t i = 0; i < BLOCK_PAGES / 64; i++)
		n += (unsigned)__builtin_popcountll(
			bits[block * BLOCK_PAGES / 64 + i]);
	return n;
}

static float block_pages(const struct hms_pieces *pieces, uintptr_t addr)
{
	return (float)hms_pieces_in_block(pieces, addr) / 4096;
}

/* The fault that showed the marking: was it at once, or a while later? */
static void release(
	struct hms_chunk *chunk, bool at_once, const struct hms_sights *sights)
{
	if (at_once)
		chunk->held.exposure = (float)LEAST * 1e-9f;
	chunk->sure = at_once;
	chunk->held_at = 0;
	sights->see(&chunk->held, sights->arg);
}

void hms_chunk_tell(struct hms_chunk *chunk, uint64_t now, bool huge,
	const struct hms_pieces *pieces, const struct hms_sights *sights)
{
	float seconds;

	if (chunk->held_at && now > chunk->held_at + NEAR)
		release(chunk, false, sights);
	if (!chunk->marked || now <= chunk->told)
		return;
	seconds = (float)(now - chunk->told) * 1e-9f;
	chunk->told = now;
	for (size_t b = 0; b < HMS_CHUNK_BLOCKS; b++) {
		uintptr_t start = chunk->start + b * HMS_SOURCE_BLOCK;
		float all = block_pages(pieces, start);
		float faulted = (float)count(chunk->faulted, b);
		struct hms_sight sight = { .addr = start };

		if (huge && faulted > 0)
			faulted = all;
		if (all <= 0 || faulted >= all)
			continue;
		sight.len = HMS_SOURCE_BLOCK;
		sight.exposure = seconds * (all - faulted) / all;
		sights->see(&sight, sights->arg);
	}
}

static bool marked_again(
	const struct hms_chunk *chunk, uint64_t time, bool twice)
{
	if (time < chunk->marked + 2 * LEAST)
		return false;
	if (twice)
		return true;
	return time >= chunk->last + SILENCE && time >= chunk->marked + PERIOD;
}

static void mark(struct hms_chunk *chunk, uint64_t time)
{
	chunk->sure = false;
	chunk->marked = chunk->told = time;
	chunk->markings++;
	memset(chunk->faulted, 0, sizeof(chunk->faulted));
}

void hms_chunk_silent(struct hms_chunk *chunk, uint64_t now)
{
	if (!chunk->marked)
		mark(chunk, now);
}

/* How long a huge page went without access, as far as it can be known. */
static uint64_t huge_time(
	struct hms_chunk *chunk, size_t block, uint64_t time, uint64_t *period)
{
	uint64_t since = time - chunk->marked;
	uint64_t apart = time - chunk->block[block];

	if (!chunk->block[block] || apart < PERIOD)
		return since;
	/* Slowly forgotten, as the kernel may take longer by now. */
	*period += *period / 256;
	if (!*period || apart < *period)
		*period = apart;
	apart -= *period;
	return apart > since ? apart : since;
}

/* Up to `told` it was told among those that had not faulted. */
static float exposed(const struct hms_chunk *chunk, uint64_t since, float share)
{
	uint64_t told = chunk->told - chunk->marked;

	return since > told ? (float)(since - told) * 1e-9f * share : 0;
}

/* True: it is the first after a marking. */
static bool shows_marking(struct hms_chunk *chunk, uint64_t time, bool twice,
	bool huge, const struct hms_pieces *pieces,
	const struct hms_sights *sights)
{
	if (chunk->marked && !marked_again(chunk, time, twice))
		return false;
	if (chunk->held_at)
		release(chunk, false, sights);
	hms_chunk_tell(chunk, time - LEAST, huge, pieces, sights);
	mark(chunk, time - LEAST);
	return true;
}

static void tell_huge(struct hms_chunk *chunk, size_t block, uint64_t time,
	bool first, uint64_t *period, struct hms_sight *sight,
	const struct hms_sights *sights)
{
	uint64_t least = huge_time(chunk, block, time, period);

	if (chunk->held_at)
		release(chunk, time <= chunk->held_at + NEAR, sights);
	chunk->block[block] = time;
	sight->exposure =
		exposed(chunk, chunk->sure ? time - chunk->marked : least, 1);
	if (!first) {
		sights->see(sight, sights->arg);
		return;
	}
	chunk->held = *sight;
	chunk->held_at = time;
}

void hms_chunk_fault(struct hms_chunk *chunk, const struct hms_fault *fault,
	bool huge, const struct hms_pieces *pieces, uint64_t *period,
	const struct hms_sights *sights)
{
	size_t page = (fault->addr - chunk->start) / 4096;
	size_t block = page / BLOCK_PAGES;
	bool twice = bit(chunk->faulted, page) ||
		     (huge && count(chunk->faulted, block));
	bool known =
		bit(chunk->known, page) || (huge && count(chunk->known, block));
	struct hms_sight sight = {
		.addr = fault->addr &
			~(huge ? HMS_SOURCE_BLOCK - 1 : (uintptr_t)4095),
		.len = huge ? HMS_SOURCE_BLOCK : 4096,
		.events = 1,
		.tid = fault->tid,
	};
	bool first;

	set(chunk->known, page);
	/* Faults of other CPUs' rings may come out of turn, by a little. */
	if (!known || fault->time < chunk->marked)
		return;
	first = shows_marking(chunk, fault->time, twice, huge, pieces, sights);
	if (fault->time > chunk->last)
		chunk->last = fault->time;
	set(chunk->faulted, page);
	if (huge) {
		tell_huge(chunk, block, fault->time, first, period, &sight,
			sights);
		return;
	}
	chunk->block[block] = fault->time;
	sight.exposure = exposed(chunk, fault->time - chunk->marked,
		1 / block_pages(pieces, fault->addr));
	sights->see(&sight, sights->arg);
}
