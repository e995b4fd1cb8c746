/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/list/list.h"

#include <getopt.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "tools/cmd.h"
#include "tools/grid.h"

enum list_format { PEOPLE, JSON, SVG, TEXT, XML };

struct list_options {
	const char *root;
	const char *record; /* folder, or NULL */
	enum list_format format;
	unsigned formats; /* how many were asked for */
	bool watch;
	struct list_style style;
};

/* The letters of origins that the tables have. */
static void print_legend(const struct tool_machine *machine,
	const struct list_style *style, FILE *out)
{
	const struct hms_graph *graph = machine->graph;
	size_t ncells = (size_t)graph->ninitiators * graph->ntargets;
	bool seen[HMS_ORIGINS] = { 0 };
	const char *join = "\nFrom: ";

	for (size_t i = 0; i < ncells; i++) {
		seen[machine->cells[i].latency_origin] = true;
		seen[machine->cells[i].bandwidth_origin] = true;
	}
	for (unsigned i = 0; i < graph->nlinks; i++)
		for (unsigned m = 0; m < HMS_MEASURES; m++)
			seen[graph->links[i].perf.origin[m]] = true;
	for (unsigned i = 0; i < graph->nbridges; i++)
		for (unsigned m = 0; m < HMS_MEASURES; m++)
			seen[graph->bridges[i].perf.origin[m]] = true;
	for (unsigned i = HMS_UNKNOWN + 1; i < HMS_ORIGINS; i++) {
		if (!seen[i])
			continue;
		fprintf(out, "%s%c %s", join,
			list_origin_letter((enum hms_origin)i),
			hms_origin_name((enum hms_origin)i));
		join = ", ";
	}
	fprintf(out, "%s? not known\n", join);
	if (!style->verbose)
		fputs("Of reads and writes, the worse.\n", out);
	fputs("Props: c coherent, p persistent, a for CPUs, h hot-pluggable, "
	      "x not for you\n",
		out);
}

static void print_limit(const struct hms_graph *graph, FILE *out)
{
	const char *file = graph->memory_limit_file;
	char human[16];

	if (graph->memory_limit)
		fprintf(out, "This process may use %s in all (cgroup %s)\n",
			hms_text_human(graph->memory_limit, human),
			strrchr(file, '/') ? strrchr(file, '/') + 1 : file);
}

static void print_people(const struct tool_machine *machine,
	const struct list_style *style, FILE *out)
{
	list_tree(machine, style, out);
	fputc('\n', out);
	list_targets(machine, style, out);
	print_limit(machine->graph, out);
	fputc('\n', out);
	if (style->verbose)
		list_huge_pages(machine, style, out);
	list_ways(machine, style, out);
	fputc('\n', out);
	list_matrix(machine, style, out);
	print_legend(machine, style, out);
}

static void print(const struct list_show *show, const struct hms_graph *graph)
{
	const struct list_options *options = show->arg;
	struct tool_machine machine;

	tool_machine_findings(graph);
	tool_machine_open(&machine, graph);
	switch (options->format) {
	case PEOPLE:
		print_people(&machine, &options->style, stdout);
		break;
	case JSON:
		list_json(&machine, stdout);
		break;
	case SVG:
		list_svg(&machine, stdout);
		break;
	case TEXT:
		list_text(&machine, stdout);
		break;
	case XML:
		list_xml(&machine, stdout);
		break;
	}
	tool_machine_close(&machine);
}

static int list(const struct list_options *options)
{
	const struct list_show show = { print, options,
		options->format == PEOPLE ? stdout : stderr };
	struct hms_graph *graph;
	int status;

	if (options->record)
		return list_record(options->root, options->record);
	if (options->watch)
		return list_watch(options->root, &show);
	status = tool_machine_read("list", options->root, &graph);
	if (status)
		return status;
	print(&show, graph);
	hms_graph_free(graph);
	return EX_OK;
}

static void set_format(struct list_options *options, enum list_format format)
{
	options->format = format;
	options->formats++;
}

/* False: they make no sense. */
static bool parse(int argc, char **argv, struct list_options *options)
{
	static const struct option names[] = {
		{ "topology", required_argument, NULL, 't' },
		{ "record", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "svg", no_argument, NULL, 's' },
		{ "text", no_argument, NULL, 'T' },
		{ "xml", no_argument, NULL, 'x' },
		{ "watch", no_argument, NULL, 'w' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+v", names, NULL)) != -1) {
		switch (option) {
		case 't':
			options->root = tool_machine_root(optarg);
			break;
		case 'r':
			options->record = optarg;
			break;
		case 'j':
			set_format(options, JSON);
			break;
		case 's':
			set_format(options, SVG);
			break;
		case 'T':
			set_format(options, TEXT);
			break;
		case 'x':
			set_format(options, XML);
			break;
		case 'w':
			options->watch = true;
			break;
		case 'v':
			options->style.verbose = true;
			break;
		default:
			return false;
		}
	}
	return optind == argc && options->formats <= 1 &&
	       !(options->record && (options->formats || options->watch));
}

int hms_cmd_list(int argc, char **argv)
{
	struct list_options options = { .root = tool_machine_root(NULL) };

	if (!parse(argc, argv, &options))
		return hms_usage("list");
	options.style.width = grid_width(stdout);
	options.style.colours = grid_colours(stdout);
	return list(&options);
}
