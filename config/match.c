/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/text.h"
#include "config/policy.h"

/* Up to here a plain walk beats halving. */
#define FEW_ROUTES 6

static const struct hms_route *find_route(
	const struct hms_route *routes, unsigned n, size_t size)
{
	while (n > FEW_ROUTES) {
		unsigned half = n / 2;

		if (size > routes[half - 1].last) {
			routes += half;
			n -= half;
		} else {
			n = half;
		}
	}
	while (size > routes->last)
		routes++;
	return routes;
}

/* One call's questions; what was answered once is not asked again. */
struct question {
	const struct hms_call *call;
	const struct hms_witness *witness;
	enum { NOTHING, CALLER, STACK, UNKNOWN } known;
	struct hms_stack stack;
};

static bool look(struct question *q, bool only_caller)
{
	if (q->known == UNKNOWN || q->known == STACK ||
		(q->known == CALLER && only_caller))
		return q->known != UNKNOWN;
	if (!q->witness->stack ||
		!q->witness->stack(q->call, only_caller, &q->stack))
		q->known = UNKNOWN;
	else
		q->known = only_caller ? CALLER : STACK;
	return q->known != UNKNOWN;
}

static bool has(uint64_t set, unsigned pattern)
{
	return set >> (pattern - 1) & 1;
}

static bool from_matches(const struct hms_rule *rule, struct question *q)
{
	if (!look(q, true))
		return hms_text_glob_file(
			rule->from, q->witness->module(q->call));
	if (rule->from_pattern)
		return has(q->stack.caller, rule->from_pattern);
	return hms_text_glob_file(rule->from, q->stack.module);
}

static bool stack_matches(const struct hms_rule *rule, struct question *q)
{
	if (!look(q, false))
		return false;
	if (rule->via && !has(q->stack.patterns, rule->via_pattern))
		return false;
	return !rule->site || q->stack.site == rule->site_id;
}

static bool rule_matches(const struct hms_rule *rule, struct question *q)
{
	const struct hms_call *call = q->call;
	const char *thread;

	if (!(rule->apis & HMS_API_BIT(call->api)) ||
		call->size < rule->size_min || call->size > rule->size_max ||
		call->align < rule->align_min || call->align > rule->align_max)
		return false;
	if (rule->flags && !(rule->flags & call->flags))
		return false;
	/* What needs a look at the process comes last. */
	if (rule->from && !from_matches(rule, q))
		return false;
	if ((rule->via || rule->site) && !stack_matches(rule, q))
		return false;
	if (!rule->thread)
		return true;
	thread = q->witness->thread(call);
	return thread && hms_text_glob(rule->thread, thread);
}

bool hms_rule_match(const struct hms_rule *rule, const struct hms_call *call,
	const struct hms_witness *witness)
{
	struct question q = { .call = call, .witness = witness };

	return rule_matches(rule, &q);
}

int hms_policy_match(const struct hms_policy *policy,
	const struct hms_call *call, const struct hms_witness *witness)
{
	const struct hms_route *route = find_route(policy->routes[call->api],
		policy->nroutes[call->api], call->size);
	struct question q;

	if (route->rule < 0 || route->decided)
		return route->rule;
	q.call = call;
	q.witness = witness;
	q.known = NOTHING;
	for (unsigned i = (unsigned)route->rule; i < policy->nrules; i++)
		if (rule_matches(&policy->rules[i], &q))
			return (int)i;
	return -1;
}

/* Narrows the sizes to those that are, like size, in the rule's or not. */
static bool narrow(
	const struct hms_rule *rule, size_t size, size_t *first, size_t *last)
{
	bool below = size<rule->size_min, above = size> rule->size_max;

	if (below && rule->size_min - 1 < *last)
		*last = rule->size_min - 1;
	if (above && rule->size_max + 1 > *first)
		*first = rule->size_max + 1;
	if (below || above)
		return false;
	if (rule->size_min > *first)
		*first = rule->size_min;
	if (rule->size_max < *last)
		*last = rule->size_max;
	return true;
}

static bool alike(const struct hms_policy *policy, const struct hms_call *call,
	int rule, bool stack, size_t *first, size_t *last)
{
	*first = 0;
	*last = SIZE_MAX;
	for (unsigned i = 0; i < policy->nrules; i++) {
		const struct hms_rule *r = &policy->rules[i];

		if (!(r->apis & HMS_API_BIT(call->api)) ||
			!narrow(r, call->size, first, last))
			continue;
		if (r->thread || r->flags || r->align_min ||
			r->align_max != SIZE_MAX ||
			((r->via || r->site) && !stack))
			return false;
		if ((int)i == rule)
			return true;
	}
	return rule < 0;
}

bool hms_policy_by_caller(const struct hms_policy *policy,
	const struct hms_call *call, int rule, size_t *first, size_t *last)
{
	return alike(policy, call, rule, false, first, last);
}

bool hms_policy_by_stack(const struct hms_policy *policy,
	const struct hms_call *call, int rule, size_t *first, size_t *last)
{
	return alike(policy, call, rule, true, first, last);
}
