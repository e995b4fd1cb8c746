/* SPDX-License-Identifier: BSD-2-Clause */
/* What else is asked about who is how near to what. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "engine/target/target.h"
#include "engine/topology/order.h"

/* Finer shares than this cannot be told apart; rules have the same limit. */
#define WEIGHT_MAX 1000

static bool holds(const struct hms_node_set *set, int node)
{
	const unsigned bits = 8 * sizeof(*set->nodes);

	return node >= 0 && node < HMS_MAX_NODES &&
	       set->nodes[(unsigned)node / bits] >> (unsigned)node % bits & 1;
}

/* Most MB/s that any CPU node gets of each target; 0: unknown or a guess. */
static int cpu_bandwidths(
	const struct hms_graph *graph, struct hms_arena *arena, uint32_t *most)
{
	static const struct hms_path_wish wish = { .need = HMS_BANDWIDTH };
	struct hms_path *paths =
		hms_arena_alloc(arena, graph->ntargets * sizeof(*paths) + 1);

	if (!paths)
		return -ENOMEM;
	for (unsigned i = 0; i < graph->ninitiators; i++) {
		if (graph->initiators[i].kind != HMS_INITIATOR_CPU)
			continue;
		if (hms_paths_from(graph, i, &wish, paths))
			return -ENOMEM;
		for (unsigned t = 0; t < graph->ntargets; t++) {
			enum hms_origin origin;
			uint32_t value = hms_perf_value(&paths[t].perf,
				HMS_BANDWIDTH, HMS_READ_WRITE, &origin);

			if (paths[t].nlinks && origin > HMS_GUESSED &&
				value > most[t])
				most[t] = value;
		}
	}
	return 0;
}

/* MB/s of a set; 0 if that of any node in it is not known. */
static uint64_t set_bandwidth(const struct hms_graph *graph,
	const struct hms_node_set *set, const uint32_t *most)
{
	uint64_t sum = 0;

	for (unsigned t = 0; t < graph->ntargets; t++) {
		if (!holds(set, graph->targets[t].node))
			continue;
		/* A DAX device may name the node that it would be. */
		if (graph->targets[t].manager != HMS_MANAGED_BY_KERNEL)
			continue;
		if (!most[t])
			return 0;
		sum += most[t];
	}
	return sum;
}

/* Do weights of this scale keep the ratio of any two within 5 %? */
static bool fits(const uint64_t *shares, unsigned n, uint64_t most,
	unsigned scale, unsigned *weights)
{
	/* How much too high or low, in millionths; the highest is exact. */
	uint64_t high = 1000000, low = 1000000;

	for (unsigned i = 0; i < n; i++) {
		uint64_t exact = shares[i] * scale;
		uint64_t weight = (exact + most / 2) / most;
		uint64_t ratio = (uint64_t)((unsigned __int128)weight * most *
					    1000000 / exact);

		weights[i] = weight ? (unsigned)weight : 1;
		high = ratio > high ? ratio : high;
		low = ratio < low ? ratio : low;
	}
	return high * 100 <= low * 105;
}

static bool weigh(const struct hms_graph *graph,
	const struct hms_node_set *sets, unsigned nsets, unsigned *weights,
	struct hms_arena *arena)
{
	uint32_t *most =
		hms_arena_alloc(arena, graph->ntargets * sizeof(*most) + 1);
	uint64_t *shares = hms_arena_alloc(arena, nsets * sizeof(*shares) + 1);
	uint64_t highest = 0;
	unsigned scale = 0;

	if (!most || !shares || cpu_bandwidths(graph, arena, most))
		return false;
	for (unsigned i = 0; i < nsets; i++) {
		shares[i] = set_bandwidth(graph, &sets[i], most);
		if (!shares[i])
			return false;
		if (shares[i] > highest)
			highest = shares[i];
	}
	/*
	 * The least scale that fits has no common divisor.  Where none does,
	 * the last is as near as weights can be, and at least 1.
	 */
	while (++scale < WEIGHT_MAX)
		if (fits(shares, nsets, highest, scale, weights))
			return true;
	fits(shares, nsets, highest, scale, weights);
	for (unsigned i = 0; i < nsets; i++) {
		weights[i] =
			(unsigned)((shares[i] * scale + highest / 2) / highest);
		weights[i] += !weights[i];
	}
	return true;
}

bool hms_rank_weights(const struct hms_graph *graph,
	const struct hms_node_set *sets, unsigned nsets, unsigned *weights)
{
	struct hms_arena arena = { 0 };
	bool known = weigh(graph, sets, nsets, weights, &arena);

	for (unsigned i = 0; i < nsets && !known; i++)
		weights[i] = 1;
	hms_arena_free(&arena);
	return known;
}

const char *hms_verdict_text(const struct hms_graph *graph,
	const struct hms_candidate *candidate, char *buf, size_t size)
{
	static const char *const texts[] = {
		[HMS_CHOSEN] = "chosen",
		[HMS_NOT_REACHED] = " does not reach it",
		[HMS_NOT_COHERENT] = " reaches it, but not coherently",
		[HMS_NOT_CPU] = "CPUs cannot load and store it",
		[HMS_NOT_ORDINARY] = "a driver's memory: only by its name",
		[HMS_NOT_ASKED] = "a GPU's memory, and no GPU is asked for",
		[HMS_NOT_ALLOWED] = "this process may not use it (cpuset)",
		[HMS_NO_MEMORY] = "it has no memory",
	};
	struct hms_text text = { buf, size, 0, false };

	*buf = 0;
	hms_text_add(&text, "%s%s",
		texts[candidate->verdict][0] == ' ' && candidate->who >= 0
			? graph->initiators[candidate->who].id
			: "",
		texts[candidate->verdict]);
	return buf;
}

/* What initiators are compared by. */
struct nearness {
	const struct hms_graph *graph;
	unsigned target;
	const struct hms_path *paths; /* by initiator */
};

static int by_nearness(const void *context, unsigned a, unsigned b)
{
	const struct nearness *n = context;
	const struct hms_initiator *x = &n->graph->initiators[a];
	const struct hms_initiator *y = &n->graph->initiators[b];
	int node = n->graph->targets[n->target].node;
	const struct hms_perf *of[] = { &n->paths[a].perf, &n->paths[b].perf };
	uint32_t slow[2], wide[2];

	for (int i = 0; i < 2; i++) {
		enum hms_origin origin;

		slow[i] = hms_perf_value(
			of[i], HMS_LATENCY, HMS_READ_WRITE, &origin);
		/* Unknown is last. */
		slow[i] = slow[i] ? slow[i] : UINT32_MAX;
		wide[i] = hms_perf_value(
			of[i], HMS_BANDWIDTH, HMS_READ_WRITE, &origin);
	}
	if (slow[0] != slow[1])
		return slow[0] < slow[1] ? -1 : 1;
	if (wide[0] != wide[1])
		return wide[0] > wide[1] ? -1 : 1;
	if ((x->node == node) != (y->node == node))
		return x->node == node ? -1 : 1;
	return hms_id_compare(x->id, y->id);
}

unsigned hms_rank_initiators(const struct hms_graph *graph, unsigned target,
	struct hms_nearness *out)
{
	static const struct hms_path_wish wish = { .need = HMS_LATENCY,
		.noncoherent = true };
	struct hms_arena arena = { 0 };
	unsigned n = graph->ninitiators, found = 0;
	struct hms_path *paths =
		hms_arena_alloc(&arena, n * sizeof(*paths) + 1);
	unsigned *order = hms_arena_alloc(&arena, 2 * n * sizeof(*order) + 1);
	struct nearness by = { graph, target, paths };

	for (unsigned i = 0; paths && order && i < n; i++)
		if (!hms_path_find(graph, i, target, &wish, &paths[i]))
			order[found++] = i;
	if (found)
		hms_order(order, found, order + n, by_nearness, &by);
	for (unsigned i = 0; i < found; i++)
		out[i] = (struct hms_nearness){ order[i], paths[order[i]] };
	hms_arena_free(&arena);
	return found;
}
