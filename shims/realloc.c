/* SPDX-License-Identifier: BSD-2-Clause */
/* realloc and kin: a block stays in its place unless a rule says otherwise. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/bootstrap.h"
#include "base/guard.h"
#include "engine/engine.h"
#include "report/status.h"
#include "shims/account.h"
#include "shims/callers.h"
#include "shims/heap.h"
#include "shims/next.h"
#include "shims/reach.h"
#include "shims/stacks.h"

static size_t usable(void *block, unsigned slot)
{
	size_t asked = hms_account_usable(block);

	if (asked)
		return asked;
	if (slot != HMS_SLOT_NONE)
		return hms_heap_usable(slot, block);
	if (hms_boot_owns(block))
		return hms_boot_usable(block);
	asked = hms_reach_usable(block);
	if (asked)
		return asked;
	return hms_next.malloc_usable_size ? hms_next.malloc_usable_size(block)
					   : 0;
}

/* New memory of a rule's choice; the old block goes only if there is some. */
static void *move_block(enum hms_api api, void *block, size_t old, size_t size,
	const void *caller)
{
	void *copy = hms_alloc(api, 0, size, false, caller);

	if (!copy)
		return NULL;
	memcpy(copy, block, old < size ? old : size);
	free(block);
	return copy;
}

static void *realloc_foreign(
	enum hms_api api, void *block, size_t size, const void *caller)
{
	size_t reached;

	if (hms_boot_owns(block)) {
		if (hms_boot_grow(block, size))
			return block;
		return move_block(
			api, block, hms_boot_usable(block), size, caller);
	}
	reached = hms_reach_usable(block);
	/* It stays if it is not much too large. */
	if (reached && size <= reached && size > reached / 2)
		return block;
	if (reached)
		return move_block(api, block, reached, size, caller);
	if (hms_next.realloc)
		return hms_next.realloc(block, size);
	errno = ENOMEM;
	return NULL;
}

/* A block that stays where it is; due: the call is to be looked at. */
static inline void *resize(unsigned slot, int rule, bool due, void *block,
	const struct hms_call *call)
{
	if (due)
		return hms_account_realloc(slot, rule, call, block);
	return hms_accounting ? hms_account_resize(slot, block, call->size)
			      : hms_heap_realloc(slot, block, call->size);
}

/* From one slot to another, if that has room and does not insist. */
static void *realloc_into(unsigned slot, unsigned wanted,
	const struct hms_decision *to, bool due, void *block,
	const struct hms_call *call)
{
	size_t old = usable(block, slot), size = call->size;
	int saved = errno;
	void *moved = due ? hms_account_alloc(wanted, to->rule, call)
			  : hms_slot_alloc(wanted, 0, size, false);

	if (!moved && to->options & HMS_OPT_STRICT)
		return NULL;
	if (!moved) {
		errno = saved;
		return resize(slot, to->rule, due, block, call);
	}
	memcpy(moved, block, old < size ? old : size);
	free(block);
	return moved;
}

static void *decided_realloc(void *block, const struct hms_call *call)
{
	struct hms_decision decision;
	unsigned slot, wanted;

	if (!block)
		return hms_heap_call(call);
	if (!call->size) {
		free(block);
		return NULL;
	}
	slot = hms_slot_of(block);
	if (slot == HMS_SLOT_MIXED)
		slot = hms_window_mixed(block);
	if (slot == HMS_SLOT_NONE)
		return realloc_foreign(
			call->api, block, call->size, call->caller);
	if (!hms_engine.live || hms_guarded())
		return resize(slot, -1, false, block, call);
	wanted = hms_heap_decide(call, &decision);
	if (decision.rule < 0 || wanted == slot)
		return resize(
			slot, decision.rule, hms_account_due(), block, call);
	return realloc_into(
		slot, wanted, &decision, hms_account_due(), block, call);
}

void *hms_realloc(
	enum hms_api api, void *block, size_t size, const void *caller)
{
	const struct hms_call call = {
		.api = api,
		.size = size,
		.caller = caller,
	};

	return decided_realloc(block, &call);
}

void *hms_slow_realloc_at(void *block, size_t size, const void *caller,
	uintptr_t sp, uintptr_t fp)
{
	const struct hms_fast_route *route = NULL;
	const struct hms_call call = { .api = HMS_API_REALLOC,
		.size = size,
		.caller = caller,
		.at = hms_registers(sp, fp, caller) };
	unsigned slot = block ? hms_slot_of(block) : HMS_SLOT_DEFAULT;
	struct hms_decision to = { .rule = -1 };
	const bool decided = !hms_heap_passes_by(size);
	bool due;

	if (hms_learning && decided)
		route = hms_caller_route(caller, HMS_API_REALLOC, size, sp);
	if (!route && hms_stacks && decided)
		route = hms_stack_route(HMS_API_REALLOC, size, caller, sp, fp);
	if (!route || slot == HMS_SLOT_NONE || slot == HMS_SLOT_MIXED)
		return decided_realloc(block, &call);
	due = hms_heap_count(route, size);
	to.rule = route->rule;
	if (!block)
		return due ? hms_account_alloc(route->slot, to.rule, &call)
			   : hms_heap_malloc(route->slot, size);
	if (route->rule < 0 || route->slot == slot)
		return resize(slot, to.rule, due, block, &call);
	return realloc_into(slot, route->slot, &to, due, block, &call);
}

/* The same where a size's route decides, which is known. */
static __attribute__((noinline)) void *counted_realloc(
	const struct hms_fast_route *route, void *block, size_t size,
	const void *caller)
{
	const struct hms_call call = {
		.api = HMS_API_REALLOC, .size = size, .caller = caller
	};

	return resize(route->slot, route->rule, hms_heap_count(route, size),
		block, &call);
}

/* A block that stays in its slot at its new size needs no decision. */
HMS_EXPORT void *realloc(void *block, size_t size)
{
	const struct hms_fast_route *route = hms_fast[HMS_FAST_REALLOC].route;
	unsigned slot = hms_slot_of(block);

	for (unsigned i = 0; slot && i < HMS_FAST_ROUTES; i++)
		if (slot == route[i].slot && hms_routed(&route[i], size)) {
			if (hms_counting)
				return counted_realloc(
					&route[i], block, size, HMS_CALLER);
			return hms_heap_realloc(slot, block, size);
		}
	return hms_slow_realloc(block, size, HMS_CALLER);
}

HMS_EXPORT void *reallocarray(void *block, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return hms_realloc(HMS_API_REALLOCARRAY, block, total, HMS_CALLER);
}

HMS_EXPORT size_t malloc_usable_size(void *block)
{
	unsigned slot = hms_slot_of(block);

	if (!block)
		return 0;
	if (slot == HMS_SLOT_MIXED)
		slot = hms_window_mixed(block);
	return usable(block, slot);
}
