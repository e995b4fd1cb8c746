/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places: what a rule's right-hand side means on this machine.  Immutable
 * once resolved, shared, numbered; number 0 is always "leave it alone".
 */
#ifndef HMS_ENGINE_PLACE_H
#define HMS_ENGINE_PLACE_H

#include "base/arena.h"
#include "config/policy.h"
#include "engine/target/target.h"
#include "engine/topology/nodes.h"

#define HMS_MAX_PLACES 200

/* A step: one target, or several that share by weight. */
struct hms_step {
	unsigned ntargets; /* > 1: interleave */
	struct hms_target **targets;
	unsigned *weights;
	int limit; /* index into the limits, or -1 */
};

struct hms_place {
	unsigned index;
	const char *text;
	unsigned nsteps; /* 0: leave it alone */
	struct hms_step *steps;
	bool maps; /* some target maps memory of its own */
	uint64_t dealt; /* interleave: bytes dealt so far; atomic */
};

struct hms_limit {
	const struct hms_limit_spec *spec;
	uint64_t used; /* bytes bound under it; atomic */
};

struct hms_places {
	unsigned nplaces; /* places[0] is "default" */
	struct hms_place *places;
	unsigned ntargets;
	struct hms_target **targets;
	unsigned nlimits;
	struct hms_limit *limits;
	/* rule r of the policy goes to places[rule_place[r]] */
	unsigned *rule_place;
};

/*
 * Resolves every place of a policy against the machine.  Kinds that the
 * machine lacks are dropped from spill lists; a place that loses all its
 * targets is place 0, and *missing counts it.
 * 0, -EINVAL with diag filled (a node that is not there, a file that cannot
 * be used), -ENOMEM.
 */
int hms_places_resolve(const struct hms_policy *policy,
	const struct hms_nodes *nodes, struct hms_arena *arena,
	struct hms_places *out, unsigned *missing, struct hms_diag *diag);

/* Why bytes did not go where the first step wanted them. */
struct hms_bound {
	size_t first;	/* bytes bound to the place's first step */
	size_t spilled; /* bytes bound to a later step */
	size_t refused; /* bytes that no target took: left to the system */
};

/*
 * Binds fresh memory [addr, addr+len), page aligned, to a place, in spill
 * order, within limits, piece by piece if no target has room for all.
 * options: enum hms_option.  prot: what the pages are to have, needed where
 * targets map memory of their own.
 * 0, or -ENOMEM if options has STRICT and not all of it went to the first
 * step: then nothing may be handed out (the caller unmaps).
 * Thread-safe; never touches errno.
 */
int hms_place_bind(const struct hms_places *places, struct hms_place *place,
	void *addr, size_t len, int prot, uint32_t options,
	struct hms_bound *bound);
/* Gives [addr, addr+len) back: limits, targets' blocks. */
void hms_place_release(const struct hms_places *places,
	struct hms_place *place, void *addr, size_t len);

/* Adds up where the pages of [addr, addr+len) are; 0 or -errno. */
int hms_residency(const void *addr, size_t len, struct hms_residency *sum);

#endif
