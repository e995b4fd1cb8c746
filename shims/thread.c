/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads get names by prctl(2) and pthread_setname_np(3); rules with
 * `thread` cache each thread's name and look again after any of these.
 */
#include <pthread.h>
#include <stdarg.h>
#include <sys/prctl.h>

#include "engine/witness.h"
#include "shims/next.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int prctl(int op, ...)
{
	unsigned long arg[4];
	va_list args;
	int rc;

	/* As libc does: four words, whether the caller gave them or not. */
	va_start(args, op);
	for (unsigned i = 0; i < 4; i++)
		arg[i] = va_arg(args, unsigned long);
	va_end(args);
	rc = hms_next.prctl(op, arg[0], arg[1], arg[2], arg[3]);
	if (op == PR_SET_NAME)
		hms_thread_renamed();
	return rc;
}

EXPORT int pthread_setname_np(pthread_t thread, const char *name)
{
	int rc = hms_next.pthread_setname_np(thread, name);

	hms_thread_renamed();
	return rc;
}
