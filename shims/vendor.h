/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the shims of all vendors share: which rule a call matches, and the
 * accounts.  Any thread; no lock is held across a call of anybody's; errno is
 * kept.
 */
#ifndef HMS_SHIMS_VENDOR_H
#define HMS_SHIMS_VENDOR_H

#include "engine/engine.h"
#include "engine/target/device.h"
#include "report/status.h"
#include "shims/hooks.h"
#include "shims/track.h"

/* A program's call for memory, and what became of it. */
struct hms_vendor_call {
	enum hms_api api;
	size_t bytes;
	const void *caller;
	struct hms_decision to; /* by hms_vendor_decide() */
};

/*
 * Counts the call and finds its rule.  False: no rule, or one that leaves it
 * alone.  Only if hms_vendor_live().
 */
bool hms_vendor_decide(struct hms_vendor_call *call);

/* A call that its rule changed was served so. */
void hms_vendor_redirected(const struct hms_vendor_call *call);

/*
 * The call is not served as its rule says: counted, and said once per reason,
 * as a warning.  place: what is not had; code: the vendor's, or 0.
 */
void hms_vendor_refused(enum hms_refusal why, const char *place, int64_t code);

/*
 * The memory of a step of the call's place; limits say whether it is to be
 * had.  0 or -ENOSPC.
 */
int hms_vendor_charge(const struct hms_vendor_call *call, int step);
void hms_vendor_uncharge(const struct hms_vendor_call *call, int step);

/*
 * Remembers what is now the program's; counts it for its device.  A record
 * that there is no memory for is only lost to the report, unless it says that
 * we must free it: then -ENOMEM.
 */
int hms_vendor_keep(const struct hms_tracked *what);
/* It is gone: all sums, and what its step was charged. */
void hms_vendor_drop(const struct hms_tracked *what);

/* Managed memory goes to another device (-1: the host); false: it is gone. */
bool hms_vendor_moved(const struct hms_tracked *what, int to);

/*
 * Does this process share device memory with others, or look as if, by the
 * libraries it has?  Once it does, it does for good.
 */
bool hms_vendor_shares(void);
/* It does from now on. */
void hms_vendor_shared(void);

/*
 * Memory of the host, bound as the call's place says from its first step of
 * nodes on; whole pages, aligned to 2 MiB if it is as large.  NULL: none, or
 * strict and no room.
 */
void *hms_vendor_map(const struct hms_vendor_call *call, size_t *mapped);
void hms_vendor_unmap(void *mapping, size_t mapped);

#endif
