/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine for unit tests: topology from tests/unit/data, free memory and
 * the kernel's answers as the test sets them, binds written down.
 */
#ifndef HMS_TESTS_UNIT_MACHINE_H
#define HMS_TESTS_UNIT_MACHINE_H

#include "config/policy.h"
#include "engine/place.h"
#include "engine/range.h"

#define MACHINE_BINDS 70000

struct machine_bind {
	uintptr_t start, end;
	int mode;
	unsigned long nodes; /* below 64 */
};

struct machine {
	uint64_t free[64]; /* bytes; what hms_node_memory() says */
	uint64_t cache[64];
	unsigned reads; /* of any node's memory */
	int refuse_bind; /* -errno that mbind returns, or 0 */
	int refuse_mode; /* only of this mode; -1: any */
	unsigned refuse_after; /* so many binds are taken first */
	bool refuse_mmap; /* our own mappings fail */
	bool touched; /* what mincore says of every page */
	unsigned advices[128]; /* madvise calls by advice */
	size_t nbinds;
	struct machine_bind binds[MACHINE_BINDS];
};

extern struct machine machine;
extern struct hms_nodes machine_nodes;
extern struct hms_policy *machine_policy;
extern struct hms_places machine_places;
extern struct hms_diag machine_diag;
extern unsigned machine_missing;

/* "TOP/tests/unit/data/NAME"; static. */
const char *machine_root(const char *name);
/* Reads the machine, parses and resolves; what hms_places_resolve() says. */
int machine_resolve(const char *name, const char *policy);
/* The same, must work, and the engine is set up: the test's usual start. */
void machine_start(const char *name, const char *policy);
/* Binds len bytes at start for rule 0; what hms_range_bind() says. */
int machine_bind(uintptr_t start, size_t len);
/* Bytes of [start, end) that the last binds of each part sent to node. */
size_t machine_bound_to(uintptr_t start, uintptr_t end, unsigned node);
/* What hms_range_each() tells: the sum over pieces of a step. */
size_t machine_on_step(int step);

#endif
