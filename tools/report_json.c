/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/report_json.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/words.h"
#include "report/closest.h"
#include "tools/report_learning.h"
#include "tools/report_read.h"
#include "tools/report_vendors.h"

static uint64_t number(const json_t *in, const char *key)
{
	const json_t *value = json_object_get(in, key);

	if (json_is_real(value) && json_real_value(value) > 0)
		return json_real_value(value) < 1.8e19
			       ? (uint64_t)json_real_value(value)
			       : UINT64_MAX;
	return json_integer_value(value) > 0
		       ? (uint64_t)json_integer_value(value)
		       : 0;
}

#define COPY(array, text) report_copy((array), sizeof(array), (text))

static void read_families(const json_t *in, struct hms_status *page)
{
	for (int i = 0; i < HMS_FAMILIES; i++) {
		const json_t *family = json_object_get(
			in, hms_family_name((enum hms_family)i));
		const char *state = report_string(family, "state");

		page->tallies[0].family_calls[i] = number(family, "calls");
		if (!strcmp(state, "live"))
			page->families_live |= 1u << i;
		else if (!strcmp(state, "dead"))
			page->families_dead |= 1u << i;
	}
}

static void read_targets(const json_t *in, struct hms_status *page)
{
	const json_t *row, *node;
	size_t i, k;

	json_array_foreach(in, i, row)
	{
		struct hms_status_target *t = &page->targets[i];

		if (i == HMS_STATUS_TARGETS)
			return;
		COPY(t->text, report_string(row, "name"));
		json_array_foreach(json_object_get(row, "nodes"), k, node)
		{
			json_int_t n = json_integer_value(node);

			if (n >= 0 && n < 64)
				t->nodes |= UINT64_C(1) << n;
		}
		t->bound = number(row, "bound");
		t->bound_peak = number(row, "bound_peak");
		t->actual = number(row, "actual");
		t->elsewhere = number(row, "elsewhere");
		t->absent = number(row, "untouched");
		t->refusals = number(row, "refusals");
		t->last_errno = (int64_t)number(row, "last_errno");
		page->ntargets = (uint32_t)i + 1;
	}
}

static void read_limits(const json_t *in, struct hms_status *page)
{
	const json_t *row;
	size_t i;

	json_array_foreach(in, i, row)
	{
		struct hms_status_limit *limit = &page->limits[i];
		const char *sharing = report_string(row, "shared");

		if (i == HMS_STATUS_LIMITS)
			return;
		COPY(limit->name, report_string(row, "name"));
		limit->bytes = number(row, "bytes");
		limit->used = number(row, "used");
		limit->all = number(row, "used_by_all");
		limit->sharing = !strcmp(sharing, "yes") ? HMS_STATUS_SHARED
				 : !strcmp(sharing, "failed")
					 ? HMS_STATUS_UNSHARED
					 : HMS_STATUS_OWN;
		page->nlimits = (uint32_t)i + 1;
	}
}

static void read_places(const json_t *in, const struct hms_status *page,
	struct hms_status_rule *rule)
{
	const json_t *actual = json_object_get(in, "actual");
	const json_t *wanted = json_object_get(in, "wanted");
	const json_t *nodes = json_object_get(actual, "nodes");
	char name[8];

	for (uint32_t t = 0; t < page->ntargets; t++)
		rule->wanted[t] = number(wanted, page->targets[t].text);
	for (unsigned n = 0; n < 64; n++) {
		struct hms_text text = HMS_TEXT(name);

		hms_text_add(&text, "%u", n);
		rule->actual_node[n] = number(nodes, name);
	}
	rule->actual_file = number(actual, "file");
	rule->actual_absent = number(actual, "untouched");
}

static void read_rules(const json_t *in, struct hms_status *page)
{
	struct hms_tally *tally = &page->tallies[0];
	const json_t *row;
	size_t i;

	json_array_foreach(in, i, row)
	{
		struct hms_status_rule *rule = &page->rules[i];

		if (i == HMS_STATUS_RULES)
			return;
		COPY(rule->name, report_string(row, "name"));
		COPY(rule->text, report_string(row, "text"));
		COPY(rule->place, report_string(row, "place"));
		tally->rule[i + 1].calls = number(row, "calls");
		tally->rule[i + 1].bytes = number(row, "bytes");
		rule->bound = number(row, "bound");
		rule->bound_peak = number(row, "bound_peak");
		rule->first = number(row, "first");
		rule->spilled = number(row, "spilled");
		rule->refused = number(row, "refused");
		rule->failures = number(row, "failures");
		read_places(row, page, rule);
		page->nrules = (uint32_t)i + 1;
	}
}

static uint32_t find_rule(const struct hms_status *page, const char *name)
{
	for (uint32_t i = 0; i < page->nrules; i++)
		if (!strcmp(page->rules[i].name, name))
			return i;
	return HMS_STATUS_RULES;
}

/* What rules ask of callers is in a report only where nobody was that. */
static void read_asked(const json_t *in, struct hms_status *page)
{
	const json_t *row;
	uint32_t rule;
	size_t i;

	json_array_foreach(json_object_get(in, "nowhere"), i, row)
	{
		const char *condition = report_string(row, "condition");
		uint8_t n = (uint8_t)(page->npatterns + 1);

		rule = find_rule(page, report_string(row, "rule"));
		if (rule == HMS_STATUS_RULES || n > HMS_STATUS_PATTERNS)
			continue;
		COPY(page->patterns[n - 1], condition);
		if (!strncmp(condition, "from ", 5))
			page->rules[rule].from_pattern = n;
		else
			page->rules[rule].via_pattern = n;
		page->npatterns = n;
	}
	json_array_foreach(json_object_get(in, "unknown_sites"), i, row)
	{
		struct hms_status_rule *at;

		rule = find_rule(page, report_string(row, "rule"));
		if (rule == HMS_STATUS_RULES)
			continue;
		at = &page->rules[rule];
		at->has_site = hms_word_site(
			report_string(row, "site"), &at->site, &at->site_hint);
	}
}

static void read_modules(const json_t *in, struct hms_sites *sites)
{
	const json_t *row;
	size_t i;

	json_array_foreach(in, i, row)
	{
		struct hms_sites_module *m = &sites->modules[i];
		const char *id = report_string(row, "build_id");
		unsigned byte;

		if (i == HMS_SITES_MODULES)
			return;
		COPY(m->path, report_string(row, "path"));
		while (m->build_id_len < sizeof(m->build_id) &&
			sscanf(id, "%2x", &byte) == 1 && id[1]) {
			m->build_id[m->build_id_len++] = (uint8_t)byte;
			id += 2;
		}
		sites->nmodules = (uint32_t)i + 1;
	}
}

static void read_frames(const json_t *in, struct hms_sites_row *row)
{
	const json_t *frame, *module;
	uint64_t number_of;
	size_t i;

	json_array_foreach(in, i, frame)
	{
		if (i == HMS_SITES_FRAMES)
			return;
		module = json_object_get(frame, "module");
		number_of = HMS_SITES_NOWHERE;
		if (json_is_integer(module) &&
			number(frame, "module") < HMS_SITES_MODULES)
			number_of = number(frame, "module");
		row->frame[i] =
			number_of << 48 |
			(number(frame, "offset") & ((UINT64_C(1) << 48) - 1));
		row->nframes = (uint16_t)(i + 1);
	}
}

static void read_row(const json_t *in, const struct hms_status *page,
	struct hms_sites_row *row)
{
	const json_t *lives = json_object_get(in, "lives"), *life;
	uint32_t rule = find_rule(page, report_string(in, "rule"));
	size_t i;

	hms_word_site(report_string(in, "id"), &row->id, &row->hint);
	row->rule = rule < HMS_STATUS_RULES ? (uint16_t)(rule + 1) : 0;
	row->calls = number(in, "calls");
	row->bytes = number(in, "bytes");
	row->freed_calls = number(in, "freed_calls");
	row->freed_bytes = number(in, "freed_bytes");
	row->live_peak = number(in, "live_peak");
	row->minor_faults = number(in, "minor_faults");
	row->major_faults = number(in, "major_faults");
	row->samples = number(in, "samples");
	json_array_foreach(lives, i, life)
	{
		if (i < HMS_SITES_LIVES && json_integer_value(life) > 0)
			row->lives[i] = (uint64_t)json_integer_value(life);
	}
	read_frames(json_object_get(in, "frames"), row);
}

static int read_sites(
	const json_t *in, const struct hms_status *page, struct hms_sites **out)
{
	const json_t *list = json_object_get(in, "sites"), *row;
	size_t n = json_array_size(list), i;
	struct hms_sites *sites;

	*out = NULL;
	if (!json_is_object(in))
		return 0;
	if (n > HMS_SITES_MAX)
		n = HMS_SITES_MAX;
	sites = calloc(1, sizeof(*sites) + (n + 1) * sizeof(sites->rows[0]));
	if (!sites)
		return -ENOMEM;
	sites->magic = HMS_SITES_MAGIC;
	sites->mode = strcmp(report_string(in, "mode"), "exact")
			      ? HMS_SITES_SAMPLED
			      : HMS_SITES_EXACT;
	sites->period = number(in, "period");
	sites->lost = number(in, "lost");
	read_modules(json_object_get(in, "modules"), sites);
	json_array_foreach(list, i, row)
	{
		if (i < n)
			read_row(row, page, &sites->rows[i]);
	}
	sites->nsites = (uint32_t)n;
	*out = sites;
	return 0;
}

static void read_head(const json_t *in, struct hms_status *page)
{
	const json_t *unmatched = json_object_get(in, "unmatched");

	page->magic = HMS_STATUS_MAGIC;
	page->size = sizeof(*page);
	page->pid = (uint32_t)number(in, "pid");
	page->phase = strcmp(report_string(in, "phase"), "died")
			      ? 4
			      : HMS_STATUS_DIED;
	page->started_ns = number(in, "started_ns");
	page->updated_ns = number(in, "updated_ns");
	page->ended_ns = number(in, "ended_ns");
	COPY(page->program, report_string(in, "program"));
	COPY(page->policy, report_string(in, "policy"));
	COPY(page->refusal, report_string(in, "refusal"));
	page->bootstrap_bytes = number(in, "bootstrap_bytes");
	page->lost_tallies = number(in, "approximate_threads");
	page->minor_faults =
		number(json_object_get(in, "page_faults"), "minor");
	page->major_faults =
		number(json_object_get(in, "page_faults"), "major");
	page->tallies[0].rule[0].calls = number(unmatched, "calls");
	page->tallies[0].rule[0].bytes = number(unmatched, "bytes");
}

int tool_report_parse(const char *text, size_t len, struct hms_status *page,
	struct hms_sites **sites, const char **why)
{
	static json_error_t error;
	json_t *in = json_loadb(text, len, 0, &error);
	int rc;

	*sites = NULL;
	if (!in) {
		*why = error.text;
		return -EINVAL;
	}
	if (number(in, "hms") != 1 ||
		!json_is_array(json_object_get(in, "rules"))) {
		*why = "it is no report of this version of HMS";
		json_decref(in);
		return -EINVAL;
	}
	read_head(in, page);
	read_families(json_object_get(in, "families"), page);
	read_targets(json_object_get(in, "targets"), page);
	read_rules(json_object_get(in, "rules"), page);
	read_asked(in, page);
	read_limits(json_object_get(in, "limits"), page);
	tool_report_learning(json_object_get(in, "learning"), page);
	tool_report_vendors(in, page);
	rc = read_sites(json_object_get(in, "sites"), page, sites);
	json_decref(in);
	return rc;
}
