/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routes: for each API, which rule to try first by size.  Computed once, so
 * that the way of a call is a short search in sizes.
 */
#include <errno.h>

#include "config/compile.h"

static void sort(size_t *sizes, unsigned n)
{
	/* Heapsort: no recursion, no memory, no bad case. */
	for (unsigned end = n, start = n / 2; end > 1;) {
		unsigned root, child;
		size_t value;

		if (start > 0) {
			value = sizes[--start];
		} else {
			value = sizes[--end];
			sizes[end] = sizes[0];
		}
		root = start;
		while ((child = 2 * root + 1) < end) {
			if (child + 1 < end && sizes[child] < sizes[child + 1])
				child++;
			if (value >= sizes[child])
				break;
			sizes[root] = sizes[child];
			root = child;
		}
		sizes[root] = value;
	}
}

/* The last sizes before some rule of this API begins or ends to match. */
static unsigned bounds(
	const struct hms_policy *policy, uint64_t bit, size_t *out)
{
	unsigned n = 0, kept = 0;

	for (unsigned i = 0; i < policy->nrules; i++) {
		const struct hms_rule *rule = &policy->rules[i];

		if (!(rule->apis & bit))
			continue;
		if (rule->size_min)
			out[n++] = rule->size_min - 1;
		out[n++] = rule->size_max;
	}
	out[n++] = SIZE_MAX;
	sort(out, n);
	for (unsigned i = 0; i < n; i++)
		if (!kept || out[kept - 1] != out[i])
			out[kept++] = out[i];
	return kept;
}

static bool decides(const struct hms_rule *rule)
{
	return !rule->from && !rule->via && !rule->site && !rule->thread &&
	       !rule->flags && !rule->align_min && rule->align_max == SIZE_MAX;
}

/* First rule of this API that takes calls of this size, if all else holds. */
static int first_rule(
	const struct hms_policy *policy, uint64_t bit, size_t size)
{
	for (unsigned i = 0; i < policy->nrules; i++) {
		const struct hms_rule *rule = &policy->rules[i];

		if ((rule->apis & bit) && rule->size_min <= size &&
			size <= rule->size_max)
			return (int)i;
	}
	return -1;
}

static int routes_of(struct compile *c, unsigned api, size_t *sizes)
{
	struct hms_policy *policy = c->policy;
	unsigned n = bounds(policy, HMS_API_BIT(api), sizes), kept = 0;
	struct hms_route *routes;

	routes = hms_arena_alloc(c->arena, n * sizeof(*routes));
	if (!routes)
		return compile_no_memory(c);
	for (unsigned i = 0; i < n; i++) {
		int rule = first_rule(policy, HMS_API_BIT(api), sizes[i]);

		if (kept && routes[kept - 1].rule == rule)
			kept--;
		routes[kept++] = (struct hms_route){ sizes[i], rule,
			rule >= 0 && decides(&policy->rules[rule]) };
	}
	policy->routes[api] = routes;
	policy->nroutes[api] = kept;
	return 0;
}

/* Do two APIs have the same rules?  Then they share their routes. */
static bool alike(const struct hms_policy *policy, unsigned a, unsigned b)
{
	for (unsigned i = 0; i < policy->nrules; i++)
		if ((policy->rules[i].apis >> a & 1) !=
			(policy->rules[i].apis >> b & 1))
			return false;
	return true;
}

int compile_routes(struct compile *c)
{
	struct hms_policy *policy = c->policy;
	size_t *sizes = hms_arena_alloc(
		c->arena, (2 * policy->nrules + 1) * sizeof(*sizes));
	int rc = sizes ? 0 : compile_no_memory(c);

	for (unsigned api = 0; api < HMS_APIS && !rc; api++) {
		unsigned same = 0;

		while (same < api && !alike(policy, api, same))
			same++;
		if (same == api) {
			rc = routes_of(c, api, sizes);
			continue;
		}
		policy->routes[api] = policy->routes[same];
		policy->nroutes[api] = policy->nroutes[same];
	}
	return rc;
}
