/* SPDX-License-Identifier: BSD-2-Clause */
/* A planner runs: the same object that the library has. */
#include "tools/replay/replay.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/poisson.h"

struct run {
	const struct replay_case *c;
	const struct replay_machine *machine;
	const struct hms_planner *planner;
	struct hms_planner_state *state;
	struct hms_snapshot snapshot;
	struct hms_plan plan;
	struct hms_seen *seen; /* of a recording */
	uint64_t capacity, random;
	size_t change; /* next one */
	struct replay_result *out;
};

uint32_t replay_capacity(
	const struct replay_case *c, const struct replay_machine *machine)
{
	return (uint32_t)(machine->fast * c->peak);
}

double replay_all_fast(
	const struct replay_case *c, const struct replay_machine *machine)
{
	double seconds = 0;

	for (uint32_t t = 0; t < c->nticks; t++)
		seconds += c->seconds[t];
	return seconds;
}

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Fast while there is room, unless its site is known to be colder than what
 * is there. */
static uint8_t place(const struct run *run, uint16_t site)
{
	float rate = run->planner->site(run->state, site);

	if (!run->snapshot.tiers[0].room)
		return 1;
	return rate >= 0 && rate < run->plan.price;
}

static void change(struct run *run, const struct replay_change *change)
{
	struct hms_block *block = &run->snapshot.blocks[change->block];
	struct hms_tier *tiers = run->snapshot.tiers;

	if (block->flags & HMS_BLOCK_USED) {
		tiers[block->tier].blocks--;
		tiers[block->tier].room++;
	}
	memset(block, 0, sizeof(*block));
	if (!(change->flags & HMS_BLOCK_USED))
		return;
	block->flags = change->flags;
	block->site = change->site;
	block->tier = place(run, change->site);
	tiers[block->tier].blocks++;
	tiers[block->tier].room--;
}

/* Of the last plan; how many blocks were moved. */
static unsigned carry_out(struct run *run)
{
	struct hms_snapshot *snapshot = &run->snapshot;
	unsigned n = 0;

	for (uint32_t i = 0; i < run->plan.nmoves; i++) {
		const struct hms_move *move = &run->plan.moves[i];
		struct hms_block *block = &snapshot->blocks[move->block];

		if (!(block->flags & HMS_BLOCK_MOVING))
			continue; /* it went meanwhile */
		block->flags &= (uint8_t)~HMS_BLOCK_MOVING;
		if (!snapshot->tiers[move->to].room)
			continue; /* something new took it */
		block->tier = move->to;
		snapshot->tiers[move->from].blocks--;
		snapshot->tiers[move->from].room++;
		snapshot->tiers[move->to].blocks++;
		snapshot->tiers[move->to].room--;
		run->planner->moved(run->state, snapshot, move, 0,
			snapshot->cost[move->from][move->to]);
		n++;
	}
	return n;
}

/* As many are seen of a tick's accesses, however long it takes. */
static void show(struct run *run, uint32_t t, double seconds)
{
	const struct replay_case *c = run->c;
	struct hms_snapshot *snapshot = &run->snapshot;

	snapshot->seen = c->seen + c->first[t];
	snapshot->nseen = (uint32_t)(c->first[t + 1] - c->first[t]);
	if (!run->seen)
		return;
	for (uint32_t i = 0; i < snapshot->nseen; i++) {
		run->seen[i] = snapshot->seen[i];
		run->seen[i].exposure *= (float)(seconds / c->seconds[t]);
	}
	snapshot->seen = run->seen;
}

static void tick(struct run *run, uint32_t t)
{
	const struct replay_case *c = run->c;
	const float *share = replay_tick(c, t);
	struct hms_snapshot *snapshot = &run->snapshot;
	struct replay_machine left = replay_left(run->machine, c, t);
	struct replay_load load = { c->parallelism,
		replay_accesses(run->machine, c, t), 0, 0 };
	struct replay_answer answer;
	double start;

	while (run->change < c->nchanges && c->changes[run->change].tick == t)
		change(run, &c->changes[run->change++]);
	load.moved = carry_out(run);
	for (uint32_t b = 0; b < c->nblocks; b++)
		if (!snapshot->blocks[b].tier)
			load.on_fast += (double)share[b];
	if (load.on_fast > 1 || (c->idle && c->idle[t]))
		load.on_fast = 1;
	answer = replay_model(&left, &load);
	run->out->seconds += answer.seconds;
	run->out->moves += (uint64_t)load.moved;
	for (int i = 0; i < 2; i++) {
		/* Probes are not exact. */
		snapshot->tiers[i].latency =
			(float)(answer.latency[i] *
				(0.98 + 0.04 * replay_uniform(&run->random)));
		snapshot->tiers[i].load = (float)answer.rate[i];
	}
	snapshot->tick = t + 1;
	snapshot->dt = answer.seconds;
	snapshot->exposure = c->part[t] * (float)answer.seconds;
	show(run, t, answer.seconds);
	start = cpu_now();
	run->planner->plan(run->state, snapshot, &run->plan);
	run->out->cpu += cpu_now() - start;
	run->out->refused += run->plan.refused;
	run->out->paid += run->plan.npaid;
	run->out->lost += run->plan.nlost;
}

static void set_up(struct run *run)
{
	const struct replay_machine *machine = run->machine;
	struct hms_snapshot *snapshot = &run->snapshot;
	double cost = REPLAY_CPU_PER_MOVE * machine->dearer *
		      (double)machine->block_bytes / (2 << 20);

	run->capacity = replay_capacity(run->c, machine);
	snapshot->nblocks = run->c->nblocks;
	snapshot->block_bytes = machine->block_bytes;
	snapshot->ntiers = 2;
	for (int i = 0; i < 2; i++) {
		snapshot->tiers[i].bandwidth = (float)machine->bandwidth[i];
		snapshot->tiers[i].latency = (float)machine->latency[i];
		snapshot->cost[i][!i] = (float)cost;
	}
	snapshot->tiers[0].room = run->capacity;
	snapshot->tiers[1].room = (uint64_t)run->c->nblocks * 2;
	snapshot->parallelism = (float)run->c->parallelism;
	snapshot->budget = REPLAY_BUDGET;
	snapshot->slow_bandwidth_share = 0.1;
}

bool replay_run(const struct replay_case *c,
	const struct replay_machine *machine, const struct hms_planner *planner,
	uint64_t seed, struct replay_result *out)
{
	struct run run = { .c = c,
		.machine = machine,
		.planner = planner,
		.random = seed,
		.out = out };
	size_t bytes = (planner->state_bytes(c->nblocks) + 63) / 64 * 64;

	memset(out, 0, sizeof(*out));
	run.state = aligned_alloc(64, bytes);
	run.snapshot.blocks = calloc(c->nblocks, sizeof(struct hms_block));
	run.plan.moves = calloc(REPLAY_BUDGET, sizeof(struct hms_move));
	if (c->recorded)
		run.seen = calloc(c->nblocks + 1, sizeof(*run.seen));
	if (run.state && run.snapshot.blocks && run.plan.moves &&
		(run.seen || !c->recorded)) {
		memset(run.state, 0, bytes);
		planner->init(run.state, c->nblocks);
		set_up(&run);
		for (uint32_t t = 0; t < c->nticks; t++)
			tick(&run, t);
		out->bytes = (double)out->moves * (double)machine->block_bytes;
		out->relative = replay_all_fast(c, machine) / out->seconds;
		out->cpu /= out->seconds;
	}
	free(run.seen);
	free(run.plan.moves);
	free(run.snapshot.blocks);
	free(run.state);
	return out->seconds > 0;
}
