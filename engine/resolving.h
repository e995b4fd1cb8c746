/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of hms_places_resolve(): resolve.c goes through places and terms,
 * steps.c makes the steps.  Functions return 0 or -errno; with -EINVAL the
 * diag is filled.
 */
#ifndef HMS_ENGINE_RESOLVING_H
#define HMS_ENGINE_RESOLVING_H

#include "engine/place.h"
#include "engine/needs.h"

/* What is at hand while places are resolved. */
struct resolving {
	struct hms_places *out;
	struct hms_target_spec spec; /* term: the one in hand */
	unsigned nwished;
	struct hms_wished *wished; /* of each best and near, looked up first */
};

/* Says "TERM: WHY"; -EINVAL. */
int resolve_complain(const struct resolving *r, const struct hms_term *term,
	const char *why);
/* The target of a term, made now or shared; -ENOENT: none on this machine. */
int resolve_target(struct resolving *r, const struct hms_term *term,
	struct hms_target **found);
/* The same for a set of nodes; a single one is the target "node:N". */
int resolve_set(struct resolving *r, const struct hms_node_set *set,
	struct hms_target **found);
struct hms_managed_targets;
/* What managed() holds; -ENOENT: nothing of it is on this machine. */
int resolve_managed(struct resolving *r, const struct hms_term *term,
	struct hms_managed_targets **out);
/* What a wish became; never NULL for BEST and NEAR. */
const struct hms_wished *resolve_wished(
	const struct resolving *r, const struct hms_term *term);

/* Steps that a term can become: as many as the longest list in it. */
unsigned resolve_columns(
	const struct resolving *r, const struct hms_term *term);
/* One column of a term is one step; -ENOENT if none of its targets is here. */
int resolve_step(struct resolving *r, const struct hms_term *term,
	unsigned column, struct hms_step *step);

/* What the first term of a place says of devices that are to reach it. */
int resolve_reach(struct resolving *r, const struct hms_term *term,
	struct hms_place *place);
/* How fast the targets are, once all are there. */
void resolve_speeds(const struct resolving *r);

#endif
