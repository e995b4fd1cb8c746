/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory by need: which targets answer "best bandwidth for cpu and cuda:0",
 * in which order, and why the others do not.  Pure: reads the graph only, so
 * any thread may ask; errno is never touched, and what is needed on the way
 * comes from mappings of its own.
 */
#ifndef HMS_ENGINE_TOPOLOGY_RANK_H
#define HMS_ENGINE_TOPOLOGY_RANK_H

#include "engine/topology/path.h"

struct hms_wish {
	bool near; /* by latency, whatever need says */
	enum hms_need need;
	enum hms_access access;
	bool noncoherent; /* memory reached incoherently will do */
	/*
	 * "cpu" is whichever CPU touches the memory: the answer is then the
	 * union, step by step, of the answers for each CPU node (with all
	 * others that are named), since the kernel takes the node of a set
	 * that is nearest to the toucher.  Where it would take one of another
	 * kind, the union is split by kind: see order.h.  None at all: cpu.
	 */
	unsigned ninitiators;
	const char *const *initiators;
};

enum hms_verdict {
	HMS_CHOSEN,
	HMS_NOT_REACHED, /* by `who`: no path */
	HMS_NOT_COHERENT, /* for `who`: only paths that are not */
	HMS_NOT_CPU, /* CPUs cannot load and store it */
	HMS_NOT_ORDINARY, /* a driver's, a file: only by name */
	HMS_NOT_ASKED, /* a GPU's node, and no GPU is in the wish */
	HMS_NOT_ALLOWED, /* cpuset.mems */
	HMS_NO_MEMORY, /* its size is 0 */
};

/* Every target of the graph is one, in the graph's order. */
struct hms_candidate {
	enum hms_verdict verdict;
	int who; /* the initiator that decided: the worst, or who cannot; -1 */
	unsigned step; /* CHOSEN: which, from 0 */
	/*
	 * CHOSEN: of the worst initiator, ns if latency was asked for, else
	 * MB/s; 0: unknown.  For "cpu": as the CPU that gets the most of it
	 * has it.
	 */
	uint32_t value;
	enum hms_origin origin; /* of the value */
	struct hms_path path; /* who's; also of NOT_COHERENT */
};

struct hms_rank_step {
	unsigned ntargets;
	unsigned *targets; /* ascending */
};

struct hms_ranking {
	unsigned ncandidates;
	struct hms_candidate *candidates;
	unsigned nsteps; /* 0: nothing answers */
	struct hms_rank_step *steps;
	bool by_cpu; /* steps are unions over CPUs */
};

/*
 * Fills in a ranking, from the arena.  The access filter comes first: every
 * initiator that is named reaches it, and every CPU node if "cpu" is.  Then
 * the value of the worst initiator: bandwidth, then latency; latency, then
 * bandwidth; capacity (rounded up to an eighth of the power of two below it,
 * since firmware and kernel keep a part back), then both; unknown is worst.
 * Then whether it is the initiators' own node, before bandwidth for near; then
 * the id, digits as numbers: stable.  0; -ENOENT: *unknown is an initiator that
 * is not in the graph; -ENOMEM.
 */
int hms_rank(const struct hms_graph *graph, const struct hms_wish *wish,
	struct hms_arena *arena, struct hms_ranking *out, const char **unknown);

/*
 * Weights for an interleave over sets of nodes: their bandwidth for the CPUs
 * next to them, as small whole numbers without a common divisor, their ratio
 * within 5 %.  False, and all 1, if a bandwidth is unknown or only guessed.
 */
struct hms_node_set {
	const unsigned long *nodes; /* HMS_MASK_WORDS words */
};
bool hms_rank_weights(const struct hms_graph *graph,
	const struct hms_node_set *sets, unsigned nsets, unsigned *weights);

/* "cuda:0 does not reach it", for people; buf is returned. */
const char *hms_verdict_text(const struct hms_graph *graph,
	const struct hms_candidate *candidate, char *buf, size_t size);

/* Initiators by nearness to a target: "where should this run?" */
struct hms_nearness {
	unsigned initiator;
	struct hms_path path;
};
/* out: graph->ninitiators of them; returns how many reach it, nearest first. */
unsigned hms_rank_initiators(const struct hms_graph *graph, unsigned target,
	struct hms_nearness *out);

#endif
