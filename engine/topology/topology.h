/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine, read: by the library at its start, only as deep as its rules
 * need; by the tools in full.
 */
#ifndef HMS_ENGINE_TOPOLOGY_TOPOLOGY_H
#define HMS_ENGINE_TOPOLOGY_TOPOLOGY_H

#include "engine/topology/builder.h"
#include "engine/topology/nodes.h"

struct hms_topology_request {
	const char *root; /* "" or a recorded machine's folder; borrowed */
	enum hms_depth depth;
	bool may_load; /* vendors' libraries may be opened (tools) */
};

/*
 * Runs the readers.  A machine whose sysfs cannot be read has one node, 0.
 * 0; -ENAMETOOLONG for a root over 255 bytes; -ENOENT if root is given and is
 * no folder; -ENOMEM.
 */
int hms_topology_read(
	const struct hms_topology_request *request, struct hms_graph **out);

/* How deep a policy needs the machine to be known. */
enum hms_depth hms_topology_depth(const struct hms_policy *policy);

/* The graph's kernel-managed nodes as the engine's node table. */
void hms_topology_nodes(const struct hms_graph *graph, struct hms_nodes *out);

#endif
