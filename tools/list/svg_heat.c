/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of colours, initiators by targets, and the legend.
 */
#include "tools/list/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MAX 16384 /* what a viewer can still bear */
#define BIG_COLUMNS 16 /* more targets than this: colours without numbers */
#define BIG_ROWS 32

struct heat {
	const struct svg_picture *picture;
	bool latency;
	bool numbers;
	double x, y, head; /* head: room for the initiators' names */
	double w, h; /* of a cell */
	double low, high; /* logarithms of the least and the greatest */
};

static uint32_t value_of(const struct heat *heat, unsigned initiator,
	unsigned target, enum hms_origin *origin)
{
	const struct tool_cell *cell =
		tool_machine_cell(heat->picture->machine, initiator, target);

	*origin = (enum hms_origin)(
		heat->latency ? cell->latency_origin : cell->bandwidth_origin);
	if (!cell->nlinks)
		return 0;
	return heat->latency ? cell->latency : cell->bandwidth;
}

static bool cell_reached(
	const struct heat *heat, unsigned initiator, unsigned target)
{
	return tool_machine_cell(heat->picture->machine, initiator, target)
		       ->nlinks != 0;
}

static void find_range(struct heat *heat)
{
	const struct hms_graph *graph = heat->picture->machine->graph;
	enum hms_origin origin;

	heat->low = 1e9;
	heat->high = 0;
	for (unsigned i = 0; i < graph->ninitiators; i++)
		for (unsigned t = 0; t < graph->ntargets; t++) {
			uint32_t value = value_of(heat, i, t, &origin);

			if (!value)
				continue;
			heat->low = fmin(heat->low, log(value));
			heat->high = fmax(heat->high, log(value));
		}
}

/* Good is light, bad is dark; grey is no way or no number. */
static void draw_cell(
	const struct heat *heat, FILE *out, unsigned initiator, unsigned target)
{
	struct svg_font font = { .size = 11, .anchor = SVG_MIDDLE };
	struct svg_box box = { heat->x + heat->head + target * heat->w,
		heat->y + 22 + initiator * heat->h, heat->w - 1, heat->h - 1 };
	enum hms_origin origin;
	uint32_t value = value_of(heat, initiator, target, &origin);
	char text[32], attributes[48];
	double bad = 0;

	if (value && heat->high > heat->low)
		bad = (log(value) - heat->low) / (heat->high - heat->low);
	if (!heat->latency && heat->high > heat->low)
		bad = 1 - bad;
	if (value)
		snprintf(attributes, sizeof(attributes),
			"fill='rgb(%.0f,%.0f,%.0f)'", 238 - 190 * bad,
			245 - 150 * bad, 250 - 110 * bad);
	else
		strcpy(attributes, "fill='#e4e4e4'");
	svg_rect(out, &box, attributes);
	if (!heat->numbers)
		return;
	if (!value)
		strcpy(text, cell_reached(heat, initiator, target)
				     ? "?"
				     : "\xe2\x80\x93");
	else if (heat->latency)
		snprintf(text, sizeof(text), "%u", value);
	else
		snprintf(text, sizeof(text), "%.4g", value / 1000.0);
	font.italic = origin == HMS_GUESSED;
	font.fill = value && bad > 0.5 ? "#ffffff" : NULL;
	svg_text(out, box.x + box.w / 2, box.y + box.h / 2 + 4, 0, &font, text);
}

static void draw_heads(const struct heat *heat, FILE *out)
{
	const struct hms_graph *graph = heat->picture->machine->graph;
	struct svg_font font = { .size = 11, .anchor = SVG_MIDDLE };
	unsigned every = heat->numbers ? 1 : 8;

	for (unsigned t = 0; t < graph->ntargets; t += every)
		svg_text(out, heat->x + heat->head + (t + 0.5) * heat->w,
			heat->y + 17, heat->numbers ? heat->w - 2 : 0, &font,
			graph->targets[t].id);
	font.anchor = SVG_END;
	for (unsigned i = 0; i < graph->ninitiators; i += every)
		svg_text(out, heat->x + heat->head - 6,
			heat->y + 22 + (i + 0.5) * heat->h + 4, heat->head - 8,
			&font, graph->initiators[i].id);
}

static void draw_heat(const struct heat *heat, FILE *out)
{
	const struct hms_graph *graph = heat->picture->machine->graph;
	const struct svg_font font = { .size = 12, .bold = true };

	svg_text(out, heat->x, heat->y, 0, &font,
		heat->latency ? "Latency, ns" : "Bandwidth, GB/s");
	fputs("<g class='heat'>\n", out);
	draw_heads(heat, out);
	for (unsigned i = 0; i < graph->ninitiators; i++)
		for (unsigned t = 0; t < graph->ntargets; t++)
			draw_cell(heat, out, i, t);
	fputs("</g>\n", out);
}

static double head_width(const struct hms_graph *graph)
{
	double width = 40;

	for (unsigned i = 0; i < graph->ninitiators; i++)
		width = fmax(width,
			svg_width(graph->initiators[i].id, 11, false) + 14);
	return width < 150 ? width : 150;
}

double svg_heat(
	const struct svg_picture *picture, double y, double *width, FILE *out)
{
	const struct hms_graph *graph = picture->machine->graph;
	struct heat heat = { .picture = picture,
		.latency = true,
		.x = SVG_MARGIN,
		.y = y + 34,
		.w = 14,
		.h = 14 };
	double wide, high;
	bool below;

	if (picture->ncards < 2 || !graph->ntargets ||
		(size_t)graph->ninitiators * graph->ntargets > CELLS_MAX)
		return 0;
	heat.numbers = graph->ntargets <= BIG_COLUMNS &&
		       graph->ninitiators <= BIG_ROWS;
	if (heat.numbers) {
		heat.w = 62;
		heat.h = 22;
		for (unsigned t = 0; t < graph->ntargets; t++)
			heat.w = fmax(heat.w,
				fmin(100, svg_width(graph->targets[t].id, 11,
						  false) +
						  8));
	}
	heat.head = head_width(graph);
	wide = heat.head + graph->ntargets * heat.w;
	high = 22 + graph->ninitiators * heat.h;
	/* Side by side where there is room already. */
	below = 2 * wide + 40 + 2 * SVG_MARGIN >
		fmax(picture->width * 1.2, 1000);
	*width = fmax(*width, 2 * SVG_MARGIN + (below ? wide : 2 * wide + 40));
	for (unsigned i = 0; out && i < 2; i++) {
		heat.latency = !i;
		find_range(&heat);
		draw_heat(&heat, out);
		if (below)
			heat.y += high + 40;
		else
			heat.x += wide + 40;
	}
	return 34 + (below ? 2 * high + 40 : high) + 6;
}

struct legend {
	FILE *out;
	double x, y;
};

static void swatch(struct legend *legend, const char *attributes, bool line,
	const char *text)
{
	const struct svg_font font = { .size = 11 };
	const struct svg_box box = { legend->x, legend->y - 10, 22, 13 };

	if (legend->out && line)
		svg_line(legend->out, box.x, box.y + 6, box.x + 22, box.y + 6,
			attributes);
	else if (legend->out)
		svg_rect(legend->out, &box, attributes);
	if (legend->out)
		svg_text(
			legend->out, legend->x + 28, legend->y, 0, &font, text);
	legend->x += 28 + svg_width(text, 11, false) + 18;
}

static bool has_kind(const struct hms_graph *graph, enum hms_kind kind)
{
	for (unsigned t = 0; t < graph->ntargets; t++)
		if (graph->targets[t].kind == kind)
			return true;
	return false;
}

static void put_kinds(struct legend *legend, const struct hms_graph *graph)
{
	for (unsigned kind = 0; kind < HMS_KINDS; kind++) {
		char attributes[80];

		if (!has_kind(graph, (enum hms_kind)kind))
			continue;
		snprintf(attributes, sizeof(attributes),
			"rx='3' fill='%s' stroke='%s'",
			svg_kind_fill((enum hms_kind)kind),
			svg_kind_stroke((enum hms_kind)kind));
		swatch(legend, attributes, false,
			hms_kind_name((enum hms_kind)kind));
	}
}

double svg_legend(
	const struct svg_picture *picture, double y, double *width, FILE *out)
{
	static const struct {
		enum hms_origin origin;
		bool incoherent;
		const char *text;
	} ways[] = {
		{ HMS_FIRMWARE, false, "told by firmware, driver or user" },
		{ HMS_MEASURED, false, "measured" },
		{ HMS_GUESSED, false, "guessed" },
		{ HMS_UNKNOWN, false, "not known" },
		{ HMS_FIRMWARE, true, "not coherent" },
	};
	const struct svg_font font = { .size = 11, .fill = "#55606c" };
	struct legend legend = { out, SVG_MARGIN, y + 34 };

	put_kinds(&legend, picture->machine->graph);
	*width = fmax(*width, legend.x + SVG_MARGIN);
	legend.x = SVG_MARGIN;
	legend.y += 22;
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		swatch(&legend,
			svg_way_style(ways[i].origin, ways[i].origin,
				!ways[i].incoherent),
			true, ways[i].text);
	*width = fmax(*width, legend.x + SVG_MARGIN);
	legend.y += 20;
	if (out)
		svg_text(out, SVG_MARGIN, legend.y, 0, &font,
			picture->nlanes
				? "Between groups: end to end. The worse of "
				  "reads and writes. Italics: guessed."
				: "The worse of reads and writes. Italics: "
				  "guessed.");
	return legend.y - y + 10;
}

void list_svg(const struct tool_machine *machine, FILE *out)
{
	struct svg_picture picture = { .machine = machine };
	const struct svg_font font = { .size = 16, .bold = true };
	double cards, heat, legend;
	char title[64];

	svg_layout(&picture);
	cards = picture.height;
	heat = svg_heat(&picture, cards, &picture.width, NULL);
	legend = svg_legend(&picture, cards + heat, &picture.width, NULL);
	snprintf(title, sizeof(title), "%u %s, %u %s", machine->graph->ntargets,
		machine->graph->ntargets == 1 ? "memory" : "memories",
		machine->graph->ninitiators,
		machine->graph->ninitiators == 1 ? "initiator" : "initiators");
	svg_open(out, picture.width, cards + heat + legend + 14, title);
	svg_text(out, SVG_MARGIN, 34, 0, &font, title);
	svg_cards(&picture, out);
	svg_heat(&picture, cards, &picture.width, out);
	svg_legend(&picture, cards + heat, &picture.width, out);
	svg_close(out);
	svg_free(&picture);
}
