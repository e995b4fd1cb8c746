/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the map shims share.  Each of them first asks hms_map_active(): while
 * it is false, the next function is called and nothing else happens.
 *
 * One lock orders what the kernel does with what the range table says about
 * it: between munmap and the table's update another thread could be given the
 * same addresses.  Its holder has the guard too, so that a signal handler on
 * the same thread passes straight through.
 */
#ifndef HMS_SHIMS_MAP_H
#define HMS_SHIMS_MAP_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/guard.h"
#include "base/sys.h"
#include "engine/engine.h"
#include "engine/range.h"
#include "shims/mapped.h"
#include "shims/next.h"

#define HMS_EXPORT __attribute__((visibility("default")))

static inline bool hms_map_active(void)
{
	return hms_engine.live &&
	       (hms_engine.has_map_rules || hms_engine.has_brk_rules ||
		       hms_mapped_families) &&
	       !hms_guarded();
}

/* The same, for calls of a family that rules decide, or that is accounted. */
static inline bool hms_map_wanted(enum hms_family family)
{
	const bool ruled = family == HMS_FAMILY_BRK ? hms_engine.has_brk_rules
						    : hms_engine.has_map_rules;

	return hms_map_active() &&
	       (ruled || hms_mapped_families & (1u << family));
}

/* The same, for calls that matter only to ranges we know. */
static inline bool hms_map_tracking(void)
{
	return hms_map_active() && hms_range_count() != 0;
}

/* The same, for calls that unmap. */
static inline bool hms_map_known(void)
{
	return hms_map_active() && (hms_range_count() || hms_mapped_any());
}

static inline uintptr_t hms_page_up(uintptr_t n)
{
	const uintptr_t mask = hms_sys_page_size() - 1;

	return (n + mask) & ~mask;
}

static inline bool hms_page_aligned(const void *addr)
{
	return !((uintptr_t)addr & (hms_sys_page_size() - 1));
}

void hms_map_lock(void);
void hms_map_unlock(void);
/* Around fork, outside of every other lock but those of the heaps. */
void hms_map_before_fork(void);
void hms_map_after_fork(bool child);

/*
 * Binds [as->start, as->end); edges that are not fit for a target with large
 * granules apart.  replaceable: private memory that a target may replace by
 * a mapping of its own; for other memory such targets are passed over, said
 * once.  0 or -ENOMEM.
 */
int hms_map_bind(const struct hms_range *as, int prot, bool replaceable);

/*
 * Memory that serves a vendor's call instead of the vendor's own: mapped, of
 * call->size bytes, on whole pages, zero, bound to what was decided, and
 * accounted to the caller.  NULL: strict forbids it, or the kernel has none.
 * Not under the guard.
 */
void *hms_map_own(const struct hms_call *call, const struct hms_decision *to);
/* Gives it back; len as asked for. */
void hms_map_disown(void *p, size_t len);

/*
 * The thread chose a memory policy of its own by set_mempolicy(2): what it
 * maps is left alone.
 */
bool hms_thread_has_policy(void);

#endif
