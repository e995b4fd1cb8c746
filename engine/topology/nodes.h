/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's NUMA nodes, read from sysfs (or a recorded copy of it).
 * Plain data; reading allocates nothing beyond the struct.
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
	uint64_t size; /* bytes */
	unsigned latency; /* ns, reads from the best initiator; 0: unknown */
	unsigned bandwidth; /* MB/s likewise; 0: unknown */
};

struct hms_nodes {
	const char *root; /* as given to hms_nodes_read(), borrowed */
	unsigned max; /* highest node number present */
	unsigned count;
	struct hms_node node[HMS_MAX_NODES];
};

/*
 * root: "" for this machine, or a folder that holds sys/devices/system/node.
 * Kinds: CPU nodes are dram; a node without CPUs is pmem if a pmem region
 * backs it, hbm if its bandwidth exceeds the CPU nodes', else cxl.  A machine
 * whose sysfs cannot be read has one node, 0, of dram.  0 or -errno.
 */
int hms_nodes_read(const char *root, struct hms_nodes *nodes);

/* A node's memory now, bytes; all 0 if unknown.  Costs some 20-50 us. */
struct hms_node_memory {
	uint64_t total;
	uint64_t free; /* MemFree: nobody's */
	uint64_t cache; /* clean pages of files, given up when needed */
};
void hms_node_memory(
	const char *root, unsigned node, struct hms_node_memory *memory);

#endif
