/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory used at every moment of a process's life: constructors before main,
 * TLS destructors, atexit handlers, destructors after exit() began.  Catches
 * a heap that is not there yet, or not there any more.  What happens after
 * main is checked by main's own child, whose output the parent reads.
 */
#include "tests/stress/tap.h"

#include <limits.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static char *early[64];
static pthread_key_t key;

__attribute__((constructor(101))) static void first_constructor(void)
{
	for (int i = 0; i < 32; i++) {
		early[i] = malloc((size_t)i * 97 + 1);
		fill(early[i], (size_t)i * 97 + 1, (unsigned)i);
	}
}

__attribute__((constructor(65535))) static void last_constructor(void)
{
	for (int i = 32; i < 64; i++) {
		early[i] = calloc(1, (size_t)i * 997);
		fill(early[i], (size_t)i * 997, (unsigned)i);
	}
	for (int i = 0; i < 32; i += 2) {
		early[i] = realloc(early[i], (size_t)i * 997 + 200000);
		if (!filled(early[i], (size_t)i * 97 + 1, (unsigned)i))
			abort();
	}
}

static bool early_blocks(void)
{
	for (int i = 0; i < 64; i++) {
		size_t n = (size_t)i * (i < 32 ? 97 : 997) + (i < 32);

		if (!filled(early[i], n, (unsigned)i))
			return tap_bad("early block", (size_t)i);
		early[i] = realloc(early[i], n + 70000);
		if (!filled(early[i], n, (unsigned)i))
			return tap_bad("early block grown", (size_t)i);
		if (i % 3)
			free(early[i]);
	}
	return true;
}

/* Allocates, checks, frees; dies if anything is wrong. */
static void use_heap(void)
{
	for (size_t n = 1; n < 60000; n = n * 3 + 5) {
		char *p = malloc(n), *q = calloc(1, n);

		fill(p, n, 1);
		p = realloc(p, 2 * n);
		if (!filled(p, n, 1) || q[n - 1])
			abort();
		free(p);
		free(q);
	}
}

/* Sets its key again, so that it runs in every round of destructors. */
static void key_destructor(void *p)
{
	long *round = p, *next = malloc(sizeof(*next));

	use_heap();
	*next = *round + 1;
	free(round);
	if (*next < PTHREAD_DESTRUCTOR_ITERATIONS)
		pthread_setspecific(key, next);
	else
		free(next);
}

static void *thread(void *arg)
{
	long *round = calloc(1, sizeof(*round));

	use_heap();
	pthread_setspecific(key, round);
	if (arg)
		pthread_exit(NULL);
	return NULL;
}

static void say(const char *what)
{
	use_heap();
	if (write(STDOUT_FILENO, what, strlen(what)) < 0)
		abort();
}

static void at_exit(void)
{
	say("atexit ");
}

static void on_exit_handler(int status, void *p)
{
	say(status == 7 ? "on_exit " : "status? ");
	if (!filled(p, 5000, 11))
		abort();
	free(p);
}

static void at_quick_exit_handler(void)
{
	say("quick ");
}

static bool leaving;

__attribute__((destructor(65535))) static void first_destructor(void)
{
	if (leaving)
		say("destructor1 ");
}

__attribute__((destructor(101))) static void last_destructor(void)
{
	/* Half of these are from before main. */
	for (int i = 0; leaving && i < 64; i += 3)
		free(early[i]);
	if (leaving)
		say("destructor2");
}

static void *exiting_thread(void *arg)
{
	exit(7);
}

static void leave(const char *how)
{
	char *p = malloc(5000);

	fill(p, 5000, 11);
	atexit(at_exit);
	on_exit(on_exit_handler, p);
	at_quick_exit(at_quick_exit_handler);
	leaving = true;
	if (!strcmp(how, "exit"))
		exit(7);
	if (!strcmp(how, "quick"))
		quick_exit(7);
	if (!strcmp(how, "_exit"))
		_exit(7);
	if (!strcmp(how, "thread")) {
		pthread_t t;

		pthread_create(&t, NULL, exiting_thread, NULL);
		pthread_join(t, NULL);
	}
	abort();
}

/* Runs leave() in a child; true if it said and returned what it should. */
static bool left(const char *how, const char *wanted, int wanted_status)
{
	char got[256] = "";
	size_t len = 0;
	ssize_t n;
	int fds[2], status;
	pid_t pid;

	if (pipe(fds))
		return tap_bad("pipe", 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		leave(how);
	}
	close(fds[1]);
	while ((n = read(fds[0], got + len, sizeof(got) - 1 - len)) > 0)
		len += (size_t)n;
	close(fds[0]);
	waitpid(pid, &status, 0);
	if (!strcmp(got, wanted) && status == wanted_status)
		return true;
	printf("# said: %s, status %#x\n", got, (unsigned)status);
	return false;
}

int main(void)
{
	const char *all = "on_exit atexit destructor1 destructor2";
	pthread_t threads[16];

	tap_ok(left("exit", all, 7 << 8),
		"handlers and destructors after exit");
	tap_ok(left("thread", all, 7 << 8), "exit called by another thread");
	tap_ok(left("quick", "quick ", 7 << 8), "quick_exit");
	tap_ok(left("_exit", "", 7 << 8), "_exit");
	tap_ok(left("abort", "", 6), "abort is seen as SIGABRT");
	tap_ok(early_blocks(), "blocks from before main stay, grow, are freed");

	pthread_key_create(&key, key_destructor);
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 16; i++)
			pthread_create(
				&threads[i], NULL, thread, i % 2 ? &key : NULL);
		for (int i = 0; i < 16; i++)
			pthread_join(threads[i], NULL);
	}
	tap_ok(true, "TLS destructors allocate in every round");
	use_heap();
	return tap_done();
}
