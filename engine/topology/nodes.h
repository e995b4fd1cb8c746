/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's NUMA nodes as the engine uses them: a view of the graph that
 * hms_topology_nodes() makes.  Plain data, immutable once made.
 */
#ifndef HMS_ENGINE_TOPOLOGY_NODES_H
#define HMS_ENGINE_TOPOLOGY_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/target/target.h"

struct hms_node {
	bool present; /* online and with memory */
	bool has_cpu;
	enum hms_kind kind;
	uint64_t size; /* bytes; 0: unknown, at depths where nobody asked */
};

struct hms_nodes {
	const char *root; /* of the graph, which lends it; may be replaced */
	unsigned max; /* highest node number present */
	unsigned count;
	struct hms_node node[HMS_MAX_NODES];
};

/*
 * A node's memory now, bytes; all 0 if unknown.  root: "" for this machine, or
 * a recorded one's folder.  Costs some 20-50 us.  Any thread may ask; errno
 * stays.
 */
struct hms_node_memory {
	uint64_t total;
	uint64_t free; /* MemFree: nobody's */
	uint64_t cache; /* clean pages of files, given up when needed */
};
void hms_node_memory(
	const char *root, unsigned node, struct hms_node_memory *memory);

#endif
