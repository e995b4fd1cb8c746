/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/machine.h"

#define GAP 2 /* blanks between columns */
#define CUT_MIN 10 /* no cell is cut below this */

unsigned grid_width(FILE *out)
{
	struct winsize size;
	int fd = fileno(out);

	if (fd >= 0 && isatty(fd) && !ioctl(fd, TIOCGWINSZ, &size) &&
		size.ws_col >= 40)
		return size.ws_col;
	return 80;
}

bool grid_colours(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(out)) && !(no && *no) && term &&
	       strcmp(term, "dumb") != 0;
}

unsigned grid_length(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

int grid_bytes(const char *text, unsigned n)
{
	const char *s = text;

	while (*s && n--)
		do
			s++;
		while (((unsigned char)*s & 0xc0) == 0x80);
	return (int)(s - text);
}

void grid_open(
	struct grid *grid, const struct grid_column *columns, unsigned ncolumns)
{
	memset(grid, 0, sizeof(*grid));
	grid->ncolumns = ncolumns < GRID_COLUMNS ? ncolumns : GRID_COLUMNS;
	memcpy(grid->columns, columns,
		grid->ncolumns * sizeof(grid->columns[0]));
}

void grid_close(struct grid *grid)
{
	for (size_t i = 0; i < (size_t)grid->nrows * grid->ncolumns; i++)
		free(grid->cells[i]);
	free(grid->cells);
	free(grid->colours);
}

void grid_row(struct grid *grid)
{
	size_t used = (size_t)grid->nrows * grid->ncolumns;

	if (grid->nrows == grid->room) {
		unsigned room = grid->room ? 2 * grid->room : 16;
		char **cells = tool_alloc(
			(size_t)room * grid->ncolumns, sizeof(*cells));
		const char **colours = tool_alloc(
			(size_t)room * grid->ncolumns, sizeof(*colours));

		if (used) {
			memcpy(cells, grid->cells, used * sizeof(*cells));
			memcpy(colours, grid->colours, used * sizeof(*colours));
		}
		free(grid->cells);
		free(grid->colours);
		grid->cells = cells;
		grid->colours = colours;
		grid->room = room;
	}
	grid->nrows++;
}

void grid_put(struct grid *grid, unsigned column, const char *colour,
	const char *format, ...)
{
	size_t at = (size_t)(grid->nrows - 1) * grid->ncolumns + column;
	char buf[512];
	va_list args;

	va_start(args, format);
	vsnprintf(buf, sizeof(buf), format, args);
	va_end(args);
	/* Names come from firmware and drivers: no escapes to the terminal. */
	for (char *c = buf; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	free(grid->cells[at]);
	grid->cells[at] = strdup(buf);
	grid->colours[at] = colour;
}

static const char *cell(const struct grid *grid, unsigned row, unsigned column)
{
	const char *text = grid->cells[(size_t)row * grid->ncolumns + column];

	return text ? text : "";
}

static void measure(const struct grid *grid, unsigned *widths)
{
	for (unsigned c = 0; c < grid->ncolumns; c++) {
		widths[c] = grid_length(grid->columns[c].title);
		for (unsigned r = 0; r < grid->nrows; r++) {
			unsigned length = grid_length(cell(grid, r, c));

			if (length > widths[c])
				widths[c] = length;
		}
	}
}

static unsigned sum(const struct grid *grid, const unsigned *widths)
{
	unsigned total = 0;

	for (unsigned c = 0; c < grid->ncolumns; c++)
		if (widths[c])
			total += widths[c] + GAP;
	return total ? total - GAP : 0;
}

bool grid_fits(const struct grid *grid, unsigned width)
{
	unsigned widths[GRID_COLUMNS];

	measure(grid, widths);
	return sum(grid, widths) <= width;
}

/* Takes from the widest of them while anything can be taken. */
static void cut(
	const struct grid *grid, unsigned width, unsigned *widths, bool soft)
{
	while (sum(grid, widths) > width) {
		unsigned widest = GRID_COLUMNS;

		for (unsigned c = 0; c < grid->ncolumns; c++)
			if (!grid->columns[c].right &&
				grid->columns[c].soft >= soft &&
				widths[c] > CUT_MIN &&
				(widest == GRID_COLUMNS ||
					widths[c] > widths[widest]))
				widest = c;
		if (widest == GRID_COLUMNS)
			break;
		widths[widest]--;
	}
}

/* Width 0: the column is left out. */
static void fit(const struct grid *grid, unsigned width, unsigned *widths)
{
	while (sum(grid, widths) > width) {
		unsigned worst = 0;

		for (unsigned c = 1; c < grid->ncolumns; c++)
			if (widths[c] && grid->columns[c].drop >
						 grid->columns[worst].drop)
				worst = c;
		if (!grid->columns[worst].drop || !widths[worst])
			break;
		widths[worst] = 0;
	}
	cut(grid, width, widths, true);
	cut(grid, width, widths, false);
}

static void print_cell(const struct grid *grid, FILE *out, unsigned column,
	unsigned width, const char *text, const char *colour, bool last)
{
	unsigned length = grid_length(text);
	unsigned pad = length < width ? width - length : 0;

	if (grid->columns[column].right)
		fprintf(out, "%*s", (int)pad, "");
	if (colour)
		fputs(colour, out);
	if (length > width)
		fprintf(out, "%.*s..", grid_bytes(text, width - 2), text);
	else
		fputs(text, out);
	if (colour)
		fputs("\033[0m", out);
	if (!grid->columns[column].right && !last)
		fprintf(out, "%*s", (int)pad, "");
}

/* No blanks at a line's end, so nothing is printed after the last text. */
static void print_row(
	const struct grid *grid, FILE *out, const unsigned *widths, int row)
{
	unsigned last = 0, owed = 0;

	for (unsigned c = 0; c < grid->ncolumns; c++)
		if (widths[c] && *(row < 0 ? grid->columns[c].title
					   : cell(grid, (unsigned)row, c)))
			last = c;
	for (unsigned c = 0; c <= last; c++) {
		if (!widths[c])
			continue;
		fprintf(out, "%*s", (int)owed, "");
		owed = GAP;
		print_cell(grid, out, c, widths[c],
			row < 0 ? grid->columns[c].title
				: cell(grid, (unsigned)row, c),
			row < 0 ? NULL
				: grid->colours[(size_t)row * grid->ncolumns +
						c],
			c == last);
	}
	fputc('\n', out);
}

void grid_print(const struct grid *grid, FILE *out, unsigned width)
{
	unsigned widths[GRID_COLUMNS];
	const char *join = "(no room here for ";

	measure(grid, widths);
	fit(grid, width, widths);
	print_row(grid, out, widths, -1);
	for (unsigned r = 0; r < grid->nrows; r++)
		print_row(grid, out, widths, (int)r);
	for (unsigned c = 0; c < grid->ncolumns; c++)
		if (!widths[c]) {
			fprintf(out, "%s%s", join, grid->columns[c].title);
			join = ", ";
		}
	if (join[0] == ',')
		fputs(")\n", out);
}
