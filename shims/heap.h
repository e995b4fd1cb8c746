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
#include "engine/heap/heap.h"

#define HMS_EXPORT __attribute__((visibility("default")))
#define HMS_CALLER __builtin_return_address(0)

/*
 * Sizes that malloc can serve without a decision, as size - first < span.
 * Nothing below 9: jemalloc's smallest class is aligned to 8, libc's memory
 * always to 16, so the smallest sizes are rounded up off the fast path.
 */
struct hms_fast_route {
	size_t first, span; /* bytes; span 0: no size */
	void *(*malloc)(size_t size);
};

/* The calls that have such a route. */
enum hms_fast_api {
	HMS_FAST_MALLOC,
	HMS_FAST_CALLOC,
	HMS_FAST_REALLOC,
	HMS_FAST_NEW,
	HMS_FAST_NEW_ARRAY,
	HMS_FAST_APIS,
};

/* By call: sizes that no rule redirects, for instance 0. */
extern struct hms_fast_route hms_plain[HMS_FAST_APIS] HMS_HIDDEN;
/* By call: sizes that one rule takes, and that rule's own instance. */
extern struct hms_fast_route hms_ruled[HMS_FAST_APIS] HMS_HIDDEN;

static inline bool hms_routed(const struct hms_fast_route *route, size_t size)
{
	return __builtin_expect(size - route->first < route->span, 1);
}

/* Per rule: its heap slot.  NULL without rules. */
extern uint8_t *hms_rule_slots HMS_HIDDEN;

/*
 * Sets the fast routes from the engine's policy.  Called once, by preload/,
 * when the heap is known to be ours; counting: every call must be seen.
 */
void hms_heap_routes(bool counting);

/*
 * Any allocation, all checks of arguments done; align 0 or a power of two.
 * NULL with errno ENOMEM if there is no memory.
 */
void *hms_alloc(enum hms_api api, size_t align, size_t size, bool zero,
	const void *caller) HMS_HIDDEN;
/* realloc with the caller given. */
void *hms_realloc(enum hms_api api, void *block, size_t size,
	const void *caller) HMS_HIDDEN;

#endif
