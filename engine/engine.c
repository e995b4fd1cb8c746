/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/engine.h"

#include "report/status.h"

struct hms_engine hms_engine;

void hms_decide(const struct hms_call *call, struct hms_decision *out)
{
	const struct hms_places *places = hms_engine.places;
	int rule =
		hms_policy_match(hms_engine.policy, call, hms_engine.witness);

	out->rule = rule;
	if (rule < 0) {
		out->place = &places->places[0];
		out->options = 0;
	} else {
		out->place = &places->places[places->rule_place[rule]];
		out->options = hms_engine.policy->rules[rule].options;
	}
	hms_count_call(rule, hms_api_family(call->api), call->size);
}
