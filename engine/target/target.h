/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Targets: memories that a range can be bound to.  A kind of target is one
 * file and one row of targets.def; all of them answer these calls.
 */
#ifndef HMS_ENGINE_TARGET_H
#define HMS_ENGINE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/policy.h"

#define HMS_MAX_NODES 1024
#define HMS_MASK_WORDS (HMS_MAX_NODES / (8 * sizeof(unsigned long)))

struct hms_target;
struct hms_graph;
struct hms_nodes;

/* What a target is made from, and how to say why not. */
struct hms_target_spec {
	const struct hms_term *term;
	const struct hms_policy *policy; /* for hms_policy_error() */
	const struct hms_graph *graph; /* the machine, while this is made */
	const struct hms_nodes *nodes; /* its nodes, as long as the target */
	struct hms_arena *arena; /* lives as long as the target */
	struct hms_diag *diag;
};

/* Where pages of a range are, in bytes, by whom the kernel was asked. */
struct hms_residency {
	size_t node[64]; /* by node; nodes from 63 on are added up in [63] */
	size_t file; /* in pages of a file or device */
	size_t absent; /* never touched, or swapped out */
};

struct hms_target_ops {
	const char *name; /* "node", "file", "dax" */
	/*
	 * True if pages must come from a mapping of the target's own (file,
	 * DAX), false if ordinary memory is bound (node).
	 */
	bool maps;
	/*
	 * Fills in a zeroed target that has ops, text and index already.
	 * Looks, but leaves nothing behind (no file, no descriptor): `hms
	 * check` calls it too; what must be made is made by the first bind.
	 * 0; -ENOENT: this machine has no such memory, the term is left out;
	 * -EINVAL with diag filled; -ENOMEM.
	 */
	int (*create)(
		struct hms_target *target, const struct hms_target_spec *spec);
	/* Pages are handed out in multiples of this; 0: the system's. */
	size_t (*granule)(const struct hms_target *target);
	/*
	 * Bytes that could be bound now; a guess, cheap.  SIZE_MAX or NULL:
	 * unknown.  Nodes count what is bound but not touched yet as free,
	 * the caller takes it off; others have reserved it, so do not.
	 * Called with a lock held: must not come back to the engine.
	 */
	size_t (*room)(struct hms_target *target);
	/*
	 * Makes [addr, addr+len) memory of this target.  The range is mapped
	 * already and has no contents that matter (node), or is replaced by
	 * a mapping with protection prot (maps).  0, or -errno: nothing has
	 * changed, the next target is asked.
	 */
	int (*bind)(
		struct hms_target *target, void *addr, size_t len, int prot);
	/*
	 * maps only: the range has been unmapped or covered; its blocks are
	 * free again.  NULL for others.
	 */
	void (*release)(struct hms_target *target, void *addr, size_t len);
	/*
	 * maps only: mremap moved [old, old+len) to now.  NULL: nobody cares.
	 */
	void (*moved)(
		struct hms_target *target, void *old, void *now, size_t len);
};

struct hms_target {
	const struct hms_target_ops *ops;
	const char *text; /* how reports name it */
	unsigned index; /* into the table of targets */
	unsigned long nodes[HMS_MASK_WORDS]; /* node: which ones */
	unsigned nnodes;
	bool local; /* node: next to the toucher; nodes: with CPUs */
	/*
	 * As the nearest CPU has it, by the machine's graph: ns of a load,
	 * MB/s of 10^6 bytes; 0: nobody asked, or unknown.
	 */
	uint32_t latency, bandwidth;
	void *state; /* the kind's own */
	uint64_t bound; /* bytes handed out by this process; atomic */
	uint64_t touched; /* node: of these, with pages, at the last walk */
	uint64_t dropped; /* node: given back since; atomic */
};

/* The kind that a type of term stands for (targets.def), or NULL. */
const struct hms_target_ops *hms_target_kind(enum hms_term_type type);

/* A call of a kind of target that the kernel refused: counted, said once. */
void hms_target_refused(
	const struct hms_target *target, const char *call, int err);

#endif
