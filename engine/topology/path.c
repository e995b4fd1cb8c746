/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/path.h"

#include <string.h>

/* How many bridges hms_paths_between() looks at, at most: some 10 ms. */
#define STEPS_MAX (1u << 20)

static bool is_latency(unsigned measure)
{
	return measure == HMS_READ_LATENCY || measure == HMS_WRITE_LATENCY;
}

uint32_t hms_perf_value(const struct hms_perf *perf, enum hms_need need,
	enum hms_access access, enum hms_origin *origin)
{
	bool wide = need == HMS_BANDWIDTH;
	unsigned read = wide ? HMS_READ_BANDWIDTH : HMS_READ_LATENCY;
	unsigned write = wide ? HMS_WRITE_BANDWIDTH : HMS_WRITE_LATENCY;
	uint32_t r = perf->value[read], w = perf->value[write];
	unsigned pick = read;

	if (!r || (w && access == HMS_WRITE))
		pick = write;
	else if (w && access == HMS_READ_WRITE)
		pick = wide == (w < r) ? write : read;
	if (origin)
		*origin = (enum hms_origin)perf->origin[pick];
	return perf->value[pick];
}

bool hms_listed(const unsigned *list, unsigned n, unsigned index)
{
	unsigned low = 0, high = n;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (list[mid] < index)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && list[low] == index;
}

bool hms_bridge_open(const struct hms_bridge *bridge, unsigned initiator)
{
	return !bridge->ninitiators ||
	       hms_listed(bridge->initiators, bridge->ninitiators, initiator);
}

/* One more part of a way; known: which measures some part really has. */
static void add_part(
	struct hms_perf *sum, const struct hms_perf *part, unsigned *known)
{
	for (unsigned m = 0; m < HMS_MEASURES; m++) {
		/* Read and write of the same are next to each other. */
		unsigned from = part->value[m] ? m : m ^ 1;
		uint32_t value = part->value[from];

		if (part->value[m])
			*known |= 1u << m;
		if (!value)
			continue;
		if (!sum->value[m])
			sum->value[m] = value;
		else if (!is_latency(m))
			sum->value[m] =
				value < sum->value[m] ? value : sum->value[m];
		else if (__builtin_add_overflow(
				 sum->value[m], value, &sum->value[m]))
			sum->value[m] = UINT32_MAX;
		if (!sum->origin[m] || part->origin[from] < sum->origin[m])
			sum->origin[m] = part->origin[from];
	}
}

_Static_assert((HMS_READ_LATENCY ^ 1) == HMS_WRITE_LATENCY &&
		       (HMS_READ_BANDWIDTH ^ 1) == HMS_WRITE_BANDWIDTH,
	"add_part() finds the other of read and write by its number");

void hms_path_sum(
	const struct hms_graph *graph, unsigned target, struct hms_path *path)
{
	unsigned known = 0;

	memset(&path->perf, 0, sizeof(path->perf));
	path->coherent = hms_memory_has(&graph->targets[target], HMS_COHERENT);
	for (unsigned i = 0; i < path->nlinks; i++) {
		const struct hms_link *link = &graph->links[path->links[i]];

		add_part(&path->perf, &link->perf, &known);
		path->coherent &= link->coherent;
	}
	for (unsigned i = 0; i + 1 < path->nlinks; i++) {
		const struct hms_bridge *bridge =
			&graph->bridges[path->bridges[i]];

		add_part(&path->perf, &bridge->perf, &known);
		path->coherent &= bridge->coherent;
	}
	for (unsigned m = 0; m < HMS_MEASURES; m++)
		if (!(known & 1u << m)) {
			path->perf.value[m] = 0;
			path->perf.origin[m] = HMS_UNKNOWN;
		}
}

/*
 * How far a direct link is trusted in what is wished for; else 0.  If that is
 * both reads and writes, who knows more of one of them knows more of the link:
 * what firmware says of writes does not outdo a measured latency of reads.
 */
static enum hms_origin direct(const struct hms_graph *graph,
	const struct hms_path_wish *wish, const struct hms_path *path)
{
	enum hms_origin origin, other;
	const struct hms_perf *perf;

	if (path->nlinks != 1)
		return HMS_UNKNOWN;
	perf = &graph->links[path->links[0]].perf;
	if (wish->access != HMS_READ_WRITE) {
		hms_perf_value(perf, wish->need, wish->access, &origin);
		return origin;
	}
	hms_perf_value(perf, wish->need, HMS_READ, &origin);
	hms_perf_value(perf, wish->need, HMS_WRITE, &other);
	return other > origin ? other : origin;
}

static int compare_values(const struct hms_path *a, const struct hms_path *b,
	enum hms_need need, enum hms_access access)
{
	uint32_t va = hms_perf_value(&a->perf, need, access, NULL);
	uint32_t vb = hms_perf_value(&b->perf, need, access, NULL);

	if (va == vb)
		return 0;
	if (!va || !vb)
		return va ? -1 : 1;
	return (va > vb) == (need == HMS_BANDWIDTH) ? -1 : 1;
}

int hms_path_compare(const struct hms_graph *graph,
	const struct hms_path_wish *wish, const struct hms_path *a,
	const struct hms_path *b)
{
	enum hms_need other =
		wish->need == HMS_BANDWIDTH ? HMS_LATENCY : HMS_BANDWIDTH;
	enum hms_origin da = direct(graph, wish, a);
	enum hms_origin db = direct(graph, wish, b);
	int order;

	if (da != db)
		return da > db ? -1 : 1;
	order = compare_values(a, b, wish->need, wish->access);
	if (!order)
		order = compare_values(a, b, other, wish->access);
	if (order)
		return order;
	if (a->nlinks != b->nlinks)
		return a->nlinks < b->nlinks ? -1 : 1;
	if (a->links[0] != b->links[0])
		return a->links[0] < b->links[0] ? -1 : 1;
	for (unsigned i = 0; i + 1 < a->nlinks; i++)
		if (a->bridges[i] != b->bridges[i])
			return a->bridges[i] < b->bridges[i] ? -1 : 1;
	return 0;
}

struct walk {
	const struct hms_graph *graph;
	const struct hms_path_wish *wish;
	unsigned initiator, target;
	struct hms_path now;
	struct hms_path *best; /* the best first */
	unsigned max, found, steps;
};

/* Keeps it if it is among the best. */
static void note(struct walk *walk)
{
	unsigned kept = walk->found < walk->max ? walk->found : walk->max, at;
	struct hms_path path = walk->now;

	walk->found++;
	hms_path_sum(walk->graph, walk->target, &path);
	for (at = kept; at > 0; at--) {
		if (hms_path_compare(walk->graph, walk->wish, &path,
			    &walk->best[at - 1]) >= 0)
			break;
		if (at < walk->max)
			walk->best[at] = walk->best[at - 1];
	}
	if (at < walk->max)
		walk->best[at] = path;
}

static bool passed(const struct hms_path *path, unsigned link)
{
	for (unsigned i = 0; i < path->nlinks; i++)
		if (path->links[i] == link)
			return true;
	return false;
}

/* Goes on from a link; not deeper than a path is long. */
static void visit(struct walk *walk, unsigned link)
{
	const struct hms_graph *graph = walk->graph;
	const struct hms_link *at = &graph->links[link];
	struct hms_path *now = &walk->now;

	if (!walk->wish->noncoherent && !at->coherent)
		return;
	now->links[now->nlinks++] = link;
	if (hms_listed(at->targets, at->ntargets, walk->target))
		note(walk);
	for (unsigned i = graph->first[link];
		now->nlinks < HMS_PATH_MAX && i < graph->first[link + 1]; i++) {
		const struct hms_bridge *bridge = &graph->bridges[i];

		if (walk->steps++ >= STEPS_MAX)
			break;
		if (passed(now, bridge->to) ||
			!hms_bridge_open(bridge, walk->initiator) ||
			(!walk->wish->noncoherent && !bridge->coherent))
			continue;
		now->bridges[now->nlinks - 1] = i;
		visit(walk, bridge->to);
	}
	now->nlinks--;
}

unsigned hms_paths_between(const struct hms_graph *graph, unsigned initiator,
	unsigned target, const struct hms_path_wish *wish,
	struct hms_path *paths, unsigned max)
{
	struct walk walk = {
		.graph = graph,
		.wish = wish,
		.initiator = initiator,
		.target = target,
		.best = paths,
		.max = max,
	};

	if (!wish->noncoherent &&
		!hms_memory_has(&graph->targets[target], HMS_COHERENT))
		return 0;
	for (unsigned i = 0; i < graph->nlinks; i++)
		if (hms_listed(graph->links[i].initiators,
			    graph->links[i].ninitiators, initiator))
			visit(&walk, i);
	return walk.found;
}
