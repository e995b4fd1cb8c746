/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that the return address alone decides: rules ask which module calls,
 * and that module cannot go.  Written once each, read without a lock.
 */
#ifndef HMS_SHIMS_CALLERS_H
#define HMS_SHIMS_CALLERS_H

#include "shims/heap.h"

/*
 * A caller's sizes from route.first on; or, if it allocates for its own caller
 * (xmalloc and its like), how far up the stack that one's return address is.
 * The caller is stored last.
 */
struct hms_caller {
	const void *caller; /* NULL: free */
	bool taken;
	uint8_t api;
	uint16_t frame; /* bytes; 0: it allocates for itself */
	struct hms_fast_route route; /* no size, if frame is not 0 */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct hms_caller) == 64, "one cache line");

#define HMS_CALLER_BITS 12
extern struct hms_caller hms_callers[1 << HMS_CALLER_BITS] HMS_HIDDEN;
/* Wrappers of wrappers that are passed through. */
#define HMS_CALLER_STEPS 3
#define HMS_CALLER_FRAME 512 /* bytes; frames that are larger are walked */

/* A return address is that of one API's call, as good as always. */
static inline struct hms_caller *hms_caller_slot(const void *caller)
{
	uint64_t key = (uintptr_t)caller;

	return &hms_callers[key * UINT64_C(0x9e3779b97f4a7c15) >>
			    (64 - HMS_CALLER_BITS)];
}

static inline bool hms_caller_is(const struct hms_caller *slot,
	const void *caller, enum hms_api api, size_t size)
{
	return __atomic_load_n(&slot->caller, __ATOMIC_ACQUIRE) == caller &&
	       (slot->frame ||
		       (slot->api == api && hms_routed(&slot->route, size)));
}

/*
 * What is known of such a call; else NULL.  It is in the caller's slot or that
 * one's neighbour: of two ranges of sizes there is room for both.
 */
static inline const struct hms_caller *hms_caller_find(
	const void *caller, enum hms_api api, size_t size)
{
	const struct hms_caller *slot = hms_caller_slot(caller);

	if (hms_caller_is(slot, caller, api, size))
		return slot;
	slot = &hms_callers[(slot - hms_callers) ^ 1];
	return hms_caller_is(slot, caller, api, size) ? slot : NULL;
}

/*
 * The return address of a frame's caller; sp is behind the frame's own return
 * address.  On that one's page, which is there, or NULL.
 */
static inline const void *hms_caller_up(uintptr_t sp, unsigned frame)
{
	uintptr_t at = sp + frame - sizeof(void *);

	if ((at ^ (sp - sizeof(void *))) >> 12)
		return NULL;
	return *(const void *const *)at;
}

/* Beyond one that allocates for others; NULL: it is to be decided. */
static inline const struct hms_fast_route *hms_caller_outer(
	const struct hms_caller *known, enum hms_api api, size_t size,
	uintptr_t sp)
{
	if (!sp || ((const void *const *)sp)[-1] != known->caller)
		return NULL;
	for (unsigned i = 0; i < HMS_CALLER_STEPS; i++) {
		const void *up = hms_caller_up(sp, known->frame);

		sp += known->frame;
		known = up ? hms_caller_find(up, api, size) : NULL;
		if (!known)
			return NULL;
		if (!known->frame)
			return &known->route;
	}
	return NULL;
}

/*
 * NULL: it is to be decided.  sp: the stack pointer before the call that
 * returns to caller, or 0.
 */
static inline const struct hms_fast_route *hms_caller_route(
	const void *caller, enum hms_api api, size_t size, uintptr_t sp)
{
	const struct hms_caller *known = hms_caller_find(caller, api, size);

	if (!known || !known->frame)
		return known ? &known->route : NULL;
	return hms_caller_outer(known, api, size, sp);
}

/* A call was decided by rule: the next one like it need not be. */
void hms_caller_learn(const struct hms_call *call, int rule) HMS_HIDDEN;

#endif
