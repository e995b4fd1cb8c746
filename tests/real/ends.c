/* SPDX-License-Identifier: BSD-2-Clause */
/* A program that makes 1,000 allocations of 1,000 bytes and ends as told. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void allocate(void)
{
	for (int i = 0; i < 1000; i++) {
		char *p = malloc(1000);

		if (!p)
			exit(99);
		memset(p, 1, 1000);
	}
}

/*
 * Large calls make HMS look at pages, but not more often than every 20 ms:
 * calls for longer than that are seen by it for certain.
 */
static void be_seen(void)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		free(malloc(2 << 20));
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begin.tv_sec) * 1000 +
			 (now.tv_nsec - begin.tv_nsec) / 1000000 <
		 100);
}

#define PAGE ((size_t)4096)
#define PAGES 2048 /* 8 MiB */
#define TOUCHED 1234

/* Maps, touches a part, and asks the kernel itself what is on node 0. */
static int map(bool late)
{
	static void *pages[PAGES];
	static int status[PAGES];
	int n = 0;
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 99;
	for (int i = 0; i < PAGES; i++)
		pages[i] = p + (size_t)i * PAGE;
	/* So that HMS looks when nothing is touched yet. */
	if (late)
		be_seen();
	for (int i = 0; i < TOUCHED; i++)
		p[(size_t)i * PAGE] = 1;
	if (syscall(SYS_move_pages, 0, (unsigned long)PAGES, pages, NULL,
		    status, 0))
		return 99;
	for (int i = 0; i < PAGES; i++)
		n += status[i] == 0;
	printf("%zu\n", (size_t)n * PAGE);
	fflush(stdout);
	if (late)
		pause();
	return 0;
}

static void leave(int sig)
{
	(void)sig;
	_exit(3);
}

/* Maps all the time, until a signal's handler ends it. */
static void be_interrupted(int after)
{
	struct itimerval timer = { .it_value.tv_usec = after };

	signal(SIGALRM, leave);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (;;)
		munmap(mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			PAGE);
}

/* How many of such children end. */
static int interrupted(int n)
{
	const struct timespec most = { .tv_sec = 20 };
	sigset_t child;
	int ended = 0, status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0)
			be_interrupted(1000 + i * 37 % 1000);
		if (sigtimedwait(&child, NULL, &most) < 0)
			kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 3)
			break;
		ended++;
	}
	printf("%d\n", ended);
	return 0;
}

/*
 * Ends in a handler whose stack is as small as they are made, when HMS has had
 * time to begin to learn.
 */
static void leave_from_little_stack(void)
{
	const size_t size =
		PAGE + (((size_t)sysconf(_SC_MINSIGSTKSZ) + PAGE - 1) & -PAGE);
	char *low = mmap(NULL, PAGE + size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const stack_t stack = { .ss_sp = low + PAGE, .ss_size = size };
	const struct sigaction action = { .sa_handler = leave,
		.sa_flags = SA_ONSTACK };
	char *much = malloc(64 << 20);

	if (!much || low == MAP_FAILED || mprotect(low, PAGE, PROT_NONE))
		exit(99);
	memset(much, 1, 64 << 20);
	for (int i = 0; i < 5; i++)
		be_seen();
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "exit";

	allocate();
	if (!strcmp(how, "map"))
		return map(false);
	if (!strcmp(how, "live"))
		return map(true);
	if (!strcmp(how, "interrupted"))
		return interrupted(100);
	if (!strcmp(how, "_exit"))
		_exit(3);
	if (!strcmp(how, "little"))
		leave_from_little_stack();
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "wait")) {
		be_seen();
		/* Whoever reads this knows that all calls are made. */
		puts("ready");
		fflush(stdout);
		pause();
	}
	if (!strcmp(how, "fork")) {
		pid_t child = fork();

		if (child == 0) {
			allocate();
			exit(0);
		}
		waitpid(child, NULL, 0);
	}
	if (!strcmp(how, "close")) {
		/* As daemons do. */
		for (int fd = 0; fd < 2048; fd++)
			close(fd);
	}
	return 3;
}
