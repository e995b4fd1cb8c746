/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything at once that could meet a walk of stacks in a bad moment: forks
 * while other threads meet return addresses for the first time, callbacks
 * that allocate under the loader's lock, libraries that come and go and whose
 * constructors allocate, thread ends that allocate, exceptions, cancellation,
 * jumps out of handlers, others who unwind, a profiler's signal every
 * millisecond.  Would catch a deadlock, by an alarm; and a child that waits
 * for a lock that nobody holds.  Prints how often it met each; see sites.sh.
 */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/stress/site_hunts.h"

#define NOINLINE __attribute__((noinline))

static atomic_bool stop;
static volatile int keep;
static pthread_key_t key;
static const char *folder;

NOINLINE void deep(unsigned n)
{
	volatile char room[16 + 16 * (n % 7)];

	room[0] = 0;
	if (n)
		deep(n - 1);
	else
		free(malloc(64));
	keep += room[0];
}

static int compare(const void *a, const void *b)
{
	free(malloc(32));
	return *(const int *)a - *(const int *)b;
}

static void at_end(void *block)
{
	free(block);
	deep(3);
	hunted_one(met_key_ends);
}

static int module(struct dl_phdr_info *info, size_t size, void *arg)
{
	deep((unsigned)info->dlpi_phnum % 9);
	hunted_one(met_callbacks);
	return 0;
}

static void *allocate(void *seed)
{
	unsigned n = (unsigned)(uintptr_t)seed;
	int numbers[] = { 3, 1, 2 };

	pthread_setspecific(key, malloc(10));
	hunt_thread_end();
	for (unsigned i = 0; i < 200 && !stop; i++) {
		deep((n + i) % 40);
		qsort(numbers, 3, sizeof(*numbers), compare);
		if (i % 16 == 0)
			hunt_exceptions(i);
		if (i % 16 == 8)
			hunt_backtrace(i);
	}
	return NULL;
}

static void *iterate(void *unused)
{
	while (!stop)
		dl_iterate_phdr(module, NULL);
	return NULL;
}

static void *reload(void *unused)
{
	char path[4096];

	for (unsigned i = 0; !stop; i++) {
		void *(*make)(size_t);
		void *lib;

		snprintf(path, sizeof(path), "%s/libturn_%c.so", folder,
			"ab"[i % 2]);
		lib = dlopen(path, RTLD_NOW);
		if (!lib)
			exit(2);
		*(void **)&make = dlsym(lib, "turn_make");
		free(make(50));
		dlclose(lib);
		hunt_library(folder);
	}
	return NULL;
}

/* Handlers may allocate where they interrupt nothing that must not be. */
static __thread volatile sig_atomic_t computing;

static void profiled(int sig)
{
	hunted_one(met_profiled);
	if (!computing)
		return;
	deep((unsigned)hunted[met_profiled] % 8);
	hunted_one(met_prof_allocs);
}

static void *compute(void *unused)
{
	computing = 1;
	while (!stop)
		keep++;
	computing = 0;
	return NULL;
}

static atomic_uint asked, begun;
static unsigned calls_each; /* new ones in a round */

/* Much is found out about callers while the main thread forks. */
static void *call_anew(void *unused)
{
	unsigned last = 0;

	while (!stop) {
		if (asked == last) {
			sched_yield();
			continue;
		}
		last = asked;
		begun = last;
		hunt_new_calls(calls_each);
	}
	return NULL;
}

static void *call_made_code(void *unused)
{
	for (unsigned i = 0; !stop; i++)
		hunt_made_code(i);
	return NULL;
}

/* Called in children only: new to HMS each time. */
static NOINLINE void first_in_child(unsigned i)
{
	free(malloc(100 + i));
	keep++;
}

static volatile pid_t child;

/* A child may hang before it is its own master. */
static void too_late(int sig)
{
	if (child > 0)
		kill(child, SIGKILL);
	_exit(3);
}

/* One child, which allocates at depths of its own. */
static bool one_fork(unsigned i)
{
	int status = 0;

	child = fork();
	if (!child) {
		first_in_child(i);
		deep(i % 50);
		_exit(7);
	}
	hunted_one(met_forks);
	return child > 0 && waitpid(child, &status, 0) == child &&
	       WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

static void last(void)
{
	deep(12);
	puts("the end");
}

int main(int argc, char **argv)
{
	const struct itimerval each = { { 0, 1000 }, { 0, 1000 } };
	struct sigaction action = { .sa_handler = profiled,
		.sa_flags = SA_RESTART };
	unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 100, good = 0;
	pthread_t others[5], thread[2];

	folder = argv[1];
	calls_each = HUNT_NEW_CALLS / (rounds ? rounds : 1);
	signal(SIGALRM, too_late);
	alarm(10 + rounds);
	atexit(last);
	pthread_key_create(&key, at_end);
	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &each, NULL);
	pthread_create(&others[0], NULL, iterate, NULL);
	pthread_create(&others[1], NULL, reload, NULL);
	pthread_create(&others[2], NULL, compute, NULL);
	pthread_create(&others[3], NULL, call_made_code, NULL);
	pthread_create(&others[4], NULL, call_anew, NULL);
	for (unsigned i = 0; i < rounds; i++) {
		for (int t = 0; t < 2; t++)
			pthread_create(&thread[t], NULL, allocate,
				(void *)(uintptr_t)(i * 2 + (unsigned)t));
		asked = i + 1;
		while (begun != i + 1)
			sched_yield();
		good += one_fork(i);
		hunt_jump(i);
		hunt_cancel(i);
		for (int t = 0; t < 2; t++)
			pthread_join(thread[t], NULL);
	}
	stop = true;
	for (int t = 0; t < 5; t++)
		pthread_join(others[t], NULL);
	printf("%u of %u\n", good, rounds);
#define PRINT(name) printf(#name "=%lu\n", hunted[met_##name]);
	HUNTS(PRINT)
	return 0;
}
