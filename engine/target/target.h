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

#include "config/policy.h"

#define HMS_MAX_NODES 1024
#define HMS_MASK_WORDS (HMS_MAX_NODES / (8 * sizeof(unsigned long)))

struct hms_target;

/* Where pages of a range are, in bytes, by whom the kernel was asked. */
struct hms_residency {
	size_t node[64]; /* by node; nodes from 63 on are added up in [63] */
	size_t file;	 /* in pages of a file or device */
	size_t absent;	 /* never touched, or swapped out */
};

struct hms_target_ops {
	const char *name; /* "node", "file", "dax" */
	/*
	 * True if pages must come from a mapping of the target's own (file,
	 * DAX), false if ordinary memory is bound (node).
	 */
	bool maps;
	/* Pages are handed out in multiples of this; 0: the system's. */
	size_t (*granule)(const struct hms_target *target);
	/* Bytes that could be bound now; a guess, cheap.  SIZE_MAX: unknown. */
	size_t (*room)(struct hms_target *target);
	/*
	 * Makes [addr, addr+len) memory of this target.  The range is mapped
	 * already and has no contents that matter (node), or is replaced by
	 * a mapping with protection prot (maps).  0, or -errno: nothing has
	 * changed, the next target is asked.
	 */
	int (*bind)(struct hms_target *target, void *addr, size_t len,
		int prot);
	/*
	 * maps only: the range has been unmapped or covered; its blocks are
	 * free again.  NULL for others.
	 */
	void (*release)(struct hms_target *target, void *addr, size_t len);
};

struct hms_target {
	const struct hms_target_ops *ops;
	const char *text;    /* how reports name it */
	unsigned index;	     /* into the table of targets */
	unsigned long nodes[HMS_MASK_WORDS]; /* node: which ones */
	unsigned nnodes;
	bool local;	     /* node: no mask, next to the toucher */
	void *state;	     /* the kind's own */
	uint64_t bound;	     /* bytes handed out by this process; atomic */
};

#endif
