/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * C++'s operator new and delete, all forms of C++17 ([new.delete]), by their
 * Itanium ABI names.  Ours differ from libstdc++'s in one thing: the caller
 * is the program, so rules can tell who asked.  When there is no memory, the
 * program's own operator new is called: it knows about new_handler and can
 * throw.  Built with -fexceptions, since that throw passes through here.
 *
 * A program may bring operators of its own, and the forms that it did not
 * bring must then call those that it did ([replacement.functions]).  So ours
 * stand aside as soon as the program has any: libstdc++'s know the rules.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include "report/status.h"
#include "shims/heap.h"
#include "shims/new.h"
#include "shims/stacks.h"

/*
 * The next operator, wherever the program's C++ runtime lives; looked up once
 * and kept in *cache.
 */
static void *next_operator(void **cache, const char *name)
{
	static const char *const runtimes[] = { "libstdc++.so.6",
		"libc++.so.1" };
	void *symbol = __atomic_load_n(cache, __ATOMIC_RELAXED);

	if (symbol)
		return symbol;
	symbol = dlsym(RTLD_NEXT, name);
	for (size_t i = 0; !symbol && i < 2; i++) {
		void *runtime = dlopen(runtimes[i], RTLD_LAZY | RTLD_NOLOAD);

		if (runtime) {
			symbol = dlsym(runtime, name);
			dlclose(runtime);
		}
	}
	__atomic_store_n(cache, symbol, __ATOMIC_RELAXED);
	return symbol;
}

/* Every form takes at most three words: size, alignment, the nothrow tag. */
static __attribute__((noinline)) void *call_next(void **cache, const char *name,
	size_t size, size_t second, const void *third)
{
	void *(*next)(size_t, size_t, const void *) =
		next_operator(cache, name);

	return next ? next(size, second, third) : NULL;
}

/* The program's own operators, asked for once; see shims/new.h. */
static enum { UNKNOWN, OURS, THEIRS } whose;

static __attribute__((noinline)) bool ask_whose(void)
{
	whose = hms_new_replaced() ? THEIRS : OURS;
	return whose == THEIRS;
}

static inline bool replaced(void)
{
	return __builtin_expect(whose != OURS, 0) &&
	       (whose == THEIRS || ask_whose());
}

#define FAST_OF(api) ((api) == HMS_API_NEW ? HMS_FAST_NEW : HMS_FAST_NEW_ARRAY)

/* What becomes of a form that the first route does not serve. */
struct new_form {
	const char *name;
	void *next;
	enum hms_api api;
};

/* By shims/entry.S, as hms_slow_alloc() is; tag: whatever it was. */
void *hms_slow_new(size_t size, struct new_form *form, const void *caller,
	const void *tag) HMS_HIDDEN;
void *hms_slow_new_at(size_t size, struct new_form *form, const void *caller,
	const void *tag, uintptr_t sp, uintptr_t fp) HMS_HIDDEN;

void *hms_slow_new_at(size_t size, struct new_form *form, const void *caller,
	const void *tag, uintptr_t sp, uintptr_t fp)
{
	const struct hms_fast_route *route = NULL;
	void *block = NULL;

	/* What heap.c does with a stack must be jumped to; this cannot. */
	if (hms_stacks && !hms_learning && !hms_counting &&
		!hms_heap_passes_by(size))
		route = hms_stack_route(form->api, size, caller, sp, fp);
	if (route && route->malloc)
		block = route->malloc(size);
	else if (!replaced())
		block = hms_slow_alloc_at(form->api, size, caller, sp, fp);
	return block ? block
		     : call_next(&form->next, form->name, size, (size_t)tag,
			       NULL);
}

static inline __attribute__((always_inline)) void *new_block(size_t size,
	enum hms_api api, struct new_form *form, const void *caller,
	const void *tag)
{
	const struct hms_fast_route *first = &hms_fast[FAST_OF(api)].route[0];
	void *block;

	if (replaced() || !hms_routed(first, size))
		return hms_slow_new(size, form, caller, tag);
	block = first->malloc(size);
	return block ? block
		     : call_next(&form->next, form->name, size, (size_t)tag,
			       NULL);
}

#define NEW(symbol, the_api)                                                   \
	HMS_EXPORT void *symbol(size_t size);                                  \
	void *symbol(size_t size)                                              \
	{                                                                      \
		static struct new_form form = { #symbol, NULL, the_api };      \
                                                                               \
		return new_block(size, the_api, &form, HMS_CALLER, NULL);      \
	}
#define NEW_NOTHROW(symbol, the_api)                                           \
	HMS_EXPORT void *symbol(size_t size, const void *tag);                 \
	void *symbol(size_t size, const void *tag)                             \
	{                                                                      \
		static struct new_form form = { #symbol, NULL, the_api };      \
                                                                               \
		return new_block(size, the_api, &form, HMS_CALLER, tag);       \
	}
#define NEW_ALIGNED(symbol, api)                                               \
	HMS_EXPORT void *symbol(size_t size, size_t align);                    \
	void *symbol(size_t size, size_t align)                                \
	{                                                                      \
		static void *next;                                             \
		void *block = replaced() ? NULL                                \
					 : hms_alloc(api, align, size, false,  \
						   HMS_CALLER);                \
                                                                               \
		return block ? block                                           \
			     : call_next(&next, #symbol, size, align, NULL);   \
	}
#define NEW_ALIGNED_NOTHROW(symbol, api)                                       \
	HMS_EXPORT void *symbol(size_t size, size_t align, const void *tag);   \
	void *symbol(size_t size, size_t align, const void *tag)               \
	{                                                                      \
		static void *next;                                             \
		void *block = replaced() ? NULL                                \
					 : hms_alloc(api, align, size, false,  \
						   HMS_CALLER);                \
                                                                               \
		return block ? block                                           \
			     : call_next(&next, #symbol, size, align, tag);    \
	}
/*
 * Size, alignment and tag say nothing that the address does not; they are
 * only passed on, as the at most two words that they are.
 */
static __attribute__((noinline)) void delete_next(void **cache,
	const char *name, void *block, size_t second, size_t third)
{
	void (*next)(void *, size_t, size_t) = next_operator(cache, name);

	if (next)
		next(block, second, third);
	else
		free(block);
}

#define DELETE(symbol)                                                         \
	HMS_EXPORT void symbol(void *block, size_t second, size_t third);      \
	void symbol(void *block, size_t second, size_t third)                  \
	{                                                                      \
		static void *next;                                             \
                                                                               \
		if (replaced())                                                \
			delete_next(&next, #symbol, block, second, third);     \
		else                                                           \
			free(block);                                           \
	}

NEW(_Znwm, HMS_API_NEW)
NEW(_Znam, HMS_API_NEW_ARRAY)
NEW_NOTHROW(_ZnwmRKSt9nothrow_t, HMS_API_NEW)
NEW_NOTHROW(_ZnamRKSt9nothrow_t, HMS_API_NEW_ARRAY)
NEW_ALIGNED(_ZnwmSt11align_val_t, HMS_API_NEW)
NEW_ALIGNED(_ZnamSt11align_val_t, HMS_API_NEW_ARRAY)
NEW_ALIGNED_NOTHROW(_ZnwmSt11align_val_tRKSt9nothrow_t, HMS_API_NEW)
NEW_ALIGNED_NOTHROW(_ZnamSt11align_val_tRKSt9nothrow_t, HMS_API_NEW_ARRAY)
DELETE(_ZdlPv)
DELETE(_ZdaPv)
DELETE(_ZdlPvm)
DELETE(_ZdaPvm)
DELETE(_ZdlPvRKSt9nothrow_t)
DELETE(_ZdaPvRKSt9nothrow_t)
DELETE(_ZdlPvSt11align_val_t)
DELETE(_ZdaPvSt11align_val_t)
DELETE(_ZdlPvmSt11align_val_t)
DELETE(_ZdaPvmSt11align_val_t)
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t)
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t)
