/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/render.h"

#include "config/policy.h"
#include "report/json.h"
#include "report/render_learning.h"
#include "report/render_sites.h"

static const char *phase_name(uint32_t phase)
{
	/* enum hms_phase of preload/phase.h, which nobody may include. */
	static const char *const names[] = { "boot", "resolved", "configured",
		"live", "draining" };

	if (phase == HMS_STATUS_DIED)
		return "died";
	return phase < sizeof(names) / sizeof(names[0]) ? names[phase] : "?";
}

static void families(const struct hms_status *s, struct hms_sink *sink)
{
	const char *state;

	hms_json_key(sink, ",\n  ", "families");
	for (int i = 0; i < HMS_FAMILIES; i++) {
		hms_json_key(sink, i ? ",\n    " : "{\n    ",
			hms_family_name((enum hms_family)i));
		hms_json_number(sink, "{", "calls",
			hms_status_family_calls(s, (enum hms_family)i));
		state = s->families_dead & 1u << i   ? "dead"
			: s->families_live & 1u << i ? "live"
						     : "off";
		hms_json_text(sink, ", ", "state", state);
		hms_sink_add(sink, "}");
	}
	hms_sink_add(sink, "\n  }");
}

static void actual(const struct hms_status_rule *rule, struct hms_sink *sink)
{
	const char *before = "";

	hms_json_key(sink, ",\n      ", "actual");
	hms_json_key(sink, "{", "nodes");
	hms_sink_add(sink, "{");
	for (unsigned n = 0; n < 64; n++) {
		if (!rule->actual_node[n])
			continue;
		hms_sink_add(sink, "%s\"%u\": %llu", before, n,
			(unsigned long long)rule->actual_node[n]);
		before = ", ";
	}
	hms_sink_add(sink, "}");
	hms_json_number(sink, ", ", "file", rule->actual_file);
	hms_json_number(sink, ", ", "untouched", rule->actual_absent);
	hms_sink_add(sink, "}");
}

static void rule(const struct hms_status *s, uint32_t i, struct hms_sink *sink)
{
	struct hms_tally_rule calls = hms_status_calls(s, (int)i);
	const struct hms_status_rule *r = &s->rules[i];
	const char *before = "{";

	hms_json_text(sink, i ? ",\n    {" : "\n    {", "name", r->name);
	hms_json_text(sink, ", ", "text", r->text);
	hms_json_text(sink, ", ", "place", r->place);
	hms_json_number(sink, ",\n      ", "calls", calls.calls);
	hms_json_number(sink, ", ", "bytes", calls.bytes);
	hms_json_number(sink, ",\n      ", "bound", r->bound);
	hms_json_number(sink, ", ", "bound_peak", r->bound_peak);
	hms_json_number(sink, ", ", "first", r->first);
	hms_json_number(sink, ", ", "spilled", r->spilled);
	hms_json_number(sink, ", ", "refused", r->refused);
	hms_json_number(sink, ", ", "failures", r->failures);
	hms_json_key(sink, ",\n      ", "wanted");
	for (uint32_t t = 0; t < s->ntargets; t++) {
		if (!r->wanted[t])
			continue;
		hms_json_number(sink, before, s->targets[t].text, r->wanted[t]);
		before = ", ";
	}
	hms_sink_add(sink, "%s}", *before == '{' ? "{" : "");
	actual(r, sink);
	hms_sink_add(sink, "}");
}

static void target(
	const struct hms_status *s, uint32_t i, struct hms_sink *sink)
{
	const struct hms_status_target *t = &s->targets[i];
	const char *before = "";

	hms_json_text(sink, i ? ",\n    {" : "\n    {", "name", t->text);
	hms_json_key(sink, ", ", "nodes");
	hms_sink_add(sink, "[");
	for (unsigned n = 0; n < 64; n++) {
		if (!(t->nodes & UINT64_C(1) << n))
			continue;
		hms_sink_add(sink, "%s%u", before, n);
		before = ", ";
	}
	hms_sink_add(sink, "]");
	hms_json_number(sink, ",\n      ", "bound", t->bound);
	hms_json_number(sink, ", ", "bound_peak", t->bound_peak);
	hms_json_number(sink, ", ", "actual", t->actual);
	hms_json_number(sink, ", ", "elsewhere", t->elsewhere);
	hms_json_number(sink, ", ", "untouched", t->absent);
	hms_json_number(sink, ", ", "refusals", t->refusals);
	hms_json_number(sink, ", ", "last_errno", (uint64_t)t->last_errno);
	hms_sink_add(sink, "}");
}

static void head(const struct hms_status *s, struct hms_sink *sink)
{
	hms_json_number(sink, "{\n  ", "hms", 1);
	hms_json_number(sink, ",\n  ", "pid", s->pid);
	hms_json_text(sink, ",\n  ", "program", s->program);
	hms_json_text(sink, ",\n  ", "phase", phase_name(s->phase));
	hms_json_number(sink, ",\n  ", "started_ns", s->started_ns);
	hms_json_number(sink, ",\n  ", "updated_ns", s->updated_ns);
	hms_json_number(sink, ",\n  ", "ended_ns", s->ended_ns);
	hms_json_text(sink, ",\n  ", "policy", s->policy);
	hms_json_key(sink, ",\n  ", "refusal");
	if (s->refusal[0])
		hms_json_string(sink, s->refusal);
	else
		hms_sink_add(sink, "null");
}

static void limits(const struct hms_status *status, struct hms_sink *sink)
{
	static const char *const sharing[] = { "no", "yes", "failed" };

	hms_json_key(sink, ",\n  ", "limits");
	hms_sink_add(sink, "[");
	for (uint32_t i = 0; i < status->nlimits; i++) {
		const struct hms_status_limit *limit = &status->limits[i];

		hms_json_text(
			sink, i ? ",\n    {" : "\n    {", "name", limit->name);
		hms_json_number(sink, ", ", "bytes", limit->bytes);
		hms_json_number(sink, ", ", "used", limit->used);
		hms_json_text(
			sink, ", ", "shared", sharing[limit->sharing % 3]);
		hms_json_number(sink, ", ", "used_by_all", limit->all);
		hms_sink_add(sink, "}");
	}
	hms_sink_add(sink, "]");
}

void hms_render_json(const struct hms_render *what, struct hms_sink *sink)
{
	const struct hms_status *status = what->status;
	struct hms_tally_rule none = hms_status_calls(status, -1);

	head(status, sink);
	families(status, sink);
	hms_json_number(
		sink, ",\n  ", "bootstrap_bytes", status->bootstrap_bytes);
	hms_json_number(
		sink, ",\n  ", "approximate_threads", status->lost_tallies);
	hms_json_key(sink, ",\n  ", "page_faults");
	hms_json_number(sink, "{", "minor", status->minor_faults);
	hms_json_number(sink, ", ", "major", status->major_faults);
	hms_sink_add(sink, "}");
	hms_json_key(sink, ",\n  ", "unmatched");
	hms_json_number(sink, "{", "calls", none.calls);
	hms_json_number(sink, ", ", "bytes", none.bytes);
	hms_json_key(sink, "},\n  ", "rules");
	hms_sink_add(sink, "[");
	for (uint32_t i = 0; i < status->nrules; i++)
		rule(status, i, sink);
	hms_json_key(sink, "],\n  ", "targets");
	hms_sink_add(sink, "[");
	for (uint32_t i = 0; i < status->ntargets; i++)
		target(status, i, sink);
	hms_sink_add(sink, "]");
	limits(status, sink);
	hms_json_key(sink, ",\n  ", "learning");
	hms_render_learning_json(status, sink);
	hms_json_key(sink, ",\n  ", "devices");
	hms_render_devices_json(status, sink);
	hms_json_key(sink, ",\n  ", "nowhere");
	hms_render_nowhere_json(what, sink);
	hms_json_key(sink, ",\n  ", "unknown_sites");
	hms_render_unknown_json(what, sink);
	hms_json_key(sink, ",\n  ", "sites");
	hms_render_sites_json(what, sink);
	hms_sink_add(sink, "\n}\n");
}
