/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The picture's parts, between the files that make it: cards (CPUs with what
 * is next to them), lanes between cards, tables of colours, the legend.
 */
#ifndef HMS_TOOLS_LIST_PICTURE_H
#define HMS_TOOLS_LIST_PICTURE_H

#include "tools/list/list.h"
#include "tools/list/svg.h"

#define SVG_MARGIN 24.0
#define SVG_COLUMN 150.0 /* the least width of a target or device */
#define SVG_PAD 14.0 /* from a card's edge to its boxes */
#define SVG_BOX 62.0 /* height of a box */
#define SVG_DROP 50.0 /* between rows of boxes: room for labels */
#define SVG_STACK_GAP 10.0 /* between devices above each other */
#define SVG_LANE 30.0 /* between lanes */

/* A target, or a device with its own memories below it. */
struct svg_child {
	bool device;
	unsigned index;
	unsigned ntargets, *targets;
	double w;
};

struct svg_card {
	int cpu; /* the initiator; -1: no CPUs */
	const char *title; /* without CPUs: what these are */
	unsigned nchildren;
	struct svg_child *children;
	unsigned nstack, *stack; /* devices without memory */
	unsigned stack_rows; /* in columns of so many */
	double stack_w; /* of one column */
	struct svg_box box;
};

/* From one card to another, end to end, the best and the worst of it. */
struct svg_lane {
	unsigned a, b; /* cards */
	uint32_t latency[2], bandwidth[2];
	enum hms_origin origin;
	bool coherent;
	double ax, bx, y;
};

struct svg_picture {
	const struct tool_machine *machine;
	unsigned ncards;
	struct svg_card *cards;
	unsigned nlanes;
	struct svg_lane *lanes;
	bool crowded; /* too many lanes to draw */
	double width, height; /* so far */
};

/* svg_layout.c: what is where. */
void svg_layout(struct svg_picture *picture);
void svg_free(struct svg_picture *picture);
/* svg_cards.c */
void svg_cards(const struct svg_picture *picture, FILE *out);
/* "#b3d9b3" and the like. */
const char *svg_kind_fill(enum hms_kind kind);
const char *svg_kind_stroke(enum hms_kind kind);
/* How a way is drawn; NULL-free. */
const char *svg_way_style(
	enum hms_origin latency, enum hms_origin bandwidth, bool coherent);
/* "60 ns"; "409.6 GB/s"; "?".  buf of 32 bytes. */
const char *svg_latency(uint32_t ns, char *buf);
const char *svg_bandwidth(uint32_t mbs, char *buf);
/* svg_heat.c: below y; the height they take; out NULL: only measures. */
double svg_heat(
	const struct svg_picture *picture, double y, double *width, FILE *out);
double svg_legend(
	const struct svg_picture *picture, double y, double *width, FILE *out);

#endif
