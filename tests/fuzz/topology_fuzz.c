/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds the text form of topologies whatever libFuzzer finds interesting, as
 * a recording and as overrides of one, and checks what must hold of every
 * result:
 *  - indexes are in range, lists ascend, bridges are sorted;
 *  - each finding names the source;
 *  - written and read again it is the same, without findings;
 *  - paths begin and end where they should.
 * The arena is one of malloc, and runs dry where the input says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/files.h"
#include "engine/topology/path.h"
#include "engine/topology/text.h"
#include "tests/fuzz/fuzz.h"

/* In the place of config/files.c, which the form itself has no need of. */
int hms_file_read_most(const char *path, size_t most, struct hms_arena *arena,
	struct hms_file *out)
{
	(void)path;
	(void)most;
	(void)arena;
	(void)out;
	return -ENOENT;
}

const char *hms_file_error(int error)
{
	(void)error;
	return "";
}

static void check_list(const unsigned *list, unsigned n, unsigned below)
{
	for (unsigned i = 0; i < n; i++) {
		fuzz_require(list[i] < below, "what is on a list is there");
		fuzz_require(!i || list[i - 1] < list[i], "lists ascend");
	}
}

static void check_graph(const struct hms_graph *graph)
{
	for (unsigned i = 0; i < graph->nlinks; i++) {
		const struct hms_link *link = &graph->links[i];

		check_list(link->targets, link->ntargets, graph->ntargets);
		check_list(link->initiators, link->ninitiators,
			graph->ninitiators);
		fuzz_require(graph->first[i] <= graph->first[i + 1],
			"bridges are sorted");
		for (unsigned k = graph->first[i]; k < graph->first[i + 1]; k++)
			fuzz_require(graph->bridges[k].from == i,
				"bridges are found");
	}
	fuzz_require(graph->first[graph->nlinks] == graph->nbridges,
		"all bridges are found");
	for (unsigned i = 0; i < graph->nbridges; i++) {
		const struct hms_bridge *bridge = &graph->bridges[i];

		fuzz_require(bridge->to < graph->nlinks, "a bridge ends");
		check_list(bridge->initiators, bridge->ninitiators,
			graph->ninitiators);
	}
	for (unsigned i = 0; i < graph->ntargets; i++)
		fuzz_require(
			hms_graph_target(graph, graph->targets[i].id) == (int)i,
			"a target is found");
	for (unsigned i = 0; i < graph->ninitiators; i++)
		fuzz_require(hms_graph_initiator(
				     graph, graph->initiators[i].id) == (int)i,
			"an initiator is found");
	for (unsigned i = 0; i < graph->nfindings; i++)
		fuzz_require(!strncmp(graph->findings[i], "fuzz:", 5),
			"a finding names its source");
}

static void check_paths(const struct hms_graph *graph)
{
	static const struct hms_path_wish wish = { HMS_BANDWIDTH,
		HMS_READ_WRITE, true };
	struct hms_path *paths = calloc(graph->ntargets + 1, sizeof(*paths));

	for (unsigned i = 0; paths && i < graph->ninitiators && i < 8; i++) {
		if (hms_paths_from(graph, i, &wish, paths))
			continue;
		for (unsigned t = 0; t < graph->ntargets; t++) {
			const struct hms_path *path = &paths[t];
			const struct hms_link *link;

			if (!path->nlinks)
				continue;
			link = &graph->links[path->links[0]];
			fuzz_require(hms_listed(link->initiators,
					     link->ninitiators, i),
				"a path begins at its initiator");
			link = &graph->links[path->links[path->nlinks - 1]];
			fuzz_require(
				hms_listed(link->targets, link->ntargets, t),
				"a path ends at its target");
		}
	}
	free(paths);
}

static struct hms_text put_all(
	const struct hms_graph *graph, char *buf, size_t size)
{
	struct hms_text text = { buf, size, 0, false };

	buf[0] = 0;
	for (unsigned i = 0; i < graph->ntargets; i++)
		hms_topology_put_target(&text, graph, i);
	for (unsigned i = 0; i < graph->ninitiators; i++)
		hms_topology_put_initiator(&text, graph, i);
	for (unsigned i = 0; i < graph->nlinks; i++)
		hms_topology_put_link(&text, graph, i);
	for (unsigned i = 0; i < graph->nbridges; i++)
		hms_topology_put_bridge(&text, graph, i);
	fuzz_require(!text.cut, "a short text makes a short graph");
	return text;
}

/* Each half of a text with a 0 byte in it; the second is of overrides. */
static struct hms_graph *parse(
	const char *text, size_t len, enum hms_origin origin)
{
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);
	const char *half = memchr(text, 0, len);
	struct hms_topology_source source = {
		.name = "fuzz",
		.text = text,
		.len = half ? (size_t)(half - text) : len,
		.origin = origin,
		.define = true,
	};

	if (!b)
		return NULL;
	hms_topology_parse(b, &source);
	if (half) {
		source.text = half + 1;
		source.len = len - (size_t)(half + 1 - text);
		source.origin = HMS_USER;
		source.define = false;
		hms_topology_parse(b, &source);
	}
	return hms_builder_finish(b);
}

static void check_again(const struct hms_graph *graph)
{
	static char first[1 << 20], second[sizeof(first)];
	struct hms_text text = put_all(graph, first, sizeof(first)), text2;
	struct hms_graph *again = parse(first, text.len, HMS_GUESSED);

	fuzz_require(again != NULL, "there is memory");
	fuzz_require(!again->nfindings, "what is written can be read");
	text2 = put_all(again, second, sizeof(second));
	fuzz_require(text.len == text2.len && !memcmp(first, second, text.len),
		"what is read is what was written");
	hms_graph_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hms_graph *graph;
	char *copy;

	fuzz_pieces_left = -1;
	/* A last byte that is no ASCII says after how much memory ends. */
	if (size && data[size - 1] >= 0x80)
		fuzz_pieces_left = (data[--size] & 0x7f) * 2;
	copy = malloc(size ? size : 1);
	if (!copy)
		abort();
	memcpy(copy, data, size);
	graph = parse(copy, size, HMS_DRIVER);
	free(copy);
	fuzz_pieces_left = -1;
	if (!graph)
		return 0;
	check_graph(graph);
	check_paths(graph);
	check_again(graph);
	hms_graph_free(graph);
	return 0;
}
