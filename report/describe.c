/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/report.h"

#include <string.h>

#include "report/status.h"

static void set(char *to, size_t size, const char *text)
{
	struct hms_text out = { to, size, 0, false };

	hms_text_put(&out, text, strlen(text));
	if (out.cut)
		to[size - 2] = '~';
}
#define SET(array, text) set((array), sizeof(array), (text))

static void describe_target(
	struct hms_status_target *row, const struct hms_target *target)
{
	const unsigned bits = 8 * sizeof(target->nodes[0]);

	SET(row->text, target->text);
	for (unsigned n = 0; n < 64; n++)
		if (target->nodes[n / bits] >> n % bits & 1)
			row->nodes |= UINT64_C(1) << n;
}

static void describe_patterns(
	struct hms_status *s, const struct hms_policy *policy)
{
	for (unsigned i = 0; i < policy->npatterns; i++) {
		const struct hms_pattern *p = &policy->patterns[i];
		struct hms_text text = HMS_TEXT(s->patterns[i]);

		if (!p->function)
			hms_text_add(&text, "from \"%s\"", p->module);
		else if (p->module)
			hms_text_add(
				&text, "via \"%s@%s\"", p->function, p->module);
		else
			hms_text_add(&text, "via \"%s\"", p->function);
		if (text.cut)
			s->patterns[i][HMS_STATUS_TEXT - 2] = '~';
	}
}

static void describe_rule(
	struct hms_status_rule *row, const struct hms_rule *rule)
{
	SET(row->name, rule->name);
	SET(row->text, rule->text);
	row->from_pattern = (uint8_t)rule->from_pattern;
	row->via_pattern = (uint8_t)rule->via_pattern;
	row->has_site = rule->site != NULL;
	row->site = rule->site_id;
	row->site_hint = rule->site_hint;
}

static void describe_limits(
	struct hms_status *s, const struct hms_places *places)
{
	unsigned n = places ? places->nlimits : 0;

	if (n > HMS_STATUS_LIMITS)
		n = HMS_STATUS_LIMITS;
	for (unsigned i = 0; i < n; i++) {
		const struct hms_limit *limit = &places->limits[i];

		SET(s->limits[i].name, limit->spec->name);
		s->limits[i].bytes = limit->spec->bytes;
		s->limits[i].sharing = limit->shared ? HMS_STATUS_SHARED
				       : limit->spec->shared
					       ? HMS_STATUS_UNSHARED
					       : HMS_STATUS_OWN;
	}
	s->nlimits = n;
}

void hms_report_describe(
	const struct hms_policy *policy, const struct hms_places *places)
{
	struct hms_status *s = hms_status;
	unsigned n;

	SET(s->policy, policy->source);
	n = policy->nrules < HMS_STATUS_RULES ? policy->nrules
					      : HMS_STATUS_RULES;
	for (unsigned i = 0; i < n; i++) {
		const struct hms_rule *rule = &policy->rules[i];

		describe_rule(&s->rules[i], rule);
		SET(s->rules[i].place, policy->places[rule->place].text);
	}
	if (policy->nrules > HMS_STATUS_RULES)
		SET(s->rules[n - 1].name, "(and later)");
	s->nrules = n;
	describe_patterns(s, policy);
	describe_limits(s, places);
	n = places ? places->ntargets : 0;
	if (n > HMS_STATUS_TARGETS)
		n = HMS_STATUS_TARGETS;
	for (unsigned i = 0; i < n; i++)
		describe_target(&s->targets[i], places->targets[i]);
	s->ntargets = n;
}
