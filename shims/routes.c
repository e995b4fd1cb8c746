/* SPDX-License-Identifier: BSD-2-Clause */
/* Which sizes take the fast path of which heap. */
#include "engine/engine.h"
#include "report/status.h"
#include "shims/heap.h"
#include "shims/next.h"
#include "shims/start.h"

#define LEAST 9 /* bytes; shims/heap.h */

struct hms_fast_routes hms_fast[HMS_FAST_APIS] __attribute__((aligned(64)));
bool hms_heap_open;

static bool counting_calls;

/*
 * An instance's first call: it starts on a stack of ours, see instance.h.  The
 * routes then go straight to it.
 */
static void begin(unsigned n, void *(*malloc)(size_t size))
{
	hms_instance_start(n);
	for (unsigned fast = 0; fast < HMS_FAST_APIS; fast++)
		for (unsigned i = 0; i < HMS_FAST_ROUTES; i++) {
			struct hms_fast_route *r = &hms_fast[fast].route[i];

			if (r->malloc != malloc)
				continue;
			__atomic_store_n(&r->calloc, hms_instances[n].calloc,
				__ATOMIC_RELAXED);
			__atomic_store_n(&r->malloc, hms_instances[n].malloc,
				__ATOMIC_RELAXED);
		}
}

#define BEGIN(n, p)                                                            \
	static void *p##begin_malloc(size_t size)                              \
	{                                                                      \
		void *block;                                                   \
                                                                               \
		begin(n, p##begin_malloc);                                     \
		block = p##malloc(size);                                       \
		hms_worker_poke();                                             \
		return block;                                                  \
	}                                                                      \
	static void *p##begin_calloc(size_t count, size_t size)                \
	{                                                                      \
		void *block;                                                   \
                                                                               \
		begin(n, p##begin_malloc);                                     \
		block = p##calloc(count, size);                                \
		hms_worker_poke();                                             \
		return block;                                                  \
	}
HMS_EACH_INSTANCE(BEGIN)

static const struct {
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t n, size_t size);
} begins[HMS_INSTANCES] = {
#define ROW(n, p) { p##begin_malloc, p##begin_calloc },
	HMS_EACH_INSTANCE(ROW)
};

void hms_heap_pass_by(void)
{
	for (unsigned fast = 0; fast < HMS_FAST_APIS; fast++)
		for (unsigned i = 0; i < HMS_FAST_ROUTES; i++) {
			struct hms_fast_route *r = &hms_fast[fast].route[i];
			unsigned n = 0;

			while (n < HMS_INSTANCES &&
				r->malloc != hms_instances[n].malloc)
				n++;
			if (!r->span || n == HMS_INSTANCES)
				continue;
			__atomic_store_n(
				&r->calloc, begins[n].calloc, __ATOMIC_RELAXED);
			__atomic_store_n(
				&r->malloc, begins[n].malloc, __ATOMIC_RELAXED);
		}
}

/*
 * Serves sizes from first to last by a slot's own heap.  Other threads may be
 * looking: the span, last, makes it valid.
 */
static void add_route(struct hms_fast_routes *routes, unsigned slot, int rule,
	size_t first, size_t last)
{
	const struct hms_instance *own = hms_heap_instance(slot);
	struct hms_fast_route *fast = NULL;
	unsigned n;

	if (first < LEAST)
		first = LEAST;
	if (hms_heap_passes_by(SIZE_MAX) && last >= HMS_HEAP_LARGE)
		last = HMS_HEAP_LARGE - 1;
	/* SIZE_MAX itself can never be served, and would not fit a span. */
	if (last == SIZE_MAX)
		last--;
	if (last < first)
		return;
	/*
	 * The first route's calls jump straight to the slot's malloc: they are
	 * not counted.
	 */
	for (unsigned i = counting_calls; !fast && i < HMS_FAST_ROUTES; i++)
		if (!routes->route[i].span)
			fast = &routes->route[i];
	if (!fast)
		return;
	fast->first = first;
	fast->slot = slot;
	fast->rule = rule;
	n = own ? (unsigned)(own - hms_instances) : 0;
	if (own && !hms_instance_started(n)) {
		fast->malloc = begins[n].malloc;
		fast->calloc = begins[n].calloc;
	} else {
		fast->malloc = hms_heap_malloc_of(slot);
		fast->calloc = hms_heap_calloc_of(slot);
	}
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

/*
 * Where calls are counted, the first route leads here, by jumps alone: who
 * called is where this returns to.  The second one is where it goes on.
 */
static unsigned counted_row[HMS_FAST_APIS];

static void *counted_malloc(size_t size)
{
	if (hms_count_fast(counted_row[HMS_FAST_MALLOC], size))
		return hms_fast[HMS_FAST_MALLOC].route[1].malloc(size);
	return hms_slow_alloc(HMS_API_MALLOC, size, HMS_CALLER);
}

static void *counted_calloc(size_t n, size_t size)
{
	/* n is 1: shims/heap.c. */
	if (hms_count_fast(counted_row[HMS_FAST_CALLOC], size))
		return hms_fast[HMS_FAST_CALLOC].route[1].calloc(n, size);
	return hms_slow_calloc(size, HMS_CALLER);
}

/* operator new is no jump, and realloc knows its block: those ask. */
static void counted_first(enum hms_fast_api api)
{
	const struct hms_fast_route *second = &hms_fast[api].route[1];
	struct hms_fast_route *first = &hms_fast[api].route[0];

	if (!counting_calls || first->span || !second->span)
		return;
	counted_row[api] = hms_count_row(second->rule);
	first->first = second->first;
	first->slot = second->slot;
	first->rule = second->rule;
	first->malloc = counted_malloc;
	first->calloc = counted_calloc;
	__atomic_store_n(&first->span, second->span, __ATOMIC_RELEASE);
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
	counted_first(HMS_FAST_MALLOC);
	counted_first(HMS_FAST_CALLOC);
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
