/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory by need on random machines: what must hold whatever they are. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/topology/rank.h"
#include "engine/topology/text.h"
#include "tests/unit/random_graph.h"

#define SEEDS 1200
#define NODES 5
#define MAX 64

static struct hms_arena arena;

/* A wish for some of a machine's initiators, or for "cpu", or both. */
struct wish {
	struct hms_wish wish;
	const char *names[4];
	bool cpu;
};

static void any_wish(
	struct random *r, const struct hms_graph *graph, struct wish *out)
{
	unsigned n = random_below(r, 4);

	*out = (struct wish){ 0 };
	out->wish.near = random_chance(r, 20);
	out->wish.need = (enum hms_need)random_below(r, 3);
	out->wish.access = (enum hms_access)random_below(r, 3);
	out->wish.noncoherent = random_chance(r, 30);
	for (unsigned i = 0; i < n; i++) {
		unsigned at = random_below(r, graph->ninitiators);

		out->names[i] =
			random_chance(r, 40) ? "cpu" : graph->initiators[at].id;
		out->cpu |= !strcmp(out->names[i], "cpu");
	}
	out->cpu |= !n;
	out->wish.ninitiators = n;
	out->wish.initiators = out->names;
}

/* Is the initiator one that the wish is for? */
static bool is_for(
	const struct wish *w, const struct hms_graph *graph, unsigned initiator)
{
	if (w->cpu && graph->initiators[initiator].kind == HMS_INITIATOR_CPU)
		return true;
	for (unsigned i = 0; i < w->wish.ninitiators; i++)
		if (!strcmp(w->names[i], graph->initiators[initiator].id))
			return true;
	return false;
}

static struct hms_path_wish paths_by(const struct wish *w)
{
	bool by_latency = w->wish.near || w->wish.need == HMS_LATENCY;

	return (struct hms_path_wish){
		by_latency ? HMS_LATENCY : HMS_BANDWIDTH,
		w->wish.access,
		w->wish.noncoherent,
	};
}

/* May it be chosen?  Worked out once more, initiator by initiator. */
static bool is_candidate(
	const struct wish *w, const struct hms_graph *graph, unsigned target)
{
	const struct hms_memory *memory = &graph->targets[target];
	const struct hms_path_wish by = paths_by(w);
	bool gpu = false;

	for (unsigned i = 0; i < graph->ninitiators; i++) {
		struct hms_path path;

		if (!is_for(w, graph, i))
			continue;
		gpu |= graph->initiators[i].kind == HMS_INITIATOR_GPU;
		if (hms_path_find(graph, i, target, &by, &path))
			return false;
		if (!path.coherent && !w->wish.noncoherent)
			return false;
	}
	return memory->manager == HMS_MANAGED_BY_KERNEL && memory->node >= 0 &&
	       memory->allowed && (gpu || memory->kind != HMS_KIND_GPU) &&
	       (memory->size || !memory->origin[HMS_FIELD_SIZE]) &&
	       hms_memory_has(memory, HMS_CPU_ACCESS);
}

/*
 * How good it is for one CPU, or none (-1), and all that are named: more is
 * better.  Sizes are coarse in the ranking, so only twice as much is more.
 */
static double worth(const struct wish *w, const struct hms_graph *graph,
	unsigned target, int cpu)
{
	const struct hms_path_wish by = paths_by(w);
	double worst = 1e18;

	if (!w->wish.near && w->wish.need == HMS_CAPACITY)
		return (double)graph->targets[target].size;
	for (unsigned i = 0; i < graph->ninitiators; i++) {
		struct hms_path path;
		double value;
		bool named = false;

		for (unsigned j = 0; j < w->wish.ninitiators; j++)
			named |= !strcmp(w->names[j], graph->initiators[i].id);
		if (!named && (int)i != cpu)
			continue;
		hms_path_find(graph, i, target, &by, &path);
		value = hms_perf_value(&path.perf, by.need, by.access, NULL);
		if (by.need == HMS_LATENCY)
			value = value > 0 ? 1 / value : 0;
		if (value < worst)
			worst = value;
	}
	return worst;
}

/* Is a better than b to everybody who counts? */
static bool dominates(const struct wish *w, const struct hms_graph *graph,
	unsigned a, unsigned b)
{
	double factor = !w->wish.near && w->wish.need == HMS_CAPACITY ? 2 : 1;

	if (!w->cpu)
		return worth(w, graph, a, -1) > factor * worth(w, graph, b, -1);
	for (unsigned i = 0; i < graph->ninitiators; i++)
		if (graph->initiators[i].kind == HMS_INITIATOR_CPU &&
			worth(w, graph, a, (int)i) <=
				factor * worth(w, graph, b, (int)i))
			return false;
	return true;
}

static void check_steps(const struct wish *w, const struct hms_graph *graph,
	const struct hms_ranking *ranking, uint64_t seed)
{
	bool seen[MAX] = { false };

	for (unsigned i = 0; i < ranking->nsteps; i++) {
		const struct hms_rank_step *step = &ranking->steps[i];

		cr_assert_gt(step->ntargets, 0);
		cr_assert(w->cpu || step->ntargets == 1);
		for (unsigned j = 0; j < step->ntargets; j++) {
			unsigned t = step->targets[j];

			cr_assert_not(seen[t], "seed %lu: twice", seed);
			cr_assert(!j || step->targets[j - 1] < t);
			cr_assert_eq(ranking->candidates[t].step, i);
			seen[t] = true;
		}
	}
	for (unsigned t = 0; t < graph->ntargets; t++) {
		bool chosen = ranking->candidates[t].verdict == HMS_CHOSEN;

		cr_assert_eq(seen[t], chosen);
		cr_assert_eq(chosen, is_candidate(w, graph, t), "seed %lu: %s",
			seed, graph->targets[t].id);
	}
}

static void check_order(const struct wish *w, const struct hms_graph *graph,
	const struct hms_ranking *ranking, uint64_t seed)
{
	for (unsigned a = 0; a < graph->ntargets; a++)
		for (unsigned b = 0; b < graph->ntargets; b++) {
			const struct hms_candidate *x = &ranking->candidates[a];
			const struct hms_candidate *y = &ranking->candidates[b];

			if (x->verdict != HMS_CHOSEN ||
				y->verdict != HMS_CHOSEN || x->step < y->step)
				continue;
			cr_assert_not(a != b && dominates(w, graph, a, b),
				"seed %lu: %s is better than %s", seed,
				graph->targets[a].id, graph->targets[b].id);
		}
}

static char lines[1 << 18];

static struct hms_builder *with_distances(unsigned nodes, uint64_t seed)
{
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);
	struct random r = { seed };

	cr_assert(b);
	for (unsigned i = 0; i < nodes * nodes; i++)
		hms_builder_distance(b, i / nodes, i % nodes,
			i / nodes == i % nodes ? 10
					       : 11 + random_below(&r, 20));
	return b;
}

static uint64_t hash(uint64_t seed, const char *text)
{
	for (; *text; text++)
		seed = (seed ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return seed;
}

/*
 * Every other machine gets ways of their own for most pairs, by name, or few
 * targets would be reached by all CPUs.
 */
static void add_pairs(struct hms_builder *b, uint64_t seed)
{
	if (seed % 2)
		return;
	for (unsigned i = 0; i < hms_builder_initiators(b); i++)
		for (unsigned t = 0; t < hms_builder_targets(b); t++) {
			struct random r = { hash(
				hash(seed, hms_builder_at(b, (int)i)->id),
				hms_builder_memory(b, (int)t)->id) };
			int link;

			if (random_chance(&r, 20))
				continue;
			link = hms_builder_pair(b, (int)i, (int)t);
			for (unsigned m = 0; m < HMS_MEASURES; m++)
				hms_builder_link_perf(b, link,
					(enum hms_measure)m,
					10 * (1 + random_below(&r, 6)),
					HMS_MEASURED);
		}
}

/* The same machine, told in another order, or in its own (seed 0). */
static struct hms_graph *told_again(const struct hms_graph *graph,
	uint64_t shuffle, unsigned nodes, uint64_t seed)
{
	struct hms_builder *b = with_distances(nodes, seed);
	unsigned n = graph->ntargets + graph->ninitiators + graph->nlinks +
		     graph->nbridges;
	unsigned *order = calloc(n, sizeof(*order));
	struct hms_text text = HMS_TEXT(lines);
	struct random r = { shuffle };
	struct hms_topology_source source = { .name = "test",
		.text = lines,
		.origin = HMS_FIRMWARE,
		.define = true };
	struct hms_graph *copy;

	for (unsigned i = 0; i < n; i++) {
		unsigned j = shuffle ? random_below(&r, i + 1) : i;

		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned i = 0; i < n; i++) {
		unsigned at = order[i];

		if (at < graph->ntargets) {
			hms_topology_put_target(&text, graph, at);
			continue;
		}
		at -= graph->ntargets;
		if (at < graph->ninitiators) {
			hms_topology_put_initiator(&text, graph, at);
			continue;
		}
		at -= graph->ninitiators;
		if (at < graph->nlinks)
			hms_topology_put_link(&text, graph, at);
		else
			hms_topology_put_bridge(
				&text, graph, at - graph->nlinks);
	}
	cr_assert_not(text.cut);
	source.len = text.len;
	hms_topology_parse(b, &source);
	add_pairs(b, seed);
	copy = hms_builder_finish(b);
	cr_assert(copy && !copy->nfindings);
	free(order);
	return copy;
}

/* Steps as ids, in an order of their own inside of each step. */
static void put_steps(const struct hms_graph *graph,
	const struct hms_ranking *ranking, char *buf, size_t size)
{
	struct hms_text text = { buf, size, 0, false };

	*buf = 0;
	for (unsigned i = 0; i < ranking->nsteps; i++) {
		bool in[MAX] = { false };

		for (unsigned j = 0; j < ranking->steps[i].ntargets; j++) {
			unsigned t = ranking->steps[i].targets[j];

			in[graph->targets[t].node] = true;
			cr_assert_lt(graph->targets[t].node, MAX);
		}
		for (unsigned n = 0; n < MAX; n++)
			if (in[n])
				hms_text_add(&text, "%u ", n);
		hms_text_add(&text, "; ");
	}
	for (unsigned n = 0; n < MAX; n++) {
		int t = hms_graph_node(graph, n);

		if (t >= 0)
			hms_text_add(&text, "%d %u; ",
				ranking->candidates[t].verdict,
				ranking->candidates[t].value);
	}
	cr_assert_not(text.cut);
}

static void answer(const struct hms_graph *graph, const struct wish *w,
	struct hms_ranking *ranking)
{
	const char *unknown;

	cr_assert_eq(hms_rank(graph, &w->wish, &arena, ranking, &unknown), 0);
}

/*
 * Catches memory that somebody named cannot reach, that nobody asked for, or
 * that everybody would have found better elsewhere, and memory left out.
 */
Test(rank_random, chosen_is_reached_and_not_dominated)
{
	unsigned chosen = 0, steps = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct random r = { seed };
		struct hms_graph *drawn = random_graph(seed, NODES);
		struct hms_graph *graph = told_again(drawn, 0, NODES, seed);
		struct hms_ranking ranking;
		struct wish w;

		any_wish(&r, graph, &w);
		answer(graph, &w, &ranking);
		check_steps(&w, graph, &ranking, seed);
		check_order(&w, graph, &ranking, seed);
		steps += ranking.nsteps;
		for (unsigned i = 0; i < ranking.nsteps; i++)
			chosen += ranking.steps[i].ntargets;
		hms_graph_free(graph);
		hms_graph_free(drawn);
		hms_arena_free(&arena);
	}
	/* Machines where nothing is reached would prove nothing. */
	cr_assert_gt(steps, SEEDS, "%u", steps);
	cr_assert_gt(chosen, steps + SEEDS / 20, "%u %u", steps, chosen);
}

/* Catches answers that depend on the order in which readers found things. */
Test(rank_random, the_same_machine_gives_the_same_answer)
{
	static char first[8192], second[8192];

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct random r = { seed ^ 0x5a5a };
		struct hms_graph *drawn = random_graph(seed, NODES);
		struct hms_graph *graph = told_again(drawn, 0, NODES, seed);
		struct hms_graph *again = told_again(drawn, seed, NODES, seed);
		struct hms_ranking ranking;
		struct wish w;

		any_wish(&r, drawn, &w);
		answer(graph, &w, &ranking);
		put_steps(graph, &ranking, first, sizeof(first));
		answer(again, &w, &ranking);
		put_steps(again, &ranking, second, sizeof(second));
		cr_assert_str_eq(first, second, "seed %lu", seed);
		hms_graph_free(graph);
		hms_graph_free(again);
		hms_graph_free(drawn);
		hms_arena_free(&arena);
	}
}
