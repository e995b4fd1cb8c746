/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ways from initiators to targets.
 */
#ifndef HMS_ENGINE_TOPOLOGY_PATH_H
#define HMS_ENGINE_TOPOLOGY_PATH_H

#include "engine/topology/graph.h"

#define HMS_PATH_MAX 8 /* links of a path: longer ones are not looked for */

/* links[0], over bridges[0], to links[1], ... */
struct hms_path {
	unsigned nlinks;
	unsigned links[HMS_PATH_MAX];
	unsigned bridges[HMS_PATH_MAX - 1]; /* nlinks - 1 of them */
	/*
	 * Of the whole; each value with the origin of the least trusted part
	 * that has one, HMS_UNKNOWN if no part has.  A part that knows only
	 * one of read and write counts with that one for both.
	 */
	struct hms_perf perf;
	bool coherent; /* every link and bridge of it, and the target */
};

/* What a path is chosen by. */
struct hms_path_wish {
	enum hms_need need; /* BANDWIDTH: the widest; else the shortest */
	enum hms_access access; /* READ_WRITE: the worse of both */
	bool noncoherent; /* paths that are not coherent will do */
};

/* Below 0: a is better than b; 0: they are the same path. */
int hms_path_compare(const struct hms_graph *graph,
	const struct hms_path_wish *wish, const struct hms_path *a,
	const struct hms_path *b);
/* Fills in perf and coherent from the links and bridges. */
void hms_path_sum(
	const struct hms_graph *graph, unsigned target, struct hms_path *path);
/* May this initiator use the bridge, once it has come to its link? */
bool hms_bridge_open(const struct hms_bridge *bridge, unsigned initiator);
/* Is it on this list, of a link or bridge?  Lists ascend. */
bool hms_listed(const unsigned *list, unsigned n, unsigned index);

/*
 * The best path from an initiator to a target: a direct link that says what
 * is wished for comes first, the most trusted of several (in reads or in
 * writes, if the wish is for both); then the best value,
 * any before none; then the other need's value, then fewer links, then lower
 * indexes as far as that was searched; so the answer is stable.
 * 0; -ENOENT: no path; -ENOMEM.  Allocates nothing that stays.
 */
int hms_path_find(const struct hms_graph *graph, unsigned initiator,
	unsigned target, const struct hms_path_wish *wish,
	struct hms_path *path);

/*
 * The same from one initiator to every target, in one search: paths is an
 * array of graph->ntargets; nlinks 0: not reached.  0 or -ENOMEM.
 */
int hms_paths_from(const struct hms_graph *graph, unsigned initiator,
	const struct hms_path_wish *wish, struct hms_path *paths);

/*
 * Every path without a link twice, best first by wish, at most max; returns
 * how many there are in all.  For people: allocates nothing, and gives up
 * looking for more after a million steps.
 */
unsigned hms_paths_between(const struct hms_graph *graph, unsigned initiator,
	unsigned target, const struct hms_path_wish *wish,
	struct hms_path *paths, unsigned max);

/*
 * A perf's value for a need and access: latency in ns (the greater of read
 * and write, if it is for both), bandwidth in MB/s (the lesser).  If only one
 * of read and write is known, that one.  0: unknown.
 */
uint32_t hms_perf_value(const struct hms_perf *perf, enum hms_need need,
	enum hms_access access, enum hms_origin *origin);

#endif
