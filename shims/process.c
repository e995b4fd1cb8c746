/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ways out of a process, and into another, that libc's own hooks do not see:
 * _exit(2) runs no destructors, _Fork(3) no fork handlers.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "shims/next.h"
#include "shims/start.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT void _exit(int status)
{
	hms_drain();
	hms_next._exit(status);
	__builtin_unreachable();
}

EXPORT void _Exit(int status)
{
	hms_drain();
	hms_next._exit(status);
	__builtin_unreachable();
}

EXPORT pid_t _Fork(void)
{
	pid_t pid;

	hms_fork_prepare();
	pid = hms_next._Fork();
	hms_fork_done(pid == 0);
	return pid;
}
