/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of shims/reach.h share: blocks and their table. */
#ifndef HMS_SHIMS_REACHING_H
#define HMS_SHIMS_REACHING_H

#include <bsd/sys/tree.h>

#include "shims/reach.h"

enum reach_state {
	REACH_LIVE, /* the driver's mapping, the program's memory */
	REACH_KEPT, /* the driver's, given back by the program */
	REACH_PLAIN, /* ordinary memory, a block of malloc's */
	REACH_GONE, /* ordinary memory, the kernel's and the program's affair */
};

struct reach_block {
	RB_ENTRY(reach_block) link;
	uintptr_t start, end;
	enum reach_state state;
	bool heap;
	bool owed; /* not LIVE: the driver does not know yet */
	bool telling; /* somebody is telling it */
	const struct hms_reach_vendor *vendor;
	void *context;
	struct hms_place *place; /* charged while LIVE, */
	int rule, step; /* if step >= 0 */
	void *aside; /* in a fork */
};

/* The lock, and the guard, for signal handlers of this thread. */
void reach_lock(void);
void reach_unlock(void);

/* All below: under the lock. */
struct reach_block *reach_new(void); /* zeroed; NULL: no memory */
void reach_insert(struct reach_block *block);
void reach_remove(struct reach_block *block); /* frees it */
/* The first that ends after at, or NULL; then the next one. */
struct reach_block *reach_from(uintptr_t at);
struct reach_block *reach_after(struct reach_block *block);
/* One of the vendor's that is KEPT or owed, and nobody is at; or NULL. */
struct reach_block *reach_to_tell(const struct hms_reach_vendor *vendor);

/* The program's from now on, or not any more: accounts. */
void reach_count(const struct reach_block *block, int sign);

/*
 * A LIVE block becomes PLAIN or GONE; owed: the driver is not just unmapping
 * it.  0 or -ENOMEM, and nothing has changed.
 */
int reach_convert(struct reach_block *block, bool owed);
/* Takes a part out of use whose addresses must stay taken. */
void reach_reserve(uintptr_t start, uintptr_t end);

/* This thread is in a driver's free that we called. */
extern __thread bool reach_freeing
	__attribute__((tls_model("initial-exec"), visibility("hidden")));
/* Where the last unmapping meanwhile came from. */
extern __thread const void *reach_freed_by
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Does the vendor's library, or what unmaps for it, call? */
bool reach_is_library(
	const struct hms_reach_vendor *vendor, const void *caller);
/* Is the driver known to bear it?  Tries it out, if it may. */
bool reach_proven(const struct hms_reach_vendor *vendor);
/* The same where this thread may wait, if somebody wanted to know. */
void reach_prove_now(const struct hms_reach_vendor *vendor);
/* A driver's free, outside of the lock. */
int64_t reach_tell(
	const struct hms_reach_vendor *vendor, void *memory, void *context);
const struct hms_reach_vendor *reach_vendor(enum hms_family family);
/* In a forked child drivers do not work. */
void reach_after_fork(void);

#endif
