/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private jemallocs: the same object linked several times under different
 * prefixes (private-jemalloc.sh).  Instance 0 serves everything that no rule
 * redirects; each of the others is one rule's own, so that its memory costs
 * what jemalloc's own fast path costs.
 *
 * All functions have jemalloc(3)'s contract.  They initialise themselves on
 * first use, from any thread, if there is room on its stack.
 */
#ifndef HMS_ENGINE_HEAP_INSTANCE_H
#define HMS_ENGINE_HEAP_INSTANCE_H

#include <stddef.h>

#define HMS_INSTANCES 4

#define HMS_HIDDEN __attribute__((visibility("hidden")))

/* One row per prefix; engine/heap/local.mk links one object per row. */
#define HMS_EACH_INSTANCE(row)                                                 \
	row(0, hms_je0_) row(1, hms_je1_) row(2, hms_je2_) row(3, hms_je3_)

#define HMS_DECLARE_INSTANCE(n, p)                                             \
	void *p##malloc(size_t size) HMS_HIDDEN;                               \
	void *p##calloc(size_t n_, size_t size) HMS_HIDDEN;                    \
	void *p##realloc(void *old, size_t size) HMS_HIDDEN;                   \
	void p##free(void *block) HMS_HIDDEN;                                  \
	void *p##memalign(size_t align, size_t size) HMS_HIDDEN;               \
	size_t p##malloc_usable_size(void *block) HMS_HIDDEN;                  \
	void *p##mallocx(size_t size, int flags) HMS_HIDDEN;                   \
	void *p##rallocx(void *old, size_t size, int flags) HMS_HIDDEN;        \
	void p##dallocx(void *block, int flags) HMS_HIDDEN;                    \
	size_t p##nallocx(size_t size, int flags) HMS_HIDDEN;                  \
	int p##mallctl(const char *name, void *old, size_t *oldlen,            \
		void *new_, size_t newlen) HMS_HIDDEN;                         \
	int p##mallctlnametomib(const char *name, size_t *mib, size_t *miblen) \
		HMS_HIDDEN;                                                    \
	int p##mallctlbymib(const size_t *mib, size_t miblen, void *old,       \
		size_t *oldlen, void *new_, size_t newlen) HMS_HIDDEN;
HMS_EACH_INSTANCE(HMS_DECLARE_INSTANCE)
#undef HMS_DECLARE_INSTANCE

struct hms_instance {
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t n, size_t size);
	void *(*realloc)(void *old, size_t size);
	void (*free)(void *block);
	void *(*memalign)(size_t align, size_t size);
	size_t (*usable)(void *block);
	int (*mallctl)(const char *name, void *old, size_t *oldlen, void *new_,
		size_t newlen);
	void *(*mallocx)(size_t size, int flags);
	void *(*rallocx)(void *old, size_t size, int flags);
};

extern const struct hms_instance hms_instances[HMS_INSTANCES] HMS_HIDDEN;

/*
 * Makes our settings in an instance; before its first use, once.  Apart from
 * starting, because that clears errno when it has numbers to parse.
 */
void hms_instance_tune(unsigned instance);
/*
 * Starts an instance that was not used yet, on a stack of our own: it takes
 * 16 KiB of one.  Any thread; errno stays.
 */
void hms_instance_start(unsigned n);
/*
 * What else happens once, at the start, and is not to be found half done by a
 * child of fork().  Above all locks of instances.
 */
void hms_instances_lock(void) HMS_HIDDEN;
void hms_instances_unlock(void) HMS_HIDDEN;
/* Has this instance been used, so that its locks are to be held over fork? */
int hms_instance_started(unsigned n);
/* jemalloc's own fork handlers, in order, for those that were used. */
void hms_instances_before_fork(void);
void hms_instances_after_fork(int child);

#endif
