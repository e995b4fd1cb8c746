/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread with the smallest stack that POSIX allows can use it as it could
 * without us.  Catches per-thread state that eats the stack: glibc puts
 * static TLS there.
 */
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "tests/stress/tap.h"

#define USED (6 << 10) /* bytes; glibc leaves more, lazy binding included */

static void *use_stack(void *arg)
{
	volatile char mine[USED];

	for (size_t i = 0; i < sizeof(mine); i += 64)
		mine[i] = 1;
	free(malloc(opaque(100)));
	return (void *)(uintptr_t)mine[64];
}

static bool thread_runs(const pthread_attr_t *attr)
{
	pthread_t thread;
	void *result = NULL;

	return !pthread_create(&thread, attr, use_stack, NULL) &&
	       !pthread_join(thread, &result) && result == (void *)1;
}

int main(void)
{
	static char own[64 << 10] __attribute__((aligned(64)));
	pthread_attr_t attr;
	size_t size = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, (size_t)sysconf(_SC_THREAD_STACK_MIN));
	tap_ok(thread_runs(&attr), "a thread with the smallest stack");
	pthread_attr_getstacksize(&attr, &size);
	tap_ok(size == (size_t)sysconf(_SC_THREAD_STACK_MIN),
		"the program's attributes stay as they are");
	pthread_attr_setstack(&attr, own, sizeof(own));
	tap_ok(thread_runs(&attr), "a thread on a stack of the program's");
	tap_ok(thread_runs(NULL), "a thread with no attributes");
	return tap_done();
}
