/* SPDX-License-Identifier: BSD-2-Clause */
/* Sites as JSON; report/render.h describes it. */
#include <string.h>

#include "report/closest.h"
#include "report/json.h"
#include "report/render_sites.h"

static void modules(const struct hms_sites *sites, struct hms_sink *sink)
{
	hms_json_key(sink, ",\n    ", "modules");
	hms_sink_add(sink, "[");
	for (uint32_t i = 0; i < sites->nmodules && i < HMS_SITES_MODULES;
		i++) {
		const struct hms_sites_module *m = &sites->modules[i];

		hms_json_text(
			sink, i ? ",\n      {" : "\n      {", "path", m->path);
		hms_json_key(sink, ", ", "build_id");
		hms_sink_add(sink, "\"");
		for (uint32_t k = 0; k < m->build_id_len; k++)
			hms_sink_add(sink, "%02x", m->build_id[k]);
		hms_sink_add(sink, "\"}");
	}
	hms_sink_add(sink, "]");
}

static void functions(const struct hms_names *names, struct hms_sink *sink)
{
	hms_json_key(sink, ", ", "changed");
	hms_sink_add(sink, names->changed ? "true" : "false");
	hms_json_key(sink, ", ", "functions");
	hms_sink_add(sink, "[");
	for (unsigned i = 0; i < names->n; i++) {
		const struct hms_named *at = &names->at[i];

		hms_json_text(sink, i ? ", {" : "{", "name", at->function);
		hms_json_text(sink, ", ", "file", at->file);
		hms_json_number(sink, ", ", "line", at->line);
		hms_json_key(sink, ", ", "inlined");
		hms_sink_add(sink, at->inlined ? "true}" : "false}");
	}
	hms_sink_add(sink, "]");
}

static void frames(const struct hms_render *what,
	const struct hms_sites_row *row, struct hms_sink *sink)
{
	hms_json_key(sink, ",\n       ", "frames");
	hms_sink_add(sink, "[");
	for (unsigned i = 0; i < row->nframes; i++) {
		unsigned module = hms_sites_frame_module(row->frame[i]);
		uint64_t offset = hms_sites_frame_offset(row->frame[i]);
		struct hms_names names = { 0 };

		hms_json_key(sink,
			!i	      ? "{"
			: what->namer ? ",\n         {"
				      : ", {",
			"module");
		if (module < what->sites->nmodules)
			hms_sink_add(sink, "%u", module);
		else
			hms_sink_add(sink, "null");
		hms_json_number(sink, ", ", "offset", offset);
		if (what->namer) {
			if (module < what->sites->nmodules)
				what->namer->name(what->namer, what->sites,
					module, offset, &names);
			functions(&names, sink);
		}
		hms_sink_add(sink, "}");
	}
	hms_sink_add(sink, "]");
}

static void lives(const struct hms_sites_row *row, struct hms_sink *sink)
{
	unsigned n = HMS_SITES_LIVES;
	uint64_t median = hms_sites_median(row);

	if (median && median != UINT64_MAX)
		hms_json_number(sink, ", ", "median_life_us", median);
	else {
		hms_json_key(sink, ", ", "median_life_us");
		hms_sink_add(sink, "null");
	}
	while (n && !row->lives[n - 1])
		n--;
	hms_json_key(sink, ", ", "lives");
	for (unsigned i = 0; i < n; i++)
		hms_sink_add(sink, "%s%llu", i ? ", " : "[",
			(unsigned long long)row->lives[i]);
	hms_sink_add(sink, n ? "]" : "[]");
}

static void site(
	const struct hms_render *what, uint32_t i, struct hms_sink *sink)
{
	const struct hms_sites_row *row = &what->sites->rows[i];
	const struct hms_status *s = what->status;
	char buf[HMS_SITES_ID] = "";
	struct hms_text id = HMS_TEXT(buf);

	if (i)
		hms_sites_id(row->id, row->hint, &id);
	hms_json_text(sink, i ? ",\n      {" : "\n      {", "id", buf);
	hms_json_key(sink, ", ", "rule");
	if (row->rule && row->rule <= s->nrules)
		hms_json_string(sink, s->rules[row->rule - 1].name);
	else
		hms_sink_add(sink, "null");
	hms_json_number(sink, ", ", "calls", row->calls);
	hms_json_number(sink, ", ", "bytes", row->bytes);
	hms_json_number(sink, ",\n       ", "freed_calls", row->freed_calls);
	hms_json_number(sink, ", ", "freed_bytes", row->freed_bytes);
	hms_json_number(sink, ", ", "live", hms_sites_live(row));
	hms_json_number(sink, ", ", "live_peak", row->live_peak);
	hms_json_number(sink, ",\n       ", "minor_faults", row->minor_faults);
	hms_json_number(sink, ", ", "major_faults", row->major_faults);
	hms_json_number(sink, ",\n       ", "samples", row->samples);
	lives(row, sink);
	frames(what, row, sink);
	hms_sink_add(sink, "}");
}

void hms_render_sites_json(const struct hms_render *what, struct hms_sink *sink)
{
	const struct hms_sites *sites = what->sites;

	if (!sites) {
		hms_sink_add(sink, "null");
		return;
	}
	hms_json_text(sink, "{\n    ", "mode",
		sites->mode == HMS_SITES_EXACT ? "exact" : "sampled");
	hms_json_number(sink, ", ", "period", sites->period);
	hms_json_number(sink, ", ", "lost", sites->lost);
	modules(sites, sink);
	hms_json_key(sink, ",\n    ", "sites");
	hms_sink_add(sink, "[");
	for (uint32_t i = 0; i < sites->nsites; i++)
		site(what, i, sink);
	hms_sink_add(sink, "]\n  }");
}
