/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where things are in the picture.
 */
#include "tools/list/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROW_WIDTH 1500.0 /* before cards go on below */
#define LANES_MAX 15
#define STACK_ROWS 4
#define COLUMN_MAX 230.0
#define BETWEEN 26.0 /* cards */

static double max(double a, double b)
{
	return a > b ? a : b;
}

static double text_width(const char *id, const char *name)
{
	double width = max(svg_width(id, 13, true) + 30,
		name ? svg_width(name, 11, false) + 30 : 0);

	width = max(width, SVG_COLUMN);
	return width < COLUMN_MAX ? width : COLUMN_MAX;
}

static void add_child(
	struct svg_card *card, bool device, unsigned index, double w)
{
	struct svg_child *child = &card->children[card->nchildren++];

	child->device = device;
	child->index = index;
	child->w = w;
}

static double target_width(const struct hms_graph *graph, unsigned target)
{
	return text_width(
		graph->targets[target].id, graph->targets[target].name);
}

static void add_device(const struct tool_machine *machine,
	struct svg_card *card, unsigned device)
{
	const struct hms_graph *graph = machine->graph;
	const struct hms_initiator *at = &graph->initiators[device];
	unsigned *targets = tool_alloc(graph->ntargets, sizeof(*targets));
	unsigned n = 0;
	double w = 0;

	for (unsigned t = 0; t < graph->ntargets; t++)
		if (machine->beside[t] == (int)device) {
			w += target_width(graph, t) + (n ? SVG_PAD : 0);
			targets[n++] = t;
		}
	if (!n) {
		free(targets);
		card->stack[card->nstack++] = device;
		card->stack_w =
			max(card->stack_w, text_width(at->id, at->name));
		return;
	}
	add_child(card, true, device, max(w, text_width(at->id, at->name)));
	card->children[card->nchildren - 1].targets = targets;
	card->children[card->nchildren - 1].ntargets = n;
}

static struct svg_card *new_card(
	struct svg_picture *picture, int cpu, const char *title)
{
	const struct hms_graph *graph = picture->machine->graph;
	struct svg_card *card = &picture->cards[picture->ncards];

	memset(card, 0, sizeof(*card));
	card->cpu = cpu;
	card->title = title;
	card->children = tool_alloc(
		graph->ntargets + graph->ninitiators, sizeof(*card->children));
	card->stack = tool_alloc(graph->ninitiators, sizeof(*card->stack));
	return card;
}

static void keep_card(struct svg_picture *picture, struct svg_card *card)
{
	if (card->nchildren || card->nstack || card->cpu >= 0) {
		picture->ncards++;
		return;
	}
	free(card->children);
	free(card->stack);
}

/* Targets that stand next to nothing, by what is known of their ways. */
static void add_targets(struct svg_picture *picture, const char *title,
	bool reached, bool known)
{
	const struct tool_machine *machine = picture->machine;
	const struct hms_graph *graph = machine->graph;
	struct svg_card *card = new_card(picture, -1, title);

	for (unsigned t = 0; t < graph->ntargets; t++) {
		int nearest = tool_machine_nearest(machine, t);
		const struct tool_cell *cell;

		if (machine->beside[t] >= 0 || (nearest >= 0) != reached)
			continue;
		if (reached) {
			cell = tool_machine_cell(machine, (unsigned)nearest, t);
			if ((cell->latency || cell->bandwidth) != known)
				continue;
		}
		add_child(card, false, t, target_width(graph, t));
	}
	keep_card(picture, card);
}

static void add_others(struct svg_picture *picture)
{
	const struct tool_machine *machine = picture->machine;
	const struct hms_graph *graph = machine->graph;
	struct svg_card *card;

	add_targets(picture, "equally near", true, true);
	add_targets(picture, "not known how near", true, false);
	card = new_card(picture, -1, "next to no CPUs");
	for (unsigned i = 0; i < graph->ninitiators; i++)
		if (graph->initiators[i].kind != HMS_INITIATOR_CPU &&
			machine->near[i] < 0)
			add_device(machine, card, i);
	keep_card(picture, card);
	add_targets(picture, "not reached", false, false);
}

static void make_cards(struct svg_picture *picture)
{
	const struct tool_machine *machine = picture->machine;
	const struct hms_graph *graph = machine->graph;

	picture->cards =
		tool_alloc(graph->ninitiators + 4, sizeof(*picture->cards));
	for (unsigned i = 0; i < graph->ninitiators; i++) {
		struct svg_card *card;

		if (graph->initiators[i].kind != HMS_INITIATOR_CPU)
			continue;
		card = new_card(picture, (int)i, NULL);
		for (unsigned t = 0; t < graph->ntargets; t++)
			if (machine->beside[t] == (int)i)
				add_child(
					card, false, t, target_width(graph, t));
		for (unsigned d = 0; d < graph->ninitiators; d++)
			if (machine->near[d] == (int)i)
				add_device(machine, card, d);
		keep_card(picture, card);
	}
	add_others(picture);
}

static void measure_card(struct svg_card *card)
{
	double w = 0, h = 2 * SVG_PAD + SVG_BOX + SVG_DROP + SVG_BOX;
	bool below = false;

	for (unsigned c = 0; c < card->nchildren; c++) {
		w += card->children[c].w + (c ? SVG_PAD : 0);
		below |= card->children[c].device;
	}
	if (card->nstack) {
		unsigned columns;

		card->stack_rows = card->cpu < 0 ? 2 : STACK_ROWS;
		columns = (card->nstack + card->stack_rows - 1) /
			  card->stack_rows;
		w += columns * (card->stack_w + SVG_PAD) -
		     (w > 0 ? 0 : SVG_PAD);
	}
	if (below)
		h += SVG_DROP + SVG_BOX;
	if (card->nstack > 1) {
		unsigned rows = card->nstack < card->stack_rows
					? card->nstack
					: card->stack_rows;

		h = max(h, 2 * SVG_PAD + SVG_BOX + SVG_DROP +
				   rows * (SVG_BOX + SVG_STACK_GAP) -
				   SVG_STACK_GAP);
	}
	if (!card->nchildren && !card->nstack)
		h = 2 * SVG_PAD + SVG_BOX;
	if (card->title)
		w = max(w, svg_width(card->title, 13, true));
	card->box.w = max(w, SVG_COLUMN) + 2 * SVG_PAD;
	card->box.h = h;
}

/* A row of cards after the other; few cards are one row. */
static void place_cards(struct svg_picture *picture)
{
	double limit = ROW_WIDTH, area = 0;
	double x = SVG_MARGIN, y = SVG_MARGIN + 30, high = 0;

	for (unsigned i = 0; i < picture->ncards; i++) {
		measure_card(&picture->cards[i]);
		area += picture->cards[i].box.w * picture->cards[i].box.h;
	}
	limit = max(limit, sqrt(area * 1.6));
	for (unsigned i = 0; i < picture->ncards; i++) {
		struct svg_box *box = &picture->cards[i].box;

		if (x > SVG_MARGIN && x + box->w > limit && !picture->nlanes) {
			x = SVG_MARGIN;
			y += high + BETWEEN;
			high = 0;
		}
		box->x = x;
		box->y = y;
		x += box->w + BETWEEN;
		high = max(high, box->h);
		picture->width =
			max(picture->width, box->x + box->w + SVG_MARGIN);
	}
	picture->height = y + high;
}

/* The whole is trusted as the least of what it is made of. */
static void weaken(struct svg_lane *lane, unsigned origin)
{
	if (origin != HMS_UNKNOWN &&
		(lane->origin == HMS_UNKNOWN || origin < lane->origin))
		lane->origin = (enum hms_origin)origin;
}

static void see(struct svg_lane *lane, const struct tool_cell *cell)
{
	if (!cell->nlinks)
		return;
	if (cell->latency) {
		if (!lane->latency[0] || cell->latency < lane->latency[0])
			lane->latency[0] = cell->latency;
		if (cell->latency > lane->latency[1])
			lane->latency[1] = cell->latency;
	}
	if (cell->bandwidth) {
		if (!lane->bandwidth[0] || cell->bandwidth < lane->bandwidth[0])
			lane->bandwidth[0] = cell->bandwidth;
		if (cell->bandwidth > lane->bandwidth[1])
			lane->bandwidth[1] = cell->bandwidth;
	}
	weaken(lane, cell->latency_origin);
	weaken(lane, cell->bandwidth_origin);
	lane->coherent &= cell->coherent;
}

/* From a's CPUs to the memories on b that are no device's. */
static bool look(const struct svg_picture *picture, struct svg_lane *lane,
	const struct svg_card *a, const struct svg_card *b)
{
	bool any = false;

	for (unsigned c = 0; a->cpu >= 0 && c < b->nchildren; c++) {
		const struct tool_cell *cell;

		if (b->children[c].device)
			continue;
		cell = tool_machine_cell(picture->machine, (unsigned)a->cpu,
			b->children[c].index);
		see(lane, cell);
		any |= cell->nlinks != 0;
	}
	return any;
}

static void make_lanes(struct svg_picture *picture)
{
	picture->lanes = tool_alloc(LANES_MAX, sizeof(*picture->lanes));
	for (unsigned a = 0; a < picture->ncards; a++)
		for (unsigned b = a + 1; b < picture->ncards; b++) {
			const struct svg_card *from = &picture->cards[a];
			const struct svg_card *to = &picture->cards[b];
			struct svg_lane lane = {
				.a = a, .b = b, .coherent = true
			};
			bool there = look(picture, &lane, from, to);
			bool back = look(picture, &lane, to, from);

			if (!there && !back)
				continue;
			if (picture->nlanes == LANES_MAX) {
				picture->crowded = true;
				picture->nlanes = 0;
				return;
			}
			picture->lanes[picture->nlanes++] = lane;
		}
}

/* Short lanes first, each below the one before; ends side by side. */
static void place_lanes(struct svg_picture *picture)
{
	unsigned *ends = tool_alloc(picture->ncards, sizeof(*ends));
	unsigned *used = tool_alloc(picture->ncards, sizeof(*used));
	double y = picture->height + SVG_LANE;

	for (unsigned i = 0; i < picture->nlanes; i++) {
		ends[picture->lanes[i].a]++;
		ends[picture->lanes[i].b]++;
	}
	for (unsigned span = 1; span < picture->ncards; span++)
		for (unsigned i = 0; i < picture->nlanes; i++) {
			struct svg_lane *lane = &picture->lanes[i];

			if (lane->b - lane->a != span)
				continue;
			lane->y = y;
			y += SVG_LANE;
		}
	/* Ends of lanes to the left come first, the longest of them first. */
	for (unsigned c = 0; c < picture->ncards; c++) {
		const struct svg_box *box = &picture->cards[c].box;

		for (unsigned other = 0; other < picture->ncards; other++)
			for (unsigned i = 0; i < picture->nlanes; i++) {
				struct svg_lane *lane = &picture->lanes[i];
				double x = box->x + box->w * (used[c] + 1) /
							    (ends[c] + 1);

				if (lane->b == c && lane->a == other)
					lane->bx = x;
				else if (lane->a == c && lane->b == other)
					lane->ax = x;
				else
					continue;
				used[c]++;
			}
	}
	if (picture->nlanes)
		picture->height = y - SVG_LANE + 12;
	free(ends);
	free(used);
}

void svg_layout(struct svg_picture *picture)
{
	make_cards(picture);
	make_lanes(picture);
	place_cards(picture);
	place_lanes(picture);
}

void svg_free(struct svg_picture *picture)
{
	for (unsigned i = 0; i < picture->ncards; i++) {
		struct svg_card *card = &picture->cards[i];

		for (unsigned c = 0; c < card->nchildren; c++)
			free(card->children[c].targets);
		free(card->children);
		free(card->stack);
	}
	free(picture->cards);
	free(picture->lanes);
}
