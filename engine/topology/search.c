/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The search for best paths from one initiator.
 *
 * Neither the widest path with the least latency nor the one whose worse of
 * read and write is best can be found by keeping one path per link: of two
 * ways to a link, either may be the beginning of the best way to somewhere.
 * So each link keeps every way there that no other beats in all respects
 * (E. Martins, "On a multicriteria shortest path problem", EJOR 16, 1984);
 * real machines have one or two.  Ways are found by the number of their
 * links, so that nothing is looked at twice and the longest are never begun.
 */
#include "engine/topology/path.h"

#include <errno.h>

/* More than this, and the rest of the ways to one link are not followed. */
#define WAYS_MAX 64

/*
 * A way from the initiator to a link, that included.  Unknown: latency 0,
 * bandwidth UINT32_MAX; known ones are never that.
 */
struct way {
	struct way *before; /* what it goes on from */
	struct way *queued; /* found next after this */
	struct way *other; /* to the same link */
	unsigned link, bridge; /* the bridge it came over */
	unsigned nlinks;
	uint32_t latency[2]; /* read, write */
	uint32_t bandwidth;
	bool beaten;
};

struct search {
	const struct hms_graph *graph;
	const struct hms_path_wish *wish;
	unsigned initiator;
	struct way **ways; /* by link */
	struct way *first, *last; /* queue */
	struct hms_arena arena;
};

static void pass(struct way *way, const struct hms_perf *perf,
	const struct hms_path_wish *wish)
{
	bool both = wish->access == HMS_READ_WRITE;
	enum hms_access access[2] = { both ? HMS_READ : wish->access,
		both ? HMS_WRITE : wish->access };
	uint32_t width =
		hms_perf_value(perf, HMS_BANDWIDTH, wish->access, NULL);

	for (unsigned i = 0; i < 2; i++) {
		uint32_t latency =
			hms_perf_value(perf, HMS_LATENCY, access[i], NULL);

		if (__builtin_add_overflow(
			    way->latency[i], latency, &way->latency[i]))
			way->latency[i] = UINT32_MAX;
	}
	if (width && width < way->bandwidth)
		way->bandwidth = width;
}

static bool passed(const struct way *way, unsigned link)
{
	for (; way; way = way->before)
		if (way->link == link)
			return true;
	return false;
}

static bool vague(const struct way *way)
{
	return !way->latency[0] || way->bandwidth == UINT32_MAX;
}

/*
 * Is a at least as good as b, however they go on?  Where a way of which
 * something is unknown has been, another may still come to know it.  So both
 * must know the same, and b may not be free to go where a was vague.
 */
static bool beats(const struct way *a, const struct way *b)
{
	if (!a->latency[0] != !b->latency[0] ||
		(a->bandwidth == UINT32_MAX) != (b->bandwidth == UINT32_MAX) ||
		a->latency[0] > b->latency[0] ||
		a->latency[1] > b->latency[1] || a->bandwidth < b->bandwidth ||
		a->nlinks > b->nlinks)
		return false;
	for (; a; a = a->before)
		if (vague(a) && !passed(b, a->link))
			return false;
	return true;
}

/* Adds a way unless another beats it; strikes those that it beats. */
static int arrive(struct search *search, const struct way *way)
{
	struct way *copy, **end = &search->ways[way->link];
	unsigned n = 0;

	for (; *end; end = &(*end)->other) {
		if ((*end)->beaten)
			continue;
		if (++n >= WAYS_MAX || beats(*end, way))
			return 0;
		if (beats(way, *end))
			(*end)->beaten = true;
	}
	copy = hms_arena_alloc(&search->arena, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *way;
	*end = copy;
	if (search->last)
		search->last->queued = copy;
	else
		search->first = copy;
	search->last = copy;
	return 0;
}

static bool may_pass(const struct search *search, bool coherent)
{
	return coherent || search->wish->noncoherent;
}

static int begin(struct search *search)
{
	const struct hms_graph *graph = search->graph;
	int rc = 0;

	for (unsigned i = 0; i < graph->nlinks && !rc; i++) {
		const struct hms_link *link = &graph->links[i];
		struct way way = {
			.link = i,
			.nlinks = 1,
			.bandwidth = UINT32_MAX,
		};

		if (!may_pass(search, link->coherent) ||
			!hms_listed(link->initiators, link->ninitiators,
				search->initiator))
			continue;
		pass(&way, &link->perf, search->wish);
		rc = arrive(search, &way);
	}
	return rc;
}

static int go_on(struct search *search, struct way *before)
{
	const struct hms_graph *graph = search->graph;
	unsigned i = graph->first[before->link];
	int rc = 0;

	for (; i < graph->first[before->link + 1] && !rc; i++) {
		const struct hms_bridge *bridge = &graph->bridges[i];
		const struct hms_link *link = &graph->links[bridge->to];
		struct way way = *before;

		if (!may_pass(search, bridge->coherent && link->coherent) ||
			!hms_bridge_open(bridge, search->initiator) ||
			passed(before, bridge->to))
			continue;
		way.before = before;
		way.queued = way.other = NULL;
		way.link = bridge->to;
		way.bridge = i;
		way.nlinks++;
		pass(&way, &bridge->perf, search->wish);
		pass(&way, &link->perf, search->wish);
		rc = arrive(search, &way);
	}
	return rc;
}

/* 0 or -ENOMEM; the caller frees the arena either way. */
static int run(struct search *search)
{
	int rc;

	search->ways = hms_arena_alloc(
		&search->arena, search->graph->nlinks * sizeof(*search->ways));
	if (!search->ways)
		return -ENOMEM;
	rc = begin(search);
	for (struct way *way = search->first; way && !rc; way = way->queued)
		if (!way->beaten && way->nlinks < HMS_PATH_MAX)
			rc = go_on(search, way);
	return rc;
}

/* The way as a path to a target; it takes the place of a worse one. */
static void offer(const struct search *search, const struct way *way,
	unsigned target, struct hms_path *best)
{
	struct hms_path path = { .nlinks = way->nlinks };

	if (!may_pass(search, hms_memory_has(&search->graph->targets[target],
				      HMS_COHERENT)))
		return;
	for (unsigned i = way->nlinks; i-- > 0; way = way->before) {
		path.links[i] = way->link;
		if (i)
			path.bridges[i - 1] = way->bridge;
	}
	hms_path_sum(search->graph, target, &path);
	if (!best->nlinks ||
		hms_path_compare(search->graph, search->wish, &path, best) < 0)
		*best = path;
}

/* only: one target, or NULL for all of them. */
static void collect(const struct search *search, const unsigned *only,
	struct hms_path *paths)
{
	for (const struct way *way = search->first; way; way = way->queued) {
		const struct hms_link *link = &search->graph->links[way->link];

		if (way->beaten)
			continue;
		for (unsigned i = 0; i < link->ntargets; i++)
			if (!only)
				offer(search, way, link->targets[i],
					&paths[link->targets[i]]);
			else if (link->targets[i] == *only)
				offer(search, way, *only, paths);
	}
}

static int find(const struct hms_graph *graph, unsigned initiator,
	const unsigned *only, const struct hms_path_wish *wish,
	struct hms_path *paths)
{
	struct search search = {
		.graph = graph,
		.wish = wish,
		.initiator = initiator,
	};
	int rc = run(&search);

	if (!rc)
		collect(&search, only, paths);
	hms_arena_free(&search.arena);
	return rc;
}

int hms_path_find(const struct hms_graph *graph, unsigned initiator,
	unsigned target, const struct hms_path_wish *wish,
	struct hms_path *path)
{
	int rc;

	path->nlinks = 0;
	rc = find(graph, initiator, &target, wish, path);
	return !rc && !path->nlinks ? -ENOENT : rc;
}

int hms_paths_from(const struct hms_graph *graph, unsigned initiator,
	const struct hms_path_wish *wish, struct hms_path *paths)
{
	for (unsigned i = 0; i < graph->ntargets; i++)
		paths[i].nlinks = 0;
	return find(graph, initiator, NULL, wish, paths);
}
