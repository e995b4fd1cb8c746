/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects of a graph as lines of text. */
#include "engine/topology/text.h"

#include <string.h>

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || (c && strchr(":.-_/+", c));
}

/* As it is, or quoted if anything in it means something. */
static void put_word(struct hms_text *text, const char *word)
{
	const char *s = word;

	while (is_plain(*s))
		s++;
	if (!*s && s > word) {
		hms_text_put(text, word, (size_t)(s - word));
		return;
	}
	hms_text_put(text, "\"", 1);
	for (s = word; *s; s++) {
		unsigned c = (unsigned char)*s;

		if (c < ' ' || c == 0x7f)
			hms_text_add(text, "\\x%02x", c);
		else if (c == '"' || c == '\\')
			hms_text_add(text, "\\%c", (int)c);
		else
			hms_text_put(text, s, 1);
	}
	hms_text_put(text, "\"", 1);
}

static void put_text(struct hms_text *text, const char *key, const char *value)
{
	if (!value)
		return;
	hms_text_add(text, " %s=", key);
	put_word(text, value);
}

static void put_origin(struct hms_text *text, unsigned origin)
{
	hms_text_add(text, "@%s", hms_origin_name((enum hms_origin)origin));
}

/* Exact: with the largest suffix that leaves a whole number. */
static void put_size(struct hms_text *text, const char *key, uint64_t bytes)
{
	static const char suffixes[] = "KMGT";
	unsigned n = 0;

	while (bytes && n < 4 && bytes % 1024 == 0) {
		bytes /= 1024;
		n++;
	}
	hms_text_add(text, " %s=%llu", key, (unsigned long long)bytes);
	if (n)
		hms_text_put(text, &suffixes[n - 1], 1);
}

static void put_bool(struct hms_text *text, const char *key, bool value)
{
	hms_text_add(text, " %s=%s", key, value ? "yes" : "no");
}

void hms_topology_put_target(
	struct hms_text *text, const struct hms_graph *graph, unsigned target)
{
	const struct hms_memory *memory = &graph->targets[target];
	const uint8_t *origin = memory->origin;

	hms_text_add(text, "v1 target ");
	put_word(text, memory->id);
	if (origin[HMS_FIELD_KIND]) {
		hms_text_add(text, " kind=%s", hms_kind_name(memory->kind));
		put_origin(text, origin[HMS_FIELD_KIND]);
	}
	if (origin[HMS_FIELD_NODE]) {
		if (memory->node < 0)
			hms_text_add(text, " node=none");
		else
			hms_text_add(text, " node=%d", memory->node);
		put_origin(text, origin[HMS_FIELD_NODE]);
	}
	if (origin[HMS_FIELD_SIZE]) {
		put_size(text, "size", memory->size);
		put_origin(text, origin[HMS_FIELD_SIZE]);
	}
	if (memory->free)
		put_size(text, "free", memory->free);
	if (origin[HMS_FIELD_GRANULARITY]) {
		put_size(text, "granularity", memory->granularity);
		put_origin(text, origin[HMS_FIELD_GRANULARITY]);
	}
	if (origin[HMS_FIELD_MANAGER]) {
		hms_text_add(text, " manager=%s",
			memory->manager == HMS_MANAGED_BY_KERNEL ? "kernel"
								 : "driver");
		put_origin(text, origin[HMS_FIELD_MANAGER]);
	}
	for (unsigned i = 0; i < HMS_PROPERTIES; i++) {
		if (!origin[HMS_FIELD_PROPERTY + i])
			continue;
		put_bool(text, hms_property_name(i),
			memory->properties & 1u << i);
		put_origin(text, origin[HMS_FIELD_PROPERTY + i]);
	}
	if (memory->tier >= 0)
		hms_text_add(text, " tier=%d", memory->tier);
	if (!memory->allowed)
		put_bool(text, "allowed", false);
	put_text(text, "device", memory->device);
	put_text(text, "name", memory->name);
	hms_text_put(text, "\n", 1);
}

void hms_topology_put_initiator(struct hms_text *text,
	const struct hms_graph *graph, unsigned initiator)
{
	const struct hms_initiator *at = &graph->initiators[initiator];

	hms_text_add(text, "v1 initiator ");
	put_word(text, at->id);
	hms_text_add(text, " kind=%s", hms_initiator_kind_name(at->kind));
	if (at->node >= 0)
		hms_text_add(text, " node=%d", at->node);
	put_text(text, "cpus", at->cpus);
	for (unsigned i = 0; i < at->naliases; i++) {
		hms_text_add(text, i ? "," : " aliases=");
		put_word(text, at->aliases[i]);
	}
	put_text(text, "name", at->name);
	hms_text_put(text, "\n", 1);
}

/* Read and write in one where they agree. */
static void put_perf(struct hms_text *text, const struct hms_perf *perf)
{
	for (unsigned m = 0; m < HMS_MEASURES; m++) {
		const char *name = hms_measure_name((enum hms_measure)m);
		bool wide = m >= HMS_READ_BANDWIDTH;

		if (!perf->origin[m])
			continue;
		if (!(m & 1) && perf->value[m] == perf->value[m + 1] &&
			perf->origin[m] == perf->origin[m + 1])
			name = wide ? "bandwidth" : "latency";
		hms_text_add(text, " %s=%u%s", name, perf->value[m],
			wide ? "MB/s" : "ns");
		put_origin(text, perf->origin[m]);
		if (name[0] == 'b' || name[0] == 'l')
			m++;
	}
}

static void put_initiators(struct hms_text *text, const struct hms_graph *graph,
	const unsigned *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		hms_text_add(text, i ? "," : " initiators=");
		put_word(text, graph->initiators[list[i]].id);
	}
}

void hms_topology_put_link(
	struct hms_text *text, const struct hms_graph *graph, unsigned link)
{
	const struct hms_link *at = &graph->links[link];

	hms_text_add(text, "v1 link ");
	put_word(text, at->id);
	put_initiators(text, graph, at->initiators, at->ninitiators);
	for (unsigned i = 0; i < at->ntargets; i++) {
		hms_text_add(text, i ? "," : " targets=");
		put_word(text, graph->targets[at->targets[i]].id);
	}
	/* Or it could be read as the link of a pair. */
	if (!at->ninitiators && !at->ntargets)
		hms_text_add(text, " targets=");
	put_perf(text, &at->perf);
	if (!at->coherent)
		put_bool(text, "coherent", false);
	hms_text_put(text, "\n", 1);
}

void hms_topology_put_bridge(
	struct hms_text *text, const struct hms_graph *graph, unsigned bridge)
{
	const struct hms_bridge *at = &graph->bridges[bridge];

	hms_text_add(text, "v1 bridge");
	if (at->id) {
		hms_text_put(text, " ", 1);
		put_word(text, at->id);
	}
	hms_text_add(text, " from=");
	put_word(text, graph->links[at->from].id);
	hms_text_add(text, " to=");
	put_word(text, graph->links[at->to].id);
	put_initiators(text, graph, at->initiators, at->ninitiators);
	put_perf(text, &at->perf);
	if (!at->coherent)
		put_bool(text, "coherent", false);
	hms_text_put(text, "\n", 1);
}
