/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/topology.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "engine/topology/readers.h"

#define ROOT_MAX 255

static const struct {
	void (*read)(struct hms_builder *b);
	enum hms_depth depth;
} readers[] = {
#define HMS_READER(name, depth) { hms_read_##name, HMS_DEPTH_##depth },
#include "engine/topology/readers.def"
#undef HMS_READER
};
#define NREADERS (sizeof(readers) / sizeof(readers[0]))

void hms_read_fallback(struct hms_builder *b)
{
	int target, cpu, link;

	for (unsigned i = 0; i < hms_builder_targets(b); i++) {
		const struct hms_memory *memory = hms_builder_memory(b, (int)i);

		if (memory->manager == HMS_MANAGED_BY_KERNEL &&
			memory->node >= 0)
			return;
	}
	target = hms_builder_target(b, "node:0");
	hms_builder_node(b, target, 0, HMS_GUESSED);
	hms_builder_kind(b, target, HMS_KIND_DRAM, HMS_GUESSED);
	cpu = hms_builder_initiator(b, "cpu:0", HMS_INITIATOR_CPU);
	hms_builder_alias(b, cpu, "node:0");
	if (cpu >= 0)
		hms_builder_at(b, cpu)->node = 0;
	link = hms_builder_link(b, "memory:0");
	hms_builder_link_target(b, link, target);
	hms_builder_link_initiator(b, link, cpu);
}

int hms_topology_read(
	const struct hms_topology_request *request, struct hms_graph **out)
{
	struct hms_builder *b;
	struct stat st;

	*out = NULL;
	if (strlen(request->root) > ROOT_MAX)
		return -ENAMETOOLONG;
	if (*request->root &&
		(hms_sys_stat(request->root, &st) || !S_ISDIR(st.st_mode)))
		return -ENOENT;
	b = hms_builder_new(request->root, request->depth);
	if (!b)
		return -ENOMEM;
	hms_builder_set_load(b, request->may_load && !*request->root);
	for (size_t i = 0; i < NREADERS; i++)
		if (readers[i].depth <= request->depth)
			readers[i].read(b);
	*out = hms_builder_finish(b);
	return *out ? 0 : -ENOMEM;
}

static enum hms_depth deepest(const struct hms_term *terms, unsigned n);

/*
 * A server has hundreds of PCI devices to look at, which most rules do not
 * need: "cpu", "cpu:N", "node:N" and "gi:N" are known by the nodes.
 */
static bool names_device(const struct hms_term *term)
{
	for (unsigned i = 0; i < term->ninitiators; i++) {
		const char *id = term->initiators[i];

		if (strncmp(id, "cpu", 3) != 0 &&
			strncmp(id, "node:", 5) != 0 &&
			strncmp(id, "gi:", 3) != 0)
			return true;
	}
	return false;
}

static enum hms_depth of_term(const struct hms_term *term)
{
	enum hms_depth inside = deepest(term->terms, term->nterms);
	bool weighed = false;

	switch (term->type) {
	case HMS_TERM_BEST:
	case HMS_TERM_NEAR:
		return names_device(term) ? HMS_DEPTH_DEVICES : HMS_DEPTH_PATHS;
	case HMS_TERM_KIND:
	case HMS_TERM_DEVICE:
		return HMS_DEPTH_KINDS;
	case HMS_TERM_INTERLEAVE:
		for (unsigned i = 0; i < term->nterms; i++)
			weighed |= term->terms[i].weight > 0;
		/* The weights are the bandwidths. */
		return weighed ? inside : HMS_DEPTH_PATHS;
	default:
		return inside;
	}
}

static enum hms_depth deepest(const struct hms_term *terms, unsigned n)
{
	enum hms_depth depth = HMS_DEPTH_NODES;

	for (unsigned i = 0; i < n; i++) {
		enum hms_depth one = of_term(&terms[i]);

		if (one > depth)
			depth = one;
	}
	return depth;
}

/* Who moves memory wants to know how fast each is. */
static bool moves(const struct hms_policy *policy)
{
	for (unsigned i = 0; i < policy->nrules; i++)
		if (hms_rule_migrates(policy, &policy->rules[i]))
			return true;
	return false;
}

enum hms_depth hms_topology_depth(const struct hms_policy *policy)
{
	enum hms_depth depth = HMS_DEPTH_NODES;

	for (unsigned i = 0; i < policy->nplaces; i++) {
		const struct hms_place_spec *place = &policy->places[i];
		enum hms_depth one = deepest(place->terms, place->nterms);

		if (one > depth)
			depth = one;
	}
	return depth < HMS_DEPTH_PATHS && moves(policy) ? HMS_DEPTH_PATHS
							: depth;
}

void hms_topology_nodes(const struct hms_graph *graph, struct hms_nodes *out)
{
	memset(out, 0, sizeof(*out));
	out->root = graph->root;
	for (unsigned n = 0; n < graph->nnodes; n++) {
		const struct hms_memory *memory;

		if (graph->nodes[n] < 0)
			continue;
		memory = &graph->targets[graph->nodes[n]];
		/* Known to be empty: its memory is offline. */
		if (memory->origin[HMS_FIELD_SIZE] && !memory->size)
			continue;
		out->node[n].present = true;
		out->node[n].kind = memory->kind;
		out->node[n].size = memory->size;
		out->count++;
		out->max = n;
	}
	for (unsigned i = 0; i < graph->ninitiators; i++) {
		const struct hms_initiator *at = &graph->initiators[i];

		if (at->kind == HMS_INITIATOR_CPU && at->node >= 0 &&
			at->node < HMS_MAX_NODES)
			out->node[at->node].has_cpu = true;
	}
}
