/* SPDX-License-Identifier: BSD-2-Clause */
/* Sites, and what rules ask of callers, as text for people. */
#include "report/render_sites.h"

#include <stdio.h>
#include <string.h>

#include "engine/site/module.h"
#include "report/closest.h"

#define SHOWN 20 /* sites; JSON has all of them */
#define LONG_PATH 44 /* letters; longer ones are cut, or push what follows */
#define SHOWN_FRAMES 8 /* on a line of addresses; what the ID is made of */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const struct hms_sites_module *module_of(
	const struct hms_sites *sites, uint64_t frame)
{
	unsigned module = hms_sites_frame_module(frame);

	return module < sites->nmodules && module < HMS_SITES_MODULES
		       ? &sites->modules[module]
		       : NULL;
}

/* "libfoo.so+0x1234" */
static void put_address(
	const struct hms_sites *sites, uint64_t frame, struct hms_text *out)
{
	const struct hms_sites_module *m = module_of(sites, frame);
	unsigned long long offset = hms_sites_frame_offset(frame);

	if (m)
		hms_text_add(out, "%s+0x%llx", base_name(m->path), offset);
	else
		hms_text_add(out, "(code of no file)");
}

static void name(
	const struct hms_render *what, uint64_t frame, struct hms_names *names)
{
	names->n = 0;
	names->changed = false;
	if (what->namer && module_of(what->sites, frame))
		what->namer->name(what->namer, what->sites,
			hms_sites_frame_module(frame),
			hms_sites_frame_offset(frame), names);
}

/* People need the end of a long path; JSON has all of it. */
static const char *short_path(const char *path)
{
	const char *end = path + strlen(path), *from = end;
	unsigned slashes = 0;

	if (end - path <= LONG_PATH)
		return path;
	while (from > path && (slashes += from[-1] == '/') < 2)
		from--;
	return from;
}

static void put_names(const struct hms_names *names, const char *indent,
	const char *address, int width, struct hms_sink *sink)
{
	for (unsigned i = 0; i < names->n; i++) {
		const struct hms_named *at = &names->at[i];
		const char *file = short_path(at->file);

		hms_sink_add(sink, "%s%-*s  %s", indent, width,
			i ? "" : address, at->function[0] ? at->function : "?");
		if (at->inlined)
			hms_sink_add(sink, " (inlined)");
		if (file[0])
			hms_sink_add(sink, "  %s%s",
				file == at->file ? "" : ".../", file);
		if (at->line)
			hms_sink_add(sink, ":%u", at->line);
		hms_sink_add(sink, "\n");
	}
}

static void put_frame(const struct hms_render *what, uint64_t frame,
	const struct hms_names *names, const char *indent, int width,
	struct hms_sink *sink)
{
	char buf[HMS_SITES_PATH + 32];
	struct hms_text address = HMS_TEXT(buf);

	put_address(what->sites, frame, &address);
	if (names->n)
		put_names(names, indent, buf, width, sink);
	else
		hms_sink_add(sink, "%s%s%s\n", indent, buf,
			names->changed ? "  (the file has changed since)" : "");
}

void hms_render_frame(
	const struct hms_render *what, uint64_t frame, struct hms_sink *sink)
{
	struct hms_names names;

	name(what, frame, &names);
	if (names.n)
		names.n = 1;
	put_frame(what, frame, &names, "", 0, sink);
}

/* Of the column of addresses of a site. */
static int width_of(
	const struct hms_sites *sites, const struct hms_sites_row *row)
{
	int width = 0;

	for (unsigned i = 0; i < row->nframes; i++) {
		char buf[HMS_SITES_PATH + 32];
		struct hms_text text = HMS_TEXT(buf);

		put_address(sites, row->frame[i], &text);
		if ((int)text.len > width && text.len <= LONG_PATH)
			width = (int)text.len;
	}
	return width;
}

/* Who calls main(), or a thread's first function, is the same everywhere. */
static bool is_beginning(const struct hms_names *names)
{
	static const char *const begin[] = { "__libc_start_call_main",
		"__libc_start_main", "__libc_start_main_impl", "_start",
		"start_thread", "clone3", "__clone", "clone" };
	const char *function = names->n ? names->at[names->n - 1].function : "";

	for (size_t i = 0; i < sizeof(begin) / sizeof(*begin); i++)
		if (!strcmp(function, begin[i]))
			return true;
	return false;
}

static void named_frames(const struct hms_render *what,
	const struct hms_sites_row *row, struct hms_sink *sink)
{
	int width = width_of(what->sites, row);

	for (unsigned i = 0; i < row->nframes; i++) {
		struct hms_names names;

		name(what, row->frame[i], &names);
		if (i && is_beginning(&names))
			return;
		put_frame(what, row->frame[i], &names, "    ", width, sink);
	}
}

static void bare_frames(const struct hms_render *what,
	const struct hms_sites_row *row, struct hms_sink *sink)
{
	size_t at = 0;

	for (unsigned i = 0; i < row->nframes && i < SHOWN_FRAMES; i++) {
		char buf[HMS_SITES_PATH + 32];
		struct hms_text text = HMS_TEXT(buf);

		put_address(what->sites, row->frame[i], &text);
		if (i && at + 3 + text.len > HMS_RENDER_WIDTH) {
			hms_sink_add(sink, "\n    < %s", buf);
			at = 6 + text.len;
		} else {
			hms_sink_add(sink, "%s%s", i ? " < " : "    ", buf);
			at += (i ? 3 : 4) + text.len;
		}
	}
	if (row->nframes)
		hms_sink_add(sink, "\n");
}

/* "<512 us": lifetimes are known within a factor of two. */
static const char *median(const struct hms_sites_row *row, char buf[16])
{
	uint64_t us = hms_sites_median(row);
	struct hms_text text = { buf, 16, 0, false };

	if (!us)
		hms_text_add(&text, "-");
	else if (us == UINT64_MAX)
		hms_text_add(&text, ">%llu s",
			(1ull << (HMS_SITES_LIVES - 2)) / 1000000);
	else if (us < 1000)
		hms_text_add(&text, "<%u us", (unsigned)us);
	else if (us < 1000000)
		hms_text_add(&text, "<%u ms", (unsigned)(us / 1000));
	else
		hms_text_add(&text, "<%u s", (unsigned)(us / 1000000));
	return buf;
}

static void site_row(const struct hms_render *what,
	const struct hms_sites_row *row, const char *label,
	struct hms_sink *sink)
{
	const struct hms_status *s = what->status;
	const char *rule = "(no rule)";
	char life[16];

	if (row->rule)
		rule = row->rule <= s->nrules ? s->rules[row->rule - 1].name
					      : "?";
	hms_sink_add(sink, "%-25s ", label);
	hms_render_label(sink, rule, 10);
	hms_sink_add(sink, " %9llu", (unsigned long long)row->calls);
	hms_render_column(sink, row->bytes);
	hms_render_column(sink, hms_sites_live(row));
	hms_render_column(sink, row->live_peak);
	hms_sink_add(sink, " %9s\n", median(row, life));
	if (what->namer)
		named_frames(what, row, sink);
	else
		bare_frames(what, row, sink);
}

static void heading(const struct hms_sites *sites, uint32_t shown, uint32_t all,
	struct hms_sink *sink)
{
	uint64_t samples = 0;
	char size[16];

	for (uint32_t i = 0; i < sites->nsites; i++)
		samples += sites->rows[i].samples;
	hms_sink_add(sink, "\nsites by peak, %u of %u", shown, all);
	if (sites->mode == HMS_SITES_EXACT)
		hms_sink_add(sink, "; exact, lifetimes from %llu samples\n",
			(unsigned long long)samples);
	else
		hms_sink_add(sink,
			"; estimates from %llu samples, one per %s\n",
			(unsigned long long)samples,
			hms_render_amount(sites->period, size));
	hms_sink_add(sink, "%-25s %-10s %9s %9s %9s %9s %9s\n", "site", "rule",
		"calls", "asked", "live", "peak", "life");
}

void hms_render_sites_text(const struct hms_render *what, struct hms_sink *sink)
{
	const struct hms_sites *sites = what->sites;
	const struct hms_sites_row *row = NULL;
	uint32_t all;

	if (!sites || !sites->nsites)
		return;
	all = sites->nsites - 1;
	if (!all && !sites->rows[0].calls && !sites->lost)
		return;
	heading(sites, all < SHOWN ? all : SHOWN, all, sink);
	for (unsigned i = 0; i < SHOWN; i++) {
		char buf[HMS_SITES_ID];
		struct hms_text id = HMS_TEXT(buf);

		row = hms_sites_next(sites, row);
		if (!row)
			break;
		hms_sites_id(row->id, row->hint, &id);
		site_row(what, row, buf, sink);
	}
	if (sites->rows[0].calls)
		site_row(what, &sites->rows[0], "(unknown stacks, others)",
			sink);
	if (sites->lost)
		hms_sink_add(sink, "%llu calls found no room\n",
			(unsigned long long)sites->lost);
}
