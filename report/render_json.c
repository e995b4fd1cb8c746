/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/render.h"

#include <string.h>

#include "config/policy.h"

/*
 * Length of the UTF-8 sequence at s, 0 if there is none; no surrogates, no
 * overlong forms (RFC 3629, section 4).  Names may be any bytes, and the page
 * may have cut one in the middle.
 */
static size_t utf8(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* A JSON string with its quotes: RFC 8259, section 7. */
static void string(struct hms_sink *sink, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	const char *bytes;
	size_t len;

	hms_sink_add(sink, "\"");
	for (; *s; s += len ? len : 1) {
		len = utf8(s);
		bytes = (const char *)s;
		if (!len)
			hms_sink_add(sink, "\\ufffd");
		else if (*s == '"' || *s == '\\')
			hms_sink_add(sink, "\\%c", *s);
		else if (*s == '\n')
			hms_sink_add(sink, "\\n");
		else if (*s < 0x20 || *s == 0x7f)
			hms_sink_add(sink, "\\u%04x", *s);
		else
			sink->write(sink, bytes, len);
	}
	hms_sink_add(sink, "\"");
}

static void key(struct hms_sink *sink, const char *before, const char *name)
{
	hms_sink_add(sink, "%s", before);
	string(sink, name);
	hms_sink_add(sink, ": ");
}

static void number(struct hms_sink *sink, const char *before, const char *name,
	uint64_t value)
{
	key(sink, before, name);
	hms_sink_add(sink, "%llu", (unsigned long long)value);
}

static void text(struct hms_sink *sink, const char *before, const char *name,
	const char *value)
{
	key(sink, before, name);
	string(sink, value);
}

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

	key(sink, ",\n  ", "families");
	for (int i = 0; i < HMS_FAMILIES; i++) {
		key(sink, i ? ",\n    " : "{\n    ",
			hms_family_name((enum hms_family)i));
		number(sink, "{", "calls",
			hms_status_family_calls(s, (enum hms_family)i));
		state = s->families_dead & 1u << i   ? "dead"
			: s->families_live & 1u << i ? "live"
						     : "off";
		text(sink, ", ", "state", state);
		hms_sink_add(sink, "}");
	}
	hms_sink_add(sink, "\n  }");
}

static void actual(const struct hms_status_rule *rule, struct hms_sink *sink)
{
	const char *before = "";

	key(sink, ",\n      ", "actual");
	key(sink, "{", "nodes");
	hms_sink_add(sink, "{");
	for (unsigned n = 0; n < 64; n++) {
		if (!rule->actual_node[n])
			continue;
		hms_sink_add(sink, "%s\"%u\": %llu", before, n,
			(unsigned long long)rule->actual_node[n]);
		before = ", ";
	}
	hms_sink_add(sink, "}");
	number(sink, ", ", "file", rule->actual_file);
	number(sink, ", ", "untouched", rule->actual_absent);
	hms_sink_add(sink, "}");
}

static void rule(const struct hms_status *s, uint32_t i, struct hms_sink *sink)
{
	struct hms_tally_rule calls = hms_status_calls(s, (int)i);
	const struct hms_status_rule *r = &s->rules[i];
	const char *before = "{";

	text(sink, i ? ",\n    {" : "\n    {", "name", r->name);
	text(sink, ", ", "text", r->text);
	text(sink, ", ", "place", r->place);
	number(sink, ",\n      ", "calls", calls.calls);
	number(sink, ", ", "bytes", calls.bytes);
	number(sink, ",\n      ", "bound", r->bound);
	number(sink, ", ", "bound_peak", r->bound_peak);
	number(sink, ", ", "first", r->first);
	number(sink, ", ", "spilled", r->spilled);
	number(sink, ", ", "refused", r->refused);
	number(sink, ", ", "failures", r->failures);
	key(sink, ",\n      ", "wanted");
	for (uint32_t t = 0; t < s->ntargets; t++) {
		if (!r->wanted[t])
			continue;
		number(sink, before, s->targets[t].text, r->wanted[t]);
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

	text(sink, i ? ",\n    {" : "\n    {", "name", t->text);
	key(sink, ", ", "nodes");
	hms_sink_add(sink, "[");
	for (unsigned n = 0; n < 64; n++) {
		if (!(t->nodes & UINT64_C(1) << n))
			continue;
		hms_sink_add(sink, "%s%u", before, n);
		before = ", ";
	}
	hms_sink_add(sink, "]");
	number(sink, ",\n      ", "bound", t->bound);
	number(sink, ", ", "bound_peak", t->bound_peak);
	number(sink, ", ", "actual", t->actual);
	number(sink, ", ", "elsewhere", t->elsewhere);
	number(sink, ", ", "untouched", t->absent);
	number(sink, ", ", "refusals", t->refusals);
	number(sink, ", ", "last_errno", (uint64_t)t->last_errno);
	hms_sink_add(sink, "}");
}

static void head(const struct hms_status *s, struct hms_sink *sink)
{
	number(sink, "{\n  ", "hms", 1);
	number(sink, ",\n  ", "pid", s->pid);
	text(sink, ",\n  ", "program", s->program);
	text(sink, ",\n  ", "phase", phase_name(s->phase));
	number(sink, ",\n  ", "started_ns", s->started_ns);
	number(sink, ",\n  ", "updated_ns", s->updated_ns);
	number(sink, ",\n  ", "ended_ns", s->ended_ns);
	text(sink, ",\n  ", "policy", s->policy);
	key(sink, ",\n  ", "refusal");
	if (s->refusal[0])
		string(sink, s->refusal);
	else
		hms_sink_add(sink, "null");
}

void hms_render_json(const struct hms_status *status, struct hms_sink *sink)
{
	struct hms_tally_rule none = hms_status_calls(status, -1);

	head(status, sink);
	families(status, sink);
	number(sink, ",\n  ", "bootstrap_bytes", status->bootstrap_bytes);
	number(sink, ",\n  ", "approximate_threads", status->lost_tallies);
	key(sink, ",\n  ", "unmatched");
	number(sink, "{", "calls", none.calls);
	number(sink, ", ", "bytes", none.bytes);
	key(sink, "},\n  ", "rules");
	hms_sink_add(sink, "[");
	for (uint32_t i = 0; i < status->nrules; i++)
		rule(status, i, sink);
	key(sink, "],\n  ", "targets");
	hms_sink_add(sink, "[");
	for (uint32_t i = 0; i < status->ntargets; i++)
		target(status, i, sink);
	hms_sink_add(sink, "]\n}\n");
}
