/* SPDX-License-Identifier: BSD-2-Clause */
#include "shims/fence.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/single_threaded.h>

#include "base/sys.h"

/* Faults in a row that may be left over from a fence that has ended. */
#define LEFT_OVER 2

static atomic_uintptr_t from, last; /* of this fence, or the one before */
static atomic_bool fenced;

static __thread uintptr_t again_at __attribute__((tls_model("initial-exec")));
static __thread unsigned again __attribute__((tls_model("initial-exec")));

/*
 * Handlers of ours, each in front of one of the program's, which never changes.
 * A handler that the program sets later may call the one that it found, ours;
 * were that to stand in front of the later one too, they would call each other
 * for ever.
 */
#define MOST 8
#define EACH_OF_OURS(row)                                                      \
	row(0) row(1) row(2) row(3) row(4) row(5) row(6) row(7)

static struct sigaction before[MOST];
static unsigned count;

static bool has_handler(const struct sigaction *action)
{
	return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

/* As if ours were not there. */
static void pass_on(
	const struct sigaction *to, int sig, siginfo_t *info, void *context)
{
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	/* Somebody's kill(2) or raise(3), and no fault. */
	const bool sent = info->si_code <= 0;

	if (has_handler(to)) {
		if (to->sa_flags & (int)SA_RESETHAND)
			sigaction(sig, &plain, NULL);
		if (to->sa_flags & SA_SIGINFO)
			to->sa_sigaction(sig, info, context);
		else
			to->sa_handler(sig);
		return;
	}
	/* Faults cannot be ignored. */
	if (sent && to->sa_handler == SIG_IGN)
		return;
	/* The access faults again, and ends as it would have. */
	sigaction(sig, &plain, NULL);
	if (sent)
		raise(sig);
}

/*
 * A thread may come here long after its fault, when the fence has ended: then
 * the access is tried again.  That it faults again, at once, is another matter.
 */
static bool is_ours(const siginfo_t *info)
{
	const uintptr_t at = (uintptr_t)info->si_addr;

	if (info->si_code <= 0 || at < atomic_load(&from) ||
		at >= atomic_load(&last))
		return false;
	if (atomic_load(&fenced) || at != again_at) {
		again_at = at;
		again = 0;
	}
	return atomic_load(&fenced) || again++ < LEFT_OVER;
}

static void on_fault(unsigned n, int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	if (is_ours(info)) {
		while (atomic_load(&fenced))
			hms_sys_poll(NULL, 0, 1);
		errno = saved;
		return;
	}
	pass_on(&before[n], sig, info, context);
}

#define FUNCTION(n)                                                            \
	static void on_fault_##n(int sig, siginfo_t *info, void *context)      \
	{                                                                      \
		on_fault(n, sig, info, context);                               \
	}
EACH_OF_OURS(FUNCTION)

static void (*const ours[MOST])(int, siginfo_t *, void *) = {
#define ROW(n) on_fault_##n,
	EACH_OF_OURS(ROW)
};

static bool same(const struct sigaction *a, const struct sigaction *b)
{
	return a->sa_handler == b->sa_handler && a->sa_flags == b->sa_flags &&
	       !memcmp(&a->sa_mask, &b->sa_mask, sizeof(a->sa_mask));
}

/* The one of ours that is set, or is to be in front of what is; MOST: none. */
static unsigned choose(const struct sigaction *now)
{
	for (unsigned n = 0; n < count; n++)
		if ((now->sa_flags & SA_SIGINFO &&
			    now->sa_sigaction == ours[n]) ||
			same(now, &before[n]))
			return n;
	if (count < MOST)
		before[count++] = *now;
	else
		return MOST;
	return count - 1;
}

/* The program's handler runs inside of ours: as it was to run. */
static int set(unsigned n)
{
	const int kept = SA_NODEFER | SA_ONSTACK | SA_RESTART;
	struct sigaction action = { .sa_sigaction = ours[n],
		.sa_mask = before[n].sa_mask };

	action.sa_flags = SA_SIGINFO |
			  (has_handler(&before[n]) ? before[n].sa_flags & kept
						   : SA_ONSTACK | SA_RESTART);
	return sigaction(SIGSEGV, &action, NULL);
}

void hms_fence_begin(uintptr_t start, uintptr_t end)
{
	struct sigaction now = { .sa_flags = 0 }; /* libc fills part of it */
	int saved = errno;
	unsigned n = MOST;

	if (__libc_single_threaded)
		return;
	if (!sigaction(SIGSEGV, NULL, &now))
		n = choose(&now);
	if (n < MOST) {
		atomic_store(&from, start);
		atomic_store(&last, end);
		atomic_store(&fenced, true);
		if (!set(n))
			hms_sys_mprotect((void *)start, end - start, PROT_READ);
	}
	errno = saved;
}

void hms_fence_end(void)
{
	atomic_store(&fenced, false);
}
