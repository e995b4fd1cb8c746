/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "engine/topology/topology.h"
#include "tools/cmd.h"

const char *tool_machine_root(const char *option)
{
	const char *root = option ? option : getenv("HMS_TOPOLOGY");

	return root ? root : "";
}

int tool_machine_read(
	const char *command, const char *root, struct hms_graph **out)
{
	const struct hms_topology_request request = {
		.root = root, .depth = HMS_DEPTH_DETAILS, .may_load = !root[0]
	};
	int rc = hms_topology_read(&request, out);

	if (!rc)
		return EX_OK;
	hms_complain(command, "%s: cannot read the machine: %s",
		root[0] ? root : "/sys", strerror(-rc));
	return rc == -ENOMEM ? EX_OSERR : EX_NOINPUT;
}

void tool_machine_findings(const struct hms_graph *graph)
{
	for (unsigned i = 0; i < graph->nfindings; i++)
		fprintf(stderr, "%s\n", graph->findings[i]);
	if (graph->nlost)
		fprintf(stderr, "and %u more like these\n", graph->nlost);
}

void *tool_alloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory) {
		fputs("hms: out of memory\n", stderr);
		exit(EX_OSERR);
	}
	return memory;
}

const struct tool_cell *tool_machine_cell(
	const struct tool_machine *machine, unsigned initiator, unsigned target)
{
	return &machine->cells[(size_t)initiator * machine->graph->ntargets +
			       target];
}

static bool has(const unsigned *list, unsigned n, unsigned index)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i] == index)
			return true;
	return false;
}

bool tool_machine_linked(
	const struct hms_graph *graph, unsigned initiator, unsigned target)
{
	for (unsigned i = 0; i < graph->nlinks; i++) {
		const struct hms_link *link = &graph->links[i];

		if (has(link->targets, link->ntargets, target) &&
			has(link->initiators, link->ninitiators, initiator))
			return true;
	}
	return false;
}

/* Is a nearer than b? */
static bool nearer(const struct tool_cell *a, const struct tool_cell *b)
{
	if (!a->nlinks || !b->nlinks)
		return a->nlinks > b->nlinks;
	if (a->latency != b->latency && a->latency && b->latency)
		return a->latency < b->latency;
	if (a->latency != b->latency)
		return a->latency != 0;
	if (a->bandwidth != b->bandwidth)
		return a->bandwidth > b->bandwidth;
	return a->nlinks < b->nlinks;
}

int tool_machine_nearest(const struct tool_machine *machine, unsigned target)
{
	int best = -1;

	for (unsigned i = 0; i < machine->graph->ninitiators; i++) {
		const struct tool_cell *cell =
			tool_machine_cell(machine, i, target);

		if (cell->nlinks &&
			(best < 0 ||
				nearer(cell, tool_machine_cell(machine,
						     (unsigned)best, target))))
			best = (int)i;
	}
	return best;
}

static void fill_row(struct tool_machine *machine, unsigned initiator,
	enum hms_need need, struct hms_path *paths)
{
	const struct hms_graph *graph = machine->graph;
	const struct hms_path_wish wish = { need, HMS_READ_WRITE, true };

	if (hms_paths_from(graph, initiator, &wish, paths)) {
		fputs("hms: out of memory\n", stderr);
		exit(EX_OSERR);
	}
	for (unsigned t = 0; t < graph->ntargets; t++) {
		struct tool_cell *cell =
			&machine->cells[(size_t)initiator * graph->ntargets +
					t];
		enum hms_origin origin = HMS_UNKNOWN;
		uint32_t value;

		if (!paths[t].nlinks)
			continue;
		value = hms_perf_value(
			&paths[t].perf, need, HMS_READ_WRITE, &origin);
		if (need == HMS_BANDWIDTH) {
			cell->bandwidth = value;
			cell->bandwidth_origin = (uint8_t)origin;
			continue;
		}
		cell->latency = value;
		cell->latency_origin = (uint8_t)origin;
		cell->nlinks = (uint8_t)paths[t].nlinks;
		cell->coherent = paths[t].coherent;
	}
}

static unsigned count_cpus(const struct hms_graph *graph)
{
	unsigned n = 0;

	for (unsigned i = 0; i < graph->ninitiators; i++)
		n += graph->initiators[i].kind == HMS_INITIATOR_CPU;
	return n;
}

/* A device whose own memory this is: on a link with it, and no CPU is. */
static int find_owner(const struct tool_machine *machine, unsigned target)
{
	const struct hms_graph *graph = machine->graph;
	const struct hms_memory *memory = &graph->targets[target];
	int owner = TOOL_NOWHERE;

	if (memory->kind != HMS_KIND_GPU &&
		memory->manager == HMS_MANAGED_BY_KERNEL)
		return TOOL_NOWHERE;
	for (unsigned i = 0; i < graph->ninitiators; i++) {
		enum hms_initiator_kind kind = graph->initiators[i].kind;

		if (kind == HMS_INITIATOR_CPU ||
			kind == HMS_INITIATOR_GENERIC ||
			!tool_machine_linked(graph, i, target))
			continue;
		if (owner < 0 || nearer(tool_machine_cell(machine, i, target),
					 tool_machine_cell(machine,
						 (unsigned)owner, target)))
			owner = (int)i;
	}
	return owner;
}

/* The CPUs next to a target; several that are equally near: nowhere. */
static int find_beside(
	const struct tool_machine *machine, unsigned target, bool many)
{
	const struct hms_graph *graph = machine->graph;
	int best = find_owner(machine, target);
	unsigned equal = 0;

	if (best >= 0)
		return best;
	for (unsigned i = 0; i < graph->ninitiators; i++) {
		const struct tool_cell *cell =
			tool_machine_cell(machine, i, target);
		const struct tool_cell *other =
			best < 0 ? NULL
				 : tool_machine_cell(
					   machine, (unsigned)best, target);

		if (graph->initiators[i].kind != HMS_INITIATOR_CPU ||
			!cell->nlinks)
			continue;
		if (graph->initiators[i].node >= 0 &&
			graph->initiators[i].node ==
				graph->targets[target].node)
			return (int)i;
		if (other && !nearer(cell, other)) {
			equal += !nearer(other, cell);
			continue;
		}
		best = (int)i;
		equal = 1;
	}
	return many && equal > 1 ? TOOL_NOWHERE : best;
}

static int find_near(const struct hms_graph *graph, unsigned device)
{
	const struct hms_initiator *at = &graph->initiators[device];

	if (at->kind == HMS_INITIATOR_CPU || at->node < 0)
		return TOOL_NOWHERE;
	for (unsigned i = 0; i < graph->ninitiators; i++)
		if (graph->initiators[i].kind == HMS_INITIATOR_CPU &&
			graph->initiators[i].node == at->node)
			return (int)i;
	return TOOL_NOWHERE;
}

const char *tool_machine_alias(const struct hms_initiator *initiator)
{
	for (unsigned i = 0; i < initiator->naliases; i++)
		if (strncmp(initiator->aliases[i], "gpu:", 4) != 0)
			return initiator->aliases[i];
	return initiator->naliases ? initiator->aliases[0] : NULL;
}

static int by_link(const void *left, const void *right, void *arg)
{
	const struct hms_graph *graph = arg;
	unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;
	int order = strverscmp(graph->links[a].id, graph->links[b].id);

	return order ? order : a < b ? -1 : a > b;
}

static int by_bridge(const void *left, const void *right, void *arg)
{
	const struct hms_graph *graph = arg;
	unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;
	const struct hms_bridge *x = &graph->bridges[a];
	const struct hms_bridge *y = &graph->bridges[b];
	int order = by_link(&x->from, &y->from, arg);

	if (!order)
		order = by_link(&x->to, &y->to, arg);
	if (!order)
		order = strverscmp(x->id ? x->id : "", y->id ? y->id : "");
	return order ? order : a < b ? -1 : a > b;
}

static unsigned *sorted(const struct hms_graph *graph, unsigned n,
	int (*compare)(const void *left, const void *right, void *arg))
{
	unsigned *order = tool_alloc(n, sizeof(*order));

	for (unsigned i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), compare, (void *)graph);
	return order;
}

void tool_machine_open(
	struct tool_machine *machine, const struct hms_graph *graph)
{
	size_t ncells = (size_t)graph->ninitiators * graph->ntargets;
	struct hms_path *paths = tool_alloc(graph->ntargets, sizeof(*paths));
	bool many = count_cpus(graph) > 1;

	machine->graph = graph;
	machine->cells = tool_alloc(ncells, sizeof(*machine->cells));
	machine->beside = tool_alloc(graph->ntargets, sizeof(*machine->beside));
	machine->near = tool_alloc(graph->ninitiators, sizeof(*machine->near));
	machine->links = sorted(graph, graph->nlinks, by_link);
	machine->bridges = sorted(graph, graph->nbridges, by_bridge);
	for (unsigned i = 0; i < graph->ninitiators; i++) {
		fill_row(machine, i, HMS_LATENCY, paths);
		fill_row(machine, i, HMS_BANDWIDTH, paths);
		machine->near[i] = find_near(graph, i);
	}
	for (unsigned t = 0; t < graph->ntargets; t++)
		machine->beside[t] = find_beside(machine, t, many);
	free(paths);
}

void tool_machine_close(struct tool_machine *machine)
{
	free(machine->cells);
	free(machine->beside);
	free(machine->near);
	free(machine->links);
	free(machine->bridges);
}
