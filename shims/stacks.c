/* SPDX-License-Identifier: BSD-2-Clause */
#include "shims/stacks.h"

#include "engine/engine.h"
#include "engine/site/walk.h"

#define LEAST 9 /* bytes; shims/heap.h */

/* One per API, rule and range of sizes that rules tell apart. */
#define VERDICT_BITS 9
static struct hms_verdict verdicts[1 << VERDICT_BITS];

static unsigned first_of(uint8_t api, int rule, size_t first)
{
	uint64_t key = (uint64_t)first << 16 ^
		       (uint64_t)(unsigned)(rule + 1) << 6 ^ api;

	return (unsigned)((key * UINT64_C(0x9e3779b97f4a7c15)) >>
			  (64 - VERDICT_BITS));
}

static bool is_for(const struct hms_verdict *v, uint8_t api, int rule,
	size_t first, size_t last)
{
	return __atomic_load_n(&v->known, __ATOMIC_ACQUIRE) && v->api == api &&
	       v->route.rule == rule && v->route.first == first &&
	       v->route.span == last - first + 1;
}

/* NULL: there is no room; calls like it are decided one by one. */
static const struct hms_verdict *verdict_of(
	uint8_t api, int rule, size_t first, size_t last)
{
	unsigned heap = rule < 0 ? HMS_SLOT_DEFAULT : hms_rule_slots[rule];
	unsigned at = first_of(api, rule, first);

	for (unsigned i = 0; i < 8; i++) {
		struct hms_verdict *v =
			&verdicts[(at + i) % (1 << VERDICT_BITS)];

		if (is_for(v, api, rule, first, last))
			return v;
		if (__atomic_exchange_n(&v->taken, true, __ATOMIC_ACQUIRE))
			continue;
		v->api = api;
		v->route = (struct hms_fast_route){ .first = first,
			.span = last - first + 1,
			.slot = heap,
			.rule = rule,
			.malloc = hms_heap_malloc_of(heap),
			.calloc = hms_heap_calloc_of(heap) };
		__atomic_store_n(&v->known, true, __ATOMIC_RELEASE);
		return v;
	}
	return NULL;
}

void hms_stack_learn(const struct hms_call *call, int rule)
{
	size_t first, last;

	if (call->size < LEAST || call->align ||
		(call->flags & ~(uint32_t)HMS_CALL_ZEROED) ||
		(rule >= 0 && hms_engine.policy->rules[rule].options &
				      HMS_OPT_STRICT) ||
		!hms_policy_by_stack(
			hms_engine.policy, call, rule, &first, &last))
		return;
	if (first < LEAST)
		first = LEAST;
	if (last == SIZE_MAX)
		last--;
	hms_walk_judge(verdict_of((uint8_t)call->api, rule, first, last));
}

const struct hms_fast_route *hms_stack_route(enum hms_api api, size_t size,
	const void *caller, uintptr_t sp, uintptr_t fp)
{
	const struct site_memo *memo = NULL;
	const struct hms_verdict *verdict;

	while ((memo = site_memo_judged(sp, (uintptr_t)caller, memo))) {
		verdict = memo->verdict;
		if (verdict && verdict->api == api &&
			hms_routed(&verdict->route, size) &&
			site_memo_all_hold(memo, fp, false) &&
			memo->at.sp == sp)
			return &verdict->route;
	}
	return NULL;
}
