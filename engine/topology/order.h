/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of the ranking: orders of targets, and steps made of them.  Nothing
 * here touches errno or calls libc's qsort(), which may allocate.
 */
#ifndef HMS_ENGINE_TOPOLOGY_ORDER_H
#define HMS_ENGINE_TOPOLOGY_ORDER_H

#include "engine/topology/rank.h"

/* < 0, 0, > 0; digits compare as numbers: "node:2" is before "node:10". */
int hms_id_compare(const char *a, const char *b);

/*
 * Sorts n numbers, equal ones stay in their order; spare: room for n more.
 * Merge sort: n log n calls at worst.
 */
void hms_order(unsigned *items, unsigned n, unsigned *spare,
	int (*compare)(const void *context, unsigned a, unsigned b),
	const void *context);

/* One order of all targets by each CPU; or one order, and no CPU. */
struct hms_orders {
	unsigned n;
	unsigned **orders; /* [n][graph->ntargets], best first; changed */
	const unsigned *cpus; /* [n] initiators, or NULL */
	/* Of two targets, by the best that any CPU gets of them. */
	int (*compare)(const void *context, unsigned a, unsigned b);
	const void *context;
};

/*
 * Steps from orders, into out, whose candidates have their verdicts and
 * values.
 *
 * Without CPUs each target is a step.  With them step k is the union of every
 * CPU's k-th choice, less what earlier steps have: bound with
 * MPOL_PREFERRED_MANY, each toucher gets the node of the set that comes first
 * in its own node's zonelist (alloc_pages_preferred_many() in the kernel's
 * mm/mempolicy.c).  That list is by distance, with a little added for nodes
 * with CPUs and for those before the own one (find_next_best_node() in
 * mm/page_alloc.c), not by what was wished for.  Where it would give some CPU
 * a node of another kind than its own choice, or a tie leaves that open, the
 * union is split by kind, the better kind first: then some CPUs get more
 * than they would have chosen, or from further away, but none gets a slow
 * kind in place of a fast one.  0 or -ENOMEM.
 */
int hms_rank_steps(const struct hms_graph *graph,
	const struct hms_orders *orders, struct hms_arena *arena,
	struct hms_arena *scratch, struct hms_ranking *out);

#endif
