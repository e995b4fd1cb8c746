/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Need-based terms (best, near) on a machine.  Nothing here touches errno.
 */
#ifndef HMS_ENGINE_NEEDS_H
#define HMS_ENGINE_NEEDS_H

#include "config/policy.h"
#include "engine/target/target.h"
#include "engine/topology/rank.h"

/* What a term became: sets of nodes in spill order. */
struct hms_wished {
	const struct hms_term *term;
	unsigned nsets; /* 0: nothing here answers */
	struct hms_node_set *sets;
	struct hms_target **targets; /* [nsets]; made when they are needed */
};

/* As hms_rank() wants it; borrows from the term. */
struct hms_wish hms_wish_of(const struct hms_term *term);

/*
 * Ranks the machine for a term; what stays is in the arena.  0; -ENOENT:
 * *unknown is an initiator that this machine lacks; -ENOMEM.
 */
int hms_wish_resolve(const struct hms_graph *graph, const struct hms_term *term,
	struct hms_arena *arena, struct hms_wished *out, const char **unknown);

/* "node:0", "node:0-3,8": a set's name, in the arena; NULL: no memory. */
const char *hms_wish_set_text(
	const struct hms_node_set *set, struct hms_arena *arena);

/*
 * "there is no cuda:0 here; initiators here: ...", under the term, in the
 * arena; NULL: no memory.
 */
const char *hms_wish_warning(const struct hms_policy *policy,
	const struct hms_graph *graph, const struct hms_term *term,
	const char *unknown, struct hms_arena *arena);

#endif
