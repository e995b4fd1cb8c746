/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The graph as JSON: every object, every value with its origin, and the best
 * ways of each initiator to each target.  hms(1) describes it.
 */
#include "tools/list/list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/utf8.h"

#define SCHEMA 1

static void put_string(FILE *out, const char *text)
{
	const char *s = text;

	if (!text) {
		fputs("null", out);
		return;
	}
	fputc('"', out);
	while (*s) {
		unsigned n = tool_utf8(s);

		if (!n)
			fputs("\\ufffd", out);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (n == 1 && *s < ' ')
			fprintf(out, "\\u%04x", *s);
		else
			fwrite(s, 1, n, out);
		s += n ? n : 1;
	}
	fputc('"', out);
}

static void put_key(FILE *out, const char *key, const char *text)
{
	fprintf(out, "\"%s\": ", key);
	put_string(out, text);
}

static void put_origin(FILE *out, unsigned origin)
{
	fprintf(out, ", \"origin\": \"%s\"}",
		hms_origin_name((enum hms_origin)origin));
}

static void put_number(
	FILE *out, const char *key, uint64_t value, unsigned origin)
{
	if (origin == HMS_UNKNOWN) {
		fprintf(out, ", \"%s\": null", key);
		return;
	}
	fprintf(out, ", \"%s\": {\"value\": %" PRIu64, key, value);
	put_origin(out, origin);
}

static void put_index(FILE *out, const char *key, int value)
{
	if (value < 0)
		fprintf(out, ", \"%s\": null", key);
	else
		fprintf(out, ", \"%s\": %d", key, value);
}

static void put_target(FILE *out, const struct hms_graph *graph, unsigned index)
{
	const struct hms_memory *memory = &graph->targets[index];

	put_key(out, "id", memory->id);
	fputs(", ", out);
	put_key(out, "name", memory->name);
	fputs(", ", out);
	put_key(out, "device", memory->device);
	fprintf(out, ", \"kind\": {\"value\": \"%s\"",
		hms_kind_name(memory->kind));
	put_origin(out, memory->origin[HMS_FIELD_KIND]);
	fprintf(out, ", \"manager\": {\"value\": \"%s\"",
		memory->manager == HMS_MANAGED_BY_KERNEL ? "kernel" : "driver");
	put_origin(out, memory->origin[HMS_FIELD_MANAGER]);
	if (memory->node < 0)
		fputs(", \"node\": null", out);
	else
		put_number(out, "node", (uint64_t)memory->node,
			memory->origin[HMS_FIELD_NODE]);
	put_index(out, "tier", memory->tier);
	put_number(out, "size", memory->size, memory->origin[HMS_FIELD_SIZE]);
	if (memory->free)
		fprintf(out, ", \"free\": %" PRIu64, memory->free);
	else
		fputs(", \"free\": null", out);
	put_number(out, "granularity", memory->granularity,
		memory->origin[HMS_FIELD_GRANULARITY]);
	for (unsigned i = 0; i < HMS_PROPERTIES; i++) {
		unsigned origin = memory->origin[HMS_FIELD_PROPERTY + i];

		fprintf(out, ", \"%s\": ", hms_property_name(i));
		if (origin == HMS_UNKNOWN) {
			fputs("null", out);
			continue;
		}
		fprintf(out, "{\"value\": %s",
			memory->properties & 1u << i ? "true" : "false");
		put_origin(out, origin);
	}
	fprintf(out, ", \"allowed\": %s", memory->allowed ? "true" : "false");
	fputs(", \"huge_pages\": [", out);
	for (unsigned i = 0; i < memory->nhuge; i++)
		fprintf(out,
			"%s{\"size\": %" PRIu64 ", \"total\": %" PRIu64
			", \"free\": %" PRIu64 "}",
			i ? ", " : "", memory->huge[i].size,
			memory->huge[i].total, memory->huge[i].free);
	fputc(']', out);
}

static void put_limit(FILE *out, const struct hms_graph *graph)
{
	fputs(",\n  \"memory_limit\": ", out);
	if (!graph->memory_limit) {
		fputs("null", out);
		return;
	}
	fprintf(out, "{\"value\": %" PRIu64 ", ", graph->memory_limit);
	put_key(out, "file", graph->memory_limit_file);
	fputc('}', out);
}

static void put_initiator(
	FILE *out, const struct hms_graph *graph, unsigned index)
{
	const struct hms_initiator *initiator = &graph->initiators[index];

	put_key(out, "id", initiator->id);
	fputs(", \"aliases\": [", out);
	for (unsigned i = 0; i < initiator->naliases; i++) {
		fputs(i ? ", " : "", out);
		put_string(out, initiator->aliases[i]);
	}
	fputs("], ", out);
	put_key(out, "name", initiator->name);
	fputs(", ", out);
	put_key(out, "kind", hms_initiator_kind_name(initiator->kind));
	put_index(out, "node", initiator->node);
	fputs(", ", out);
	put_key(out, "cpus", initiator->cpus);
}

static void put_perf(FILE *out, const struct hms_perf *perf)
{
	for (unsigned m = 0; m < HMS_MEASURES; m++)
		put_number(out, hms_measure_name((enum hms_measure)m),
			perf->value[m], perf->origin[m]);
}

static void put_initiators(FILE *out, const struct hms_graph *graph,
	const unsigned *list, unsigned n)
{
	fputs(", \"initiators\": [", out);
	for (unsigned i = 0; i < n; i++) {
		fputs(i ? ", " : "", out);
		put_string(out, graph->initiators[list[i]].id);
	}
	fputc(']', out);
}

static void put_link(FILE *out, const struct hms_graph *graph, unsigned index)
{
	const struct hms_link *link = &graph->links[index];

	put_key(out, "id", link->id);
	put_initiators(out, graph, link->initiators, link->ninitiators);
	fputs(", \"targets\": [", out);
	for (unsigned i = 0; i < link->ntargets; i++) {
		fputs(i ? ", " : "", out);
		put_string(out, graph->targets[link->targets[i]].id);
	}
	fprintf(out, "], \"coherent\": %s", link->coherent ? "true" : "false");
	put_perf(out, &link->perf);
}

static void put_bridge(FILE *out, const struct hms_graph *graph, unsigned index)
{
	const struct hms_bridge *bridge = &graph->bridges[index];

	put_key(out, "id", bridge->id);
	fputs(", ", out);
	put_key(out, "from", graph->links[bridge->from].id);
	fputs(", ", out);
	put_key(out, "to", graph->links[bridge->to].id);
	/* Nobody in particular: everyone who gets there. */
	put_initiators(out, graph, bridge->initiators, bridge->ninitiators);
	fprintf(out, ", \"coherent\": %s", bridge->coherent ? "true" : "false");
	put_perf(out, &bridge->perf);
}

/* The links of a way, from the initiator to the target. */
static void put_path(FILE *out, const struct hms_graph *graph,
	const struct hms_path *path, const char *best)
{
	fprintf(out, ", \"best\": [%s], \"links\": [", best);
	for (unsigned i = 0; i < path->nlinks; i++) {
		fputs(i ? ", " : "", out);
		put_string(out, graph->links[path->links[i]].id);
	}
	fprintf(out, "], \"coherent\": %s", path->coherent ? "true" : "false");
	put_perf(out, &path->perf);
}

static bool same(const struct hms_path *a, const struct hms_path *b)
{
	return a->nlinks == b->nlinks &&
	       !memcmp(a->links, b->links, a->nlinks * sizeof(a->links[0])) &&
	       (a->nlinks < 2 ||
		       !memcmp(a->bridges, b->bridges,
			       (a->nlinks - 1) * sizeof(a->bridges[0])));
}

static void put_paths(FILE *out, const struct hms_graph *graph,
	unsigned initiator, struct hms_path *near, struct hms_path *wide,
	const char **join)
{
	const struct hms_path_wish nearest = { HMS_LATENCY, HMS_READ_WRITE,
		true };
	const struct hms_path_wish widest = { HMS_BANDWIDTH, HMS_READ_WRITE,
		true };

	if (hms_paths_from(graph, initiator, &nearest, near) ||
		hms_paths_from(graph, initiator, &widest, wide))
		return;
	for (unsigned t = 0; t < graph->ntargets; t++) {
		bool both = same(&near[t], &wide[t]);

		for (unsigned i = 0; near[t].nlinks && i < (both ? 1u : 2u);
			i++) {
			fprintf(out, "%s    {", *join);
			*join = ",\n";
			put_key(out, "initiator",
				graph->initiators[initiator].id);
			fputs(", ", out);
			put_key(out, "target", graph->targets[t].id);
			put_path(out, graph, i ? &wide[t] : &near[t],
				both ? "\"latency\", \"bandwidth\""
				: i  ? "\"bandwidth\""
				     : "\"latency\"");
			fputc('}', out);
		}
	}
}

/* An array of objects, one per line. */
static void put_array(FILE *out, const struct hms_graph *graph,
	const char *name, unsigned count, const unsigned *order,
	void (*put)(FILE *out, const struct hms_graph *graph, unsigned index))
{
	fprintf(out, ",\n  \"%s\": [", name);
	for (unsigned i = 0; i < count; i++) {
		fputs(i ? ",\n    {" : "\n    {", out);
		put(out, graph, order ? order[i] : i);
		fputc('}', out);
	}
	fputs(count ? "\n  ]" : "]", out);
}

void list_json(const struct tool_machine *machine, FILE *out)
{
	const struct hms_graph *graph = machine->graph;
	struct hms_path *near = tool_alloc(graph->ntargets, sizeof(*near));
	struct hms_path *wide = tool_alloc(graph->ntargets, sizeof(*wide));
	const char *join = "\n";

	fprintf(out, "{\n  \"hms_topology\": %d", SCHEMA);
	put_limit(out, graph);
	put_array(out, graph, "targets", graph->ntargets, NULL, put_target);
	put_array(out, graph, "initiators", graph->ninitiators, NULL,
		put_initiator);
	put_array(out, graph, "links", graph->nlinks, machine->links, put_link);
	put_array(out, graph, "bridges", graph->nbridges, machine->bridges,
		put_bridge);
	fputs(",\n  \"paths\": [", out);
	for (unsigned i = 0; i < graph->ninitiators; i++)
		put_paths(out, graph, i, near, wide, &join);
	fputs(join[0] == ',' ? "\n  ]" : "]", out);
	fputs(",\n  \"findings\": [", out);
	for (unsigned i = 0; i < graph->nfindings; i++) {
		fputs(i ? ",\n    " : "\n    ", out);
		put_string(out, graph->findings[i]);
	}
	fputs(graph->nfindings ? "\n  ]" : "]", out);
	fprintf(out, ",\n  \"findings_lost\": %u\n}\n", graph->nlost);
	free(near);
	free(wide);
}
