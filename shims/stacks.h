/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that the stack alone decides: rules ask which functions are on it.
 * What a stack led to is remembered with it (engine/site/memo.h), so that the
 * same call from the same depth needs no decision.
 */
#ifndef HMS_SHIMS_STACKS_H
#define HMS_SHIMS_STACKS_H

#include "engine/site/memo.h"
#include "shims/heap.h"

/* What is remembered with a stack: where such a call of these sizes goes. */
struct hms_verdict {
	bool taken, known;
	uint8_t api;
	struct hms_fast_route route;
};

/*
 * Registers that a jump from a shim found, if there was no frame in between:
 * then the caller is where a call leaves it.
 */
static inline struct hms_registers hms_registers(
	uintptr_t sp, uintptr_t fp, const void *caller)
{
	if (!sp || ((const void *const *)sp)[-1] != caller)
		sp = 0;
	return (struct hms_registers){ sp, fp };
}

/*
 * What a call led to that came by the same way, as far as it is looked at; if
 * site_memo_all_hold(), it does.  after: the one before, which did not.
 */
static inline __attribute__((always_inline)) const struct site_memo *
hms_stack_guess(enum hms_api api, size_t size, const void *caller, uintptr_t sp,
	const struct site_memo *after)
{
	const struct site_memo *memo =
		site_memo_judged(sp, (uintptr_t)caller, after);
	const struct hms_verdict *verdict;

	if (!memo)
		return NULL;
	verdict = memo->verdict;
	return verdict->api == api && hms_routed(&verdict->route, size) ? memo
									: NULL;
}

/* The same, with all that takes time; NULL: it is to be decided. */
const struct hms_fast_route *hms_stack_route(enum hms_api api, size_t size,
	const void *caller, uintptr_t sp, uintptr_t fp) HMS_HIDDEN;

/* A call was decided by rule: the next one like it need not be. */
void hms_stack_learn(const struct hms_call *call, int rule) HMS_HIDDEN;

#endif
