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
#include "engine/heap/cache.h"
#include "engine/site/walk.h"
#include "report/status.h"
#include "shims/account.h"
#include "shims/callers.h"
#include "shims/next.h"
#include "shims/reach.h"
#include "shims/stacks.h"
#include "shims/start.h"

uint8_t *hms_rule_slots;
bool hms_learning, hms_stacks;

void *hms_slot_alloc(unsigned slot, size_t align, size_t size, bool zero)
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
		hms_heap_start(HMS_SLOT_DEFAULT);
		hms_heap_opens();
	}
	return hms_slot_alloc(HMS_SLOT_DEFAULT, align, size, zero);
}

static void *pass_alloc(size_t align, size_t size, bool zero)
{
	if (align > 16)
		return hms_next.memalign(align, size);
	return zero ? hms_next.calloc(1, size) : hms_next.malloc(size);
}

/* Slots that were met; a few threads may each see that one was not. */
static bool started[256];

unsigned hms_heap_decide(
	const struct hms_call *call, struct hms_decision *decision)
{
	unsigned slot;

	/* Whatever a witness or a counter does must not come back here. */
	hms_guard_enter();
	if (hms_stacks)
		hms_walk_forget();
	hms_decide(call, decision);
	if (hms_learning)
		hms_caller_learn(call, decision->rule);
	if (hms_stacks)
		hms_stack_learn(call, decision->rule);
	hms_guard_leave();
	slot = decision->rule < 0 ? HMS_SLOT_DEFAULT
				  : hms_rule_slots[decision->rule];
	hms_worker_poke();
	if (__builtin_expect(!started[slot], 0)) {
		/* Others are not to use it before: instance.h. */
		hms_heap_start(slot);
		started[slot] = true;
	}
	return slot;
}

/* A call that was counted, and may have to be looked at. */
static inline void *counted_alloc(
	unsigned slot, int rule, const struct hms_call *call)
{
	if (hms_account_due())
		return hms_account_alloc(slot, rule, call);
	return hms_slot_alloc(
		slot, call->align, call->size, call->flags & HMS_CALL_ZEROED);
}

static void *ruled_alloc(const struct hms_call *call)
{
	struct hms_decision decision;
	unsigned slot = hms_heap_decide(call, &decision);
	int saved = errno;
	void *block = hms_reach_heap(&decision, call);

	if (block)
		return block;
	block = counted_alloc(slot, decision.rule, call);
	hms_worker_poke();
	if (block || slot == HMS_SLOT_DEFAULT)
		return block;
	if (decision.options & HMS_OPT_STRICT) {
		__atomic_add_fetch(&hms_status_rule(decision.rule)->failures, 1,
			__ATOMIC_RELAXED);
		return NULL;
	}
	/* Success must not leave the failure's errno behind. */
	errno = saved;
	return counted_alloc(HMS_SLOT_DEFAULT, decision.rule, call);
}

void *hms_heap_call(const struct hms_call *call)
{
	size_t align = call->align, size = call->size;
	bool zero = call->flags & HMS_CALL_ZEROED;
	unsigned mode = __atomic_load_n(&hms_heap_mode, __ATOMIC_ACQUIRE);

	if (mode == HMS_HEAP_BOOT)
		mode = hms_start();
	if (mode == HMS_HEAP_BOOT)
		return hms_boot_alloc(align, size);
	if (mode == HMS_HEAP_PASS)
		return pass_alloc(align, size, zero);
	if (!hms_engine.live || hms_guarded())
		return plain_alloc(align, size, zero);
	return ruled_alloc(call);
}

void *hms_alloc(enum hms_api api, size_t align, size_t size, bool zero,
	const void *caller)
{
	const struct hms_call call = {
		.api = api,
		.flags = zero ? HMS_CALL_ZEROED : 0,
		.size = size,
		.align = align,
		.caller = caller,
	};

	return hms_heap_call(&call);
}

/* Counting may look at pages; what that reaches must not come back here. */
bool hms_heap_count_slow(const struct hms_fast_route *route, size_t size)
{
	if (hms_guarded())
		return false;
	hms_guard_enter();
	hms_count_call(route->rule, HMS_FAMILY_HEAP, size);
	hms_guard_leave();
	return hms_account_due();
}

/* The route that serves a size; NULL: it is to be decided. */
static inline const struct hms_fast_route *size_route(
	enum hms_fast_api fast, size_t size)
{
	const struct hms_fast_route *route = hms_fast[fast].route;

	/* The first one was tried by who comes here. */
	for (unsigned i = 1; i < HMS_FAST_ROUTES; i++)
		if (hms_routed(&route[i], size))
			return &route[i];
	return NULL;
}

static __attribute__((noinline)) void *looked_at(
	const struct hms_fast_route *route, enum hms_api api, size_t size,
	const void *caller, uintptr_t sp, uintptr_t fp)
{
	const struct hms_call call = {
		.api = api,
		.flags = api == HMS_API_CALLOC ? HMS_CALL_ZEROED : 0,
		.size = size,
		.caller = caller,
		.at = hms_registers(sp, fp, caller),
	};

	return hms_account_alloc(route->slot, route->rule, &call);
}

/* By a route whose calls are counted, or that has no malloc of its own. */
static inline void *by_route(const struct hms_fast_route *route,
	enum hms_api api, size_t size, const void *caller, uintptr_t sp,
	uintptr_t fp)
{
	if (hms_heap_count(route, size))
		return looked_at(route, api, size, caller, sp, fp);
	if (api == HMS_API_CALLOC)
		return route->calloc ? route->calloc(1, size)
				     : hms_heap_calloc(route->slot, 1, size);
	return route->malloc ? route->malloc(size)
			     : hms_heap_malloc(route->slot, size);
}

static __attribute__((noinline)) void *routed_alloc(
	const struct hms_fast_route *route, enum hms_api api, size_t size,
	const void *caller, uintptr_t sp, uintptr_t fp)
{
	return by_route(route, api, size, caller, sp, fp);
}

static enum hms_fast_api fast_of(enum hms_api api)
{
	switch (api) {
	case HMS_API_CALLOC:
		return HMS_FAST_CALLOC;
	case HMS_API_NEW:
		return HMS_FAST_NEW;
	case HMS_API_NEW_ARRAY:
		return HMS_FAST_NEW_ARRAY;
	default:
		return HMS_FAST_MALLOC;
	}
}

static __attribute__((noinline)) void *slower_alloc(enum hms_api api,
	size_t size, const void *caller, uintptr_t sp, uintptr_t fp)
{
	const bool zero = api == HMS_API_CALLOC;
	const struct hms_fast_route *route = size_route(fast_of(api), size);
	const bool passes_by = hms_heap_passes_by(size);
	struct hms_call call;

	if (!route && hms_stacks && !passes_by)
		route = hms_stack_route(api, size, caller, sp, fp);
	if (route)
		return by_route(route, api, size, caller, sp, fp);
	call = (struct hms_call){
		.api = api,
		.flags = zero ? HMS_CALL_ZEROED : 0,
		.size = size,
		.caller = caller,
		.at = hms_registers(sp, fp, caller),
	};
	return hms_heap_call(&call);
}

/*
 * By what was guessed, if it holds.  Functions of their own, with few
 * arguments: so none of the ways saves registers.  They are jumped to, like
 * all before: the stack pointer of the program's call is still theirs.  A
 * signal handler that meanwhile put another stack in this one's place has
 * another.
 */
static inline __attribute__((always_inline)) bool holds(
	const struct site_memo *memo, uintptr_t fp)
{
	return __builtin_expect(site_memo_all_hold(memo, fp, true), 1) &&
	       memo->at.sp == (uintptr_t)__builtin_dwarf_cfa();
}

static __attribute__((noinline)) void *guessed_alloc(
	const struct site_memo *memo, const struct hms_verdict *verdict,
	size_t size, uintptr_t fp)
{
	if (!holds(memo, fp))
		return slower_alloc(verdict->api, size,
			(const void *)memo->at.address, memo->at.sp, fp);
	if (__builtin_expect(hms_counting || !verdict->route.malloc, 0))
		return routed_alloc(&verdict->route, verdict->api, size,
			(const void *)memo->at.address, memo->at.sp, fp);
	return verdict->route.malloc(size);
}

static __attribute__((noinline)) void *guessed_calloc(
	const struct site_memo *memo, const struct hms_verdict *verdict,
	size_t size, uintptr_t fp)
{
	if (!holds(memo, fp))
		return slower_alloc(verdict->api, size,
			(const void *)memo->at.address, memo->at.sp, fp);
	if (__builtin_expect(hms_counting || !verdict->route.calloc, 0))
		return routed_alloc(&verdict->route, verdict->api, size,
			(const void *)memo->at.address, memo->at.sp, fp);
	return verdict->route.calloc(1, size);
}

void *hms_slow_alloc_at(enum hms_api api, size_t size, const void *caller,
	uintptr_t sp, uintptr_t fp)
{
	const bool decided = !hms_heap_passes_by(size);
	const struct hms_fast_route *route =
		hms_learning && decided
			? hms_caller_route(caller, api, size, sp)
			: NULL;
	const struct site_memo *guess;

	if (!route) {
		guess = hms_stacks && decided
				? hms_stack_guess(api, size, caller, sp, NULL)
				: NULL;
		return guess ? guessed_alloc(guess, guess->verdict, size, fp)
			     : slower_alloc(api, size, caller, sp, fp);
	}
	if (__builtin_expect(hms_counting || !route->malloc, 0))
		return routed_alloc(route, api, size, caller, sp, fp);
	return route->malloc(size);
}

void *hms_slow_calloc_at(
	size_t size, const void *caller, uintptr_t sp, uintptr_t fp)
{
	const enum hms_api api = HMS_API_CALLOC;
	const bool decided = !hms_heap_passes_by(size);
	const struct hms_fast_route *route =
		hms_learning && decided
			? hms_caller_route(caller, api, size, sp)
			: NULL;
	const struct site_memo *guess;

	if (!route) {
		guess = hms_stacks && decided
				? hms_stack_guess(api, size, caller, sp, NULL)
				: NULL;
		return guess ? guessed_calloc(guess, guess->verdict, size, fp)
			     : slower_alloc(api, size, caller, sp, fp);
	}
	if (__builtin_expect(hms_counting || !route->calloc, 0))
		return routed_alloc(route, api, size, caller, sp, fp);
	return route->calloc(1, size);
}

HMS_EXPORT void *malloc(size_t size)
{
	return hms_fast_alloc(
		HMS_FAST_MALLOC, HMS_API_MALLOC, size, HMS_CALLER);
}

/* Not in any window: from bootstrap, or from an allocator before ours. */
static void free_foreign(void *block)
{
	if (block && !hms_boot_owns(block) && !hms_reach_free(block) &&
		hms_next.free)
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
#define FREE_OF_SLOT                                                           \
	[HMS_SLOT_NONE] = free_foreign, [HMS_SLOT_DEFAULT] = hms_je0_free,     \
	[HMS_SLOT_DEFAULT + 1] = hms_je1_free,                                 \
	[HMS_SLOT_DEFAULT + 2] = hms_je2_free,                                 \
	[HMS_SLOT_DEFAULT + 3] = hms_je3_free,                                 \
	[HMS_SLOT_DEFAULT + HMS_INSTANCES... HMS_SLOTS - 1] = hms_cache_free,  \
	[HMS_SLOTS... 255] = slow_free
_Static_assert(HMS_INSTANCES == 4, "one row for each");

static void (*const plain_free[256])(void *) = { FREE_OF_SLOT };
/* What free() does; exchanged at the start, so that it asks nothing. */
static void (*free_of_slot[256])(void *) = { FREE_OF_SLOT };

static void sampled_free(void *block)
{
	if (__builtin_expect(hms_sample_may_be(block), 0))
		hms_account_gone(block);
	plain_free[hms_slot_of(block)](block);
}

#define SAMPLED_FREE(n, p)                                                     \
	static void p##sampled_free(void *block)                               \
	{                                                                      \
		if (__builtin_expect(hms_sample_may_be(block), 0))             \
			hms_account_gone(block);                               \
		p##free(block);                                                \
	}
HMS_EACH_INSTANCE(SAMPLED_FREE)

static void exact_free(void *block)
{
	hms_account_gone(block);
	plain_free[hms_slot_of(block)](block);
}

void hms_heap_account(void)
{
	bool exact = hms_accounting == HMS_SITES_EXACT;

	if (!hms_accounting)
		return;
	for (unsigned slot = HMS_SLOT_NONE + 1; slot < 256; slot++)
		free_of_slot[slot] = exact ? exact_free : sampled_free;
	if (exact)
		return;
#define OWN(n, p) free_of_slot[HMS_SLOT_DEFAULT + (n)] = p##sampled_free;
	HMS_EACH_INSTANCE(OWN)
}

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
	const struct hms_fast_route *first =
		&hms_fast[HMS_FAST_CALLOC].route[0];
	size_t total;

	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	if (hms_routed(first, total))
		return first->calloc(1, total);
	return hms_slow_calloc(total, HMS_CALLER);
}
