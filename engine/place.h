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
#include "engine/topology/graph.h"
#include "engine/topology/nodes.h"

#define HMS_MAX_PLACES 200

struct hms_device_id;

/* How a step of several targets shares memory among them. */
enum hms_sharing {
	HMS_SHARE_STRIPES, /* stripes of our own, bound one by one */
	HMS_SHARE_EVENLY, /* MPOL_INTERLEAVE does it */
	HMS_SHARE_WEIGHTED, /* MPOL_WEIGHTED_INTERLEAVE has these weights */
};

/* A step: one target, or several that share by weight, or the system. */
struct hms_step {
	unsigned ntargets; /* > 1: interleave; 0: left to the system */
	struct hms_target **targets;
	unsigned *weights; /* without a common divisor */
	unsigned total; /* sum of the weights */
	int *limits; /* by target: index into the limits, or -1 */
	unsigned *capped; /* by target: all weights under its limit */
	int limit; /* of the step as a whole, likewise */
	enum hms_sharing sharing; /* atomic: may fall back to stripes */
	uint64_t *dealt; /* stripes: bytes dealt to each target */
};

struct hms_place {
	unsigned index;
	const char *text;
	unsigned nsteps; /* 0: leave it alone */
	struct hms_step *steps;
	bool maps; /* some target maps memory of its own */
	bool choice; /* of two targets at least: memory can move among them */
	/* Devices that its memory is for, beside the CPUs: `for cpu and cuda:0`
	 */
	unsigned nreach;
	const struct hms_device_id *reach; /* engine/target/device.h */
};

struct hms_limit {
	const struct hms_limit_spec *spec;
	uint64_t used; /* bytes bound under it by this process; atomic */
	struct hms_shared *shared; /* with the others; NULL: it is not */
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
	/* May its memory move later?  hms_rule_migrates(), and a choice. */
	bool *rule_moves;
	bool moves; /* some rule's does */
	uint32_t reaches; /* 1 << enum hms_family: devices in any `reach` */
	/* `limit SIZE` of rule r caps what its first step takes; atomic */
	struct hms_rule_limit {
		uint64_t bytes; /* UINT64_MAX: none */
		uint64_t used;
	} * rule_limit;
	unsigned nrules;
	const struct hms_nodes *nodes; /* borrowed */
	unsigned nwarnings; /* each a complete diagnostic */
	const char **warnings;
};

/*
 * Resolves every place of a policy against the machine: nodes is the graph's
 * (hms_topology_nodes()) and outlives the places, the graph need not; it was
 * read as deep as hms_topology_depth() says.  Kinds that the machine lacks and
 * wishes that nothing here answers are dropped from spill lists; a place that
 * loses all its targets is place 0, and *missing counts it.  A wish for an
 * initiator that is not here is dropped too, with a warning.
 * 0, -EINVAL with diag filled (a node that is not there, a file that cannot
 * be used), -ENOMEM.
 */
int hms_places_resolve(const struct hms_policy *policy,
	const struct hms_graph *graph, const struct hms_nodes *nodes,
	struct hms_arena *arena, struct hms_places *out, unsigned *missing,
	struct hms_diag *diag);

/*
 * Joins those who share a limit, engine/shared.h; runtime: XDG_RUNTIME_DIR's
 * value or NULL.  Once, before the first bind.  A limit that cannot be shared
 * is this process's own.
 */
void hms_places_share(struct hms_places *places, struct hms_arena *arena,
	const char *runtime);

/* What became of a part of a range. */
struct hms_piece {
	uintptr_t start, end;
	struct hms_target *target; /* NULL: shared by a step, or none */
	int step; /* of the place; -1: left to the system */
};

/*
 * Beside enum hms_option: memory that no target may replace by a mapping of
 * its own.  Steps with such targets are passed over.
 */
#define HMS_BIND_IN_PLACE (UINT32_C(1) << 31)
/*
 * Likewise, memory that never moves: huge pages of a pool, code, stacks, what
 * was locked as it was mapped, or has properties that a move would lose.
 */
#define HMS_BIND_STAYS (UINT32_C(1) << 30)

/* What hms_place_bind() is to do. */
struct hms_request {
	uintptr_t start, end; /* fresh memory, page aligned */
	struct hms_place *place;
	int rule; /* for its limit, or -1 */
	int prot; /* what the pages have; for targets that map */
	uint32_t options; /* enum hms_option */
	int first; /* the step to begin with; those before it come last */
};

/*
 * Binds memory to a place, in spill order, within limits, piece by piece if
 * no target has room for all.  Below the range table: shims and heaps call
 * hms_range_bind().
 * Each piece is charged to its limits and target, then told to fn.
 * 0, or -ENOMEM if options has STRICT and the first step has no room for all
 * of it; pieces told so far are then to be taken back.  A bind that the
 * kernel refuses is no error, not even then: the memory stays as it is.
 * Thread-safe; never touches errno.
 */
int hms_place_bind(const struct hms_places *places,
	const struct hms_request *request,
	void (*fn)(const struct hms_piece *piece, void *arg), void *arg);
/*
 * Makes the charges of a piece (sign 1), or takes those of one, or of a part of
 * one, back (-1).  False, and nothing is charged, if a shared limit has no room
 * left for it: others may have been faster.  Thread-safe, waits for nobody.
 */
bool hms_place_charge(const struct hms_places *places, struct hms_place *place,
	int rule, const struct hms_piece *piece, int sign);
/*
 * A piece stays what it is at another address: shares of an interleave may
 * differ by some pages, whatever limits say; the kernel moves none.
 */
void hms_place_moved(const struct hms_places *places, struct hms_place *place,
	const struct hms_piece *from, const struct hms_piece *to);
/*
 * Charges what piece `from` of a place is to become, `to`, if limits and room
 * allow for it beside what is there; what both are under is charged twice
 * until the old charges are taken back.  0 or -ENOSPC.  Thread-safe.
 */
int hms_place_charge_move(const struct hms_places *places,
	struct hms_place *place, int rule, const struct hms_piece *from,
	const struct hms_piece *to);
/*
 * How many bytes of a piece are target i's: all or none, or its share by
 * address, so that the shares of parts add up to the share of the whole.
 */
size_t hms_piece_share(const struct hms_place *place,
	const struct hms_piece *piece, unsigned i);

/* hms_room() for whoever has not the lock. */
size_t hms_place_room(struct hms_target *target, size_t want);

/*
 * Adds up where the pages of [addr, addr+len) are.  files: pages of files
 * and devices are wanted apart, which costs another look; else they count
 * for the node they are on.  A range that the kernel tells nothing about
 * adds nothing.  Async-signal-safe.  Sources: move_pages(2), the kernel's
 * admin-guide/mm/pagemap.rst, numa(7) for what is asked when move_pages is
 * refused.  0 or -errno.
 */
int hms_residency(
	const void *addr, size_t len, bool files, struct hms_residency *sum);

#endif
