/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads end: their heap caches and counters are given back.  A thread that
 * allocates again in a later destructor makes new ones and is told again, as
 * often as POSIX promises rounds of destructors.
 */
#include <pthread.h>
#include <stdbool.h>

#include "base/guard.h"
#include "engine/heap/heap.h"
#include "engine/site/memo.h"
#include "preload/preload.h"
#include "report/status.h"

static pthread_key_t key;
static bool have_key;

static void thread_ends(void *unused)
{
	hms_guard_enter();
	hms_heap_thread_end();
	hms_tally_release();
	site_memo_thread_end();
	hms_guard_leave();
}

void hms_threads_setup(void)
{
	have_key = pthread_key_create(&key, thread_ends) == 0;
}

void hms_thread_watch(void)
{
	if (have_key)
		pthread_setspecific(key, &have_key);
}
