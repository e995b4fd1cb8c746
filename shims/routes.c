/* SPDX-License-Identifier: BSD-2-Clause */
/* Which sizes take the fast path of which heap. */
#include "engine/engine.h"
#include "shims/heap.h"
#include "shims/next.h"

#define LEAST 9 /* bytes; shims/heap.h */

struct hms_fast_routes hms_fast[HMS_FAST_APIS] __attribute__((aligned(64)));
bool hms_heap_open;

static bool counting_calls;

/*
 * Serves sizes from first to last by a slot's own heap.  Other threads may be
 * looking: the span, last, makes it valid.
 */
static void add_route(struct hms_fast_routes *routes, unsigned slot, int rule,
	size_t first, size_t last)
{
	const struct hms_instance *own = hms_heap_instance(slot);
	struct hms_fast_route *fast = NULL;

	if (first < LEAST)
		first = LEAST;
	/* SIZE_MAX itself can never be served, and would not fit a span. */
	if (last == SIZE_MAX)
		last--;
	if (last < first)
		return;
	/*
	 * The first route's calls jump straight to an instance: they are not
	 * counted, and a slot without an instance of its own cannot have it.
	 */
	for (unsigned i = counting_calls || !own; !fast && i < HMS_FAST_ROUTES;
		i++)
		if (!routes->route[i].span)
			fast = &routes->route[i];
	if (!fast)
		return;
	fast->first = first;
	fast->slot = slot;
	fast->rule = rule;
	fast->malloc = own ? own->malloc : NULL;
	fast->calloc = own ? own->calloc : NULL;
	__atomic_store_n(&fast->span, last - first + 1, __ATOMIC_RELEASE);
}

/* A strict rule's refusals are counted where they are decided. */
static bool must_be_decided(int rule)
{
	return counting_calls &&
	       hms_engine.policy->rules[rule].options & HMS_OPT_STRICT;
}

static void rule_routes(struct hms_fast_routes *fast, enum hms_api api)
{
	const struct hms_route *routes = hms_engine.policy->routes[api];
	size_t first = 0;

	for (unsigned i = 0; i < hms_engine.policy->nroutes[api]; i++) {
		const struct hms_route *r = &routes[i];

		if (r->rule < 0)
			add_route(fast, HMS_SLOT_DEFAULT, -1, first, r->last);
		else if (r->decided && !must_be_decided(r->rule))
			add_route(fast, hms_rule_slots[r->rule], r->rule, first,
				r->last);
		first = r->last + 1;
	}
}

void hms_heap_routes(bool counting)
{
	static const enum hms_api apis[HMS_FAST_APIS] = {
		[HMS_FAST_MALLOC] = HMS_API_MALLOC,
		[HMS_FAST_CALLOC] = HMS_API_CALLOC,
		[HMS_FAST_REALLOC] = HMS_API_REALLOC,
		[HMS_FAST_NEW] = HMS_API_NEW,
		[HMS_FAST_NEW_ARRAY] = HMS_API_NEW_ARRAY,
	};

	counting_calls = counting;
	if (hms_engine.live)
		hms_heap_open = true;
	if (hms_heap_open)
		hms_instance_tune(0);
	for (unsigned fast = 0; fast < HMS_FAST_APIS; fast++) {
		/* Before a span says that it holds. */
		if (!hms_fast[fast].route[0].span)
			hms_fast[fast].route[0].first = LEAST;
		if (!hms_heap_open)
			continue;
		if (hms_engine.live)
			rule_routes(&hms_fast[fast], apis[fast]);
		else
			add_route(&hms_fast[fast], HMS_SLOT_DEFAULT, -1, 0,
				SIZE_MAX);
	}
}

void hms_heap_opens(void)
{
	if (!__atomic_exchange_n(&hms_heap_open, true, __ATOMIC_ACQ_REL))
		hms_heap_routes(counting_calls);
}

void hms_heap_pass_routes(void)
{
	for (unsigned fast = 0; fast < HMS_FAST_APIS; fast++) {
		struct hms_fast_route *route = &hms_fast[fast].route[0];

		*route = (struct hms_fast_route){ .first = 0,
			.slot = HMS_SLOT_NONE,
			.malloc = hms_next.malloc,
			.calloc = hms_next.calloc };
		__atomic_store_n(&route->span, SIZE_MAX, __ATOMIC_RELEASE);
	}
}
