/* SPDX-License-Identifier: BSD-2-Clause */
/* How fast targets are, as the machine's graph knows it. */
#include "engine/resolving.h"
#include "engine/topology/path.h"

/* A node without CPUs is asked from so many at most. */
#define MOST_INITIATORS 16

static bool has_node(const struct hms_target *target, unsigned n)
{
	const unsigned bits = 8 * sizeof(target->nodes[0]);

	return target->nodes[n / bits] >> n % bits & 1;
}

/* The better of what is known already and of this way. */
static void consider(struct hms_target *target, const struct hms_graph *graph,
	unsigned initiator, unsigned memory)
{
	struct hms_path_wish wish = { HMS_LATENCY, HMS_READ_WRITE, true };
	enum hms_origin origin;
	struct hms_path path;
	uint32_t value;

	if (hms_path_find(graph, initiator, memory, &wish, &path))
		return;
	value = hms_perf_value(&path.perf, HMS_LATENCY, HMS_READ, &origin);
	if (value && (!target->latency || value < target->latency))
		target->latency = value;
	wish.need = HMS_BANDWIDTH;
	if (hms_path_find(graph, initiator, memory, &wish, &path))
		return;
	value = hms_perf_value(&path.perf, HMS_BANDWIDTH, HMS_READ, &origin);
	if (value > target->bandwidth)
		target->bandwidth = value;
}

static void ask(
	struct hms_target *target, const struct hms_graph *graph, unsigned node)
{
	int memory = hms_graph_node(graph, node);
	unsigned asked = 0;

	if (memory < 0)
		return;
	for (unsigned i = 0; i < graph->ninitiators; i++)
		if (graph->initiators[i].kind == HMS_INITIATOR_CPU &&
			graph->initiators[i].node == (int)node) {
			consider(target, graph, i, (unsigned)memory);
			return;
		}
	for (unsigned i = 0; i < graph->ninitiators; i++)
		if (graph->initiators[i].kind == HMS_INITIATOR_CPU &&
			asked++ < MOST_INITIATORS)
			consider(target, graph, i, (unsigned)memory);
}

void resolve_speeds(const struct resolving *r)
{
	const struct hms_graph *graph = r->spec.graph;

	for (unsigned i = 0; i < r->out->ntargets; i++) {
		struct hms_target *target = r->out->targets[i];

		for (unsigned n = 0; !target->ops->maps && n < graph->nnodes;
			n++)
			if (n < HMS_MAX_NODES && has_node(target, n))
				ask(target, graph, n);
	}
}
