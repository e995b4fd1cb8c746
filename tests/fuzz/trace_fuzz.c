/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds recordings whatever libFuzzer finds interesting, and checks what must
 * hold of every result:
 *  - what is refused says why;
 *  - blocks, ticks and sites are what there is room for; each tick's accesses
 *    sum up to 1, or none are known;
 *  - every planner runs on it, and does not end before the program.
 */
#include <math.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tools/replay/replay.h"

#define MOST (1u << 16) /* blocks times ticks that planners run on */

static void check_changes(const struct replay_case *c)
{
	for (size_t i = 0; i < c->nchanges; i++) {
		const struct replay_change *change = &c->changes[i];

		fuzz_require(change->block < c->nblocks, "a block's number");
		fuzz_require(change->tick < c->nticks, "a change's tick");
		fuzz_require(change->site < HMS_PLAN_SITES, "a site's number");
		fuzz_require(!i || change->tick >= change[-1].tick,
			"changes are in order");
	}
	fuzz_require(c->peak <= c->nblocks, "no more are used than there are");
}

static void check_ticks(const struct replay_case *c)
{
	for (uint32_t t = 0; t < c->nticks; t++) {
		const float *share = replay_tick(c, t);
		double sum = 0;

		fuzz_require(c->seconds[t] > 0 && c->seconds[t] <= 3600,
			"a tick has a length");
		fuzz_require(
			c->first[t] <= c->first[t + 1] &&
				c->first[t + 1] - c->first[t] <= c->nblocks,
			"blocks are seen once");
		for (size_t i = c->first[t]; i < c->first[t + 1]; i++)
			fuzz_require(c->seen[i].block < c->nblocks,
				"what is seen is a block");
		for (uint32_t b = 0; b < c->nblocks; b++) {
			fuzz_require(share[b] >= 0 && share[b] <= 1, "a share");
			sum += (double)share[b];
		}
		fuzz_require(c->idle[t] ? sum == 0 : fabs(sum - 1) < 1e-3,
			"shares are of all");
	}
}

static void run_all(const struct replay_case *c)
{
	static const struct replay_machine machine = {
		.think = 40e-9,
		.latency = { 100e-9, 250e-9 },
		.bandwidth = { 150e9, 40e9 },
		.fast = 0.2,
		.dearer = 1,
		.samples = 20000,
		.block_bytes = 2 << 20,
	};
	double all = replay_all_fast(c, &machine);
	struct replay_result result;

	fuzz_require(replay_static(c, &machine) >= all * 0.999,
		"what stays is no faster than all-fast");
	for (unsigned i = 0; hms_planners[i]; i++) {
		fuzz_require(
			replay_run(c, &machine, hms_planners[i], 1, &result),
			"a planner runs");
		fuzz_require(isfinite(result.seconds) &&
				     result.seconds >= all * 0.999,
			"a run takes its time");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	struct replay_case *c = replay_parse(data, size, &why);

	fuzz_require(c || why, "what is refused says why");
	if (!c)
		return 0;
	check_changes(c);
	check_ticks(c);
	/* Many threads saturate fast memory: then others may be faster. */
	if ((uint64_t)c->nblocks * c->nticks <= MOST && c->parallelism < 64)
		run_all(c);
	replay_free(c);
	return 0;
}
