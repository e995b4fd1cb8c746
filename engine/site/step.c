/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/site/step.h"

#ifdef __x86_64__

#include <stddef.h>
#include <sys/ucontext.h>

#include "base/sys.h"

#define TLS __attribute__((tls_model("initial-exec")))

/* Our own frames, between the program's call and here. */
#define MAX_OWN 32

#define PAGE_SHIFT 12

/* What is so far above the stack pointer is hardly the same stack. */
#define STACK_BYTES ((uintptr_t)64 << 20)

static void keep_word(struct site_walk *w, uintptr_t addr, uintptr_t word)
{
	struct site_memo *memo = w->memo;
	int64_t offset = (int64_t)(addr - memo->at.sp) / 8;

	if (memo->nwords == SITE_MEMO_WORDS || offset != (int16_t)offset) {
		w->full = true;
		return;
	}
	memo->offset[memo->nwords] = (int16_t)offset;
	memo->word[memo->nwords++] = word;
}

/*
 * Unwind tables may be wrong, and what they lead to may not be a stack: a
 * page is read only after the kernel could read it.  Pages of the last few
 * stacks are remembered, but not those of other memory: it may go.
 */
static inline bool read_word(
	struct site_walk *w, uintptr_t addr, uintptr_t *out)
{
	static __thread uintptr_t seen[16] TLS;
	uintptr_t page = addr >> PAGE_SHIFT;

	if (addr & 7) {
		w->full = true;
		return false;
	}
	if (__builtin_expect(
		    seen[page % 16] != page || addr - w->low >= STACK_BYTES,
		    0)) {
		if (!hms_sys_readable((const void *)addr)) {
			/* Another time it may be. */
			w->full = true;
			return false;
		}
		seen[page % 16] = page;
	}
	*out = *(const uintptr_t *)addr;
	if (w->memo)
		keep_word(w, addr, *out);
	return true;
}

static bool read_fp(struct site_walk *w, uintptr_t *out)
{
	if (w->memo && !w->memo->sets_fp) {
		w->memo->uses_fp = true;
		w->memo->uses_register = !w->at.fp_at && !w->at.fp_lost;
	}
	if (w->at.fp_lost)
		return false;
	if (w->at.fp_at)
		return read_word(w, w->at.fp_at, out);
	*out = w->fp;
	return true;
}

static void set_fp(struct site_walk *w, bool lost, uintptr_t fp_at)
{
	w->at.fp_lost = lost;
	w->at.fp_at = lost ? 0 : fp_at;
	if (w->memo)
		w->memo->sets_fp = true;
}

static inline uintptr_t plus(uintptr_t addr, int32_t bytes)
{
	return addr + (uintptr_t)(intptr_t)bytes;
}

/* The kernel's signal frame: a ucontext at the stack pointer, sigreturn(2). */
static bool leave_signal(struct site_walk *w)
{
	uintptr_t regs = w->at.sp + offsetof(ucontext_t, uc_mcontext.gregs);
	uintptr_t pc;

	if (!read_word(w, regs + REG_RIP * 8, &pc) ||
		!read_word(w, regs + REG_RSP * 8, &w->at.sp))
		return false;
	set_fp(w, false, regs + REG_RBP * 8);
	/* It was interrupted there, not called from there. */
	w->at.address = pc + 1;
	return true;
}

static bool find_cfa(struct site_walk *w, uintptr_t *cfa)
{
	const struct site_rule *rule = &w->frame->rule;
	uintptr_t from;

	switch (rule->base) {
	case SITE_SP:
		from = w->at.sp;
		break;
	case SITE_SP_AT:
		if (!read_word(w, plus(w->at.sp, rule->at), &from))
			return false;
		break;
	case SITE_FP:
		if (!read_fp(w, &from))
			return false;
		break;
	case SITE_FP_AT:
		if (!read_fp(w, &from) ||
			!read_word(w, plus(from, rule->at), &from))
			return false;
		break;
	default:
		return false;
	}
	*cfa = plus(from, rule->cfa);
	return true;
}

bool site_walk_out(struct site_walk *w)
{
	const struct site_rule *rule = &w->frame->rule;
	uintptr_t cfa, fp = 0;

	if (rule->base == SITE_SIGNAL)
		return leave_signal(w);
	if (!find_cfa(w, &cfa) || cfa <= w->at.sp ||
		!read_word(w, cfa - 8, &w->at.address))
		return false;
	if (rule->saved == SITE_AT_CFA) {
		set_fp(w, false, plus(cfa, rule->fp));
	} else if (rule->saved == SITE_AT_FP) {
		bool lost = !read_fp(w, &fp);

		set_fp(w, lost, plus(fp, rule->fp));
	} else if (rule->saved == SITE_LOST) {
		set_fp(w, true, 0);
	}
	w->at.sp = cfa;
	return true;
}

static void keep_module(struct site_walk *w, const struct site_module *module)
{
	struct site_memo *memo = w->memo;
	unsigned n = memo->nmodules;

	if (module ? module->permanent : w->at.address <= 1)
		return;
	if (n && module && memo->module[n - 1].module == module)
		return;
	if (n == SITE_MEMO_MODULES) {
		w->full = true;
		return;
	}
	memo->module[n].module = module;
	memo->module[n].address = w->at.address;
	memo->nmodules++;
}

bool site_walk_find(struct site_walk *w)
{
	w->frame = site_frame_find(w->at.address, &w->verified);
	if (w->memo)
		keep_module(w, w->frame ? w->frame->module : NULL);
	return w->frame != NULL;
}

void site_walk_begin(struct site_walk *w)
{
	w->low = w->at.sp;
	w->at.fp_at = 0;
	w->at.fp_lost = false;
	w->verified = NULL;
	w->memo = NULL;
	w->full = false;
}

bool site_walk_start(struct site_walk *w, const void *caller)
{
	site_walk_begin(w);
	w->at.address++;
	if (!site_walk_find(w))
		return false;
	for (unsigned i = 0; i < MAX_OWN; i++) {
		if (!site_walk_out(w))
			return false;
		if (w->at.address == (uintptr_t)caller)
			break;
		if (!site_walk_find(w))
			return false;
	}
	if (w->at.address != (uintptr_t)caller)
		return false;
	/* As if the program's frame were the first: what it finds there. */
	w->at.fp_lost = !read_fp(w, &w->fp);
	w->at.fp_at = 0;
	return true;
}

#endif
