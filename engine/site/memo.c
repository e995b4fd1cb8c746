/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/site/memo.h"

#include <stddef.h>
#include <sys/mman.h>

#include "base/sys.h"

#define TLS __attribute__((tls_model("initial-exec")))

/* Threads beyond these walk each time. */
#define THREADS 256
/* A thread that has more gives the memory back; else the next one has it. */
#define FEW 32
#define BYTES (sizeof(struct site_memo) * SITE_MEMO_SETS * SITE_MEMO_WAYS)
static struct site_memos pool[THREADS];

__thread struct site_memos *site_memos TLS;
static __thread bool asked TLS;

void (*site_memo_watch)(void);

static bool map(struct site_memos *memos)
{
	void *memory;

	if (memos->memo)
		return true;
	memory = hms_sys_mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hms_sys_failed(memory))
		return false;
	memos->memo = memory;
	return true;
}

static void take(void)
{
	asked = true;
	for (unsigned i = 0; i < THREADS; i++) {
		struct site_memos *memos = &pool[i];

		if (__atomic_load_n(&memos->taken, __ATOMIC_RELAXED) ||
			__atomic_exchange_n(
				&memos->taken, true, __ATOMIC_ACQUIRE))
			continue;
		if (!map(memos)) {
			__atomic_store_n(
				&memos->taken, false, __ATOMIC_RELEASE);
			return;
		}
		site_memos = memos;
		if (site_memo_watch)
			site_memo_watch();
		return;
	}
}

bool site_memo_modules_hold(
	const struct site_memo *memo, const struct site_module **verified)
{
	for (unsigned i = 0; i < memo->nmodules; i++) {
		const struct site_module *m = memo->module[i].module;
		uintptr_t address = memo->module[i].address - 1;

		if (m && m == *verified)
			continue;
		if (m ? !site_module_stays(m, address)
		      : !site_module_none(address))
			return false;
		if (m)
			*verified = m;
	}
	return true;
}

static bool begins(
	const struct site_memo *memo, const struct site_at *at, uintptr_t fp)
{
	if (memo->at.sp != at->sp || memo->at.address != at->address)
		return false;
	if (!memo->uses_fp)
		return true;
	return memo->at.fp_lost == at->fp_lost && memo->at.fp_at == at->fp_at &&
	       (!memo->uses_register || memo->fp == fp);
}

struct site_memo *site_memo_find(const struct site_at *at, uintptr_t fp,
	const struct site_module **verified)
{
	struct site_memo *memo;

	if (!site_memos)
		return NULL;
	memo = site_memo_set(site_memos, at->sp, at->address);
	for (unsigned way = 0; way < SITE_MEMO_WAYS; way++, memo++)
		if (memo->stamp && begins(memo, at, fp) &&
			site_memo_holds(memo, verified))
			return memo;
	return NULL;
}

/* The first that is free, or else the oldest. */
static struct site_memo *choose(const struct site_at *at)
{
	struct site_memo *memo, *chosen;

	if (!site_memos && !asked)
		take();
	if (!site_memos || at->sp & 7)
		return NULL;
	chosen = memo = site_memo_set(site_memos, at->sp, at->address);
	for (unsigned way = 0; way < SITE_MEMO_WAYS; way++, memo++) {
		if (!memo->stamp)
			return memo;
		if (memo->stamp < chosen->stamp)
			chosen = memo;
	}
	return chosen;
}

struct site_memo *site_memo_empty(
	struct site_memo *memo, const struct site_at *at, uintptr_t fp)
{
	/* A signal handler may leave in the middle, and not come back. */
	memo->stamp = 0;
	memo->verdict = NULL;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	memo->at = *at;
	memo->fp = fp;
	memo->uses_fp = memo->uses_register = false;
	memo->last = memo->sets_fp = false;
	memo->nwords = memo->nmodules = memo->nframes = 0;
	memo->next = NULL;
	memo->patterns = 0;
	memo->own = NULL;
	return memo;
}

struct site_memo *site_memo_new(
	const struct site_at *at, uintptr_t fp, struct site_memo *spare)
{
	struct site_memo *memo = choose(at);

	if (!memo)
		memo = spare;
	else if (!memo->at.sp)
		site_memos->nfilled++;
	return site_memo_empty(memo, at, fp);
}

void site_memo_keep(struct site_memo *memo)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	memo->stamp = ++site_memos->counter;
}

bool site_memo_link(struct site_memo *const *memo, uint64_t *stamp, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!stamp[i] || memo[i]->stamp != stamp[i])
			return false;
	while (n-- > 1) {
		struct site_memo *m = memo[n - 1];

		if (m->next == memo[n] && m->next_stamp == stamp[n])
			continue;
		/* All that lead here must look again. */
		m->stamp = 0;
		m->verdict = NULL;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		m->next = memo[n];
		m->next_stamp = stamp[n];
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		m->stamp = stamp[n - 1] = ++site_memos->counter;
	}
	return true;
}

void site_memo_thread_end(void)
{
	struct site_memos *memos = site_memos;

	asked = false;
	site_memos = NULL;
	if (!memos)
		return;
	if (memos->nfilled > FEW) {
		if (hms_sys_madvise(memos->memo, BYTES, MADV_DONTNEED)) {
			hms_sys_munmap(memos->memo, BYTES);
			memos->memo = NULL;
		}
		memos->nfilled = 0;
	}
	__atomic_store_n(&memos->taken, false, __ATOMIC_RELEASE);
}

/* The threads of the others are gone; what they were at has stamp 0. */
void site_memo_after_fork(void)
{
	for (unsigned i = 0; i < THREADS; i++)
		if (&pool[i] != site_memos && pool[i].taken)
			pool[i].taken = false;
}
