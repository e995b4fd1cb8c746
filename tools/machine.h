/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine as the sub-commands look at it: read in full, with every way
 * tried out once.  For tools: allocates with malloc, and exits if there is
 * no memory.  Not thread-safe.
 */
#ifndef HMS_TOOLS_MACHINE_H
#define HMS_TOOLS_MACHINE_H

#include "engine/topology/path.h"

/* The folder of the recorded machine to look at; "": this one. */
const char *tool_machine_root(const char *option);
/*
 * Reads it, with the vendors' libraries if it is this machine.  EX_OK, or
 * EX_NOINPUT or EX_OSERR after saying why.  *out is the caller's.
 */
int tool_machine_read(
	const char *command, const char *root, struct hms_graph **out);
/* Prints what the readers could not use to standard error. */
void tool_machine_findings(const struct hms_graph *graph);

/* Zeroed; never NULL: without memory the tool ends (EX_OSERR). */
void *tool_alloc(size_t count, size_t size);

/* The best way of an initiator to a target; both of read and write. */
struct tool_cell {
	uint32_t latency, bandwidth; /* ns, MB/s; 0: unknown */
	uint8_t latency_origin, bandwidth_origin; /* enum hms_origin */
	uint8_t nlinks; /* of the nearest way; 0: there is none */
	bool coherent;
};

#define TOOL_NOWHERE (-1) /* next to no initiator, or to several */

struct tool_machine {
	const struct hms_graph *graph;
	struct tool_cell *cells; /* [ninitiators * ntargets] */
	/* The initiator a target is drawn next to, or TOOL_NOWHERE. */
	int *beside; /* [ntargets] */
	/* The CPUs that a device is drawn next to, or TOOL_NOWHERE. */
	int *near; /* [ninitiators] */
	/*
	 * By name: the graph's own order is that in which readers came upon
	 * them, which a recording does not keep.
	 */
	unsigned *links, *bridges;
};

/* Tries out the ways.  graph is borrowed. */
void tool_machine_open(
	struct tool_machine *machine, const struct hms_graph *graph);
void tool_machine_close(struct tool_machine *machine);

const struct tool_cell *tool_machine_cell(const struct tool_machine *machine,
	unsigned initiator, unsigned target);
/* What people call it: "cuda:0" rather than "gpu:0"; NULL: only its id. */
const char *tool_machine_alias(const struct hms_initiator *initiator);
/* Are both on one link? */
bool tool_machine_linked(
	const struct hms_graph *graph, unsigned initiator, unsigned target);
/* The initiator with the least latency, else the widest way; -1: none. */
int tool_machine_nearest(const struct tool_machine *machine, unsigned target);

#endif
