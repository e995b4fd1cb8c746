/* SPDX-License-Identifier: BSD-2-Clause */
/* From a plan's blocks to transfers of pieces, and from results to both. */
#include <errno.h>

#include "engine/worker/learn.h"

#define BATCH 16 /* blocks of one call */
#define PIECES 64 /* transfers of one call */

/* Moves that go together. */
struct batch {
	struct hms_learn *l;
	unsigned nmoves, n;
	struct {
		const struct hms_move *move;
		unsigned first, n; /* transfers */
		unsigned tier; /* where it really goes */
		int result; /* if there are none */
	} of[BATCH];
	struct hms_transfer transfers[PIECES];
};

/* The pieces of a block that are to go, as transfers. */
static int add_pieces(struct batch *b, const struct hms_move *move,
	unsigned *tier, unsigned *most)
{
	struct hms_learn *l = b->l;
	uintptr_t at = hms_heat_address(&l->heat, move->block);
	const uintptr_t end = at + HMS_HEAT_BLOCK;
	struct hms_range piece;
	int rc = -ENOENT;

	for (; *most && at < end && hms_range_next(at, end, &piece);
		at = piece.end) {
		struct hms_transfer *t = &b->transfers[b->n];
		struct hms_target *target;
		unsigned from = hms_tier_of(&l->tiers, piece.target);
		unsigned to = move->to;
		int step;

		if (from == HMS_TIER_NONE || from == to || piece.rule < 0 ||
			!l->with.places->rule_moves[piece.rule] ||
			piece.step < 0 || (piece.options & HMS_BIND_STAYS))
			continue;
		step = hms_tiers_step(
			&l->tiers, piece.place, from, &to, &target);
		if (step < 0) {
			rc = -EOPNOTSUPP;
			continue;
		}
		*tier = to;
		*t = (struct hms_transfer){
			.start = piece.start > at ? piece.start : at,
			.end = piece.end < end ? piece.end : end,
			.to = target,
			.step = step,
		};
		b->n++;
		--*most;
		rc = 0;
	}
	return rc;
}

static void add_move(struct batch *b, const struct hms_move *move)
{
	unsigned most = PIECES - b->n, i = b->nmoves++;

	b->of[i].move = move;
	b->of[i].first = b->n;
	b->of[i].tier = move->to;
	b->of[i].result = add_pieces(b, move, &b->of[i].tier, &most);
	b->of[i].n = b->n - b->of[i].first;
}

/* Newer measures count for an eighth. */
static void learn_cost(float *cost, float seconds)
{
	*cost = *cost > 0 ? *cost + (seconds - *cost) / 8 : seconds;
}

/* What cannot move now, nor a little later, is not asked again. */
static bool is_final(int result)
{
	return result == -EPERM || result == -EOPNOTSUPP || result == -EINVAL;
}

static void settle(struct hms_learn *l, const struct hms_move *move,
	unsigned tier, int result, float seconds)
{
	struct hms_block *block = &l->heat.blocks[move->block];

	block->flags &= (uint8_t)~HMS_BLOCK_MOVING;
	if (!result) {
		l->count.moved++;
		l->count.expected += (double)move->gain;
		hms_heat_moved(&l->heat, move->block, tier);
		learn_cost(&l->cost[move->from][tier], seconds);
	} else {
		l->count.failed++;
		if (is_final(result))
			block->flags |= HMS_BLOCK_FIXED;
	}
	l->with.planner->moved(l->state, &l->snapshot, move, result, seconds);
}

/*
 * cpu: seconds of the thread's time that all of it took.  Not the time that
 * went by: a nice thread is not always at work.
 */
static void settle_all(struct batch *b, float cpu)
{
	float wall = 0;

	for (unsigned j = 0; j < b->n; j++)
		wall += 1e-9f * (float)b->transfers[j].ns;
	for (unsigned i = 0; i < b->nmoves; i++) {
		int result = b->of[i].result;
		float seconds = 0;
		size_t moved = 0;

		for (unsigned j = 0; j < b->of[i].n; j++) {
			const struct hms_transfer *t =
				&b->transfers[b->of[i].first + j];

			if (t->result && !result)
				result = t->result;
			if (wall > 0)
				seconds += cpu * 1e-9f * (float)t->ns / wall;
			moved += t->moved;
		}
		b->l->count.bytes += moved;
		settle(b->l, b->of[i].move, b->of[i].tier, result, seconds);
	}
	b->nmoves = b->n = 0;
}

/* Blocks that go to files are stopped by a userfaultfd of the mover's. */
static void release(const struct hms_learn *l, const struct hms_transfer *t)
{
	if (!t->to->ops->maps)
		return;
	for (unsigned i = 0; i < l->choices.n; i++)
		if (l->started[i] && l->choices.row[i].source->release)
			l->choices.row[i].source->release(t->start, t->end);
}

/* False: the budget is used up, or it is to end. */
static bool go(struct batch *b, uint64_t now, uint64_t *mark)
{
	struct hms_learn *l = b->l;
	uint64_t bytes = 0, cpu;

	for (unsigned i = 0; i < b->n; i++) {
		bytes += b->transfers[i].end - b->transfers[i].start;
		release(l, &b->transfers[i]);
	}
	if (b->n) {
		hms_bucket_take(&l->bucket, now, bytes);
		l->with.move(b->transfers, b->n);
	}
	cpu = l->with.cpu();
	settle_all(b, 1e-9f * (float)(cpu - *mark));
	if (l->with.pause)
		l->with.pause();
	cpu = l->with.cpu();
	l->move_credit -= (int64_t)(cpu - *mark);
	*mark = cpu;
	return l->move_credit > 0 &&
	       !__atomic_load_n(&l->stop, __ATOMIC_RELAXED);
}

void learn_carry(struct hms_learn *l, const struct hms_plan *plan, uint64_t now)
{
	struct batch b = { .l = l };
	uint64_t mark = l->with.cpu();
	int64_t credit = l->move_credit;
	uint32_t i = 0;
	bool on = true;

	for (; i < plan->nmoves && on; i++) {
		add_move(&b, &plan->moves[i]);
		/* Pieces of the next must fit in any case. */
		if (b.nmoves == BATCH || b.n > PIECES / 2)
			on = go(&b, now, &mark);
	}
	if (b.nmoves)
		go(&b, now, &mark);
	for (; i < plan->nmoves; i++)
		settle(l, &plan->moves[i], plan->moves[i].to, -EAGAIN, 0);
	/* hms_learn_tick() accounts for the time. */
	l->move_credit = credit;
}
