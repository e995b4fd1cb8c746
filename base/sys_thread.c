/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/thread.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/faults.h"
#include "base/raw.h"
#include "base/sys.h"

#define LIBC_SIGNALS (UINT64_C(3) << 31) /* nptl(7) */
#define SETUID_SIGNAL (UINT64_C(1) << 32)
#define SECOND UINT64_C(1000000000)

static long call(const char *name, long nr, long a, long b, long c, long d)
{
	long injected = hms_fault(name);

	return injected ? injected : hms_raw(nr, a, b, c, d, 0, 0);
}

int hms_sys_set_thread_name(const char *name)
{
	return (int)call("prctl", SYS_prctl, PR_SET_NAME, (long)name, 0, 0);
}

int hms_sys_thread_name(char *name)
{
	return (int)call("prctl", SYS_prctl, PR_GET_NAME, (long)name, 0, 0);
}

int hms_sys_tgkill(pid_t pid, pid_t tid, int sig)
{
	return (int)call("tgkill", SYS_tgkill, pid, tid, sig, 0);
}

int hms_sys_set_nice(int nice)
{
	/* To the kernel a thread is a process of one; 0: the caller. */
	return (int)call(
		"setpriority", SYS_setpriority, PRIO_PROCESS, 0, nice, 0);
}

uint64_t hms_sys_block_most_signals(void)
{
	uint64_t before = hms_sys_block_signals();

	hms_sys_restore_signals(~LIBC_SIGNALS);
	return before;
}

void hms_sys_let_setuid(void)
{
	hms_sys_restore_signals(~SETUID_SIGNAL);
}

void hms_sys_futex_wait(uint32_t *word, uint32_t value, uint64_t ns)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(ns / SECOND),
		.tv_nsec = (long)(ns % SECOND),
	};

	hms_raw(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, (long)value,
		(long)&timeout, 0, 0);
}

void hms_sys_futex_wake(uint32_t *word)
{
	hms_raw(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

unsigned hms_sys_cpus(void)
{
	unsigned long mask[128];
	long bytes = call("sched_getaffinity", SYS_sched_getaffinity, 0,
		sizeof(mask), (long)mask, 0);
	unsigned n = 0;

	for (long i = 0; i < bytes / (long)sizeof(mask[0]); i++)
		n += (unsigned)__builtin_popcountl(mask[i]);
	return n ? n : 1;
}

ssize_t hms_sys_peek(const struct iovec *to, const struct iovec *from, int n)
{
	long injected = hms_fault("process_vm_readv");

	return injected ? injected
			: hms_raw(SYS_process_vm_readv, hms_sys_getpid(),
				  (long)to, 1, (long)from, n, 0);
}
