/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A closed loop: so many accesses are under way at a time, so throughput is
 * that number over the mean time of one (Little's law).  A memory's latency
 * grows with its load u as L (1 + 0.15 u + 0.35 u^4 / (1 - u)); moving reads
 * one memory and writes the other, and takes CPU time off the program's.
 */
#include "tools/replay/replay.h"

static double loaded(double idle, double u)
{
	return idle * (1 + 0.15 * u + 0.35 * u * u * u * u / (1 - u));
}

/* Two accesses under way per thread and as many again by its processor. */
static double threads(double parallelism)
{
	return parallelism > 4 ? parallelism / 4 : 1;
}

struct replay_answer replay_model(
	const struct replay_machine *machine, const struct replay_load *load)
{
	double share[2] = { load->on_fast, 1 - load->on_fast };
	double bytes[2], low = 0, high = 1e18, cpu;
	struct replay_answer answer = { 0 };

	for (int t = 0; t < 2; t++) {
		bytes[t] = share[t] * REPLAY_CACHE_LINE;
		if (load->accesses > 0)
			bytes[t] += load->moved * machine->dearer *
				    (double)machine->block_bytes /
				    load->accesses;
		if (bytes[t] > 0 && machine->bandwidth[t] / bytes[t] < high)
			high = machine->bandwidth[t] / bytes[t];
	}
	/* Accesses per second: what is under way grows with them. */
	for (int i = 0; i < 60; i++) {
		double x = (low + high) / 2, busy = machine->think;

		for (int t = 0; t < 2; t++) {
			double u = x * bytes[t] / machine->bandwidth[t];

			answer.latency[t] = loaded(machine->latency[t], u);
			answer.rate[t] = x * bytes[t];
			busy += share[t] * answer.latency[t];
		}
		if (x * busy > load->parallelism)
			high = x;
		else
			low = x;
	}
	cpu = load->moved * machine->dearer * REPLAY_CPU_PER_MOVE *
	      (double)machine->block_bytes / (2 << 20);
	answer.seconds =
		load->accesses / low + cpu / threads(load->parallelism);
	return answer;
}

double replay_move_cost(
	const struct replay_machine *machine, const struct replay_case *c)
{
	return machine->dearer * REPLAY_CPU_PER_MOVE *
	       (double)machine->block_bytes / (2 << 20) /
	       threads(c->parallelism);
}

struct replay_machine replay_left(const struct replay_machine *machine,
	const struct replay_case *c, uint32_t tick)
{
	struct replay_machine left = *machine;

	if (c->taken)
		left.bandwidth[0] *= 1 - (double)c->taken[tick];
	return left;
}

double replay_accesses(const struct replay_machine *machine,
	const struct replay_case *c, uint32_t tick)
{
	struct replay_machine left = replay_left(machine, c, tick);
	struct replay_load load = { c->parallelism, 1e6, 1, 0 };

	return c->seconds[tick] * 1e6 / replay_model(&left, &load).seconds;
}
