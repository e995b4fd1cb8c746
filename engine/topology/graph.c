/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/graph.h"

#include <string.h>

#include "engine/target/target.h"
#include "engine/topology/state.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

void hms_graph_free(struct hms_graph *graph)
{
	struct hms_arena arena;

	if (!graph)
		return;
	/* The graph itself lies in it. */
	arena = graph->arena;
	hms_arena_free(&arena);
}

static int find(
	const struct hms_graph *graph, enum hms_named what, const char *text)
{
	const struct hms_names *all = graph->names;
	uint32_t hash = hms_name_hash(what, text), at = hash & all->mask;

	for (; all->slots[at]; at = (at + 1) & all->mask) {
		const struct hms_name *name = &all->names[all->slots[at] - 1];

		if (hms_name_is(name, hash, what, text))
			return (int)name->index;
	}
	return -1;
}

int hms_graph_target(const struct hms_graph *graph, const char *id)
{
	return find(graph, HMS_NAMED_TARGET, id);
}

int hms_graph_initiator(const struct hms_graph *graph, const char *id)
{
	return find(graph, HMS_NAMED_INITIATOR, id);
}

int hms_graph_node(const struct hms_graph *graph, unsigned node)
{
	return node < graph->nnodes ? graph->nodes[node] : -1;
}

unsigned hms_graph_distance(
	const struct hms_graph *graph, unsigned from, unsigned to)
{
	if (!graph->distances || from >= HMS_MAX_NODES || to >= HMS_MAX_NODES)
		return 0;
	return graph->distances[from * HMS_MAX_NODES + to];
}

bool hms_memory_has(const struct hms_memory *memory, enum hms_property property)
{
	unsigned field = HMS_FIELD_PROPERTY + (unsigned)__builtin_ctz(property);

	if (memory->origin[field] != HMS_UNKNOWN)
		return memory->properties & property;
	return memory->manager == HMS_MANAGED_BY_KERNEL &&
	       (property == HMS_COHERENT || property == HMS_CPU_ACCESS);
}

static const char *const origins[HMS_ORIGINS] = {
	[HMS_UNKNOWN] = "unknown",
	[HMS_GUESSED] = "guessed",
	[HMS_FIRMWARE] = "firmware",
	[HMS_DRIVER] = "driver",
	[HMS_MEASURED] = "measured",
	[HMS_USER] = "user",
};

static const char *const measures[HMS_MEASURES] = {
	[HMS_READ_LATENCY] = "read-latency",
	[HMS_WRITE_LATENCY] = "write-latency",
	[HMS_READ_BANDWIDTH] = "read-bandwidth",
	[HMS_WRITE_BANDWIDTH] = "write-bandwidth",
};

/* In the order of the bits of enum hms_property. */
static const char *const properties[HMS_PROPERTIES] = { "coherent",
	"persistent", "cpu-access", "hotplug" };

static const char *const initiator_kinds[HMS_INITIATOR_KINDS] = {
	[HMS_INITIATOR_CPU] = "cpu",
	[HMS_INITIATOR_GPU] = "gpu",
	[HMS_INITIATOR_NIC] = "nic",
	[HMS_INITIATOR_GENERIC] = "generic",
	[HMS_INITIATOR_OTHER] = "other",
};

/* Files are no kind that rules name, so config/words.h has one less. */
static const char *const kinds[HMS_KINDS] = {
	[HMS_KIND_DRAM] = "dram",
	[HMS_KIND_HBM] = "hbm",
	[HMS_KIND_CXL] = "cxl",
	[HMS_KIND_PMEM] = "pmem",
	[HMS_KIND_GPU] = "gpu",
	[HMS_KIND_FILE] = "file",
};

const char *hms_origin_name(enum hms_origin origin)
{
	return origins[origin];
}

const char *hms_measure_name(enum hms_measure measure)
{
	return measures[measure];
}

const char *hms_property_name(unsigned bit)
{
	return properties[bit];
}

const char *hms_initiator_kind_name(enum hms_initiator_kind kind)
{
	return initiator_kinds[kind];
}

const char *hms_kind_name(enum hms_kind kind)
{
	return kinds[kind];
}

int hms_origin_find(const char *name, size_t len)
{
	for (size_t i = 0; i < LENGTH(origins); i++)
		if (strlen(origins[i]) == len && !memcmp(origins[i], name, len))
			return (int)i;
	return -1;
}
