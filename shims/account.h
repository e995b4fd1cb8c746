/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Heap calls that are looked at, for accounting by site (report/account.h).
 *
 * Sampled: a call now and then, by a countdown of bytes.  Exact: every call.
 * Off: none, but a page that is passed by now and then is refreshed.
 */
#ifndef HMS_SHIMS_ACCOUNT_H
#define HMS_SHIMS_ACCOUNT_H

#include "base/guard.h"
#include "config/call.h"
#include "engine/heap/heap.h"
#include "report/account.h"
#include "report/status.h"
#include "shims/samples.h"

/*
 * Is a call to be looked at that was just counted?  Then it goes to one of the
 * two below.
 */
static inline bool hms_account_due(void)
{
	return hms_counting && !hms_counter.left && !hms_guarded();
}

/*
 * Contracts of malloc(3) and kin, and of realloc(3) for a block of the slot.
 * rule: the one that chose the slot, or -1.
 */
void *hms_account_alloc(
	unsigned slot, int rule, const struct hms_call *call) HMS_HIDDEN;
void *hms_account_realloc(unsigned slot, int rule, const struct hms_call *call,
	void *block) HMS_HIDDEN;
/* realloc of a block, by a call that is not due. */
void *hms_account_resize(unsigned slot, void *block, size_t size) HMS_HIDDEN;

/* A block is about to be freed. */
void hms_account_gone(const void *block) HMS_HIDDEN;
/* What malloc_usable_size() says of a block; 0: what the heap says. */
size_t hms_account_usable(const void *block) HMS_HIDDEN;

#endif
