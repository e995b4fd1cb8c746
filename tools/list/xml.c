/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine as hwloc's tools load it: `lstopo --input FILE.xml`.
 * Source: hwloc2.dtd and what hwloc 2.9 itself writes.  Nodes, CPUs, memory
 * attributes; devices and the memory that is no node are OS devices.
 *
 * hwloc says MiB/s and means what sysfs says, as does this: MB/s.
 */
#include "tools/list/list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/set.h"

#define PAIRS_MAX 65536 /* beyond, hwloc takes minutes to load them */

struct xml {
	const struct tool_machine *machine;
	FILE *out;
	unsigned next; /* CPUs and gp_index: the next one that is free */
	unsigned *target_gp, *initiator_gp; /* 0: not written */
	struct set *cpus; /* per initiator; empty for devices */
	struct set all;
};

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if (c < ' ' || c >= 0x7f) /* hwloc reads ASCII only */
			fputc('?', out);
		else
			fputc(c, out);
	}
}

static bool is_node(const struct hms_memory *memory)
{
	return memory->manager == HMS_MANAGED_BY_KERNEL && memory->node >= 0;
}

/*
 * hwloc takes no machine without CPUs: where a recording does not say which
 * they are, one stands for those of its node.
 */
static void find_cpus(struct xml *xml)
{
	const struct hms_graph *graph = xml->machine->graph;
	unsigned max = 0;

	for (unsigned i = 0; i < graph->ninitiators; i++) {
		struct set *cpus = &xml->cpus[i];

		if (graph->initiators[i].kind != HMS_INITIATOR_CPU)
			continue;
		set_parse(cpus, graph->initiators[i].cpus);
		if (max < 32 * cpus->nwords)
			max = 32 * cpus->nwords;
	}
	for (unsigned i = 0; i < graph->ninitiators; i++) {
		if (graph->initiators[i].kind != HMS_INITIATOR_CPU)
			continue;
		if (!xml->cpus[i].nwords)
			set_add(&xml->cpus[i], max++);
		for (unsigned c = 0; c < 32 * xml->cpus[i].nwords; c++)
			if (set_has(&xml->cpus[i], c))
				set_add(&xml->all, c);
	}
	if (!xml->all.nwords)
		set_add(&xml->all, 0);
}

static void nodes_beside(
	const struct xml *xml, int initiator, bool all, struct set *nodes)
{
	const struct hms_graph *graph = xml->machine->graph;

	for (unsigned t = 0; t < graph->ntargets; t++)
		if (is_node(&graph->targets[t]) &&
			(all || xml->machine->beside[t] == initiator))
			set_add(nodes, (unsigned)graph->targets[t].node);
}

/* The sets that every object with CPUs or nodes has. */
static void put_sets(
	FILE *out, const struct set *cpus, const struct set *nodes, bool root)
{
	set_put(out, "cpuset", cpus);
	set_put(out, "complete_cpuset", cpus);
	if (root)
		set_put(out, "allowed_cpuset", cpus);
	set_put(out, "nodeset", nodes);
	set_put(out, "complete_nodeset", nodes);
	if (root)
		set_put(out, "allowed_nodeset", nodes);
}

static void put_info(FILE *out, const char *name, const char *value)
{
	if (!value)
		return;
	fprintf(out, "<info name=\"%s\" value=\"", name);
	put_escaped(out, value);
	fputs("\"/>", out);
}

/* Names of hwloc 2.10 and later for what a node is. */
static const char *const subtypes[HMS_KINDS] = {
	[HMS_KIND_DRAM] = "DRAM",
	[HMS_KIND_HBM] = "HBM",
	[HMS_KIND_CXL] = "CXL-DRAM",
	[HMS_KIND_PMEM] = "NVM",
	[HMS_KIND_GPU] = "GPUMemory",
	[HMS_KIND_FILE] = "NVM",
};

static void put_node(struct xml *xml, unsigned target, const struct set *cpus)
{
	const struct hms_memory *memory = &xml->machine->graph->targets[target];
	struct set nodes = { 0 };

	set_add(&nodes, (unsigned)memory->node);
	xml->target_gp[target] = xml->next++;
	fprintf(xml->out,
		"<object type=\"NUMANode\" os_index=\"%d\" subtype=\"%s\"",
		memory->node, subtypes[memory->kind]);
	put_sets(xml->out, cpus, &nodes, false);
	fprintf(xml->out, " gp_index=\"%u\" local_memory=\"%" PRIu64 "\">",
		xml->target_gp[target], memory->size);
	put_info(xml->out, "HMSTarget", memory->id);
	put_info(xml->out, "HMSKind", hms_kind_name(memory->kind));
	put_info(xml->out, "HMSName", memory->name);
	fputs("</object>\n", xml->out);
	free(nodes.words);
}

static void put_nodes(struct xml *xml, int initiator, const struct set *cpus)
{
	const struct hms_graph *graph = xml->machine->graph;

	for (unsigned t = 0; t < graph->ntargets; t++)
		if (is_node(&graph->targets[t]) && !xml->target_gp[t] &&
			(initiator == TOOL_NOWHERE ||
				xml->machine->beside[t] == initiator))
			put_node(xml, t, cpus);
}

static void put_pus(
	struct xml *xml, const struct set *cpus, const struct set *nodes)
{
	for (unsigned c = 0; c < 32 * cpus->nwords; c++) {
		struct set one = { 0 };

		if (!set_has(cpus, c))
			continue;
		set_add(&one, c);
		fprintf(xml->out, "<object type=\"PU\" os_index=\"%u\"", c);
		put_sets(xml->out, &one, nodes, false);
		fprintf(xml->out, " gp_index=\"%u\"/>\n", xml->next++);
		free(one.words);
	}
}

static void put_memory_info(FILE *out, const struct hms_memory *memory)
{
	char size[24];

	snprintf(size, sizeof(size), "%" PRIu64, memory->size);
	put_info(out, "HMSTarget", memory->id);
	put_info(out, "HMSKind", hms_kind_name(memory->kind));
	put_info(out, "HMSSize", size);
	put_info(out, "HMSName", memory->name);
}

/* "cuda0" for cuda:0 and "eth0" for nic:eth0, as hwloc names them. */
static void put_name(FILE *out, const char *id)
{
	const char *colon = strchr(id, ':');

	fputs(" name=\"", out);
	if (!strncmp(id, "nic:", 4))
		put_escaped(out, id + 4);
	else if (colon && !strchr(colon + 1, ':'))
		fprintf(out, "%.*s%s", (int)(colon - id), id, colon + 1);
	else
		put_escaped(out, id);
	fputc('"', out);
}

static bool has_alias(const struct hms_initiator *at, const char *id)
{
	for (unsigned i = 0; i < at->naliases; i++)
		if (!strcmp(at->aliases[i], id))
			return true;
	return !strcmp(at->id, id);
}

static void put_device(struct xml *xml, unsigned index)
{
	const struct hms_graph *graph = xml->machine->graph;
	const struct hms_initiator *at = &graph->initiators[index];
	/* enum hwloc_obj_osdev_type_e */
	unsigned type = at->kind == HMS_INITIATOR_NIC	? 2
			: at->kind == HMS_INITIATOR_GPU ? 5
							: 1;

	xml->initiator_gp[index] = xml->next++;
	fprintf(xml->out, "<object type=\"OSDev\" gp_index=\"%u\"",
		xml->initiator_gp[index]);
	put_name(xml->out,
		tool_machine_alias(at) ? tool_machine_alias(at) : at->id);
	fprintf(xml->out, " osdev_type=\"%u\">", type);
	put_info(xml->out, "HMSInitiator", at->id);
	put_info(xml->out, "HMSName", at->name);
	for (unsigned i = 0; i < at->naliases; i++)
		put_info(xml->out, "HMSAlias", at->aliases[i]);
	for (unsigned t = 0; t < graph->ntargets; t++)
		if (!is_node(&graph->targets[t]) && !xml->target_gp[t] &&
			has_alias(at, graph->targets[t].id)) {
			xml->target_gp[t] = xml->initiator_gp[index];
			put_memory_info(xml->out, &graph->targets[t]);
		}
	fputs("</object>\n", xml->out);
}

/* near: the CPUs that it is for, or TOOL_NOWHERE for all that are left. */
static void put_devices(struct xml *xml, int near)
{
	const struct hms_graph *graph = xml->machine->graph;

	for (unsigned i = 0; i < graph->ninitiators; i++)
		if (graph->initiators[i].kind != HMS_INITIATOR_CPU &&
			!xml->initiator_gp[i] &&
			(near < 0 || xml->machine->near[i] == near))
			put_device(xml, i);
	for (unsigned t = 0; near < 0 && t < graph->ntargets; t++) {
		if (is_node(&graph->targets[t]) || xml->target_gp[t])
			continue;
		xml->target_gp[t] = xml->next++;
		fprintf(xml->out, "<object type=\"OSDev\" gp_index=\"%u\"",
			xml->target_gp[t]);
		put_name(xml->out, graph->targets[t].id);
		fputs(" osdev_type=\"0\">", xml->out);
		put_memory_info(xml->out, &graph->targets[t]);
		fputs("</object>\n", xml->out);
	}
}

static void put_cpu(struct xml *xml, unsigned initiator, bool group)
{
	struct set nodes = { 0 };
	const struct set *cpus = &xml->cpus[initiator];

	nodes_beside(xml, (int)initiator, false, &nodes);
	if (group) {
		fputs("<object type=\"Group\"", xml->out);
		put_sets(xml->out, cpus, &nodes, false);
		fprintf(xml->out, " gp_index=\"%u\" kind=\"0\" subkind=\"0\">",
			xml->next++);
		put_info(xml->out, "HMSInitiator",
			xml->machine->graph->initiators[initiator].id);
		fputc('\n', xml->out);
	}
	put_nodes(xml, (int)initiator, cpus);
	put_pus(xml, cpus, &nodes);
	put_devices(xml, (int)initiator);
	if (group)
		fputs("</object>\n", xml->out);
	free(nodes.words);
}

static void put_objects(struct xml *xml)
{
	const struct hms_graph *graph = xml->machine->graph;
	struct set nodes = { 0 };
	unsigned ncpus = 0;

	for (unsigned i = 0; i < graph->ninitiators; i++)
		ncpus += graph->initiators[i].kind == HMS_INITIATOR_CPU;
	nodes_beside(xml, 0, true, &nodes);
	fputs("<object type=\"Machine\" os_index=\"0\"", xml->out);
	put_sets(xml->out, &xml->all, &nodes, true);
	fprintf(xml->out, " gp_index=\"%u\">\n", xml->next++);
	for (unsigned t = 0; t < graph->ntargets; t++) {
		int beside = xml->machine->beside[t];

		if (is_node(&graph->targets[t]) &&
			(beside < 0 || graph->initiators[beside].kind !=
					       HMS_INITIATOR_CPU))
			put_node(xml, t, &xml->all);
	}
	for (unsigned i = 0; i < graph->ninitiators; i++)
		if (graph->initiators[i].kind == HMS_INITIATOR_CPU)
			put_cpu(xml, i, ncpus > 1);
	if (!ncpus)
		put_pus(xml, &xml->all, &nodes);
	put_devices(xml, TOOL_NOWHERE);
	fputs("</object>\n", xml->out);
	free(nodes.words);
}

static void put_value(
	struct xml *xml, unsigned initiator, unsigned target, uint32_t value)
{
	fprintf(xml->out,
		"<memattr_value target_obj_gp_index=\"%u\" "
		"target_obj_type=\"NUMANode\" value=\"%u\"",
		xml->target_gp[target], value);
	if (xml->initiator_gp[initiator])
		fprintf(xml->out,
			" initiator_obj_gp_index=\"%u\" "
			"initiator_obj_type=\"OSDev\"",
			xml->initiator_gp[initiator]);
	else
		set_put(xml->out, "initiator_cpuset", &xml->cpus[initiator]);
	fputs("/>\n", xml->out);
}

/* flags: see hwloc_memattr_flag_e: lower or higher first, needs initiator. */
static void put_attribute(struct xml *xml, const char *name, unsigned flags,
	enum hms_need need, enum hms_access access, struct hms_path *paths)
{
	const struct hms_graph *graph = xml->machine->graph;
	const struct hms_path_wish wish = { need, access, true };
	/* As hwloc itself has it: only from the initiators next to it. */
	bool few = (size_t)graph->ninitiators * graph->ntargets > PAIRS_MAX;

	fprintf(xml->out, "<memattr name=\"%s\" flags=\"%u\">\n", name, flags);
	for (unsigned i = 0; i < graph->ninitiators; i++) {
		if (hms_paths_from(graph, i, &wish, paths))
			continue;
		for (unsigned t = 0; t < graph->ntargets; t++) {
			enum hms_origin origin = HMS_UNKNOWN;
			uint32_t value = 0;

			if (few && paths[t].nlinks > 1)
				continue;
			if (paths[t].nlinks && is_node(&graph->targets[t]))
				value = hms_perf_value(
					&paths[t].perf, need, access, &origin);
			if (value)
				put_value(xml, i, t, value);
		}
	}
	fputs("</memattr>\n", xml->out);
}

void list_xml(const struct tool_machine *machine, FILE *out)
{
	static const struct {
		const char *name;
		unsigned flags;
		enum hms_need need;
		enum hms_access access;
	} attributes[] = {
		{ "Bandwidth", 5, HMS_BANDWIDTH, HMS_READ_WRITE },
		{ "Latency", 6, HMS_LATENCY, HMS_READ_WRITE },
		{ "ReadBandwidth", 5, HMS_BANDWIDTH, HMS_READ },
		{ "WriteBandwidth", 5, HMS_BANDWIDTH, HMS_WRITE },
		{ "ReadLatency", 6, HMS_LATENCY, HMS_READ },
		{ "WriteLatency", 6, HMS_LATENCY, HMS_WRITE },
	};
	const struct hms_graph *graph = machine->graph;
	struct xml xml = { .machine = machine, .out = out, .next = 1 };
	struct hms_path *paths = tool_alloc(graph->ntargets, sizeof(*paths));

	xml.target_gp = tool_alloc(graph->ntargets, sizeof(unsigned));
	xml.initiator_gp = tool_alloc(graph->ninitiators, sizeof(unsigned));
	xml.cpus = tool_alloc(graph->ninitiators, sizeof(*xml.cpus));
	find_cpus(&xml);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
	      "<topology version=\"2.0\">\n",
		out);
	put_objects(&xml);
	for (unsigned i = 0; i < 6; i++)
		put_attribute(&xml, attributes[i].name, attributes[i].flags,
			attributes[i].need, attributes[i].access, paths);
	fputs("</topology>\n", out);
	for (unsigned i = 0; i < graph->ninitiators; i++)
		free(xml.cpus[i].words);
	free(xml.cpus);
	free(xml.all.words);
	free(xml.target_gp);
	free(xml.initiator_gp);
	free(paths);
}
