/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that moves without us: by the kernel's NUMA balancing and reclaim, by
 * migratepages(8), by the program itself, or because a node had no page left
 * when it was touched.  Some pages of each block are asked for, block after
 * block; if they are elsewhere, the range table says so from then on, and with
 * it plans, limits and reports.  Of a block that is here and there it says the
 * slowest place: so all of it goes up when it is hot.
 * Source: move_pages(2).
 */
#include <errno.h>
#include <string.h>

#include "base/sys.h"
#include "engine/room.h"
#include "engine/target/node.h"
#include "engine/worker/learn.h"

#define SAMPLES 16 /* pages asked for, of a piece */
#define BLOCKS 32 /* at a time */
/*
 * A tenth of what looking may take: 1 % of a core, some 5 us a block, so
 * 400 MiB in a second.
 */
#define PART 10

/* Less than one page in so many is not worth a word. */
#define FEW 8

/* Where the sampled pages of a piece are. */
struct sample {
	unsigned there; /* pages that are anywhere */
	unsigned tier[HMS_TIERS];
};

/* -errno of the call: nothing is known. */
static int ask(
	struct hms_learn *l, const struct hms_range *piece, struct sample *out)
{
	const size_t page = hms_sys_page_size();
	const size_t pages = (piece->end - piece->start) / page;
	void *at[SAMPLES];
	int status[SAMPLES], rc;
	unsigned n = pages < SAMPLES ? (unsigned)pages : SAMPLES;

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < n; i++)
		at[i] = (void *)(piece->start + pages * i / n * page);
	rc = l->with.where(at, status, n);
	for (unsigned i = 0; i < n && rc >= 0; i++) {
		if (status[i] < 0)
			continue;
		out->there++;
		for (unsigned t = 0; t < l->tiers.n; t++)
			out->tier[t] += !l->tiers.target[t]->ops->maps &&
					hms_target_has_node(l->tiers.target[t],
						(unsigned)status[i]);
	}
	return rc;
}

/* The table learns it; limits are charged for what is so already. */
static void tell_table(struct hms_learn *l, const struct hms_range *piece,
	unsigned from, unsigned tier)
{
	struct hms_retarget r;
	struct hms_target *to;
	unsigned at = tier;
	int step = hms_tiers_step(&l->tiers, piece->place, from, &at, &to);
	size_t bytes;

	/* Its own rule may not name it. */
	if (step < 0 || at != tier ||
		hms_range_retarget_found(
			piece->start, piece->end, to, step, &r))
		return;
	bytes = hms_range_retarget_end(&r, true);
	hms_room_moved(to, bytes);
	l->count.strayed += bytes;
}

static int look_at(struct hms_learn *l, const struct hms_range *piece)
{
	unsigned from = hms_tier_of(&l->tiers, piece->target);
	unsigned slowest = HMS_TIER_NONE, known = 0;
	struct sample sample;
	int rc;

	if (from == HMS_TIER_NONE || piece->target->ops->maps ||
		piece->rule < 0 || !l->with.places->rule_moves[piece->rule] ||
		piece->step < 0 || piece->reserve)
		return 0;
	rc = ask(l, piece, &sample);
	if (rc < 0)
		return rc;
	for (unsigned t = 0; t < l->tiers.n; t++) {
		known += sample.tier[t];
		if (FEW * sample.tier[t] > sample.there)
			slowest = t;
	}
	/* Mostly where no rule puts it: the table has no word for that. */
	if (slowest != HMS_TIER_NONE && slowest != from &&
		2 * known > sample.there)
		tell_table(l, piece, from, slowest);
	return 0;
}

static int look_at_block(struct hms_learn *l, uint32_t block)
{
	uintptr_t at = hms_heat_address(&l->heat, block);
	const uintptr_t end = at + HMS_HEAT_BLOCK;
	struct hms_range piece;
	int rc = 0;

	while (rc >= 0 && at < end && hms_range_next(at, end, &piece)) {
		if (piece.start < at)
			piece.start = at;
		if (piece.end > end)
			piece.end = end;
		at = piece.end;
		rc = look_at(l, &piece);
	}
	return rc;
}

void learn_strays(struct hms_learn *l, uint64_t now)
{
	uint64_t begin, took;
	int rc = 0;

	if (!l->with.where || now < l->stray_after || !l->heat.nblocks)
		return;
	begin = l->with.cpu();
	for (unsigned n = 0; n < BLOCKS && n < l->heat.nblocks && rc >= 0;
		n++) {
		if (l->stray_at >= l->heat.nblocks)
			l->stray_at = 0;
		if ((l->heat.blocks[l->stray_at].flags &
			    (HMS_BLOCK_USED | HMS_BLOCK_MOVING)) ==
			HMS_BLOCK_USED)
			rc = look_at_block(l, l->stray_at);
		l->stray_at++;
	}
	took = l->with.cpu() - begin;
	l->stray_after = now + took * PART * 10000 / l->with.share;
	/* A kernel that refuses does so for good. */
	if (rc == -EPERM || rc == -EACCES || rc == -ENOSYS)
		l->stray_after = UINT64_MAX;
}
