/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop from sights to moves, with doubles of sources, planner and mover
 * that do what the test says and write down what they were told.  The machine
 * is that of heat.c.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/heat/sites.h"
#include "engine/policy/trace.h"
#include "engine/worker/learn.h"
#include "engine/worker/names.h"
#include "report/status.h"
#include "tests/unit/machine.h"

#define MIB ((uintptr_t)1 << 20)
#define BASE ((uintptr_t)1 << 40)
#define MS UINT64_C(1000000)

static struct hms_learn learn;
static uint64_t now, cpu;
static char told[1024];

static void tell(const char *format, uintptr_t a, uintptr_t b)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, format, a, b);
}

static uint64_t cpu_double(void)
{
	return cpu;
}

/* ---- sources: "first" watches files only, "second" everything ---- */
static int start_result;
static int watch_result;
static uintptr_t see_at[16];
static unsigned nsee;
static float see_all;
static uint64_t tick_takes, tick_budget;

static int probe_double(char why[HMS_WHY])
{
	(void)why;
	return 0;
}

static int start_first(void)
{
	tell("start1 ", 0, 0);
	return start_result;
}

static int start_second(void)
{
	tell("start2 ", 0, 0);
	return 0;
}

static void stop_double(void)
{
	tell("stop ", 0, 0);
}

static void fork_double(void)
{
	tell("forked ", 0, 0);
}

static bool fits_files(const struct hms_watch *watch)
{
	return watch->memory == HMS_MEMORY_SHARED && watch->wanted_refault;
}

static bool fits_all(const struct hms_watch *watch)
{
	(void)watch;
	return true;
}

static int watch_double(const struct hms_watch *watch)
{
	tell("+%zu-%zu ", (watch->start - BASE) / MIB,
		(watch->end - BASE) / MIB);
	return watch_result;
}

static void forget_double(uintptr_t start, uintptr_t end)
{
	tell("-%zu-%zu ", (start - BASE) / MIB, (end - BASE) / MIB);
}

static void tick_double(
	uint64_t at, uint64_t budget, const struct hms_sights *sights)
{
	cr_assert_eq(at, now);
	tick_budget = budget;
	cpu += tick_takes;
	for (unsigned i = 0; i < nsee; i++) {
		struct hms_sight s = { .addr = see_at[i],
			.len = 4096,
			.events = 3,
			.exposure = 0.5f };

		sights->see(&s, sights->arg);
	}
	if (see_all > 0)
		sights->all(see_all, sights->arg);
}

static const struct hms_source first = { "first", "", probe_double, start_first,
	stop_double, fits_files, watch_double, forget_double, tick_double,
	fork_double };
static const struct hms_source second = { "second", "", probe_double,
	start_second, stop_double, fits_all, watch_double, forget_double,
	tick_double, fork_double };

static int select_double(const char *wanted, struct hms_source_choices *out)
{
	memset(out, 0, sizeof(*out));
	out->n = 2;
	out->row[0].source = &first;
	out->row[1].source = &second;
	out->row[0].works = out->row[1].works = true;
	out->row[0].asked = out->row[1].asked = true;
	if (wanted && !strcmp(wanted, "second")) {
		out->row[0].works = out->row[0].asked = false;
		strcpy(out->row[0].why, "HMS_SOURCE names others");
	}
	return 0;
}

/* ---- the planner: moves what it is told, once ---- */
static struct hms_move planned[64];
static uint32_t nplanned;
static struct hms_snapshot seen;
static struct hms_seen seen_blocks[16];
static float site_rate, price = 100;

static size_t bytes_double(uint32_t nblocks)
{
	return nblocks;
}

static void init_double(struct hms_planner_state *state, uint32_t nblocks)
{
	((char *)state)[nblocks - 1] = 1;
}

static void plan_double(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, struct hms_plan *out)
{
	(void)state;
	seen = *snapshot;
	for (uint32_t i = 0; i < snapshot->nseen && i < 16; i++)
		seen_blocks[i] = snapshot->seen[i];
	for (; out->nmoves < nplanned && out->nmoves < snapshot->budget;
		out->nmoves++) {
		out->moves[out->nmoves] = planned[out->nmoves];
		snapshot->blocks[planned[out->nmoves].block].flags |=
			HMS_BLOCK_MOVING;
	}
	out->refused = nplanned - out->nmoves;
	out->price = price;
	out->npaid = 1;
	out->gained = 0.25f;
	nplanned = 0;
}

static void moved_double(struct hms_planner_state *state,
	const struct hms_snapshot *snapshot, const struct hms_move *move,
	int result, float seconds)
{
	(void)state;
	(void)seconds;
	cr_assert(!(snapshot->blocks[move->block].flags & HMS_BLOCK_MOVING));
	tell("moved%zu=%zu ", move->block, (uintptr_t)-result);
}

static float rate_double(const struct hms_planner_state *state,
	const struct hms_block *block, float *deviation)
{
	(void)state;
	*deviation = 0;
	return block->tier ? 0.25f : 5;
}

static float site_double(const struct hms_planner_state *state, uint16_t site)
{
	(void)state;
	return site == hms_site_of_rule(0) ? site_rate : -1;
}

static const struct hms_planner planner = { "double", bytes_double, init_double,
	plan_double, moved_double, rate_double, site_double };

/* ---- the mover ---- */
static int move_result;
static uint64_t move_takes;
static int supported_result;

static void move_double(struct hms_transfer *transfers, unsigned n)
{
	cpu += move_takes;
	for (unsigned i = 0; i < n; i++) {
		tell("%zu+%zu", (transfers[i].start - BASE) / MIB,
			(transfers[i].end - transfers[i].start) / MIB);
		tell(">%zu ", transfers[i].to->index, 0);
		transfers[i].result = move_result;
		transfers[i].moved = transfers[i].end - transfers[i].start;
		transfers[i].ns = 1000000;
	}
}

static int supported_double(
	const struct hms_target *from, const struct hms_target *to)
{
	(void)from;
	(void)to;
	return supported_result;
}

static struct hms_learn_setup setup = {
	.planner = &planner,
	.interval = 100 * MS,
	.rate = 1024 * MIB,
	.share = 100,
	.cpus = 4,
	.most = 4096,
	.select = select_double,
	.move = move_double,
	.supported = supported_double,
	.cpu = cpu_double,
};

static void start(const char *policy)
{
	machine_start("tiers", policy);
	setup.places = &machine_places;
	now = 1000 * MS;
	cr_assert_eq(hms_learn_start(&learn, &setup, now), 0);
	told[0] = 0;
	/* There is always something new to plan for. */
	see_all = 1e-6f;
}

static uint64_t tick(void)
{
	told[0] = 0;
	now += 100 * MS;
	learn.tell_after = 0;
	return hms_learn_tick(&learn, now);
}

static uint32_t block_at(uintptr_t mib)
{
	return hms_heat_find(&learn.heat, BASE + mib * MIB);
}

static void want(uintptr_t mib, unsigned from, unsigned to)
{
	planned[nplanned++] = (struct hms_move){ block_at(mib), (uint8_t)from,
		(uint8_t)to, 0.5f };
}

#define RULES "target fast = hbm; limit fast 4M; * -> fast then cxl, migrate"

/* Catches memory that is not watched, or watched by the wrong source. */
Test(learn, sources_watch_what_is_there)
{
	start("* -> hbm then file:/tmp, migrate");
	machine_bind(BASE, 4 * MIB);
	tick();
	cr_assert_str_eq(told, "start2 +0-4 ");
	cr_assert_eq(hms_status->learning.sources[0].use, HMS_LEARNING_SPARE);
	cr_assert_eq(hms_status->learning.sources[1].use, HMS_LEARNING_USED);
	tick();
	cr_assert_str_empty(told);
	machine_bind(BASE + 4 * MIB, 2 * MIB);
	now += 60000 * MS;
	tick();
	cr_assert_str_eq(told, "+4-6 ");
	hms_range_drop(BASE, BASE + 2 * MIB);
	now += 60000 * MS;
	tick();
	cr_assert_str_eq(told, "-0-2 ");
	told[0] = 0;
	hms_learn_stop(&learn);
	cr_assert_str_eq(told, "stop ");
}

/* Catches a source that fails to start and leaves its memory unwatched. */
Test(learn, the_next_source_serves)
{
	const struct hms_spans *spans = &learn.heat.spans;

	start("* -> hbm then cxl, migrate");
	start_result = -EMFILE;
	machine_bind(BASE, 2 * MIB);
	hms_heat_walk(&learn.heat);
	/* As if it were a file's. */
	learn.heat.spans.next[0].memory = HMS_MEMORY_SHARED;
	learn_watch(&learn);
	cr_assert_str_eq(told, "start1 start2 +0-2 ");
	cr_assert_eq(spans->now[0].source, 1);
	cr_assert(!learn.choices.row[0].works);
	cr_assert_str_eq(learn.choices.row[0].why, strerror(EMFILE));
	/* One that refuses this memory is not asked about it again. */
	watch_result = -EPERM;
	machine_bind(BASE + 8 * MIB, 2 * MIB);
	hms_heat_walk(&learn.heat);
	learn_watch(&learn);
	cr_assert_eq(spans->now[spans->nnow - 1].source, HMS_SPAN_SOURCE_NONE);
}

/* Catches a snapshot that says something else than what was seen. */
Test(learn, the_planner_is_told_what_was_seen)
{
	start(RULES);
	machine_bind(BASE, 16 * MIB);
	see_at[0] = BASE;
	see_at[1] = BASE + 5 * MIB;
	see_at[2] = BASE + 4 * MIB;
	nsee = 3;
	see_all = 0.125f;
	tick();
	tick();
	cr_assert_eq(seen.tick, 2);
	cr_assert_float_eq(seen.dt, 0.1, 1e-9);
	cr_assert_eq(seen.nblocks, 8);
	cr_assert_eq(seen.nseen, 2);
	cr_assert_eq(seen_blocks[1].block, block_at(4));
	cr_assert_eq(seen_blocks[1].events, 6);
	cr_assert_eq(seen_blocks[1].exposure, 1);
	cr_assert_eq(seen.exposure, 0.125f);
	cr_assert_eq(seen.ntiers, 2);
	cr_assert_eq(seen.tiers[0].blocks, 2);
	cr_assert_eq(seen.tiers[0].room, 0);
	cr_assert_eq(seen.tiers[1].blocks, 6);
	cr_assert_gt(seen.tiers[1].latency, seen.tiers[0].latency);
	cr_assert_eq(seen.budget, HMS_LEARN_MOVES);
	cr_assert_eq(hms_status->learning.sources[1].sights, 6);
	cr_assert_eq(hms_status->learning.sources[1].events, 18);
	/* 70 % of 1 % of 100 ms, but for a tenth. */
	cr_assert_float_eq((double)tick_budget, 630000, 1);
}

/* Catches a plan that is carried out otherwise, or not told back. */
Test(learn, plans_are_carried_out)
{
	start(RULES);
	machine_bind(BASE, 16 * MIB);
	tick();
	want(0, 0, 1);
	want(8, 1, 0);
	move_takes = 2 * MS;
	tick();
	cr_assert_str_eq(told, "0+2>1 8+2>0 moved0=0 moved4=0 ");
	cr_assert_eq(learn.heat.blocks[block_at(0)].tier, 1);
	cr_assert_eq(learn.heat.blocks[block_at(8)].tier, 0);
	cr_assert_eq(learn.heat.count[0], 2);
	cr_assert_eq(hms_status->learning.moved, 2);
	cr_assert_eq(hms_status->learning.moved_bytes, 4 * MIB);
	cr_assert_eq(hms_status->learning.expected_ns, 1000000000);
	cr_assert_eq(hms_status->learning.gained_ns, 500000000);
	cr_assert_eq(hms_status->learning.paid, 2);
	cr_assert_eq(hms_status->learning.price, 100000);
	tick();
	cr_assert_float_eq(seen.cost[0][1], 1e-3, 1e-6);
	/* Blocks by rate: 5/s is from 4 to below 8. */
	cr_assert_eq(hms_status->learning.tiers[0].rates[4], 2);
	cr_assert_eq(hms_status->learning.tiers[1].rates[0], 6);
}

/* Catches refusals that are forgotten, or asked for again without end. */
Test(learn, refusals_are_told_and_kept)
{
	start(RULES);
	machine_bind(BASE, 16 * MIB);
	tick();
	want(8, 1, 0);
	move_result = -EBUSY;
	tick();
	cr_assert_str_eq(told, "8+2>0 moved4=16 ");
	cr_assert_eq(learn.heat.blocks[block_at(8)].tier, 1);
	cr_assert_eq(learn.heat.blocks[block_at(8)].flags, HMS_BLOCK_USED);
	want(8, 1, 0);
	move_result = -EPERM;
	tick();
	cr_assert_eq(learn.heat.blocks[block_at(8)].flags,
		HMS_BLOCK_USED | HMS_BLOCK_FIXED);
	cr_assert_eq(hms_status->learning.failed, 2);
	cr_assert_eq(hms_status->learning.moved, 0);
	/* Memory that went since the walk is no error of anybody's. */
	want(4, 1, 0);
	hms_range_drop(BASE + 4 * MIB, BASE + 6 * MIB);
	learn.walk_after = UINT64_MAX;
	tick();
	cr_assert_str_eq(told, "moved2=2 ");
}

/* Catches a block of several pieces of which only one is moved. */
Test(learn, all_pieces_of_a_block_move)
{
	start("target fast = hbm; limit fast 3M; * -> fast then cxl, migrate");
	machine_bind(BASE, 4 * MIB);
	tick();
	/* 2 MiB fast, then 1 MiB fast and 1 slow: that is one block. */
	cr_assert_eq(learn.heat.used, 2);
	want(2, 0, 1);
	tick();
	cr_assert_str_eq(told, "2+1>1 moved1=0 ");
}

/* Catches more moved than either budget allows. */
Test(learn, budgets_hold)
{
	setup.rate = 8 * MIB;
	start("target fast = hbm; limit fast 32M; * -> fast then cxl, migrate");
	machine_bind(BASE, 64 * MIB);
	tick();
	cr_assert_eq(seen.budget, 4);
	for (unsigned i = 0; i < 6; i++)
		want(2 * i, 0, 1);
	tick();
	cr_assert_eq(hms_status->learning.moved, 4);
	cr_assert_eq(hms_status->learning.refused, 2);
	tick();
	/* 0.1 s fill 0.8 MiB. */
	cr_assert_eq(seen.budget, 0);
	now += 2000 * MS;
	tick();
	cr_assert_eq(seen.budget, 4);
	/* All of the thread's time is used up: nothing moves for a while. */
	move_takes = 2000 * MS;
	want(12, 0, 1);
	tick();
	cr_assert_eq(hms_status->learning.moved, 5);
	tick();
	cr_assert_eq(seen.budget, 0);
	for (int i = 0; i < 3; i++) {
		now += 10000 * MS;
		tick();
	}
	cr_assert_gt(seen.budget, 0);
}

/* Catches a worker that takes more of a core than it may. */
Test(learn, looking_too_long_is_waited_for)
{
	uint64_t wait, waited = 0, ticks = 0;

	start(RULES);
	machine_bind(BASE, 16 * MIB);
	see_at[0] = BASE;
	nsee = 1;
	cr_assert_eq(tick(), 100 * MS);
	/* 5 ms each time: five times what 1 % of 100 ms is. */
	tick_takes = 5 * MS;
	for (; ticks < 100; ticks++) {
		told[0] = 0;
		wait = hms_learn_tick(&learn, now);
		waited += wait;
		now += wait;
	}
	cr_assert_geq(waited, 100 * 5 * MS * 95);
	cr_assert_leq(waited, 100 * 5 * MS * 105);
	/* Nothing happens: further and further apart, then not any more. */
	tick_takes = 0;
	nsee = 0;
	now += 10000 * MS;
	for (ticks = 0; ticks < 30; ticks++) {
		wait = hms_learn_tick(&learn, now);
		now += wait;
	}
	cr_assert_eq(wait, 3200 * MS);
	nsee = 1;
	cr_assert_eq(hms_learn_tick(&learn, now), 100 * MS);
}

/* Catches a planner that is asked all the time, with nothing to tell. */
Test(learn, without_news_plans_are_rare)
{
	unsigned plans = 0;

	start(RULES);
	see_all = 0;
	machine_bind(BASE, 16 * MIB);
	for (int i = 0; i < 30; i++) {
		seen.tick = 0;
		tick();
		plans += seen.tick > 0;
	}
	cr_assert_eq(plans, 3);
	cr_assert_float_eq(seen.dt, 1, 0.01);
	see_at[0] = BASE;
	nsee = 1;
	seen.tick = 0;
	tick();
	cr_assert_gt(seen.tick, 0);
}

/* Catches new memory that goes where its site's earlier memory was not hot. */
Test(learn, sites_are_advised_when_fast_memory_is_full)
{
	struct hms_range piece;

	start(RULES);
	machine_bind(BASE, 2 * MIB);
	site_rate = 1;
	tick();
	machine_bind(BASE + 2 * MIB, MIB);
	cr_assert(hms_range_find(BASE + 2 * MIB, &piece));
	cr_assert_eq(piece.step, 0);
	machine_bind(BASE + 4 * MIB, MIB);
	now += 1000 * MS;
	tick();
	hms_range_drop(BASE, BASE + 2 * MIB);
	machine_bind(BASE + 8 * MIB, MIB);
	cr_assert(hms_range_find(BASE + 8 * MIB, &piece));
	cr_assert_eq(piece.step, 1);
	/* Nothing can be had for any price: where the rule says. */
	price = 1e30f;
	now += 1000 * MS;
	tick();
	machine_bind(BASE + 12 * MIB, MIB);
	cr_assert(hms_range_find(BASE + 12 * MIB, &piece));
	cr_assert_eq(piece.step, 0);
	cr_assert_eq(hms_status->learning.price, 0);
	price = 100;
	/* Near the price: where the rule says. */
	site_rate = 30;
	now += 1000 * MS;
	tick();
	machine_bind(BASE + 10 * MIB, MIB);
	cr_assert(hms_range_find(BASE + 10 * MIB, &piece));
	cr_assert_eq(piece.step, 0);
	hms_learn_after_fork(&learn);
	cr_assert(strstr(told, "forked "));
}

/* Catches a worker that lives where nothing can move. */
Test(learn, nothing_moves_nothing_is_learned)
{
	machine_start("tiers", RULES);
	setup.places = &machine_places;
	supported_result = -EPERM;
	cr_assert_eq(hms_learn_start(&learn, &setup, now), -EPERM);
	cr_assert_eq(hms_status->learning.state, HMS_LEARNING_NOT);
	cr_assert_str_not_empty(hms_status->learning.why);
	supported_result = 0;
	machine.refuse_mmap = true;
	cr_assert_eq(hms_learn_start(&learn, &setup, now), -ENOMEM);
	machine.refuse_mmap = false;
}

/* Catches a recording that is not what the planner was told. */
Test(learn, a_recording_says_what_was_told)
{
	char path[] = "/tmp/hms-trace.XXXXXX";
	int fd = mkstemp(path);
	struct {
		struct hms_trace_head head;
		struct hms_trace_tick one;
		struct hms_trace_change changes[8];
		struct hms_trace_tick two, three;
		struct hms_trace_change gone;
		struct hms_seen seen;
	} got;
	/* Without what fills up its end. */
	const size_t size = offsetof(__typeof__(got), seen) + sizeof(got.seen);

	setup.trace = path;
	start(RULES);
	machine_bind(BASE, 16 * MIB);
	tick();
	tick();
	hms_range_drop(BASE + 14 * MIB, BASE + 16 * MIB);
	learn.walk_after = 0;
	see_at[0] = BASE + 8 * MIB;
	nsee = 1;
	see_all = 0.5f;
	tick();
	cr_assert_eq(lseek(fd, 0, SEEK_END), (off_t)size);
	cr_assert_eq(pread(fd, &got, size, 0), (ssize_t)size);
	cr_assert(!memcmp(got.head.magic, HMS_TRACE_MAGIC, 8));
	cr_assert_eq(got.head.ntiers, 2);
	cr_assert_eq(got.head.block_bytes, 2 * MIB);
	cr_assert_eq(got.head.tiers[0].capacity, 2);
	cr_assert_eq(got.one.mark, HMS_TRACE_TICK);
	cr_assert_eq(got.one.nchanges, 8);
	cr_assert_eq(got.changes[1].tier, 0);
	cr_assert_eq(got.changes[2].tier, 1);
	cr_assert_eq(got.changes[2].flags, HMS_BLOCK_USED);
	cr_assert_eq(got.changes[2].site, hms_site_of_rule(0));
	cr_assert_eq(got.two.nchanges + got.two.nseen, 0);
	/* One gone, one seen. */
	cr_assert_eq(got.three.nchanges, 1);
	cr_assert_eq(got.three.nseen, 1);
	cr_assert_eq(got.three.exposure, 0.5f);
	cr_assert_eq(got.gone.block, 7);
	cr_assert_eq(got.gone.flags, 0);
	cr_assert_eq(got.seen.block, 4);
	cr_assert_eq(got.seen.events, 3);
	unlink(path);
	close(fd);
}

/* Catches names that are taken without being anybody's. */
Test(learn, names_are_looked_up)
{
	const struct hms_planner *found;
	struct hms_diag diag = { 0 };

	machine_start("tiers", "* -> hbm then cxl\nmigrate auto planner tpp");
	cr_assert_eq(hms_learn_names(machine_policy, NULL, &found, &diag), 0);
	cr_assert_str_eq(found->name, "tpp");
	cr_assert_eq(hms_learn_names(
			     machine_policy, "accessed,touch", &found, &diag),
		0);
	cr_assert_eq(hms_learn_names(machine_policy, "auto", &found, &diag), 0);
	cr_assert_eq(hms_learn_names(machine_policy, "acessed", &found, &diag),
		-EINVAL);
	cr_assert_str_eq(diag.text, "HMS_SOURCE: error: unknown source "
				    "\"acessed\"; did you mean \"accessed\"?");
	machine_start(
		"tiers", "* -> hbm then cxl\nmigrate auto planner treshold");
	cr_assert_eq(
		hms_learn_names(machine_policy, NULL, &found, &diag), -EINVAL);
	cr_assert_eq(diag.line, 2);
	cr_assert(strstr(diag.text,
		"unknown planner \"treshold\"; did you mean \"threshold\"?"));
	machine_start("tiers", "* -> hbm then cxl\nmigrate auto source touc");
	cr_assert_eq(
		hms_learn_names(machine_policy, NULL, &found, &diag), -EINVAL);
	cr_assert(strstr(diag.text,
		"2:21: error: unknown source \"touc\"; did you mean \"touch\"?"));
	machine_start("tiers", "* -> hbm then cxl, migrate");
	cr_assert_eq(hms_learn_names(machine_policy, NULL, &found, &diag), 0);
	cr_assert_str_eq(found->name, "rate");
}
