/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks of this thread that need not be done again.
 *
 * A walk is a function of the registers it begins with and the words it reads.
 * If those are what they were, so is its result: the same call from the same
 * depth costs a comparison of a few words.
 *
 * Walks are kept in pieces, cut where the stack crosses a line of a fixed
 * grid.  So walks that begin apart are cut at the same frames from where they
 * meet, and share those pieces: a call from elsewhere in a deep program walks
 * only the frames that are new.  Each piece names the one after it.
 *
 * A thread's pieces are its own; nothing here is for two threads at once.  The
 * next thread may have them as they are: it would find the same.
 */
#ifndef HMS_ENGINE_SITE_MEMO_H
#define HMS_ENGINE_SITE_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/site/frame.h"

#define SITE_MEMO_GRID 10 /* bits: a line each so many bytes of stack */
#define SITE_MEMO_WORDS 15 /* so that a piece is six cache lines */
#define SITE_MEMO_FRAMES 8 /* those that a site's hash may want */
#define SITE_MEMO_MODULES 2 /* that can go; longer pieces are not kept */

/* A frame to be left: where it is, and where its frame pointer is. */
struct site_at {
	uintptr_t sp; /* behind the return address */
	uintptr_t address; /* the return address, into the frame */
	/* Where the frame pointer is saved; 0: in the register. */
	uintptr_t fp_at;
	bool fp_lost;
};

struct site_memo {
	struct site_at at;
	/*
	 * Unique to this piece and all that follow it; 0: holds nothing.  What
	 * was said of a piece is void as soon as its stamp is another one.
	 */
	uint64_t stamp;
	const void *verdict; /* hms_walk_judge(); NULL: none */
	struct site_memo *next; /* as it was when its stamp was next_stamp */
	uint8_t nwords, nmodules;
	uint8_t nframes; /* all of them, though frame[] has only the nearest */
	bool uses_fp; /* it depends on at.fp_at or fp */
	bool uses_register;
	bool sets_fp; /* end.fp_at is its own doing; else at.fp_at goes on */
	bool last; /* nothing is known of the caller after it */
	int16_t offset[SITE_MEMO_WORDS]; /* words from at.sp */
	uint64_t next_stamp;
	const struct site_memo
		*end_of; /* the verdict: the last piece it needs */
	uintptr_t fp; /* the register's, if uses_register */
	uintptr_t word[SITE_MEMO_WORDS];
	/* From here on, only walks look. */
	struct {
		const struct site_module *module; /* NULL: there was none */
		uintptr_t address;
	} module[SITE_MEMO_MODULES];
	struct site_at end; /* where the next piece begins */
	uint64_t patterns;
	const struct site_frame *own; /* the first that is not skipped */
	const struct site_frame *frame[SITE_MEMO_FRAMES];
} __attribute__((aligned(64)));

#define SITE_MEMO_WAYS 4
#define SITE_MEMO_SETS 128

struct site_memos {
	bool taken;
	uint64_t counter; /* the last stamp given; never goes back */
	struct site_memo *memo; /* sets * ways; NULL: no memory yet */
	unsigned nfilled; /* pieces that are in memory */
};

/* This thread's; NULL: it has none, or none yet. */
extern __thread struct site_memos *site_memos
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

/* The ways of a set follow each other. */
static inline struct site_memo *site_memo_set(
	const struct site_memos *memos, uintptr_t sp, uintptr_t address)
{
	uint64_t hash = (sp ^ address << 7) * UINT64_C(0x9e3779b97f4a7c15);

	return &memos->memo[(hash >> 57) * SITE_MEMO_WAYS];
}
_Static_assert(SITE_MEMO_SETS == 1 << (64 - 57), "the highest bits of a hash");

/*
 * Slow half: what can go is still what it was.  *verified is the module that
 * the caller has last seen to be there.
 */
bool site_memo_modules_hold(
	const struct site_memo *memo, const struct site_module **verified)
	__attribute__((visibility("hidden")));

/*
 * Are the words that it read what they were?  From the nearest frame on: each
 * word says where the walk would read the next one, so nothing is read that
 * a walk would not.  verified NULL: false if modules would have to be asked.
 */
static inline __attribute__((always_inline)) bool site_memo_holds(
	const struct site_memo *memo, const struct site_module **verified)
{
	const uintptr_t *sp = (const uintptr_t *)memo->at.sp;

	for (unsigned long i = 0; i < memo->nwords; i++)
		if (sp[memo->offset[i]] != memo->word[i])
			return false;
	return !memo->nmodules ||
	       (verified && site_memo_modules_hold(memo, verified));
}

/*
 * Does it hold, and all that its verdict depends on?  fp: the register.  A
 * signal handler may use the places for others meanwhile: at.sp, looked at
 * after this, is then another one, since its stack is not where this one is.
 */
static inline __attribute__((always_inline)) bool site_memo_all_hold(
	const struct site_memo *memo, uintptr_t fp, bool quick)
{
	const struct site_memo *m = memo, *next;
	const struct site_module *verified = NULL;

	for (;; m = next) {
		if ((m->uses_register && m->fp != fp) ||
			!site_memo_holds(m, quick ? NULL : &verified))
			return false;
		if (m == memo->end_of)
			return true;
		next = m->next;
		if (next->stamp != m->next_stamp)
			return false;
	}
}

/*
 * The next piece after one of this set, or the first after NULL, that begins
 * so and has a verdict; NULL: there is none.  sp is the stack pointer before
 * the call that returns to address.  Async-signal-safe.
 */
static inline __attribute__((always_inline)) const struct site_memo *
site_memo_judged(uintptr_t sp, uintptr_t address, const struct site_memo *after)
{
	const struct site_memos *memos = site_memos;
	const struct site_memo *memo, *end;

	if (__builtin_expect(!memos, 0))
		return NULL;
	memo = site_memo_set(memos, sp, address);
	end = memo + SITE_MEMO_WAYS;
	for (memo = after ? after + 1 : memo; memo != end; memo++)
		if (memo->at.sp == sp && memo->at.address == address &&
			memo->verdict)
			return memo;
	return NULL;
}

/* The piece that begins there, and holds; NULL if there is none. */
struct site_memo *site_memo_find(const struct site_at *at, uintptr_t fp,
	const struct site_module **verified);
/*
 * A piece to be filled, its stamp 0: of this thread's, in place of another, or
 * *spare if the thread has no room.
 */
struct site_memo *site_memo_new(
	const struct site_at *at, uintptr_t fp, struct site_memo *spare);
/* The same in memo, which is nobody's; returns it. */
struct site_memo *site_memo_empty(
	struct site_memo *memo, const struct site_at *at, uintptr_t fp);
/* The piece is complete. */
void site_memo_keep(struct site_memo *memo);
/*
 * Lets the first of n pieces, with these stamps, lead to the others.  False
 * if one of them is not there any more; then nothing can be said of it.
 */
bool site_memo_link(struct site_memo *const *memo, uint64_t *stamp, unsigned n);

/* Tells that this thread must call site_memo_thread_end(); may be NULL. */
extern void (*site_memo_watch)(void) __attribute__((visibility("hidden")));
void site_memo_thread_end(void);
void site_memo_after_fork(void);

#endif
