/* SPDX-License-Identifier: BSD-2-Clause */
/* Ways through the graph, against others found by trying all of them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/topology/path.h"
#include "tests/unit/random_graph.h"

static const struct hms_path_wish wishes[] = {
	{ HMS_BANDWIDTH, HMS_READ_WRITE, false },
	{ HMS_BANDWIDTH, HMS_READ, true },
	{ HMS_BANDWIDTH, HMS_WRITE, false },
	{ HMS_LATENCY, HMS_READ_WRITE, true },
	{ HMS_LATENCY, HMS_READ, false },
	{ HMS_LATENCY, HMS_WRITE, true },
	{ HMS_CAPACITY, HMS_READ_WRITE, false },
};
#define NWISHES (sizeof(wishes) / sizeof(wishes[0]))

/*
 * A wish's value, worked out once more: the sum or least of what each part
 * says, where a part that knows only one of read and write says that.
 */
struct value {
	uint64_t of[2]; /* read, write */
	bool said[2]; /* by some part */
};

static void take(struct value *value, const struct hms_perf *perf, bool wide)
{
	const uint32_t *v = perf->value + (wide ? 2 : 0);

	for (int i = 0; i < 2; i++) {
		uint32_t one = v[i] ? v[i] : v[!i];

		value->said[i] |= v[i] != 0;
		if (one && wide)
			value->of[i] = value->of[i] && value->of[i] < one
					       ? value->of[i]
					       : one;
		else
			value->of[i] += one;
	}
}

static uint32_t settle(
	const struct value *value, bool wide, enum hms_access access)
{
	uint64_t read = value->of[0], write = value->of[1];

	if (!value->said[0] || (access == HMS_WRITE && value->said[1]))
		return value->said[1] ? (uint32_t)write : 0;
	if (access == HMS_READ || !value->said[1])
		return (uint32_t)read;
	return (uint32_t)((read < write) == wide ? read : write);
}

struct brute {
	const struct hms_graph *graph;
	const struct hms_path_wish *wish;
	unsigned initiator, target, depth, found;
	unsigned links[HMS_PATH_MAX], bridges[HMS_PATH_MAX];
	/* direct ones that say it: the most trusted's best; else the best */
	enum hms_origin trust;
	uint32_t best, other;
	unsigned nlinks;
};

static uint32_t value_of(const struct brute *brute, bool wide)
{
	struct value value = { { 0 }, { false } };

	for (unsigned i = 0; i < brute->depth; i++)
		take(&value, &brute->graph->links[brute->links[i]].perf, wide);
	for (unsigned i = 0; i + 1 < brute->depth; i++)
		take(&value, &brute->graph->bridges[brute->bridges[i]].perf,
			wide);
	return settle(&value, wide, brute->wish->access);
}

/* -1: a is better. */
static int order(uint32_t a, uint32_t b, bool wide)
{
	if (a == b)
		return 0;
	if (!a || !b)
		return a ? -1 : 1;
	return (a > b) == wide ? -1 : 1;
}

/* Of a link that stands alone: of what it says of the access wished for. */
static enum hms_origin trust_of(const struct brute *brute, bool wide)
{
	const struct hms_perf *perf =
		&brute->graph->links[brute->links[0]].perf;
	const uint8_t *from = perf->origin + (wide ? 2 : 0);
	enum hms_access access = brute->wish->access;

	if (access == HMS_READ_WRITE)
		return (enum hms_origin)(from[0] > from[1] ? from[0] : from[1]);
	return (enum hms_origin)(from[access == HMS_WRITE]
					 ? from[access == HMS_WRITE]
					 : from[access != HMS_WRITE]);
}

static void found_one(struct brute *brute)
{
	bool wide = brute->wish->need == HMS_BANDWIDTH;
	uint32_t value = value_of(brute, wide), other = value_of(brute, !wide);
	enum hms_origin trust =
		brute->depth == 1 ? trust_of(brute, wide) : HMS_UNKNOWN;
	int better;

	better = (int)brute->trust - (int)trust;
	if (!better)
		better = order(value, brute->best, wide);
	if (!better)
		better = order(other, brute->other, !wide);
	if (!better)
		better = (int)brute->depth - (int)brute->nlinks;
	if (!brute->found++ || better < 0) {
		brute->trust = trust;
		brute->best = value;
		brute->other = other;
		brute->nlinks = brute->depth;
	}
}

static bool on(const unsigned *list, unsigned n, unsigned what)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i] == what)
			return true;
	return false;
}

static void try_link(struct brute *brute, unsigned l)
{
	const struct hms_graph *graph = brute->graph;
	const struct hms_link *link = &graph->links[l];
	bool any = brute->wish->noncoherent;

	if (on(brute->links, brute->depth, l) || (!any && !link->coherent))
		return;
	brute->links[brute->depth++] = l;
	if (on(link->targets, link->ntargets, brute->target))
		found_one(brute);
	for (unsigned i = 0; i < graph->nbridges; i++) {
		const struct hms_bridge *bridge = &graph->bridges[i];

		if (bridge->from != l || brute->depth == HMS_PATH_MAX ||
			(!any && !bridge->coherent) ||
			(bridge->ninitiators &&
				!on(bridge->initiators, bridge->ninitiators,
					brute->initiator)))
			continue;
		brute->bridges[brute->depth - 1] = i;
		try_link(brute, bridge->to);
	}
	brute->depth--;
}

static void try_all(struct brute *brute)
{
	const struct hms_graph *graph = brute->graph;

	if (!brute->wish->noncoherent &&
		!hms_memory_has(&graph->targets[brute->target], HMS_COHERENT))
		return;
	for (unsigned l = 0; l < graph->nlinks; l++)
		if (on(graph->links[l].initiators, graph->links[l].ninitiators,
			    brute->initiator))
			try_link(brute, l);
}

/* It leads from here to there, over what this initiator may use. */
static void check_valid(const struct brute *brute, const struct hms_path *path)
{
	const struct hms_graph *graph = brute->graph;
	const struct hms_link *end;
	struct brute same = *brute;
	bool coherent =
		hms_memory_has(&graph->targets[brute->target], HMS_COHERENT);

	cr_assert(path->nlinks >= 1 && path->nlinks <= HMS_PATH_MAX);
	end = &graph->links[path->links[0]];
	cr_assert(on(end->initiators, end->ninitiators, brute->initiator));
	end = &graph->links[path->links[path->nlinks - 1]];
	cr_assert(on(end->targets, end->ntargets, brute->target));
	for (unsigned i = 0; i < path->nlinks; i++) {
		coherent &= graph->links[path->links[i]].coherent;
		cr_assert(!on(path->links, i, path->links[i]));
	}
	for (unsigned i = 0; i + 1 < path->nlinks; i++) {
		const struct hms_bridge *bridge =
			&graph->bridges[path->bridges[i]];

		cr_assert_eq(bridge->from, path->links[i]);
		cr_assert_eq(bridge->to, path->links[i + 1]);
		cr_assert(!bridge->ninitiators ||
			  on(bridge->initiators, bridge->ninitiators,
				  brute->initiator));
		coherent &= bridge->coherent;
	}
	cr_assert_eq(path->coherent, coherent);
	cr_assert(coherent || brute->wish->noncoherent);
	same.depth = path->nlinks;
	memcpy(same.links, path->links, sizeof(path->links));
	memcpy(same.bridges, path->bridges, sizeof(path->bridges));
	for (int wide = 0; wide < 2; wide++) {
		enum hms_origin origin;
		uint32_t value = hms_perf_value(&path->perf,
			wide ? HMS_BANDWIDTH : HMS_LATENCY, brute->wish->access,
			&origin);

		cr_assert_eq(value, value_of(&same, wide));
		cr_assert_eq(!value, origin == HMS_UNKNOWN);
	}
}

static void check_pair(
	struct brute *brute, const struct hms_path *path, uint64_t seed)
{
	bool wide = brute->wish->need == HMS_BANDWIDTH;
	struct hms_path one, many[3];
	unsigned n;
	int rc;

	try_all(brute);
	cr_assert_eq(
		!brute->found, !path->nlinks, "seed %lu", (unsigned long)seed);
	rc = hms_path_find(brute->graph, brute->initiator, brute->target,
		brute->wish, &one);
	cr_assert_eq(rc, brute->found ? 0 : -ENOENT);
	n = hms_paths_between(brute->graph, brute->initiator, brute->target,
		brute->wish, many, 3);
	cr_assert_eq(n, brute->found, "seed %lu: %u of %u", (unsigned long)seed,
		n, brute->found);
	if (!brute->found)
		return;
	check_valid(brute, path);
	cr_assert_eq(brute->best,
		hms_perf_value(&path->perf, brute->wish->need,
			brute->wish->access, NULL),
		"seed %lu: best is %u", (unsigned long)seed, brute->best);
	cr_assert_eq(brute->other,
		hms_perf_value(&path->perf, wide ? HMS_LATENCY : HMS_BANDWIDTH,
			brute->wish->access, NULL),
		"seed %lu: other is %u", (unsigned long)seed, brute->other);
	cr_assert_eq(
		brute->nlinks, path->nlinks, "seed %lu", (unsigned long)seed);
	cr_assert_eq(
		hms_path_compare(brute->graph, brute->wish, path, &one), 0);
	for (unsigned i = 0; i < n && i < 3; i++) {
		check_valid(brute, &many[i]);
		cr_assert(!i || hms_path_compare(brute->graph, brute->wish,
					&many[i - 1], &many[i]) < 0);
	}
	/* Ties may be told apart by what was never looked at. */
	cr_assert(hms_path_compare(brute->graph, brute->wish, &many[0], path) <=
		  0);
	cr_assert_eq(many[0].nlinks, path->nlinks);
}

/*
 * Would catch: a way that is not the best, is longer than it must be, leads
 * elsewhere or over a bridge that is closed, adds up wrongly; a target that is
 * said not to be reached and is.
 */
Test(paths, best_of_all)
{
	/* valgrind takes its time. */
	const uint64_t seeds = getenv("HMS_UNDER_VALGRIND") ? 60 : 600;
	unsigned reached = 0, pairs = 0;

	for (uint64_t seed = 0; seed < seeds; seed++) {
		struct hms_graph *graph = random_graph(seed, 3 + seed % 8);
		const struct hms_path_wish *wish = &wishes[seed % NWISHES];
		struct hms_path *paths =
			calloc(graph->ntargets + 1, sizeof(*paths));

		for (unsigned i = 0; i < graph->ninitiators; i++) {
			cr_assert_eq(hms_paths_from(graph, i, wish, paths), 0);
			for (unsigned t = 0; t < graph->ntargets; t++) {
				struct brute brute = {
					.graph = graph,
					.wish = wish,
					.initiator = i,
					.target = t,
				};

				check_pair(&brute, &paths[t], seed);
				reached += brute.found > 0;
				pairs++;
			}
		}
		free(paths);
		hms_graph_free(graph);
	}
	/* The random machines are neither empty nor all connected. */
	cr_assert(reached > pairs / 5 && reached < pairs * 9 / 10,
		"%u of %u pairs", reached, pairs);
}

/*
 * Would catch: firmware's word on writes, in a link of the pair's own, that
 * hides what was measured of its reads (as root, firmware's values of all
 * pairs are read, and `hms measure` adds the latency of reads).
 */
Test(paths, measured_reads_beside_firmwares_writes)
{
	static const uint32_t measured[] = { 60, 79, 81, 95 };

	for (unsigned i = 0; i < sizeof(measured) / sizeof(measured[0]); i++) {
		struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);
		int cpu = hms_builder_initiator(b, "cpu:0", HMS_INITIATOR_CPU);
		int node = hms_builder_target(b, "node:0");
		int own = hms_builder_link(b, "memory:0"), pair;
		struct hms_graph *graph;

		hms_builder_link_initiator(b, own, cpu);
		hms_builder_link_target(b, own, node);
		hms_builder_link_perf(
			b, own, HMS_READ_LATENCY, 80, HMS_FIRMWARE);
		hms_builder_link_perf(
			b, own, HMS_WRITE_LATENCY, 80, HMS_FIRMWARE);
		pair = hms_builder_pair(b, cpu, node);
		hms_builder_link_perf(
			b, pair, HMS_WRITE_LATENCY, 90, HMS_FIRMWARE);
		hms_builder_link_perf(
			b, pair, HMS_READ_LATENCY, measured[i], HMS_MEASURED);
		graph = hms_builder_finish(b);
		cr_assert(graph);
		for (unsigned w = 0; w < NWISHES; w++) {
			struct hms_path path;

			if (wishes[w].need != HMS_LATENCY ||
				wishes[w].access == HMS_WRITE)
				continue;
			cr_assert_eq(hms_path_find(graph, (unsigned)cpu,
					     (unsigned)node, &wishes[w], &path),
				0);
			cr_assert_str_eq(graph->links[path.links[0]].id,
				"cpu:0-node:0", "measured %u", measured[i]);
		}
		hms_graph_free(graph);
	}
}

/*
 * Would catch: values nobody gave, origins that are better than the worst
 * part's, a guess that hides a measured link.
 */
Test(paths, what_is_said_of_them)
{
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);
	int cpu = hms_builder_initiator(b, "cpu:0", HMS_INITIATOR_CPU);
	int near = hms_builder_target(b, "node:0");
	int far = hms_builder_target(b, "node:1");
	int fabric = hms_builder_link(b, "fabric:0");
	int memory = hms_builder_link(b, "memory:1");
	int own = hms_builder_link(b, "memory:0"), bridge, pair;
	const struct hms_path_wish wish = { HMS_LATENCY, HMS_READ, false };
	struct hms_graph *graph;
	struct hms_path path;

	hms_builder_link_initiator(b, fabric, cpu);
	hms_builder_link_target(b, memory, far);
	hms_builder_link_perf(b, memory, HMS_READ_LATENCY, 100, HMS_FIRMWARE);
	bridge = hms_builder_bridge(b, NULL, fabric, memory);
	hms_builder_bridge_perf(b, bridge, HMS_READ_LATENCY, 50, HMS_GUESSED);
	hms_builder_bridge_perf(
		b, bridge, HMS_WRITE_BANDWIDTH, 7000, HMS_DRIVER);
	hms_builder_link_initiator(b, own, cpu);
	hms_builder_link_target(b, own, near);
	hms_builder_link_perf(b, own, HMS_READ_LATENCY, 80, HMS_FIRMWARE);
	pair = hms_builder_pair(b, cpu, near);
	hms_builder_link_perf(b, pair, HMS_READ_LATENCY, 95, HMS_MEASURED);
	graph = hms_builder_finish(b);
	cr_assert(graph);

	cr_assert_eq(hms_path_find(
			     graph, (unsigned)cpu, (unsigned)far, &wish, &path),
		0);
	cr_assert_eq(path.nlinks, 2);
	cr_assert_eq(path.perf.value[HMS_READ_LATENCY], 150);
	cr_assert_eq(path.perf.origin[HMS_READ_LATENCY], HMS_GUESSED);
	cr_assert_eq(path.perf.value[HMS_WRITE_LATENCY], 0);
	cr_assert_eq(path.perf.origin[HMS_WRITE_LATENCY], HMS_UNKNOWN);
	cr_assert_eq(path.perf.value[HMS_READ_BANDWIDTH], 0);
	cr_assert_eq(path.perf.value[HMS_WRITE_BANDWIDTH], 7000);
	cr_assert_eq(path.perf.origin[HMS_WRITE_BANDWIDTH], HMS_DRIVER);
	cr_assert(path.coherent);

	cr_assert_eq(hms_path_find(graph, (unsigned)cpu, (unsigned)near, &wish,
			     &path),
		0);
	cr_assert_eq(path.links[0], (unsigned)pair);
	cr_assert_eq(path.perf.value[HMS_READ_LATENCY], 95);
	hms_graph_free(graph);
}
