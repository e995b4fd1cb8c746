/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs, the memories and devices next to them, and the ways between.
 */
#include "tools/list/picture.h"

#include <string.h>

#include "base/text.h"

static const struct svg_font heading = { .size = 13, .bold = true };
static const struct svg_font plain = { .size = 11 };
static const struct svg_font small = { .size = 11, .fill = "#55606c" };
static const struct svg_font label = { .size = 11 };

const char *svg_kind_fill(enum hms_kind kind)
{
	static const char *const fills[HMS_KINDS] = {
		[HMS_KIND_DRAM] = "#cfe8cf",
		[HMS_KIND_HBM] = "#ffd2c4",
		[HMS_KIND_CXL] = "#cfe0ff",
		[HMS_KIND_PMEM] = "#fff0b8",
		[HMS_KIND_GPU] = "#e6d3fa",
		[HMS_KIND_FILE] = "#d3eff0",
	};

	return fills[kind];
}

const char *svg_kind_stroke(enum hms_kind kind)
{
	static const char *const strokes[HMS_KINDS] = {
		[HMS_KIND_DRAM] = "#4a8f4a",
		[HMS_KIND_HBM] = "#c8502c",
		[HMS_KIND_CXL] = "#3f6cc4",
		[HMS_KIND_PMEM] = "#a8860c",
		[HMS_KIND_GPU] = "#8346c2",
		[HMS_KIND_FILE] = "#2f8f93",
	};

	return strokes[kind];
}

const char *svg_way_style(
	enum hms_origin latency, enum hms_origin bandwidth, bool coherent)
{
	bool known = latency != HMS_UNKNOWN || bandwidth != HMS_UNKNOWN;
	bool guessed = latency == HMS_GUESSED || bandwidth == HMS_GUESSED;
	bool measured = latency == HMS_MEASURED || bandwidth == HMS_MEASURED;

	if (!known)
		return coherent ? "stroke='#40505f' stroke-width='1.5' "
				  "stroke-dasharray='1.5 3.5'"
				: "stroke='#c07000' stroke-width='1.5' "
				  "stroke-dasharray='1.5 3.5'";
	if (guessed)
		return coherent ? "stroke='#40505f' stroke-width='1.5' "
				  "stroke-dasharray='6 4'"
				: "stroke='#c07000' stroke-width='1.5' "
				  "stroke-dasharray='6 4'";
	if (measured)
		return coherent ? "stroke='#40505f' stroke-width='3'"
				: "stroke='#c07000' stroke-width='3'";
	return coherent ? "stroke='#40505f' stroke-width='1.5'"
			: "stroke='#c07000' stroke-width='1.5'";
}

const char *svg_latency(uint32_t ns, char *buf)
{
	if (ns)
		snprintf(buf, 32, "%u ns", ns);
	else
		strcpy(buf, "? ns");
	return buf;
}

const char *svg_bandwidth(uint32_t mbs, char *buf)
{
	if (mbs)
		snprintf(buf, 32, "%.4g GB/s", mbs / 1000.0);
	else
		strcpy(buf, "? GB/s");
	return buf;
}

static void open_group(FILE *out, const char *class, const char *id)
{
	fprintf(out, "<g class='%s' data-id='", class);
	svg_escape(out, id);
	fputs("'>\n", out);
}

static void draw_target(const struct svg_picture *picture, FILE *out,
	unsigned target, const struct svg_box *box)
{
	const struct hms_memory *memory =
		&picture->machine->graph->targets[target];
	char attributes[96], line[64], human[16];

	open_group(out, "target", memory->id);
	svg_title(out, "%s %s%s%s%s%s", memory->id, hms_kind_name(memory->kind),
		memory->name ? ", " : "", memory->name ? memory->name : "",
		memory->device ? ", " : "",
		memory->device ? memory->device : "");
	snprintf(attributes, sizeof(attributes),
		"rx='4' fill='%s' stroke='%s' stroke-width='1.5'%s",
		svg_kind_fill(memory->kind), svg_kind_stroke(memory->kind),
		memory->allowed ? "" : " opacity='0.5'");
	svg_rect(out, box, attributes);
	svg_text(out, box->x + 8, box->y + 18, box->w - 16, &heading,
		memory->id);
	snprintf(line, sizeof(line), "%s%s, %s", hms_kind_name(memory->kind),
		memory->origin[HMS_FIELD_KIND] == HMS_GUESSED ? "?" : "",
		memory->origin[HMS_FIELD_SIZE] == HMS_UNKNOWN
			? "size not known"
			: hms_text_human(memory->size, human));
	svg_text(out, box->x + 8, box->y + 35, box->w - 16, &plain, line);
	if (memory->name)
		svg_text(out, box->x + 8, box->y + 51, box->w - 16, &small,
			memory->name);
	else if (memory->free) {
		snprintf(line, sizeof(line), "%s free",
			hms_text_human(memory->free, human));
		svg_text(out, box->x + 8, box->y + 51, box->w - 16, &small,
			line);
	}
	fputs("</g>\n", out);
}

static void draw_initiator(const struct svg_picture *picture, FILE *out,
	unsigned index, const struct svg_box *box)
{
	const struct hms_initiator *at =
		&picture->machine->graph->initiators[index];
	bool cpu = at->kind == HMS_INITIATOR_CPU;
	char buf[256] = "";
	struct hms_text text = HMS_TEXT(buf);

	open_group(out, "initiator", at->id);
	svg_title(out, "%s", at->id);
	svg_rect(out, box,
		cpu ? "rx='14' fill='#e9edf1' stroke='#40505f' "
		      "stroke-width='1.5'"
		    : "rx='14' fill='#f7f2fc' stroke='#8346c2' "
		      "stroke-width='1.5'");
	svg_text(out, box->x + 12, box->y + 18, box->w - 24, &heading, at->id);
	if (cpu)
		hms_text_add(&text, at->cpus ? "CPUs %s" : "CPUs%s",
			at->cpus ? at->cpus : "");
	for (unsigned i = 0; !cpu && i < at->naliases; i++)
		hms_text_add(&text, "%s%s", i ? ", " : "", at->aliases[i]);
	svg_text(out, box->x + 12, box->y + 35, box->w - 24, &plain, buf);
	if (at->name)
		svg_text(out, box->x + 12, box->y + 51, box->w - 24, &small,
			at->name);
	fputs("</g>\n", out);
}

/* Down from an initiator's box to one that stands below it. */
static void draw_drop(FILE *out, double x, double top, uint32_t latency,
	uint32_t bandwidth, const char *style)
{
	char buf[32];

	svg_line(out, x, top, x, top + SVG_DROP, style);
	if (latency)
		svg_text(out, x + 6, top + 20, 0, &label,
			svg_latency(latency, buf));
	if (bandwidth)
		svg_text(out, x + 6, top + 35, 0, &label,
			svg_bandwidth(bandwidth, buf));
	if (!latency && !bandwidth)
		svg_text(out, x + 6, top + 28, 0, &label, "?");
}

static void draw_way(const struct svg_picture *picture, FILE *out,
	unsigned initiator, unsigned target, double x, double top)
{
	const struct hms_graph *graph = picture->machine->graph;
	const struct tool_cell *cell =
		tool_machine_cell(picture->machine, initiator, target);

	if (!cell->nlinks)
		return;
	fputs("<g class='link'>\n", out);
	svg_title(out, "%s to %s: latency from %s, bandwidth from %s",
		graph->initiators[initiator].id, graph->targets[target].id,
		hms_origin_name((enum hms_origin)cell->latency_origin),
		hms_origin_name((enum hms_origin)cell->bandwidth_origin));
	draw_drop(out, x, top, cell->latency, cell->bandwidth,
		svg_way_style((enum hms_origin)cell->latency_origin,
			(enum hms_origin)cell->bandwidth_origin,
			cell->coherent));
	fputs("</g>\n", out);
}

/* A device's own link that only leads to others: its slot. */
static const struct hms_link *find_slot(
	const struct hms_graph *graph, unsigned device)
{
	for (unsigned i = 0; i < graph->nlinks; i++) {
		const struct hms_link *link = &graph->links[i];

		if (!link->ntargets && link->ninitiators == 1 &&
			link->initiators[0] == device)
			return link;
	}
	return NULL;
}

static void draw_slot(const struct svg_picture *picture, FILE *out,
	unsigned device, double x, double top)
{
	const struct hms_link *slot =
		find_slot(picture->machine->graph, device);
	enum hms_origin latency = HMS_UNKNOWN, bandwidth = HMS_UNKNOWN;
	uint32_t ns = 0, mbs = 0;

	if (slot) {
		ns = hms_perf_value(
			&slot->perf, HMS_LATENCY, HMS_READ_WRITE, &latency);
		mbs = hms_perf_value(
			&slot->perf, HMS_BANDWIDTH, HMS_READ_WRITE, &bandwidth);
	}
	fputs("<g class='link'>\n", out);
	if (slot)
		svg_title(out, "%s", slot->id);
	draw_drop(out, x, top, ns, mbs,
		svg_way_style(latency, bandwidth, !slot || slot->coherent));
	fputs("</g>\n", out);
}

static void draw_child(const struct svg_picture *picture, FILE *out,
	const struct svg_card *card, const struct svg_child *child, double x,
	double y)
{
	const struct hms_graph *graph = picture->machine->graph;
	const struct svg_box box = { x, y, child->w, SVG_BOX };
	double below = y + SVG_BOX, each, left = x;

	if (!child->device) {
		draw_target(picture, out, child->index, &box);
		if (card->cpu >= 0)
			draw_way(picture, out, (unsigned)card->cpu,
				child->index, x + child->w / 2, y - SVG_DROP);
		return;
	}
	draw_initiator(picture, out, child->index, &box);
	if (card->cpu >= 0)
		draw_slot(picture, out, child->index, x + child->w / 2,
			y - SVG_DROP);
	each = (child->w - (child->ntargets - 1) * SVG_PAD) / child->ntargets;
	for (unsigned i = 0; i < child->ntargets; i++) {
		const struct svg_box memory = { left, below + SVG_DROP, each,
			SVG_BOX };

		draw_target(picture, out, child->targets[i], &memory);
		if (child->targets[i] < graph->ntargets)
			draw_way(picture, out, child->index, child->targets[i],
				left + each / 2, below);
		left += each + SVG_PAD;
	}
}

/* A device that stands on its like has a line along them. */
static void draw_stack(const struct svg_picture *picture, FILE *out,
	const struct svg_card *card, double x, double y)
{
	const double middle = card->stack_w / 2;

	for (unsigned i = 0; i < card->nstack; i++) {
		unsigned row = i % card->stack_rows;
		double left =
			x + i / card->stack_rows * (card->stack_w + SVG_PAD);
		double top = y + row * (SVG_BOX + SVG_STACK_GAP);
		const struct svg_box box = { left, top, card->stack_w,
			SVG_BOX };

		draw_initiator(picture, out, card->stack[i], &box);
		if (card->cpu >= 0 && !row)
			draw_slot(picture, out, card->stack[i], left + middle,
				top - SVG_DROP);
		else if (card->cpu >= 0)
			svg_line(out, left + middle, top - SVG_STACK_GAP,
				left + middle, top,
				"stroke='#40505f' stroke-width='1.5'");
	}
}

static void draw_card(const struct svg_picture *picture, FILE *out,
	const struct svg_card *card)
{
	const struct svg_box *box = &card->box;
	const struct svg_box top = { box->x + SVG_PAD, box->y + SVG_PAD,
		box->w - 2 * SVG_PAD, SVG_BOX };
	double x = box->x + SVG_PAD, y = top.y + SVG_BOX + SVG_DROP;

	svg_rect(out, box,
		"class='card' rx='8' fill='#fafbfc' stroke='#c9d1d9'");
	if (card->cpu >= 0)
		draw_initiator(picture, out, (unsigned)card->cpu, &top);
	else
		svg_text(out, top.x, top.y + 18, top.w, &heading, card->title);
	for (unsigned c = 0; c < card->nchildren; c++) {
		draw_child(picture, out, card, &card->children[c], x, y);
		x += card->children[c].w + SVG_PAD;
	}
	if (card->nstack)
		draw_stack(picture, out, card, x, y);
}

static void put_range(struct hms_text *text, const uint32_t *range,
	const char *(*put)(uint32_t value, char *buf))
{
	char low[32], high[32];

	put(range[0], low);
	put(range[1], high);
	if (range[0] == range[1])
		hms_text_add(text, "%s", high);
	else
		hms_text_add(text, "%.*s\xe2\x80\x93%s", (int)strcspn(low, " "),
			low, high);
}

static void draw_lane(const struct svg_picture *picture, FILE *out,
	const struct svg_lane *lane)
{
	const struct svg_box *a = &picture->cards[lane->a].box;
	const struct svg_box *b = &picture->cards[lane->b].box;

	fprintf(out,
		"<path class='bridge' d='M%.1f %.1fV%.1fH%.1fV%.1f' %s/>\n",
		lane->ax, a->y + a->h, lane->y, lane->bx, b->y + b->h,
		svg_way_style(lane->origin, lane->origin, lane->coherent));
}

static void draw_lane_label(FILE *out, const struct svg_lane *lane)
{
	struct svg_font font = label;
	char buf[128] = "";
	struct hms_text text = HMS_TEXT(buf);

	font.anchor = SVG_MIDDLE;
	font.halo = true;
	put_range(&text, lane->latency, svg_latency);
	hms_text_add(&text, ", ");
	put_range(&text, lane->bandwidth, svg_bandwidth);
	svg_text(out, (lane->ax + lane->bx) / 2, lane->y - 6, 0, &font, buf);
}

void svg_cards(const struct svg_picture *picture, FILE *out)
{
	for (unsigned i = 0; i < picture->nlanes; i++)
		draw_lane(picture, out, &picture->lanes[i]);
	/* Over the lines that cross them. */
	for (unsigned i = 0; i < picture->nlanes; i++)
		draw_lane_label(out, &picture->lanes[i]);
	for (unsigned i = 0; i < picture->ncards; i++)
		draw_card(picture, out, &picture->cards[i]);
}
