/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds of every planner, the library's and those to compare with: plans
 * are legal whatever it is told, the same for the same input, within its own
 * memory, and no number of it goes bad.
 */
#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/poisson.h"
#include "engine/policy/approx.h"
#include "engine/policy/draft.h"
#include "engine/policy/pool.h"
#include "tools/replay/replay.h"

#define BLOCKS 600
#define BUDGET 64
#define GUARD 64

struct world {
	const struct hms_planner *planner;
	struct hms_planner_state *state;
	size_t bytes;
	struct hms_snapshot snapshot;
	struct hms_block blocks[BLOCKS];
	struct hms_seen seen[2 * BLOCKS];
	struct hms_move moves[BUDGET + 1];
	struct hms_plan plan;
};

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
	return (uint32_t)((hms_random(&random_state) >> 32) % below);
}

static struct world *open_world(const struct hms_planner *planner)
{
	struct world *w = calloc(1, sizeof(*w));

	w->planner = planner;
	w->bytes = planner->state_bytes(BLOCKS);
	w->state = aligned_alloc(64, (w->bytes + GUARD + 63) / 64 * 64);
	memset(w->state, 0, w->bytes);
	memset((char *)w->state + w->bytes, 0x5a, GUARD);
	planner->init(w->state, BLOCKS);
	w->snapshot.blocks = w->blocks;
	w->snapshot.seen = w->seen;
	w->plan.moves = w->moves;
	return w;
}

static void close_world(struct world *w)
{
	free(w->state);
	free(w);
}

/* Mostly what could be, sometimes what never should. */
static float odd(float usual)
{
	static const float bad[] = { 0, -1, NAN, INFINITY, -INFINITY, 1e38f,
		1e-38f, -0.0f, 1e20f };

	return draw(8) ? usual * (float)draw(1000) / 500
		       : bad[draw(sizeof(bad) / sizeof(bad[0]))];
}

static void change_blocks(struct world *w)
{
	struct hms_snapshot *s = &w->snapshot;

	for (unsigned i = 0; i < 20; i++) {
		struct hms_block *b = &w->blocks[draw(BLOCKS)];

		memset(b, 0, sizeof(*b));
		b->flags = draw(4) ? HMS_BLOCK_USED : 0;
		if (!draw(8))
			b->flags |= HMS_BLOCK_FIXED;
		b->tier = (uint8_t)draw(draw(16) ? 3 : 256);
		b->site = (uint16_t)draw(draw(2) ? 4 : 65536);
	}
	s->nblocks = draw(8) ? BLOCKS : draw(BLOCKS + 1);
	s->ntiers = draw(8) ? 3 : draw(HMS_TIERS + 1);
	for (unsigned t = 0; t < HMS_TIERS; t++) {
		s->tiers[t] = (struct hms_tier){ draw(200), draw(20),
			odd(200e-9f), odd(50e9f), odd(20e9f) };
		if (!draw(16))
			s->tiers[t].room = draw(2) ? UINT64_MAX : 0;
		for (unsigned u = 0; u < HMS_TIERS; u++)
			s->cost[t][u] = odd(3e-4f);
	}
}

static void change_rest(struct world *w)
{
	struct hms_snapshot *s = &w->snapshot;

	s->tick++;
	s->dt = (double)odd(0.1f);
	s->exposure = odd(1e-5f);
	s->parallelism = odd(16);
	s->budget = draw(BUDGET + 1);
	s->slow_bandwidth_share = (double)odd(0.1f);
	s->block_bytes = draw(8) ? 2 << 20 : draw(3);
	s->nseen = draw(2 * BLOCKS);
	for (uint32_t i = 0; i < s->nseen; i++)
		w->seen[i] =
			(struct hms_seen){ draw(draw(32) ? BLOCKS : UINT32_MAX),
				odd(10), draw(3) ? 0 : odd(0.01f) };
}

/* Room at every point, one step, used and free blocks, each once. */
static void check_plan(const struct world *w, const struct hms_block *before)
{
	const struct hms_snapshot *s = &w->snapshot;
	uint64_t room[HMS_TIERS];
	uint8_t tier[BLOCKS], moved[BLOCKS] = { 0 };
	bool up = false;

	cr_assert_leq(w->plan.nmoves, s->budget);
	for (unsigned t = 0; t < HMS_TIERS; t++)
		room[t] = s->tiers[t].room < 1u << 31 ? s->tiers[t].room
						      : 1u << 31;
	for (unsigned i = 0; i < BLOCKS; i++)
		tier[i] = before[i].tier;
	for (uint32_t i = 0; i < w->plan.nmoves; i++) {
		const struct hms_move *m = &w->moves[i];

		cr_assert_lt(m->block, s->nblocks);
		cr_assert_eq(before[m->block].flags &
				     (HMS_BLOCK_USED | HMS_BLOCK_FIXED |
					     HMS_BLOCK_MOVING),
			HMS_BLOCK_USED);
		cr_assert(w->blocks[m->block].flags & HMS_BLOCK_MOVING);
		cr_assert_eq(
			moved[m->block]++, 0, "block %u moves twice", m->block);
		cr_assert_eq(m->from, tier[m->block]);
		cr_assert_lt(m->from, s->ntiers);
		cr_assert_lt(m->to, s->ntiers);
		cr_assert_eq(abs(m->from - m->to), 1);
		cr_assert(
			!up || m->to < m->from, "a demotion after promotions");
		up |= m->to < m->from;
		cr_assert_gt(room[m->to], 0, "no room in %u", m->to);
		room[m->to]--;
		room[m->from]++;
		cr_assert(isfinite(m->gain));
	}
}

static void check_numbers(const struct world *w)
{
	for (size_t i = 0; i < GUARD; i++)
		cr_assert_eq(((char *)w->state)[w->bytes + i], 0x5a,
			"%s writes beyond its state", w->planner->name);
	cr_assert(isfinite(w->plan.price));
	for (unsigned i = 0; i < BLOCKS; i++) {
		float deviation = NAN, rate = w->planner->rate(w->state,
					       &w->blocks[i], &deviation);

		cr_assert(isfinite(w->blocks[i].events));
		cr_assert(isfinite(w->blocks[i].exposure));
		cr_assert(isfinite(w->blocks[i].regret));
		cr_assert(isfinite(w->blocks[i].lasting));
		cr_assert(isfinite(rate) && rate >= 0, "rate %g", (double)rate);
		cr_assert(isfinite(deviation) && deviation >= 0);
		cr_assert(!isnan(w->planner->site(w->state, (uint16_t)i)));
	}
}

/* Some are carried out, some fail, some are forgotten. */
static void carry_out(struct world *w)
{
	for (uint32_t i = 0; i < w->plan.nmoves; i++) {
		struct hms_move *m = &w->moves[i];
		unsigned what = draw(4);

		w->blocks[m->block].flags &= (uint8_t)~HMS_BLOCK_MOVING;
		if (what == 0)
			continue;
		if (what != 1)
			w->blocks[m->block].tier = m->to;
		w->planner->moved(w->state, &w->snapshot, m,
			what == 1 ? -16 : 0, odd(3e-4f));
	}
}

static void hostile(const struct hms_planner *planner, uint64_t seed)
{
	struct world *w = open_world(planner);
	static struct hms_block before[BLOCKS];

	random_state = seed;
	for (unsigned tick = 0; tick < 300; tick++) {
		change_blocks(w);
		change_rest(w);
		memcpy(before, w->blocks, sizeof(before));
		planner->plan(w->state, &w->snapshot, &w->plan);
		check_plan(w, before);
		check_numbers(w);
		carry_out(w);
	}
	close_world(w);
}

/* Catches: a move that must not be, a NaN that spreads, a write beyond the
 * state, work on blocks beyond the last. */
Test(planners, survive_whatever_they_are_told)
{
	for (unsigned i = 0; hms_planners[i]; i++)
		for (uint64_t seed = 1; seed < 6; seed++)
			hostile(hms_planners[i], seed);
}

/* What could be, for those to compare with as well; sums of all plans. */
static uint64_t run_plain(const struct hms_planner *planner, uint64_t *moves)
{
	struct world *w = open_world(planner);
	static struct hms_block before[BLOCKS];
	uint64_t sum = 0;

	random_state = 5;
	w->snapshot = (struct hms_snapshot){ .blocks = w->blocks,
		.seen = w->seen,
		.nblocks = BLOCKS,
		.ntiers = 2,
		.block_bytes = 2 << 20,
		.parallelism = 32,
		.budget = BUDGET,
		.slow_bandwidth_share = 0.1,
		.tiers = { { 100, 0, 1e-7f, 150e9f, 0 },
			{ 500, 100, 2.5e-7f, 40e9f, 0 } } };
	for (unsigned i = 0; i < BLOCKS; i++)
		w->blocks[i] = (struct hms_block){ .flags = HMS_BLOCK_USED,
			.tier = i >= 100 };
	for (unsigned tick = 1; tick < 200; tick++) {
		struct hms_snapshot *s = &w->snapshot;

		s->tick = tick;
		s->dt = 0.05 + draw(100) * 0.002;
		s->exposure = (float)s->dt * 1e-4f;
		s->nseen = 0;
		for (uint32_t i = 0; i < BLOCKS; i++)
			if (draw(10) < (i % 7 ? 1 : 8))
				w->seen[s->nseen++] = (struct hms_seen){ i,
					(float)(1 + draw(10)), 0 };
		memcpy(before, w->blocks, sizeof(before));
		planner->plan(w->state, s, &w->plan);
		check_plan(w, before);
		check_numbers(w);
		for (uint32_t i = 0; i < w->plan.nmoves; i++) {
			struct hms_move *m = &w->moves[i];

			sum = sum * 31 + m->block * 2 + m->to;
			w->blocks[m->block].flags &= (uint8_t)~HMS_BLOCK_MOVING;
			w->blocks[m->block].tier = m->to;
			s->tiers[m->to].blocks++;
			s->tiers[m->to].room--;
			s->tiers[m->from].blocks--;
			s->tiers[m->from].room++;
			planner->moved(w->state, s, m, 0, 3e-4f);
			++*moves;
		}
	}
	close_world(w);
	return sum;
}

/* Catches: state that is not of the state's memory, order that is chance's;
 * and a planner that never plans. */
Test(planners, plan_the_same_for_the_same)
{
	for (unsigned i = 0; i < 6; i++) {
		const struct hms_planner *planner =
			i < 4 ? hms_planners[i] : replay_rivals[i - 4];
		uint64_t moves = 0, again = 0;

		cr_assert_eq(run_plain(planner, &moves),
			run_plain(planner, &again), "%s", planner->name);
		cr_assert_eq(moves, again);
		cr_assert_eq(moves > 50, strcmp(planner->name, "none") != 0,
			"%s: %llu moves", planner->name,
			(unsigned long long)moves);
	}
}

Test(planners, are_found_by_name)
{
	cr_assert_str_eq(hms_planner_find("rate")->name, "rate");
	cr_assert_eq(hms_planner_find("rate"), hms_planners[0]);
	cr_assert_null(hms_planner_find("rat"));
	cr_assert_null(hms_planner_find("arms"));
}

/* Against libm. */
Test(approx, is_near_enough)
{
	for (float x = -126; x < 127; x += 0.37f)
		cr_assert_float_eq(policy_exp2(x) / exp2((double)x), 1, 2e-6);
	for (float x = 1e-37f; x < 1e37f; x *= 1.07f) {
		cr_assert_float_eq(policy_log2(x), log2((double)x), 2e-5);
		cr_assert_float_eq(policy_sqrt(x) / sqrt((double)x), 1, 2e-6);
	}
	cr_assert_float_eq(policy_ln(2.71828183f), 1, 1e-6);
	cr_assert_eq(policy_sqrt(0), 0);
	cr_assert_eq(policy_sqrt(-1), 0);
	cr_assert_eq(policy_sqrt(NAN), 0);
	cr_assert(isfinite(policy_sqrt(INFINITY)));
	cr_assert_eq(policy_log2(0), -126);
	cr_assert_eq(policy_log2(NAN), -126);
	cr_assert_eq(policy_log2(INFINITY), 128);
	cr_assert(
		policy_exp2(-INFINITY) > 0 && policy_exp2(-INFINITY) < 1e-37f);
	cr_assert(isfinite(policy_exp2(INFINITY)));
	cr_assert(isfinite(policy_exp2(NAN)));
	cr_assert_eq(policy_sane((double)NAN, 0, 1, 7), 7);
}

/* Catches: one of the best that is lost, in any order of additions. */
Test(pool, keeps_the_best)
{
	static struct policy_pool pool;
	enum { N = 5000 };

	for (unsigned order = 0; order < 3; order++) {
		policy_pool_clear(&pool);
		for (uint32_t i = 0; i < N; i++) {
			uint32_t at = order == 0   ? i
				      : order == 1 ? N - 1 - i
						   : i * 3571 % N;

			policy_pool_add(&pool, at, (float)(at / 2));
		}
		policy_pool_sort(&pool);
		cr_assert_eq(pool.n, POLICY_POOL);
		/* Pairs of equals: the lower block first. */
		for (uint32_t i = 0; i < pool.n; i++)
			cr_assert_eq(pool.at[i].block,
				(N - 2 - i / 2 * 2) + i % 2,
				"order %u: place %u is %u", order, i,
				pool.at[i].block);
	}
	policy_pool_clear(&pool);
	policy_pool_add(&pool, 3, 1);
	policy_pool_add(&pool, 4, 2);
	policy_pool_sort(&pool);
	cr_assert_eq(pool.n, 2);
	cr_assert_eq(pool.at[0].block, 4);
}
