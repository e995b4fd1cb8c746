/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "Where should this run?": who is nearest to a memory.
 */
#include "tools/machine.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "engine/topology/rank.h"
#include "tools/cmd.h"
#include "tools/grid.h"
#include "tools/list/list.h"

/* More of them only when asked for. */
#define INITIATORS_SHOWN 32
#define TARGETS_SHOWN 16

enum { INITIATOR, LATENCY, BANDWIDTH, CPUS, WAY };

static void put_value(struct grid *grid, unsigned column,
	const struct hms_perf *perf, enum hms_need need)
{
	enum hms_origin origin = HMS_UNKNOWN;
	uint32_t value = hms_perf_value(perf, need, HMS_READ_WRITE, &origin);
	char buf[24];

	grid_put(grid, column, NULL, "%s", list_value(value, origin, buf));
}

static void add_row(struct grid *grid, const struct hms_graph *graph,
	const struct hms_nearness *near)
{
	const struct hms_initiator *at = &graph->initiators[near->initiator];
	char buf[256] = "";
	struct hms_text way = HMS_TEXT(buf);

	grid_row(grid);
	grid_put(grid, INITIATOR, NULL, "%s", at->id);
	put_value(grid, LATENCY, &near->path.perf, HMS_LATENCY);
	put_value(grid, BANDWIDTH, &near->path.perf, HMS_BANDWIDTH);
	for (unsigned i = 0; i < near->path.nlinks; i++)
		hms_text_add(&way, "%s%s", i ? " > " : "",
			graph->links[near->path.links[i]].id);
	grid_put(grid, WAY, NULL, "%s%s", buf,
		near->path.coherent ? "" : " (not coherent)");
	if (at->cpus)
		grid_put(grid, CPUS, NULL, "%s", at->cpus);
	else if (at->kind != HMS_INITIATOR_CPU && tool_machine_alias(at))
		grid_put(grid, CPUS, NULL, "(%s)", tool_machine_alias(at));
}

static void print_left(unsigned all, unsigned shown, const char *what)
{
	if (all > shown)
		printf("and %u more %s (-v shows all)\n", all - shown, what);
}

/* False if nobody reaches it. */
static bool print_target(const struct hms_graph *graph, unsigned target,
	struct hms_nearness *near, bool verbose)
{
	static const struct grid_column columns[] = {
		[INITIATOR] = { "FROM", false, 0, false },
		[LATENCY] = { "ns", true, 0, false },
		[BANDWIDTH] = { "MB/s", true, 0, false },
		[CPUS] = { "CPUS", false, 0, true },
		[WAY] = { "WAY", false, 0, true },
	};
	const struct hms_memory *memory = &graph->targets[target];
	unsigned n = hms_rank_initiators(graph, target, near);
	struct grid grid;
	char human[16];

	printf("%s  %s, %s%s%s\n", memory->id, hms_kind_name(memory->kind),
		memory->origin[HMS_FIELD_SIZE] == HMS_UNKNOWN
			? "size not known"
			: hms_text_human(memory->size, human),
		memory->name ? ", " : "", memory->name ? memory->name : "");
	if (!n) {
		puts("no initiator reaches it");
		return false;
	}
	grid_open(&grid, columns, 5);
	for (unsigned i = 0; i < n && (verbose || i < INITIATORS_SHOWN); i++)
		add_row(&grid, graph, &near[i]);
	grid_print(&grid, stdout, grid_width(stdout));
	print_left(n, grid.nrows, "initiators");
	grid_close(&grid);
	for (unsigned i = 0; i < n; i++) {
		const char *cpus = graph->initiators[near[i].initiator].cpus;

		if (!cpus || !*cpus)
			continue;
		printf("nearest: taskset -c %s PROGRAM\n", cpus);
		break;
	}
	return true;
}

static int unknown(const struct hms_graph *graph, const char *name)
{
	const char **names =
		tool_alloc(graph->ntargets + HMS_KINDS, sizeof(*names));
	const char *near;
	unsigned n = 0;

	for (unsigned t = 0; t < graph->ntargets; t++)
		names[n++] = graph->targets[t].id;
	for (unsigned k = 0; k < HMS_KINDS; k++)
		names[n++] = hms_kind_name((enum hms_kind)k);
	near = hms_text_nearest(name, names, n);
	fprintf(stderr, "hms where: this machine has no memory \"%s\"", name);
	if (near)
		fprintf(stderr, "; did you mean \"%s\"?", near);
	fputs("\nhms where: `hms list` shows what it has\n", stderr);
	free(names);
	return EX_DATAERR;
}

static int find_kind(const char *name)
{
	for (int k = 0; k < HMS_KINDS; k++)
		if (!strcmp(hms_kind_name((enum hms_kind)k), name))
			return k;
	return -1;
}

/* The target of this name, or all of this kind. */
static int where(const struct hms_graph *graph, const char *name, bool verbose)
{
	struct hms_nearness *near =
		tool_alloc(graph->ninitiators, sizeof(*near));
	int target = hms_graph_target(graph, name), kind = find_kind(name);
	unsigned found = 0, shown = 0, reached = 0;

	for (unsigned t = 0; t < graph->ntargets; t++) {
		if (target >= 0 ? (int)t != target
				: (int)graph->targets[t].kind != kind)
			continue;
		found++;
		if (shown == TARGETS_SHOWN && !verbose)
			continue;
		if (shown++)
			putchar('\n');
		reached += print_target(graph, t, near, verbose);
	}
	print_left(found, shown, "of this kind");
	free(near);
	if (!found)
		return unknown(graph, name);
	return reached ? EX_OK : EX_UNAVAILABLE;
}

int hms_cmd_where(int argc, char **argv)
{
	static const struct option names[] = {
		{ "topology", required_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	const char *root = tool_machine_root(NULL);
	struct hms_graph *graph;
	bool verbose = false;
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "v", names, NULL)) != -1) {
		if (option == 't')
			root = tool_machine_root(optarg);
		else if (option == 'v')
			verbose = true;
		else
			return hms_usage("where");
	}
	if (optind + 1 != argc)
		return hms_usage("where");
	status = tool_machine_read("where", root, &graph);
	if (status)
		return status;
	tool_machine_findings(graph);
	status = where(graph, argv[optind], verbose);
	hms_graph_free(graph);
	return status;
}
