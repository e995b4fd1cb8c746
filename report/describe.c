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

		SET(s->rules[i].name, rule->name);
		SET(s->rules[i].text, rule->text);
		SET(s->rules[i].place, policy->places[rule->place].text);
	}
	if (policy->nrules > HMS_STATUS_RULES)
		SET(s->rules[n - 1].name, "(and later)");
	s->nrules = n;
	n = places ? places->ntargets : 0;
	if (n > HMS_STATUS_TARGETS)
		n = HMS_STATUS_TARGETS;
	for (unsigned i = 0; i < n; i++)
		describe_target(&s->targets[i], places->targets[i]);
	s->ntargets = n;
}
