/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/site/walk.h"

#include <errno.h>
#include <string.h>

#include "engine/site/frame.h"
#include "engine/site/hash.h"
#include "engine/site/hint.h"
#include "engine/site/memo.h"
#include "engine/site/step.h"
#include "engine/site/symbols.h"

#define TLS __attribute__((tls_model("initial-exec")))

static bool ready;
static bool only_callers; /* no rule looks further */

int hms_sites_start(const struct hms_pattern *patterns, unsigned n)
{
	int rc = site_modules_known() ? site_unwind_load() : -ENOSYS;

	if (!rc)
		rc = site_frames_start(patterns, n);
	if (rc)
		return rc;
	site_modules_start();
	ready = true;
	return 0;
}

bool hms_sites_known(uint64_t *met)
{
	*met = __atomic_load_n(&site_patterns_met, __ATOMIC_RELAXED);
	return ready;
}

void hms_sites_want_hints(void)
{
	site_hints_wanted = true;
}

void hms_sites_only_callers(void)
{
	only_callers = true;
}

bool hms_caller_stays(const void *caller)
{
	const struct site_module *verified = NULL;
	const struct site_frame *frame = NULL;

	if (ready && caller)
		frame = site_frame_find((uintptr_t)caller, &verified);
	return frame && frame->module->permanent && !frame->skipped;
}

unsigned hms_caller_frame(const void *caller)
{
	const struct site_module *verified = NULL;
	const struct site_frame *frame = NULL;

	if (ready && caller)
		frame = site_frame_find((uintptr_t)caller, &verified);
	return frame && frame->module->permanent && frame->skipped &&
			       frame->rule.base == SITE_SP &&
			       frame->rule.cfa > 0
		       ? (unsigned)frame->rule.cfa
		       : 0;
}

#ifdef __x86_64__

static bool cut(const struct site_walk *w, const struct site_memo *memo)
{
	return ((w->at.sp ^ memo->at.sp) >> SITE_MEMO_GRID &&
		       memo->nwords >= SITE_MEMO_WORDS / 2) ||
	       memo->nwords > SITE_MEMO_WORDS - SITE_STEP_WORDS;
}

/*
 * Fills a piece with the frames from w->at on; near: as far as the first that
 * allocates on its own behalf.
 */
static void walk_piece(struct site_walk *w, struct site_memo *memo, bool near)
{
	w->memo = memo;
	w->full = false;
	do {
		if (!site_walk_find(w)) {
			memo->last = true;
			break;
		}
		if (memo->nframes < SITE_MEMO_FRAMES)
			memo->frame[memo->nframes] = w->frame;
		memo->nframes++;
		memo->patterns |= w->frame->patterns;
		if (!memo->own && !w->frame->skipped)
			memo->own = w->frame;
		if (!site_walk_out(w)) {
			memo->last = true;
			break;
		}
	} while (!cut(w, memo) && !(near && memo->own));
	memo->end = w->at;
	w->memo = NULL;
}

static void add_piece(const struct site_memo *memo, struct hms_stack *out)
{
	for (unsigned i = 0; i < memo->nframes && out->depth + i < SITE_FRAMES;
		i++) {
		out->site = site_mix(out->site, memo->frame[i]->identity);
		out->hint |=
			site_hint_place(memo->frame[i]->hint, out->depth + i);
	}
	out->patterns |= memo->patterns;
	if (memo->own && !out->module) {
		out->caller = memo->own->patterns;
		out->module = memo->own->module->path;
	}
	out->depth += memo->nframes;
}

/* The last walk of this thread, if all of it is kept. */
struct walked {
	struct site_memo *first; /* NULL: it is not */
	const struct site_memo *end;
	uint64_t stamp;
};
static __thread struct walked walked TLS;

/* A piece of one frame at least, or the last. */
#define MAX_PIECES SITE_DEPTH

/* All pieces from w->at on. */
static void walk_out(
	struct site_walk *w, bool only_caller, struct hms_stack *out)
{
	struct site_memo *pieces[MAX_PIECES], spare, *memo;
	const struct site_frame *first = NULL;
	uint64_t stamps[MAX_PIECES];
	bool lost = w->at.fp_lost;
	unsigned n = 0;

	do {
		memo = lost ? NULL
			    : site_memo_find(&w->at, w->fp, &w->verified);
		if (memo) {
			if (memo->sets_fp) {
				w->at = memo->end;
			} else {
				w->at.sp = memo->end.sp;
				w->at.address = memo->end.address;
			}
		} else {
			memo = lost ? site_memo_empty(&spare, &w->at, w->fp)
				    : site_memo_new(&w->at, w->fp, &spare);
			walk_piece(w, memo, only_caller && only_callers);
			if (memo != &spare && !w->full)
				site_memo_keep(memo);
		}
		add_piece(memo, out);
		if (!n && memo->nframes)
			first = memo->frame[0];
		stamps[n] = memo == &spare ? 0 : memo->stamp;
		pieces[n++] = memo;
		lost = false;
	} while (!memo->last && out->depth < SITE_DEPTH && n < MAX_PIECES &&
		 !(only_caller && out->module));
	/* Nobody else is there: libc at the beginning of a thread. */
	if (!out->module && first) {
		out->caller = first->patterns;
		out->module = first->module->path;
	}
	if (site_memo_link(pieces, stamps, n))
		walked = (struct walked){ pieces[0], pieces[n - 1], stamps[0] };
}

__attribute__((noinline)) bool hms_walk_from(const void *caller,
	const struct hms_registers *at, bool only_caller, struct hms_stack *out)
{
	const struct site_module *verified = NULL;
	const struct site_frame *frame;
	struct site_walk w;

	walked.first = NULL;
	if (!ready || !caller)
		return false;
	memset(out, 0, sizeof(*out));
	if (only_caller) {
		frame = site_frame_find((uintptr_t)caller, &verified);
		if (!frame)
			return true;
		if (!frame->skipped) {
			out->depth = 1;
			out->patterns = out->caller = frame->patterns;
			out->module = frame->module->path;
			return true;
		}
	}
	if (at && at->sp) {
		w.at.sp = at->sp;
		w.at.address = (uintptr_t)caller;
		site_walk_begin(&w);
		w.fp = at->fp;
	} else {
		SITE_WALK_HERE(&w);
		if (!site_walk_start(&w, caller))
			return true;
	}
	walk_out(&w, only_caller, out);
	return true;
}

__attribute__((noinline)) bool hms_walk(
	const void *caller, bool only_caller, struct hms_stack *out)
{
	return hms_walk_from(caller, NULL, only_caller, out);
}

void hms_walk_forget(void)
{
	walked.first = NULL;
}

void hms_walk_judge(const void *verdict)
{
	struct site_memo *memo = walked.first;

	if (!memo || memo->stamp != walked.stamp)
		return;
	memo->verdict = NULL;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	memo->end_of = walked.end;
	__atomic_signal_fence(__ATOMIC_RELEASE);
	memo->verdict = verdict;
}

__attribute__((noinline)) unsigned hms_walk_addresses(
	const void *caller, uintptr_t *addresses, unsigned most)
{
	struct site_walk w;
	unsigned n = 0;

	if (!ready)
		return 0;
	SITE_WALK_HERE(&w);
	if (!site_walk_start(&w, caller) || !site_walk_find(&w))
		return 0;
	do
		addresses[n++] = w.at.address;
	while (n < most && site_walk_out(&w) && site_walk_find(&w));
	return n;
}

#else

bool hms_walk_from(const void *caller, const struct hms_registers *at,
	bool only_caller, struct hms_stack *out)
{
	return false;
}

bool hms_walk(const void *caller, bool only_caller, struct hms_stack *out)
{
	return false;
}

void hms_walk_forget(void)
{
}

void hms_walk_judge(const void *verdict)
{
}

unsigned hms_walk_addresses(
	const void *caller, uintptr_t *addresses, unsigned most)
{
	return 0;
}

#endif
