/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork while another thread is the first to allocate of a kind, again and
 * again in new processes, each at another moment; the child allocates the same.
 * Catches a heap that is half started in the child, by a thread that is not
 * there: it would wait for that for ever.
 */
#include "tests/stress/tap.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 40, STEP_NS = 12500 };

static const size_t sizes[] = { 60001, 70001, 80001 };
static volatile size_t wanted; /* 0: wait; 1: end */
static volatile bool done;

static void *first(void *unused)
{
	size_t last = 0;

	while (wanted != 1) {
		if (wanted == last)
			continue;
		last = wanted;
		free(malloc(last));
		done = true;
	}
	return NULL;
}

static void let_pass(long ns)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - begin.tv_sec) * 1000000000 + now.tv_nsec -
			begin.tv_nsec <
		ns);
}

/*
 * Nothing but SIGKILL would end who waits for a heap: it starts with all
 * signals blocked.
 */
static bool ended_well(pid_t pid, int end)
{
	struct pollfd closed = { .fd = end, .events = POLLIN };
	int status = -1;

	if (pid > 0 && poll(&closed, 1, 20000) == 0)
		kill(pid, SIGKILL);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

/* One process: 0, or 1 if a child of it did not end. */
static int try(long ns)
{
	bool good = true;
	pthread_t thread;

	if (pthread_create(&thread, NULL, first, NULL))
		return 2;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int ends[2];
		pid_t child;

		if (pipe(ends))
			return 2;
		done = false;
		wanted = sizes[i];
		let_pass(ns);
		child = fork();
		if (child == 0) {
			fill(malloc(sizes[i]), sizes[i], 1);
			_exit(0);
		}
		close(ends[1]);
		good = ended_well(child, ends[0]) && good;
		close(ends[0]);
		while (!done)
			;
	}
	wanted = 1;
	pthread_join(thread, NULL);
	return !good;
}

int main(int argc, char **argv)
{
	unsigned bad = 0;

	if (argc > 2)
		return try(atol(argv[2]));
	for (int i = 0; i < RUNS && !bad; i++) {
		char ns[16];
		int status = -1;
		pid_t pid;

		snprintf(ns, sizeof(ns), "%d", i * STEP_NS);
		pid = fork();
		if (pid == 0) {
			execl("/proc/self/exe", argv[0], "at", ns,
				(char *)NULL);
			_exit(3);
		}
		bad += pid < 0 || waitpid(pid, &status, 0) != pid || status;
	}
	tap_ok(!bad,
		"children can allocate what was first allocated at the fork");
	return tap_done();
}
