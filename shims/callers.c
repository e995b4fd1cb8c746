/* SPDX-License-Identifier: BSD-2-Clause */
#include "shims/callers.h"

#include "engine/engine.h"
#include "engine/site/walk.h"

#define LEAST 9 /* bytes; shims/heap.h */

struct hms_caller hms_callers[1 << HMS_CALLER_BITS];

/* NULL: it is known already, or there is no room. */
static struct hms_caller *take(
	const void *caller, enum hms_api api, size_t size)
{
	struct hms_caller *slot = hms_caller_slot(caller);

	if (hms_caller_find(caller, api, size))
		return NULL;
	for (unsigned i = 0; i < 2; i++) {
		if (!__atomic_exchange_n(&slot->taken, true, __ATOMIC_ACQUIRE))
			return slot;
		slot = &hms_callers[(slot - hms_callers) ^ 1];
	}
	return NULL;
}

static void put(struct hms_caller *slot, const void *caller)
{
	__atomic_store_n(&slot->caller, caller, __ATOMIC_RELEASE);
}

/*
 * Who allocates for itself, from the caller on; what is on the way is learnt.
 * NULL: that cannot be said by return addresses alone.
 */
static const void *own_caller(const struct hms_call *call)
{
	const void *caller = call->caller;
	uintptr_t sp = call->at.sp;

	for (unsigned i = 0; caller && i <= HMS_CALLER_STEPS; i++) {
		unsigned frame = hms_caller_frame(caller);
		struct hms_caller *slot;

		if (hms_caller_stays(caller))
			return caller;
		if (!sp || !frame || frame > HMS_CALLER_FRAME)
			return NULL;
		slot = take(caller, call->api, call->size);
		if (slot) {
			slot->frame = (uint16_t)frame;
			put(slot, caller);
		}
		caller = hms_caller_up(sp, frame);
		sp += frame;
	}
	return NULL;
}

void hms_caller_learn(const struct hms_call *call, int rule)
{
	unsigned heap = rule < 0 ? HMS_SLOT_DEFAULT : hms_rule_slots[rule];
	struct hms_caller *slot;
	const void *caller;
	size_t first, last;

	if (call->size < LEAST || call->align ||
		(call->flags & ~(uint32_t)HMS_CALL_ZEROED) ||
		(rule >= 0 && hms_engine.policy->rules[rule].options &
				      HMS_OPT_STRICT) ||
		!hms_policy_by_caller(
			hms_engine.policy, call, rule, &first, &last))
		return;
	caller = own_caller(call);
	slot = caller ? take(caller, call->api, call->size) : NULL;
	if (!slot)
		return;
	if (first < LEAST)
		first = LEAST;
	if (last == SIZE_MAX)
		last--;
	slot->api = (uint8_t)call->api;
	slot->route = (struct hms_fast_route){ .first = first,
		.span = last - first + 1,
		.slot = heap,
		.rule = rule,
		.malloc = hms_heap_malloc_of(heap),
		.calloc = hms_heap_calloc_of(heap) };
	put(slot, caller);
}
