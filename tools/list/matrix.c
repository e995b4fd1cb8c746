/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who reaches what how fast: as a table if it fits, in either direction; else
 * the best few for each initiator.
 */
#include "tools/list/list.h"

#include <stdlib.h>
#include <string.h>

#include "tools/grid.h"

#define ROWS_SHOWN 32 /* more of them only when asked for */

struct matrix {
	const struct tool_machine *machine;
	const struct list_style *style;
	enum hms_need need;
};

static uint32_t value_of(const struct matrix *matrix, unsigned initiator,
	unsigned target, char *text)
{
	const struct tool_cell *cell =
		tool_machine_cell(matrix->machine, initiator, target);
	bool latency = matrix->need == HMS_LATENCY;
	uint32_t value = latency ? cell->latency : cell->bandwidth;

	if (!cell->nlinks)
		strcpy(text, "-");
	else
		list_value(value,
			latency ? cell->latency_origin : cell->bandwidth_origin,
			text);
	return cell->nlinks ? value : 0;
}

static const char *title(const struct matrix *matrix)
{
	return matrix->need == HMS_LATENCY ? "LATENCY, ns" : "BANDWIDTH, MB/s";
}

/* Rows are initiators, columns targets; or the other way round. */
static bool print_table(const struct matrix *matrix, bool turned, FILE *out)
{
	const struct hms_graph *graph = matrix->machine->graph;
	unsigned nrows = turned ? graph->ntargets : graph->ninitiators;
	unsigned ncolumns = turned ? graph->ninitiators : graph->ntargets;
	struct grid_column columns[GRID_COLUMNS] = { { title(matrix), false, 0,
		false } };
	struct grid grid;
	char text[24];
	bool fits;

	if (ncolumns + 1 > GRID_COLUMNS ||
		(nrows > ROWS_SHOWN && !matrix->style->verbose))
		return false;
	for (unsigned c = 0; c < ncolumns; c++)
		columns[c + 1] =
			(struct grid_column){ turned ? graph->initiators[c].id
						     : graph->targets[c].id,
				true, 0, false };
	grid_open(&grid, columns, ncolumns + 1);
	for (unsigned r = 0; r < nrows; r++) {
		grid_row(&grid);
		grid_put(&grid, 0, NULL, "%s",
			turned ? graph->targets[r].id
			       : graph->initiators[r].id);
		for (unsigned c = 0; c < ncolumns; c++) {
			value_of(matrix, turned ? c : r, turned ? r : c, text);
			grid_put(&grid, c + 1, NULL, "%s", text);
		}
	}
	fits = grid_fits(&grid, matrix->style->width);
	if (fits)
		grid_print(&grid, out, matrix->style->width);
	grid_close(&grid);
	return fits;
}

struct entry {
	unsigned target;
	uint32_t value;
	bool ascending;
	char text[24];
};

/* Best first; what is not known last; else in the graph's order. */
static int compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->value != b->value) {
		if (!a->value || !b->value)
			return a->value ? -1 : 1;
		return (a->value < b->value) == a->ascending ? -1 : 1;
	}
	return a->target < b->target ? -1 : a->target > b->target;
}

/*
 * "cpu:0  node:0 80 f, node:1 120 g, and 62 more"; all of them over several
 * lines if so wished.
 */
static void print_few(const struct matrix *matrix, unsigned initiator,
	struct entry *entries, unsigned indent, FILE *out)
{
	const struct hms_graph *graph = matrix->machine->graph;
	unsigned n = 0, column = indent, shown = 0;
	const unsigned tail = sizeof(", and 1234 more") - 1;

	for (unsigned t = 0; t < graph->ntargets; t++) {
		entries[n].target = t;
		entries[n].ascending = matrix->need == HMS_LATENCY;
		entries[n].value =
			value_of(matrix, initiator, t, entries[n].text);
		n += entries[n].text[0] != '-';
	}
	qsort(entries, n, sizeof(*entries), compare);
	fprintf(out, "%-*s", (int)indent, graph->initiators[initiator].id);
	for (; shown < n; shown++) {
		const char *id = graph->targets[entries[shown].target].id;
		unsigned length = grid_length(id) + 3 +
				  (unsigned)strlen(entries[shown].text);
		unsigned keep =
			shown + 1 < n && !matrix->style->verbose ? tail : 1;

		if (shown && column + length + keep > matrix->style->width) {
			if (!matrix->style->verbose)
				break;
			fprintf(out, ",\n%*s", (int)indent, "");
			column = indent;
		} else if (shown) {
			fputs(", ", out);
		}
		fprintf(out, "%s %s", id, entries[shown].text);
		column += length;
	}
	if (shown < n)
		fprintf(out, "%sand %u more", shown ? ", " : "", n - shown);
	fputs(n ? "\n" : "nothing\n", out);
}

static void print_nearest(const struct matrix *matrix, FILE *out)
{
	const struct hms_graph *graph = matrix->machine->graph;
	struct entry *entries = tool_alloc(graph->ntargets, sizeof(*entries));
	unsigned rows = graph->ninitiators, indent = 0;

	if (rows > ROWS_SHOWN && !matrix->style->verbose)
		rows = ROWS_SHOWN;
	for (unsigned i = 0; i < rows; i++) {
		unsigned length = grid_length(graph->initiators[i].id) + 2;

		if (length > indent)
			indent = length;
	}
	fprintf(out, "%s (best first)\n", title(matrix));
	for (unsigned i = 0; i < rows; i++)
		print_few(matrix, i, entries, indent, out);
	if (rows < graph->ninitiators)
		fprintf(out, "and %u more initiators (-v shows all)\n",
			graph->ninitiators - rows);
	free(entries);
}

void list_matrix(const struct tool_machine *machine,
	const struct list_style *style, FILE *out)
{
	static const enum hms_need needs[] = { HMS_LATENCY, HMS_BANDWIDTH };

	for (unsigned i = 0; i < 2; i++) {
		const struct matrix matrix = { machine, style, needs[i] };

		if (i)
			fputc('\n', out);
		if (!print_table(&matrix, false, out) &&
			!print_table(&matrix, true, out))
			print_nearest(&matrix, out);
	}
}
