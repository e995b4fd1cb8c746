/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * malloc and kin.  The fast path of malloc and free is a comparison and a
 * jump into a private jemalloc; everything else is decided below.
 */
#include "shims/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bootstrap.h"
#include "base/guard.h"
#include "engine/engine.h"
#include "report/status.h"
#include "shims/next.h"
#include "shims/start.h"

uint8_t *hms_rule_slots;

static void *slot_alloc(unsigned slot, size_t align, size_t size, bool zero)
{
	void *block;

	if (align <= 16)
		return zero ? hms_heap_calloc(slot, 1, size)
			    : hms_heap_malloc(slot, size);
	block = hms_heap_memalign(slot, align, size);
	if (block && zero)
		memset(block, 0, size);
	return block;
}

/* Memory that no rule redirects. */
static void *plain_alloc(size_t align, size_t size, bool zero)
{
	if (!hms_heap_open) {
		void *block = hms_boot_try(align, size);

		if (block)
			return block;
		hms_heap_opens();
	}
	return slot_alloc(HMS_SLOT_DEFAULT, align, size, zero);
}

static void *pass_alloc(size_t align, size_t size, bool zero)
{
	if (align > 16)
		return hms_next.memalign(align, size);
	return zero ? hms_next.calloc(1, size) : hms_next.malloc(size);
}

static unsigned decide(enum hms_api api, size_t align, size_t size, bool zero,
	const void *caller, struct hms_decision *decision)
{
	struct hms_call call = {
		.api = api,
		.flags = zero ? HMS_CALL_ZEROED : 0,
		.size = size,
		.align = align,
		.caller = caller,
	};

	/* Whatever a witness or a counter does must not come back here. */
	hms_guard_enter();
	hms_decide(&call, decision);
	hms_guard_leave();
	return decision->rule < 0 ? HMS_SLOT_DEFAULT
				  : hms_rule_slots[decision->rule];
}

static void *ruled_alloc(enum hms_api api, size_t align, size_t size, bool zero,
	const void *caller)
{
	struct hms_decision decision;
	unsigned slot = decide(api, align, size, zero, caller, &decision);
	int saved = errno;
	void *block = slot_alloc(slot, align, size, zero);

	if (block || slot == HMS_SLOT_DEFAULT)
		return block;
	if (decision.options & HMS_OPT_STRICT) {
		__atomic_add_fetch(&hms_status_rule(decision.rule)->failures, 1,
			__ATOMIC_RELAXED);
		return NULL;
	}
	/* Success must not leave the failure's errno behind. */
	errno = saved;
	return slot_alloc(HMS_SLOT_DEFAULT, align, size, zero);
}

void *hms_alloc(enum hms_api api, size_t align, size_t size, bool zero,
	const void *caller)
{
	unsigned mode = __atomic_load_n(&hms_heap_mode, __ATOMIC_ACQUIRE);

	if (mode == HMS_HEAP_BOOT)
		mode = hms_start();
	if (mode == HMS_HEAP_BOOT)
		return hms_boot_alloc(align, size);
	if (mode == HMS_HEAP_PASS)
		return pass_alloc(align, size, zero);
	if (!hms_engine.live || hms_guarded())
		return plain_alloc(align, size, zero);
	return ruled_alloc(api, align, size, zero, caller);
}

/* Counting may look at pages; what that reaches must not come back here. */
static inline void count(const struct hms_fast_route *route, size_t size)
{
	if (!hms_counting || hms_guarded())
		return;
	hms_guard_enter();
	hms_count_call(route->rule, HMS_FAMILY_HEAP, size);
	hms_guard_leave();
}

/* The route that serves a size, counted; NULL: it is to be decided. */
static inline const struct hms_fast_route *find_route(
	enum hms_fast_api fast, size_t size)
{
	const struct hms_fast_route *route = hms_fast[fast].route;

	for (unsigned i = 0; i < HMS_FAST_ROUTES; i++)
		if (hms_routed(&route[i], size)) {
			count(&route[i], size);
			return &route[i];
		}
	return NULL;
}

void *hms_slow_alloc(enum hms_fast_api fast, enum hms_api api, size_t size,
	const void *caller)
{
	const struct hms_fast_route *route = find_route(fast, size);

	if (!route)
		return hms_alloc(api, 0, size, false, caller);
	return route->malloc ? route->malloc(size)
			     : hms_heap_malloc(route->slot, size);
}

HMS_EXPORT void *malloc(size_t size)
{
	return hms_fast_alloc(
		HMS_FAST_MALLOC, HMS_API_MALLOC, size, HMS_CALLER);
}

/* Not in any window: from bootstrap, or from an allocator before ours. */
static void free_foreign(void *block)
{
	if (block && !hms_boot_owns(block) && hms_next.free)
		hms_next.free(block);
}

static __attribute__((noinline)) void slow_free(void *block)
{
	unsigned slot = hms_slot_of(block);

	if (slot == HMS_SLOT_MIXED)
		slot = hms_window_mixed(block);
	if (slot == HMS_SLOT_NONE)
		free_foreign(block);
	else
		hms_heap_free(slot, block);
}

/*
 * By slot.  Blocks of rules with an instance of their own, the common case
 * after the default, go straight there.
 */
static void (*const free_of_slot[256])(void *) = {
	[HMS_SLOT_NONE] = free_foreign,
	[HMS_SLOT_DEFAULT] = hms_je0_free,
	[HMS_SLOT_DEFAULT + 1] = hms_je1_free,
	[HMS_SLOT_DEFAULT + 2] = hms_je2_free,
	[HMS_SLOT_DEFAULT + 3] = hms_je3_free,
	[HMS_SLOT_DEFAULT + HMS_INSTANCES... 255] = slow_free,
};
_Static_assert(HMS_INSTANCES == 4, "one row for each");

HMS_EXPORT void free(void *block)
{
	free_of_slot[hms_slot_of(block)](block);
}

/*
 * C23 promises that size (and alignment) are what was asked for; programs
 * that break the promise work with glibc, so it is not relied on.
 */
HMS_EXPORT void free_sized(void *block, size_t size);
HMS_EXPORT void free_sized(void *block, size_t size)
{
	free(block);
}

HMS_EXPORT void free_aligned_sized(void *block, size_t align, size_t size);
HMS_EXPORT void free_aligned_sized(void *block, size_t align, size_t size)
{
	free(block);
}

HMS_EXPORT void *calloc(size_t n, size_t size)
{
	const struct hms_fast_route *route;
	size_t total;

	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	route = find_route(HMS_FAST_CALLOC, total);
	if (route)
		return route->calloc ? route->calloc(1, total)
				     : hms_heap_calloc(route->slot, 1, total);
	return hms_alloc(HMS_API_CALLOC, 0, total, true, HMS_CALLER);
}

static size_t usable(void *block, unsigned slot)
{
	if (slot != HMS_SLOT_NONE)
		return hms_heap_usable(slot, block);
	if (hms_boot_owns(block))
		return hms_boot_usable(block);
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
	if (hms_boot_owns(block)) {
		if (hms_boot_grow(block, size))
			return block;
		return move_block(
			api, block, hms_boot_usable(block), size, caller);
	}
	if (hms_next.realloc)
		return hms_next.realloc(block, size);
	errno = ENOMEM;
	return NULL;
}

void *hms_realloc(
	enum hms_api api, void *block, size_t size, const void *caller)
{
	struct hms_decision decision;
	unsigned slot, wanted;
	void *moved;
	int saved;

	if (!block)
		return hms_alloc(api, 0, size, false, caller);
	if (!size) {
		free(block);
		return NULL;
	}
	slot = hms_slot_of(block);
	if (slot == HMS_SLOT_MIXED)
		slot = hms_window_mixed(block);
	if (slot == HMS_SLOT_NONE)
		return realloc_foreign(api, block, size, caller);
	if (!hms_engine.live || hms_guarded())
		return hms_heap_realloc(slot, block, size);
	wanted = decide(api, 0, size, false, caller, &decision);
	if (decision.rule < 0 || wanted == slot)
		return hms_heap_realloc(slot, block, size);
	saved = errno;
	moved = slot_alloc(wanted, 0, size, false);
	if (!moved && decision.options & HMS_OPT_STRICT)
		return NULL;
	if (!moved) {
		errno = saved;
		return hms_heap_realloc(slot, block, size);
	}
	memcpy(moved, block,
		usable(block, slot) < size ? usable(block, slot) : size);
	hms_heap_free(slot, block);
	return moved;
}

/* A block that stays in its slot at its new size needs no decision. */
HMS_EXPORT void *realloc(void *block, size_t size)
{
	const struct hms_fast_route *route = hms_fast[HMS_FAST_REALLOC].route;
	unsigned slot = hms_slot_of(block);

	for (unsigned i = 0; slot && i < HMS_FAST_ROUTES; i++)
		if (slot == route[i].slot && hms_routed(&route[i], size)) {
			count(&route[i], size);
			return hms_heap_realloc(slot, block, size);
		}
	return hms_realloc(HMS_API_REALLOC, block, size, HMS_CALLER);
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

HMS_EXPORT size_t malloc_usable_size(void *block);
HMS_EXPORT size_t malloc_usable_size(void *block)
{
	unsigned slot = hms_slot_of(block);

	if (!block)
		return 0;
	if (slot == HMS_SLOT_MIXED)
		slot = hms_window_mixed(block);
	return usable(block, slot);
}
