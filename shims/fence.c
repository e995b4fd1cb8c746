/* SPDX-License-Identifier: BSD-2-Clause */
#include "shims/fence.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/single_threaded.h>

#include "base/sys.h"

/* Faults in a row that may be left over from a fence that has ended. */
#define LEFT_OVER 2

static atomic_uintptr_t from, last; /* of this fence, or the one before */
static atomic_bool fenced;
static struct sigaction before; /* the program's */

static __thread uintptr_t again_at __attribute__((tls_model("initial-exec")));
static __thread unsigned again __attribute__((tls_model("initial-exec")));

/* As if ours were not there. */
static void pass_on(int sig, siginfo_t *info, void *context)
{
	if (before.sa_flags & SA_SIGINFO) {
		before.sa_sigaction(sig, info, context);
	} else if (before.sa_handler != SIG_DFL &&
		   before.sa_handler != SIG_IGN) {
		before.sa_handler(sig);
	} else {
		struct sigaction plain = { .sa_handler = SIG_DFL };

		/* The access faults again, and ends as it would have. */
		sigaction(sig, &plain, NULL);
	}
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

static void on_fault(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	if (is_ours(info)) {
		while (atomic_load(&fenced))
			hms_sys_poll(NULL, 0, 1);
		errno = saved;
		return;
	}
	pass_on(sig, info, context);
}

void hms_fence_begin(uintptr_t start, uintptr_t end)
{
	struct sigaction ours = { .sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
	struct sigaction now;
	int saved = errno;

	if (__libc_single_threaded || sigaction(SIGSEGV, NULL, &now))
		return;
	if (!(now.sa_flags & SA_SIGINFO) || now.sa_sigaction != on_fault)
		before = now;
	atomic_store(&from, start);
	atomic_store(&last, end);
	atomic_store(&fenced, true);
	if (sigaction(SIGSEGV, &ours, NULL) == 0)
		hms_sys_mprotect((void *)start, end - start, PROT_READ);
	errno = saved;
}

void hms_fence_end(void)
{
	atomic_store(&fenced, false);
}
