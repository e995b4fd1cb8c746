/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a frame to the one that called it.
 *
 * Rules of unwind.h, applied to the calling thread's own stack.  Everything
 * that a step depended on is written to the piece that the walk is to fill.
 * Under the guard of base/guard.h; a frame that is new takes the lock of
 * frame.h.
 */
#ifndef HMS_ENGINE_SITE_STEP_H
#define HMS_ENGINE_SITE_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/site/frame.h"
#include "engine/site/memo.h"

/* Where a thread is, and what its code is. */
struct site_walk {
	struct site_at at;
	uintptr_t low; /* the stack pointer, at the walk's beginning */
	uintptr_t fp; /* the register, at the walk's beginning */
	const struct site_module *verified;
	const struct site_frame *frame;
	struct site_memo *memo; /* what this piece depends on; NULL: not kept */
	bool full; /* there was more than fits, or could not be read */
};

/* A step never reads more words than this. */
#define SITE_STEP_WORDS 5

/* Registers as they are in this very function; see site_walk_start(). */
#define SITE_WALK_HERE(w)                                                      \
	__asm__ volatile(                                                      \
		"lea 0(%%rip), %0\n\tmov %%rsp, %1\n\tmov %%rbp, %2"           \
		: "=&r"((w)->at.address), "=&r"((w)->at.sp), "=&r"((w)->fp))

/* Nothing is known but where the walk begins, which is set: at.sp. */
void site_walk_begin(struct site_walk *w);
/*
 * From SITE_WALK_HERE to the frame that returns to caller; the frames before
 * it are ours.
 */
bool site_walk_start(struct site_walk *w, const void *caller);
/* What is known of the frame; false: nothing. */
bool site_walk_find(struct site_walk *w);
/* To its caller's frame; false at the end of what is known. */
bool site_walk_out(struct site_walk *w);

#endif
