/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocates what accounts.sh knows the totals of, from places of its own, and
 * is killed, or forks; see there.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIVE 1000

static void *keep(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

static __attribute__((noinline)) void *one(size_t size)
{
	return keep(malloc(size));
}

static __attribute__((noinline)) void *two(size_t size)
{
	return keep(calloc(2, size / 2));
}

static __attribute__((noinline)) void *three(void *p, size_t size)
{
	return keep(realloc(p, size));
}

static __attribute__((noinline)) void *four(size_t size)
{
	return keep(aligned_alloc(64, size));
}

/* Blocks are as they must be, whoever looks at them. */
static void check(const unsigned char *p, size_t size, unsigned value)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != value)
			abort();
}

static void *rounds(void *arg)
{
	unsigned char *live[LIVE], *p;

	for (long r = (long)arg; r > 0; r--) {
		for (int i = 0; i < LIVE; i++)
			live[i] = one(64);
		for (int i = 0; i < LIVE; i++) {
			p = two(200);
			check(p, 200, 0);
			memset(p, 7, 200);
			p = three(p, 300);
			check(p, 200, 7);
			memset(p, 8, 300);
			p = three(p, 3000);
			check(p, 300, 8);
			free(p);
			free(four(128));
		}
		/* The last ones stay. */
		for (int i = 0; r > 1 && i < LIVE; i++)
			free(live[i]);
	}
	return NULL;
}

/* A child has its parent's blocks, and frees one half of them. */
static void with_child(void)
{
	void *kept[LIVE];
	int status;
	pid_t pid;

	for (int i = 0; i < LIVE; i++)
		kept[i] = one(64);
	pid = fork();
	if (!pid) {
		for (int i = 0; i < LIVE / 2; i++)
			free(kept[i]);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	/* What the parent does later is not the child's. */
	free(kept[0]);
	printf("%d\n", (int)pid);
	fflush(stdout);
}

#define DEPTH 5 /* of four bits each; an ID is made of eight frames */

static __attribute__((noinline)) void deep(unsigned path, int depth)
{
	if (!depth) {
		free(one(64));
		return;
	}
	switch (path & 15) {
#define CALL(n)                                                                \
	case n:                                                                \
		deep(path >> 4, depth - 1);                                    \
		__asm__ volatile("# " #n);                                     \
		break;
		CALL(0)
		CALL(1)
		CALL(2)
		CALL(3)
		CALL(4)
		CALL(5)
		CALL(6)
		CALL(7)
		CALL(8)
		CALL(9)
		CALL(10)
		CALL(11)
		CALL(12)
		CALL(13)
		CALL(14)
		CALL(15)
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	long n = argc > 2 ? atol(argv[2]) : 0;
	pthread_t thread[8];

	if (!strcmp(what, "plain"))
		rounds((void *)n);
	if (!strcmp(what, "threads")) {
		for (int i = 0; i < 8; i++)
			pthread_create(&thread[i], NULL, rounds, (void *)n);
		for (int i = 0; i < 8; i++)
			pthread_join(thread[i], NULL);
	}
	if (!strcmp(what, "fork"))
		with_child();
	if (!strcmp(what, "many"))
		for (unsigned i = 0; i < (unsigned)n; i++)
			deep(i, DEPTH);
	kill(getpid(), SIGKILL);
	return 1;
}
