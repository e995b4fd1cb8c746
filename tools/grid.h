/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of text that fit a width: columns are as wide as what is in them;
 * if there is no room, columns are left out, least important first, then
 * long cells are cut, those of soft columns first.  Widths are in code points
 * of UTF-8.
 */
#ifndef HMS_TOOLS_GRID_H
#define HMS_TOOLS_GRID_H

#include <stdbool.h>
#include <stdio.h>

#define GRID_COLUMNS 64

struct grid_column {
	const char *title;
	bool right; /* numbers: flush right, never cut */
	unsigned drop; /* 0: never left out; the highest goes first */
	bool soft; /* cut before others are */
};

struct grid {
	unsigned ncolumns, nrows, room;
	struct grid_column columns[GRID_COLUMNS];
	char **cells; /* [nrows * ncolumns], or NULL */
	const char **colours; /* likewise: an escape sequence, or NULL */
};

void grid_open(struct grid *grid, const struct grid_column *columns,
	unsigned ncolumns);
void grid_close(struct grid *grid);
/* Begins a row; its cells are empty. */
void grid_row(struct grid *grid);
/* Sets a cell of the last row. */
void grid_put(struct grid *grid, unsigned column, const char *colour,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Columns that all fit, none left out or cut? */
bool grid_fits(const struct grid *grid, unsigned width);
/* Says at the end which columns were left out. */
void grid_print(const struct grid *grid, FILE *out, unsigned width);

/* Columns of the terminal behind out; 80 if it is none. */
unsigned grid_width(FILE *out);
/* Is out a terminal that wants colours?  See no-color.org. */
bool grid_colours(FILE *out);
/* The code points of a text, and a printf precision (bytes) for n of them. */
unsigned grid_length(const char *text);
int grid_bytes(const char *text, unsigned n);

#endif
