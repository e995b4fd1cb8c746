/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

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

/* A glob without a slash is about the file's name only. */
static bool module_matches(const char *glob, const char *path)
{
	const char *slash;

	if (!path)
		return false;
	slash = strrchr(path, '/');
	if (slash && !strchr(glob, '/'))
		path = slash + 1;
	return hms_text_glob(glob, path);
}

bool hms_rule_match(const struct hms_rule *rule, const struct hms_call *call,
	const struct hms_witness *witness)
{
	const char *thread;

	if (!(rule->apis & HMS_API_BIT(call->api)) ||
		call->size < rule->size_min || call->size > rule->size_max ||
		call->align < rule->align_min || call->align > rule->align_max)
		return false;
	if (rule->flags && !(rule->flags & call->flags))
		return false;
	if (rule->via || rule->site)
		return false;
	/* What needs a look at the process comes last. */
	if (rule->from && !module_matches(rule->from, witness->module(call)))
		return false;
	if (!rule->thread)
		return true;
	thread = witness->thread(call);
	return thread && hms_text_glob(rule->thread, thread);
}

int hms_policy_match(const struct hms_policy *policy,
	const struct hms_call *call, const struct hms_witness *witness)
{
	const struct hms_route *route = find_route(policy->routes[call->api],
		policy->nroutes[call->api], call->size);

	if (route->rule < 0 || route->decided)
		return route->rule;
	for (unsigned i = (unsigned)route->rule; i < policy->nrules; i++)
		if (hms_rule_match(&policy->rules[i], call, witness))
			return (int)i;
	return -1;
}
