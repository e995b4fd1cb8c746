/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The graph in the text form of hms-topology(5).
 */
#include "tools/list/list.h"

#include <stdlib.h>
#include <string.h>

#include "engine/topology/text.h"

typedef void put_fn(
	struct hms_text *text, const struct hms_graph *graph, unsigned index);

/* One object's line, however long. */
static void put(
	FILE *out, put_fn *fn, const struct hms_graph *graph, unsigned index)
{
	size_t size = 4096;

	for (;;) {
		char *buf = tool_alloc(size, 1);
		struct hms_text text = { buf, size, 0, false };

		fn(&text, graph, index);
		if (!text.cut)
			fwrite(buf, 1, text.len, out);
		free(buf);
		if (!text.cut)
			return;
		size *= 4;
	}
}

void list_text(const struct tool_machine *machine, FILE *out)
{
	const struct hms_graph *graph = machine->graph;

	for (unsigned i = 0; i < graph->ntargets; i++)
		put(out, hms_topology_put_target, graph, i);
	for (unsigned i = 0; i < graph->ninitiators; i++)
		put(out, hms_topology_put_initiator, graph, i);
	for (unsigned i = 0; i < graph->nlinks; i++)
		put(out, hms_topology_put_link, graph, machine->links[i]);
	for (unsigned i = 0; i < graph->nbridges; i++)
		put(out, hms_topology_put_bridge, graph, machine->bridges[i]);
}

static bool any(const uint8_t *origins, unsigned n, enum hms_origin origin)
{
	for (unsigned i = 0; i < n; i++)
		if (origins[i] == origin)
			return true;
	return false;
}

static bool link_from(
	const struct hms_graph *graph, unsigned index, enum hms_origin origin)
{
	const struct hms_link *link = &graph->links[index];

	/* Drivers' memory has a link that nobody else knows of. */
	for (unsigned i = 0; origin == HMS_DRIVER && i < link->ntargets; i++)
		if (graph->targets[link->targets[i]].manager ==
			HMS_MANAGED_BY_DRIVER)
			return true;
	return any(link->perf.origin, HMS_MEASURES, origin);
}

static bool bridge_from(
	const struct hms_graph *graph, unsigned index, enum hms_origin origin)
{
	const struct hms_bridge *bridge = &graph->bridges[index];

	return any(bridge->perf.origin, HMS_MEASURES, origin) ||
	       link_from(graph, bridge->from, origin) ||
	       link_from(graph, bridge->to, origin);
}

/* Does it have a name that only a driver's library can know? */
static bool initiator_from(
	const struct hms_initiator *at, enum hms_origin origin)
{
	if (origin != HMS_DRIVER)
		return false;
	for (unsigned i = 0; i < at->naliases; i++)
		if (strncmp(at->aliases[i], "gpu:", 4) != 0 &&
			strncmp(at->aliases[i], "nic:", 4) != 0 &&
			strncmp(at->aliases[i], "node:", 5) != 0)
			return true;
	return at->name != NULL;
}

/* All of them if any: they are read in this order again. */
static bool is_device(const struct hms_initiator *at)
{
	return at->kind != HMS_INITIATOR_CPU &&
	       at->kind != HMS_INITIATOR_GENERIC;
}

void list_text_from(
	const struct hms_graph *graph, enum hms_origin origin, FILE *out)
{
	bool *links = tool_alloc(graph->nlinks, sizeof(*links));
	bool devices = false;

	for (unsigned i = 0; i < graph->ninitiators; i++)
		devices |= initiator_from(&graph->initiators[i], origin);

	for (unsigned i = 0; i < graph->ntargets; i++)
		if (any(graph->targets[i].origin, HMS_FIELDS, origin) ||
			(origin == HMS_DRIVER && graph->targets[i].manager ==
							 HMS_MANAGED_BY_DRIVER))
			put(out, hms_topology_put_target, graph, i);
	for (unsigned i = 0; i < graph->ninitiators; i++)
		if (initiator_from(&graph->initiators[i], origin) ||
			(devices && is_device(&graph->initiators[i])))
			put(out, hms_topology_put_initiator, graph, i);
	for (unsigned i = 0; i < graph->nlinks; i++)
		links[i] = link_from(graph, i, origin);
	/* What a bridge leads to must be there before it. */
	for (unsigned i = 0; i < graph->nbridges; i++)
		if (bridge_from(graph, i, origin))
			links[graph->bridges[i].from] =
				links[graph->bridges[i].to] = true;
	for (unsigned i = 0; i < graph->nlinks; i++)
		if (links[i])
			put(out, hms_topology_put_link, graph, i);
	for (unsigned i = 0; i < graph->nbridges; i++)
		if (bridge_from(graph, i, origin))
			put(out, hms_topology_put_bridge, graph, i);
	free(links);
}
