/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is calling: the frames of the calling thread's stack, against the
 * patterns of rules.
 */
#ifndef HMS_ENGINE_SITE_WALK_H
#define HMS_ENGINE_SITE_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "config/policy.h"

/* Beyond so many frames of the program only a few more are looked at. */
#define SITE_DEPTH 64
/* Frames that a site is made of: the nearest to the call. */
#define SITE_FRAMES 8

/*
 * Makes walks possible: loads libunwind.  Called once, before other threads,
 * and never inside a call of the program, since it calls the loader.
 * 0 or -errno; until then, and after an error, nothing is known of stacks.
 */
int hms_sites_start(const struct hms_pattern *patterns, unsigned n);
/*
 * hms_stack.hint is to be filled: for reports.  Names of functions are then
 * kept, 8 bytes each.  Called before hms_sites_start().
 */
void hms_sites_want_hints(void);
/*
 * No rule asks for more of a stack than who allocates: such walks end there,
 * instead of at a place that others share.  Called before hms_sites_start().
 */
void hms_sites_only_callers(void);

/*
 * Are stacks looked at?  *met: the patterns that code that was met so far
 * matches.  Async-signal-safe.
 */
bool hms_sites_known(uint64_t *met);

/*
 * Looks at the stack from the frame that returns to caller outwards: all of
 * it, or, with only_caller, not much further than the first frame that
 * allocates on its own behalf.  at: registers before that call; NULL, or its
 * sp 0: they are found through our own frames, as hms_walk() does.  False if
 * nothing is known.  Reads only memory that is there, whatever the stack is;
 * ends where code has no unwind table.  To be called under the guard of
 * base/guard.h.
 */
bool hms_walk_from(const void *caller, const struct hms_registers *at,
	bool only_caller, struct hms_stack *out);
bool hms_walk(const void *caller, bool only_caller, struct hms_stack *out);
/*
 * What this thread's last walk led to, for site_memo_verdict() (memo.h) to
 * say when the same walk would be done again; it is kept as long as the
 * process lives.  Does nothing if the walk is not remembered, or
 * hms_walk_forget() was called since.
 */
void hms_walk_judge(const void *verdict);
void hms_walk_forget(void);
/*
 * Is what `from` asks about this return address known, and true for good?  To
 * be called under the guard.
 */
bool hms_caller_stays(const void *caller);
/*
 * If this return address is in a function that allocates for its callers: how
 * many bytes above the stack pointer, behind this return address, its frame
 * ends, below which is its own return address.  0: it is not, its module may
 * go, or that differs.  To be called under the guard.
 */
unsigned hms_caller_frame(const void *caller);
/* The return addresses themselves, for tests and reports; how many. */
unsigned hms_walk_addresses(
	const void *caller, uintptr_t *addresses, unsigned most);

#endif
