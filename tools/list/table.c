/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables: targets with all that is known of them, and the ways.
 */
#include "tools/list/list.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "tools/grid.h"

#define WAYS_SHOWN 24 /* more of them only when asked for */

enum { TARGET, KIND, SIZE, FREE, MANAGER, TIER, PROPS, LATENCY, BANDWIDTH };

/* "c.a." and so on, a letter for each property; x: not for this process. */
static const char *properties(const struct hms_memory *memory, char *buf)
{
	static const char letters[HMS_PROPERTIES + 1] = "cpah";

	for (unsigned i = 0; i < HMS_PROPERTIES; i++)
		buf[i] = hms_memory_has(memory, (enum hms_property)(1 << i))
				 ? letters[i]
				 : '.';
	strcpy(buf + HMS_PROPERTIES, memory->allowed ? "" : "x");
	return buf;
}

/* The best of any initiator. */
static struct tool_cell best(
	const struct tool_machine *machine, unsigned target)
{
	struct tool_cell best = { 0 };

	for (unsigned i = 0; i < machine->graph->ninitiators; i++) {
		const struct tool_cell *cell =
			tool_machine_cell(machine, i, target);

		if (!cell->nlinks)
			continue;
		best.nlinks = 1;
		if (cell->latency &&
			(!best.latency || cell->latency < best.latency)) {
			best.latency = cell->latency;
			best.latency_origin = cell->latency_origin;
		}
		if (cell->bandwidth > best.bandwidth) {
			best.bandwidth = cell->bandwidth;
			best.bandwidth_origin = cell->bandwidth_origin;
		}
	}
	return best;
}

static void add_target(struct grid *grid, const struct tool_machine *machine,
	const struct list_style *style, unsigned target)
{
	const struct hms_memory *memory = &machine->graph->targets[target];
	const char *colour = list_kind_colour(style, memory->kind);
	struct tool_cell cell = best(machine, target);
	char buf[24];

	grid_row(grid);
	grid_put(grid, TARGET, colour, "%s", memory->id);
	grid_put(grid, KIND, colour, "%s%s", hms_kind_name(memory->kind),
		memory->origin[HMS_FIELD_KIND] == HMS_GUESSED ? "?" : "");
	if (memory->origin[HMS_FIELD_SIZE] != HMS_UNKNOWN)
		grid_put(grid, SIZE, NULL, "%s",
			hms_text_human(memory->size, buf));
	else
		grid_put(grid, SIZE, NULL, "?");
	if (memory->free)
		grid_put(grid, FREE, NULL, "%s",
			hms_text_human(memory->free, buf));
	else
		grid_put(grid, FREE, NULL, "?");
	grid_put(grid, MANAGER, NULL, "%s",
		memory->manager == HMS_MANAGED_BY_KERNEL ? "kernel" : "driver");
	if (memory->tier >= 0)
		grid_put(grid, TIER, NULL, "%d", memory->tier);
	else
		grid_put(grid, TIER, NULL, "-");
	grid_put(grid, PROPS, NULL, "%s", properties(memory, buf));
	grid_put(grid, LATENCY, NULL, "%s",
		cell.nlinks ? list_value(cell.latency, cell.latency_origin, buf)
			    : "-");
	grid_put(grid, BANDWIDTH, NULL, "%s",
		cell.nlinks
			? list_value(cell.bandwidth, cell.bandwidth_origin, buf)
			: "-");
}

void list_targets(const struct tool_machine *machine,
	const struct list_style *style, FILE *out)
{
	static const struct grid_column columns[] = {
		[TARGET] = { "TARGET", false, 0, false },
		[KIND] = { "KIND", false, 0, false },
		[SIZE] = { "SIZE", true, 0, false },
		[FREE] = { "FREE", true, 1, false },
		[MANAGER] = { "MANAGER", false, 2, false },
		[TIER] = { "TIER", true, 3, false },
		[PROPS] = { "PROPS", false, 4, false },
		[LATENCY] = { "BEST ns", true, 0, false },
		[BANDWIDTH] = { "BEST MB/s", true, 0, false },
	};
	struct grid grid;

	grid_open(&grid, columns, 9);
	for (unsigned i = 0; i < machine->graph->ntargets; i++)
		add_target(&grid, machine, style, i);
	grid_print(&grid, out, style->width);
	grid_close(&grid);
}

void list_huge_pages(const struct tool_machine *machine,
	const struct list_style *style, FILE *out)
{
	static const struct grid_column columns[] = {
		{ "HUGE PAGES", false, 0, false },
		{ "OF", true, 0, false },
		{ "PAGES", true, 0, false },
		{ "FREE", true, 0, false },
	};
	struct grid grid;
	char buf[16];

	grid_open(&grid, columns, 4);
	for (unsigned i = 0; i < machine->graph->ntargets; i++) {
		const struct hms_memory *memory = &machine->graph->targets[i];

		for (unsigned h = 0; h < memory->nhuge; h++) {
			grid_row(&grid);
			grid_put(&grid, 0,
				list_kind_colour(style, memory->kind), "%s",
				memory->id);
			grid_put(&grid, 1, NULL, "%s",
				hms_text_human(memory->huge[h].size, buf));
			grid_put(&grid, 2, NULL, "%" PRIu64,
				memory->huge[h].total);
			grid_put(&grid, 3, NULL, "%" PRIu64,
				memory->huge[h].free);
		}
	}
	if (grid.nrows) {
		grid_print(&grid, out, style->width);
		fputc('\n', out);
	}
	grid_close(&grid);
}

static void put_perf(struct grid *grid, unsigned column,
	const struct list_style *style, const struct hms_perf *perf,
	const char *sign)
{
	char buf[24];

	if (style->verbose) {
		for (unsigned m = 0; m < HMS_MEASURES; m++)
			if (perf->origin[m] != HMS_UNKNOWN)
				grid_put(grid, column + m, NULL, "%s%s",
					m < HMS_READ_BANDWIDTH ? sign : "",
					list_value(perf->value[m],
						perf->origin[m], buf));
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		enum hms_need need = i ? HMS_BANDWIDTH : HMS_LATENCY;
		enum hms_origin origin = HMS_UNKNOWN;
		uint32_t value =
			hms_perf_value(perf, need, HMS_READ_WRITE, &origin);

		if (value)
			grid_put(grid, column + i, NULL, "%s%s", i ? "" : sign,
				list_value(value, origin, buf));
	}
}

static void add_link(struct grid *grid, const struct list_style *style,
	const struct hms_graph *graph, const struct hms_link *link)
{
	char buf[256] = "";
	struct hms_text text = HMS_TEXT(buf);

	grid_row(grid);
	grid_put(grid, 0, NULL, "%s%s", link->id,
		link->coherent ? "" : " (not coherent)");
	for (unsigned i = 0; i < link->ninitiators; i++)
		hms_text_add(&text, "%s%s", i ? "," : "",
			graph->initiators[link->initiators[i]].id);
	grid_put(grid, 1, NULL, "%s", buf);
	text = (struct hms_text)HMS_TEXT(buf);
	buf[0] = 0;
	for (unsigned i = 0; i < link->ntargets; i++)
		hms_text_add(&text, "%s%s", i ? "," : "",
			graph->targets[link->targets[i]].id);
	grid_put(grid, 2, NULL, "%s", buf);
	put_perf(grid, 3, style, &link->perf, "");
}

static void add_bridge(struct grid *grid, const struct list_style *style,
	const struct hms_graph *graph, const struct hms_bridge *bridge)
{
	grid_row(grid);
	grid_put(grid, 0, NULL, "%s%s", bridge->id ? bridge->id : "bridge",
		bridge->coherent ? "" : " (not coherent)");
	grid_put(grid, 1, NULL, "%s", graph->links[bridge->from].id);
	grid_put(grid, 2, NULL, "%s", graph->links[bridge->to].id);
	put_perf(grid, 3, style, &bridge->perf, "+");
}

void list_ways(const struct tool_machine *machine,
	const struct list_style *style, FILE *out)
{
	static const struct grid_column columns[] = {
		{ "WAY", false, 0, false },
		{ "FROM", false, 0, false },
		{ "TO", false, 0, false },
		{ "ns", true, 0, false },
		{ "MB/s", true, 0, false },
	};
	static const struct grid_column details[] = {
		{ "WAY", false, 0, false },
		{ "FROM", false, 0, false },
		{ "TO", false, 0, false },
		{ "READ ns", true, 0, false },
		{ "WRITE ns", true, 0, false },
		{ "READ MB/s", true, 0, false },
		{ "WRITE MB/s", true, 0, false },
	};
	const struct hms_graph *graph = machine->graph;
	unsigned total = graph->nlinks + graph->nbridges;
	unsigned shown = style->verbose ? total : WAYS_SHOWN;
	struct grid grid;

	grid_open(&grid, style->verbose ? details : columns,
		style->verbose ? 7 : 5);
	for (unsigned i = 0; i < graph->nlinks && grid.nrows < shown; i++)
		add_link(&grid, style, graph, &graph->links[machine->links[i]]);
	for (unsigned i = 0; i < graph->nbridges && grid.nrows < shown; i++)
		add_bridge(&grid, style, graph,
			&graph->bridges[machine->bridges[i]]);
	grid_print(&grid, out, style->width);
	if (total > grid.nrows)
		fprintf(out, "and %u more ways (-v shows all)\n",
			total - grid.nrows);
	grid_close(&grid);
}
