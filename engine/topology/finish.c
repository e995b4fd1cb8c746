/* SPDX-License-Identifier: BSD-2-Clause */
/* A builder becomes a graph: sorted, numbered, in one arena. */
#include <string.h>

#include "base/sys.h"
#include "engine/target/target.h"
#include "engine/topology/builder.h"
#include "engine/topology/state.h"

/* Given back in pieces of this while it is copied; 0 modulo any page. */
#define PIECE ((size_t)2 << 20)

/* Moves a table's elements into the arena; NULL: no memory. */
static void *settle(
	struct hms_arena *arena, struct hms_table *table, size_t element)
{
	void *copy = table->data;

	if (table->mapped) {
		copy = hms_arena_alloc(arena, table->count * element);
		if (!copy)
			return NULL;
		memcpy(copy, table->data, table->count * element);
		hms_table_free(table);
	}
	/* An empty list is never NULL, so that NULL means no memory. */
	return copy ? copy : hms_arena_alloc(arena, element);
}

/* A link that nothing is on and that leads nowhere is of no use. */
static bool drop_links(struct hms_builder *b)
{
	struct hms_link *links = hms_state_links(b);
	struct hms_bridge *bridges = hms_state_bridges(b);
	unsigned *now, kept = 0, bare = 0;

	for (unsigned i = 0; i < b->links.count; i++)
		bare += !links[i].ntargets && !links[i].ninitiators;
	if (!bare)
		return true;
	now = hms_arena_alloc(&b->arena, b->links.count * sizeof(*now));
	if (!now)
		return false;
	for (unsigned i = 0; i < b->bridges.count; i++)
		now[bridges[i].from] = now[bridges[i].to] = 1;
	for (unsigned i = 0; i < b->links.count; i++) {
		if (!links[i].ntargets && !links[i].ninitiators && !now[i])
			continue;
		now[i] = kept;
		links[kept++] = links[i];
	}
	b->links.count = kept;
	for (unsigned i = 0; i < b->bridges.count; i++) {
		bridges[i].from = now[bridges[i].from];
		bridges[i].to = now[bridges[i].to];
	}
	return true;
}

/*
 * By counting, stable.  There may be a million: what has been copied of a
 * mapping is given back at once, and the peak is little more than one copy.
 */
static bool sort_bridges(struct hms_builder *b, struct hms_graph *graph)
{
	const struct hms_bridge *from = b->bridges.data;
	char *copied = b->bridges.mapped ? b->bridges.data : NULL;
	unsigned n = b->bridges.count, *first;

	graph->bridges = hms_arena_alloc(&b->arena, n * sizeof(*from));
	first = hms_arena_alloc(
		&b->arena, (graph->nlinks + 2) * sizeof(*first));
	if (!graph->bridges || !first)
		return false;
	/* Two ahead, so that counting up while copying leaves the starts. */
	for (unsigned i = 0; i < n; i++)
		first[from[i].from + 2]++;
	for (unsigned i = 2; i < graph->nlinks + 2; i++)
		first[i] += first[i - 1];
	for (unsigned i = 0; i < n; i++) {
		graph->bridges[first[from[i].from + 1]++] = from[i];
		if (copied && (size_t)((char *)&from[i] - copied) >= PIECE) {
			hms_sys_munmap(copied, PIECE);
			copied += PIECE;
			b->bridges.data = copied;
			b->bridges.mapped -= PIECE;
		}
	}
	hms_table_free(&b->bridges);
	graph->first = first;
	graph->nbridges = n;
	return true;
}

static bool number_nodes(struct hms_builder *b, struct hms_graph *graph)
{
	int *nodes;

	for (unsigned i = 0; i < graph->ntargets; i++) {
		int node = graph->targets[i].node;

		if (node >= (int)graph->nnodes && node < HMS_MAX_NODES)
			graph->nnodes = (unsigned)node + 1;
	}
	nodes = hms_arena_alloc(&b->arena, graph->nnodes * sizeof(*nodes));
	if (!nodes)
		return false;
	for (unsigned i = 0; i < graph->nnodes; i++)
		nodes[i] = -1;
	for (unsigned i = 0; i < graph->ntargets; i++) {
		const struct hms_memory *memory = &graph->targets[i];

		if (memory->manager == HMS_MANAGED_BY_KERNEL &&
			memory->node >= 0 && memory->node < HMS_MAX_NODES &&
			nodes[memory->node] < 0)
			nodes[memory->node] = (int)i;
	}
	graph->nodes = nodes;
	return true;
}

/* Links and bridges are not looked for by name in a graph. */
static bool is_kept(const struct hms_name *name)
{
	return name->what == HMS_NAMED_TARGET ||
	       name->what == HMS_NAMED_INITIATOR;
}

static bool index_names(struct hms_builder *b, struct hms_graph *graph)
{
	const struct hms_name *names = b->names.data;
	uint32_t n = 0, size = 8, at, *slots;
	struct hms_name *kept;
	struct hms_names *all;

	for (unsigned i = 0; i < b->names.count; i++)
		n += is_kept(&names[i]);
	while (size / 2 < n)
		size *= 2;
	all = hms_arena_alloc(&b->arena, sizeof(*all));
	kept = hms_arena_alloc(&b->arena, n * sizeof(*kept));
	slots = hms_arena_alloc(&b->arena, size * sizeof(*slots));
	if (!all || !kept || !slots)
		return false;
	n = 0;
	for (unsigned i = 0; i < b->names.count; i++) {
		if (!is_kept(&names[i]))
			continue;
		kept[n++] = names[i];
		at = names[i].hash & (size - 1);
		while (slots[at])
			at = (at + 1) & (size - 1);
		slots[at] = n;
	}
	*all = (struct hms_names){ kept, slots, size - 1 };
	graph->names = all;
	return true;
}

static struct hms_graph *make(struct hms_builder *b)
{
	struct hms_graph *graph = hms_arena_alloc(&b->arena, sizeof(*graph));
	size_t size = b->nfindings * sizeof(*b->findings);

	if (!graph || b->failed || !drop_links(b))
		return NULL;
	graph->root = hms_arena_strdup(&b->arena, b->root);
	graph->ntargets = b->targets.count;
	graph->ninitiators = b->initiators.count;
	graph->nlinks = b->links.count;
	graph->targets =
		settle(&b->arena, &b->targets, sizeof(*graph->targets));
	graph->initiators =
		settle(&b->arena, &b->initiators, sizeof(*graph->initiators));
	graph->links = settle(&b->arena, &b->links, sizeof(*graph->links));
	graph->findings = hms_arena_alloc(&b->arena, size);
	if (!graph->root || !graph->targets || !graph->initiators ||
		!graph->links || !graph->findings)
		return NULL;
	memcpy(graph->findings, b->findings, size);
	graph->nfindings = b->nfindings;
	graph->nlost = b->nlost;
	graph->distances = b->distances;
	graph->memory_limit = b->memory_limit;
	graph->memory_limit_file = b->memory_limit_file;
	if (!number_nodes(b, graph) || !index_names(b, graph))
		return NULL;
	hms_index_free(&b->by_ends);
	return sort_bridges(b, graph) ? graph : NULL;
}

struct hms_graph *hms_builder_finish(struct hms_builder *b)
{
	struct hms_graph *graph;

	if (!b)
		return NULL;
	graph = make(b);
	if (graph) {
		graph->arena = b->arena;
		b->arena = (struct hms_arena){ 0 };
	}
	hms_builder_free(b);
	return graph;
}
