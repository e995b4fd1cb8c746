/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the heap shims share.  The exported functions have the contracts of
 * malloc(3) and posix_memalign(3); where those leave room, they do as glibc
 * does.
 */
#ifndef HMS_SHIMS_HEAP_H
#define HMS_SHIMS_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/call.h"
#include "engine/engine.h"
#include "engine/heap/heap.h"
#include "report/status.h"

#define HMS_EXPORT __attribute__((visibility("default")))
#define HMS_CALLER __builtin_return_address(0)

/*
 * Sizes that one heap serves without a decision, as size - first < span.
 * Nothing below 9: jemalloc's smallest class is aligned to 8, libc's memory
 * always to 16, so the smallest sizes are rounded up off the fast path.
 */
struct hms_fast_route {
	size_t first, span; /* bytes; span 0: no size */
	unsigned slot; /* HMS_SLOT_NONE: the next functions */
	int rule; /* that such a call is counted for; -1: none */
	/* NULL: the slot has no instance of its own, hms_heap_malloc() */
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t n, size_t size);
};

/* The calls that have such routes. */
enum hms_fast_api {
	HMS_FAST_MALLOC,
	HMS_FAST_CALLOC,
	HMS_FAST_REALLOC,
	HMS_FAST_NEW,
	HMS_FAST_NEW_ARRAY,
	HMS_FAST_APIS,
};

/* Most policies tell few sizes apart; those beyond are decided one by one. */
#define HMS_FAST_ROUTES 5

/*
 * By call, small sizes first: they are most of what programs ask for.  A
 * route's own jump is the only one on the way of those; each further jump
 * costs a cycle.  Written once, before other threads can be.
 */
struct hms_fast_routes {
	struct hms_fast_route route[HMS_FAST_ROUTES];
};
extern struct hms_fast_routes hms_fast[HMS_FAST_APIS] HMS_HIDDEN;

static inline bool hms_routed(const struct hms_fast_route *route, size_t size)
{
	return __builtin_expect(size - route->first < route->span, 1);
}

/* Per rule: its heap slot.  NULL without rules. */
extern uint8_t *hms_rule_slots HMS_HIDDEN;
/* Rules ask which module calls, and it is known: shims/callers.h. */
extern bool hms_learning HMS_HIDDEN;
/* Rules ask about stacks, and they are known: shims/stacks.h. */
extern bool hms_stacks HMS_HIDDEN;

/*
 * Sets the fast routes from the engine's policy.  Called once, by preload/,
 * when the heap is known to be ours; counting: every call must be seen.
 */
void hms_heap_routes(bool counting);
/*
 * The next call of each heap is to pass by hms_worker_poke(): the routes lead
 * there, once.  Lock-free; inside an allocation, too.
 */
void hms_heap_pass_by(void);
/*
 * Sizes from here on are decided one by one if memory of some rule may move,
 * as that of a single call may be all there ever is, or is a device's too.
 */
#define HMS_HEAP_LARGE ((size_t)1 << 20)
static inline bool hms_heap_passes_by(size_t size)
{
	return __builtin_expect(size >= HMS_HEAP_LARGE, 0) &&
	       hms_engine.places &&
	       (hms_engine.places->moves || hms_engine.places->reaches);
}
/* Frees are to be told to shims/account.h.  Once, at the start, like those. */
void hms_heap_account(void);
/* Routes where heap calls go to the next functions. */
void hms_heap_pass_routes(void);
/*
 * Bootstrap memory serves calls that no rule touches until it is used up;
 * this is when.  From then on the heap does.
 */
extern bool hms_heap_open HMS_HIDDEN;
void hms_heap_opens(void);

/*
 * Any allocation, all checks of arguments done; align 0 or a power of two.
 * NULL with errno ENOMEM if there is no memory.
 */
void *hms_alloc(enum hms_api api, size_t align, size_t size, bool zero,
	const void *caller) HMS_HIDDEN;
/*
 * What the first route does not serve.  To be jumped to: shims/entry.S adds
 * the registers of the program's call, which are known only while no frame
 * is ours, and goes on to the function with _at.
 */
void *hms_slow_alloc(
	enum hms_api api, size_t size, const void *caller) HMS_HIDDEN;
void *hms_slow_alloc_at(enum hms_api api, size_t size, const void *caller,
	uintptr_t sp, uintptr_t fp) HMS_HIDDEN;
void *hms_slow_calloc(size_t total, const void *caller) HMS_HIDDEN;
void *hms_slow_calloc_at(size_t total, const void *caller, uintptr_t sp,
	uintptr_t fp) HMS_HIDDEN;
void *hms_slow_realloc(void *block, size_t size, const void *caller) HMS_HIDDEN;
void *hms_slow_realloc_at(void *block, size_t size, const void *caller,
	uintptr_t sp, uintptr_t fp) HMS_HIDDEN;
/* malloc's own way to it, for what is allocated like malloc. */
static inline void *hms_fast_alloc(enum hms_fast_api fast, enum hms_api api,
	size_t size, const void *caller)
{
	const struct hms_fast_routes *routes = &hms_fast[fast];

	if (hms_routed(&routes->route[0], size))
		return routes->route[0].malloc(size);
	return hms_slow_alloc(api, size, caller);
}

/* What they share.  Checked as in hms_alloc(); call->api is of the heap. */
struct hms_decision;
void *hms_heap_call(const struct hms_call *call) HMS_HIDDEN;
/* The slot for a call, which is counted; hms_engine.live, not guarded. */
unsigned hms_heap_decide(
	const struct hms_call *call, struct hms_decision *decision) HMS_HIDDEN;
void *hms_slot_alloc(
	unsigned slot, size_t align, size_t size, bool zero) HMS_HIDDEN;
bool hms_heap_count_slow(
	const struct hms_fast_route *route, size_t size) HMS_HIDDEN;
/*
 * A call that was not decided is counted all the same; if hms_counting.  True:
 * it is to be looked at, see shims/account.h.
 */
static inline bool hms_heap_count(
	const struct hms_fast_route *route, size_t size)
{
	return hms_counting &&
	       !hms_count_fast(hms_count_row(route->rule), size) &&
	       hms_heap_count_slow(route, size);
}

/* realloc with the caller given. */
void *hms_realloc(enum hms_api api, void *block, size_t size,
	const void *caller) HMS_HIDDEN;

#endif
