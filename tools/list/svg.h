/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pictures: what SVG 1.1 needs, and how wide text will be.  Units are pixels.
 */
#ifndef HMS_TOOLS_LIST_SVG_H
#define HMS_TOOLS_LIST_SVG_H

#include <stdbool.h>
#include <stdio.h>

/* Text as it may stand between tags or in attributes. */
void svg_escape(FILE *out, const char *text);
/*
 * How wide a text is at most in the sans-serif fonts at hand: as in DejaVu
 * Sans, the widest of the usual ones.
 */
double svg_width(const char *text, double size, bool bold);

/* In halves of the text's width. */
enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };

struct svg_font {
	double size;
	bool bold, italic;
	enum svg_anchor anchor;
	const char *fill; /* NULL: the document's */
	bool halo; /* on white, so that it is readable over lines */
};

/* y is the base line.  room: what is wider ends in dots; 0: never. */
void svg_text(FILE *out, double x, double y, double room,
	const struct svg_font *font, const char *text);

struct svg_box {
	double x, y, w, h;
};
void svg_rect(FILE *out, const struct svg_box *box, const char *attributes);
/* style: attributes, as "stroke-dasharray='4 3'". */
void svg_line(FILE *out, double x1, double y1, double x2, double y2,
	const char *style);
/* What a pointer over the current group shows. */
void svg_title(FILE *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void svg_open(FILE *out, double width, double height, const char *title);
void svg_close(FILE *out);

#endif
