/* SPDX-License-Identifier: BSD-2-Clause */
/* What rules ask of callers, and nobody had. */
#include <stdio.h>
#include <string.h>

#include "engine/site/module.h"
#include "report/closest.h"
#include "report/json.h"
#include "report/render_sites.h"

static bool was_met(const struct hms_status *s, unsigned pattern)
{
	return !pattern || pattern > s->npatterns ||
	       pattern > HMS_STATUS_PATTERNS ||
	       s->patterns_met >> (pattern - 1) & 1;
}

/* The conditions of a rule that nothing matches; how many. */
static unsigned nowhere(const struct hms_status *s,
	const struct hms_status_rule *rule, const char *out[2])
{
	unsigned n = 0;

	if (!was_met(s, rule->from_pattern))
		out[n++] = s->patterns[rule->from_pattern - 1];
	if (!was_met(s, rule->via_pattern))
		out[n++] = s->patterns[rule->via_pattern - 1];
	return n;
}

void hms_render_nowhere_text(
	const struct hms_render *what, struct hms_sink *sink)
{
	const struct hms_status *s = what->status;
	const char *conditions[2];

	for (uint32_t i = 0; i < s->nrules; i++) {
		unsigned n = nowhere(s, &s->rules[i], conditions);

		for (unsigned k = 0; k < n; k++)
			hms_sink_add(sink,
				"rule %s: %s matches no code that was met\n",
				s->rules[i].name, conditions[k]);
	}
}

void hms_render_nowhere_json(
	const struct hms_render *what, struct hms_sink *sink)
{
	const struct hms_status *s = what->status;
	const char *conditions[2], *before = "\n    {";

	hms_sink_add(sink, "[");
	for (uint32_t i = 0; i < s->nrules; i++) {
		unsigned n = nowhere(s, &s->rules[i], conditions);

		for (unsigned k = 0; k < n; k++) {
			hms_json_text(sink, before, "rule", s->rules[i].name);
			hms_json_text(sink, ", ", "condition", conditions[k]);
			hms_sink_add(sink, "}");
			before = ",\n    {";
		}
	}
	hms_sink_add(sink, "]");
}

static bool is_unknown(const struct hms_render *what, uint32_t rule)
{
	const struct hms_status_rule *row = &what->status->rules[rule];

	/* With a call it was there, sampled or not. */
	return row->has_site &&
	       !hms_status_calls(what->status, (int)rule).calls &&
	       !(what->sites && hms_sites_find(what->sites, row->site));
}

static unsigned closest(const struct hms_render *what, uint32_t rule,
	const struct hms_sites_row *out[HMS_SITES_CLOSEST])
{
	const struct hms_status_rule *row = &what->status->rules[rule];

	return what->sites ? hms_sites_closest(what->sites, row->site_hint, out)
			   : 0;
}

/* Where it is: libc's own frames say less than its caller. */
static uint64_t telling_frame(
	const struct hms_sites *sites, const struct hms_sites_row *row)
{
	for (unsigned i = 0; i < row->nframes; i++) {
		unsigned m = hms_sites_frame_module(row->frame[i]);

		if (m < sites->nmodules && m < HMS_SITES_MODULES &&
			!site_module_is_runtime(sites->modules[m].path))
			return row->frame[i];
	}
	return row->nframes ? row->frame[0] : 0;
}

static void unknown_row(
	const struct hms_render *what, uint32_t rule, struct hms_sink *sink)
{
	const struct hms_status_rule *row = &what->status->rules[rule];
	const struct hms_sites_row *like[HMS_SITES_CLOSEST];
	unsigned n = closest(what, rule, like);
	char buf[HMS_SITES_ID], size[16];
	struct hms_text id = HMS_TEXT(buf);

	hms_sites_id(row->site, row->site_hint, &id);
	if (!row->site_hint)
		buf[16] = 0;
	hms_sink_add(sink, "rule %s: unknown site %s", row->name, buf);
	if (!what->sites)
		hms_sink_add(sink, "; HMS_SITES=sampled would show others");
	else if (!row->site_hint)
		hms_sink_add(sink, "; with its hint it could be compared");
	else if (!n)
		hms_sink_add(sink, ", and none is like it");
	else
		hms_sink_add(sink, "; the closest:");
	hms_sink_add(sink, "\n");
	for (unsigned i = 0; i < n; i++) {
		id.len = 0;
		hms_sites_id(like[i]->id, like[i]->hint, &id);
		hms_sink_add(sink, "    %s %9s  ", buf,
			hms_render_amount(like[i]->bytes, size));
		hms_render_frame(
			what, telling_frame(what->sites, like[i]), sink);
	}
}

void hms_render_unknown_text(
	const struct hms_render *what, struct hms_sink *sink)
{
	for (uint32_t i = 0; i < what->status->nrules; i++)
		if (is_unknown(what, i))
			unknown_row(what, i, sink);
}

void hms_render_unknown_json(
	const struct hms_render *what, struct hms_sink *sink)
{
	const struct hms_status *s = what->status;
	const char *before = "\n    {";

	hms_sink_add(sink, "[");
	for (uint32_t i = 0; i < s->nrules; i++) {
		const struct hms_sites_row *like[HMS_SITES_CLOSEST];
		char buf[HMS_SITES_ID];
		struct hms_text id = HMS_TEXT(buf);
		unsigned n;

		if (!is_unknown(what, i))
			continue;
		n = closest(what, i, like);
		hms_sites_id(s->rules[i].site, s->rules[i].site_hint, &id);
		hms_json_text(sink, before, "rule", s->rules[i].name);
		hms_json_text(sink, ", ", "site", buf);
		hms_json_key(sink, ", ", "closest");
		for (unsigned k = 0; k < n; k++) {
			id.len = 0;
			hms_sites_id(like[k]->id, like[k]->hint, &id);
			hms_sink_add(sink, "%s\"%s\"", k ? ", " : "[", buf);
		}
		hms_sink_add(sink, "%s]}", n ? "" : "[");
		before = ",\n    {";
	}
	hms_sink_add(sink, "]");
}
