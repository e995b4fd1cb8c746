/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree: CPUs, with the memories and devices next to them.
 */
#include "tools/list/list.h"

#include <string.h>

#include "base/text.h"
#include "tools/grid.h"

enum { MACHINE, WHAT, SIZE, LATENCY, BANDWIDTH, ABOUT };

struct tree {
	const struct tool_machine *machine;
	const struct list_style *style;
	struct grid grid;
};

char list_origin_letter(enum hms_origin origin)
{
	return origin == HMS_UNKNOWN ? '-' : hms_origin_name(origin)[0];
}

const char *list_kind_colour(const struct list_style *style, enum hms_kind kind)
{
	static const char *const colours[HMS_KINDS] = {
		[HMS_KIND_DRAM] = "\033[32m",
		[HMS_KIND_HBM] = "\033[31m",
		[HMS_KIND_CXL] = "\033[34m",
		[HMS_KIND_PMEM] = "\033[33m",
		[HMS_KIND_GPU] = "\033[35m",
		[HMS_KIND_FILE] = "\033[36m",
	};

	return style->colours ? colours[kind] : NULL;
}

const char *list_value(uint32_t value, enum hms_origin origin, char *buf)
{
	if (value)
		snprintf(buf, 24, "%u %c", value, list_origin_letter(origin));
	else
		strcpy(buf, "?");
	return buf;
}

static void put_about(struct tree *tree, const struct hms_memory *memory)
{
	char buf[256] = "";
	struct hms_text text = HMS_TEXT(buf);

	if (memory->name)
		hms_text_add(&text, "%s", memory->name);
	if (memory->device)
		hms_text_add(
			&text, "%s%s", text.len ? ", " : "", memory->device);
	if (!memory->allowed)
		hms_text_add(&text, "%snot allowed to this process",
			text.len ? ", " : "");
	grid_put(&tree->grid, ABOUT, NULL, "%s", buf);
}

static void add_target(
	struct tree *tree, unsigned target, int initiator, unsigned depth)
{
	const struct hms_memory *memory =
		&tree->machine->graph->targets[target];
	const char *colour = list_kind_colour(tree->style, memory->kind);
	bool guessed = memory->origin[HMS_FIELD_KIND] == HMS_GUESSED;
	const struct tool_cell *cell;
	char buf[24];

	grid_row(&tree->grid);
	grid_put(&tree->grid, MACHINE, colour, "%*s%s", (int)(2 * depth), "",
		memory->id);
	grid_put(&tree->grid, WHAT, colour, "%s%s", hms_kind_name(memory->kind),
		guessed ? "?" : "");
	if (memory->origin[HMS_FIELD_SIZE] != HMS_UNKNOWN)
		grid_put(&tree->grid, SIZE, NULL, "%s",
			hms_text_human(memory->size, buf));
	put_about(tree, memory);
	if (initiator < 0)
		return;
	cell = tool_machine_cell(tree->machine, (unsigned)initiator, target);
	if (!cell->nlinks)
		return;
	grid_put(&tree->grid, LATENCY, NULL, "%s",
		list_value(cell->latency, cell->latency_origin, buf));
	grid_put(&tree->grid, BANDWIDTH, NULL, "%s",
		list_value(cell->bandwidth, cell->bandwidth_origin, buf));
}

static void add_targets(struct tree *tree, int initiator, unsigned depth)
{
	for (unsigned t = 0; t < tree->machine->graph->ntargets; t++)
		if (tree->machine->beside[t] == initiator)
			add_target(tree, t, initiator, depth);
}

static void add_initiator(struct tree *tree, unsigned index, unsigned depth)
{
	const struct hms_initiator *at =
		&tree->machine->graph->initiators[index];
	char buf[256] = "";
	struct hms_text about = HMS_TEXT(buf);

	grid_row(&tree->grid);
	grid_put(&tree->grid, MACHINE, tree->style->colours ? "\033[1m" : NULL,
		"%*s%s", (int)(2 * depth), "", at->id);
	if (at->kind == HMS_INITIATOR_CPU && at->cpus)
		grid_put(&tree->grid, WHAT, NULL, "CPUs %s", at->cpus);
	else
		grid_put(&tree->grid, WHAT, NULL, "%s",
			hms_initiator_kind_name(at->kind));
	if (at->name)
		hms_text_add(&about, "%s", at->name);
	for (unsigned i = 0; i < at->naliases; i++)
		if (at->kind != HMS_INITIATOR_CPU)
			hms_text_add(&about, "%s%s", about.len ? ", " : "",
				at->aliases[i]);
	grid_put(&tree->grid, ABOUT, NULL, "%s", buf);
	add_targets(tree, (int)index, depth + 1);
	for (unsigned i = 0; i < tree->machine->graph->ninitiators; i++)
		if (tree->machine->near[i] == (int)index)
			add_initiator(tree, i, depth + 1);
}

static void add_rest(struct tree *tree)
{
	const struct hms_graph *graph = tree->machine->graph;

	for (unsigned i = 0; i < graph->ninitiators; i++)
		if (graph->initiators[i].kind != HMS_INITIATOR_CPU &&
			tree->machine->near[i] < 0)
			add_initiator(tree, i, 0);
	for (unsigned t = 0; t < graph->ntargets; t++) {
		int nearest = tool_machine_nearest(tree->machine, t);

		if (tree->machine->beside[t] != TOOL_NOWHERE)
			continue;
		add_target(tree, t, nearest, 0);
	}
}

void list_tree(const struct tool_machine *machine,
	const struct list_style *style, FILE *out)
{
	static const struct grid_column columns[] = {
		[MACHINE] = { "MACHINE", false, 0, false },
		[WHAT] = { "WHAT", false, 0, true },
		[SIZE] = { "SIZE", true, 0, false },
		[LATENCY] = { "ns", true, 0, false },
		[BANDWIDTH] = { "MB/s", true, 0, false },
		[ABOUT] = { "ABOUT", false, 0, true },
	};
	struct tree tree = { .machine = machine, .style = style };

	grid_open(&tree.grid, columns, 6);
	for (unsigned i = 0; i < machine->graph->ninitiators; i++)
		if (machine->graph->initiators[i].kind == HMS_INITIATOR_CPU)
			add_initiator(&tree, i, 0);
	add_rest(&tree);
	grid_print(&tree.grid, out, style->width);
	grid_close(&tree.grid);
}
