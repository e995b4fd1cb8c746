/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps what accounts.sh knows the totals of, each kind of mapping from a place
 * of its own, and is killed, or forks; see there.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096 /* elsewhere accounts.sh skips this */
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static int file;

static void *good(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	if (p == MAP_FAILED)
		abort();
	return p;
}

#define PLACE static __attribute__((noinline)) void *

PLACE odd(void)
{
	return good(mmap(NULL, 5000, RW, ANON, -1, 0));
}

PLACE eight(void)
{
	return good(mmap(NULL, 8 * PAGE, RW, ANON, -1, 0));
}

PLACE two(void)
{
	return good(mmap(NULL, 2 * PAGE, RW, ANON, -1, 0));
}

PLACE grown(void *p)
{
	return good(mremap(p, 2 * PAGE, 6 * PAGE, MREMAP_MAYMOVE));
}

PLACE shrunk(void *p)
{
	return good(mremap(p, 6 * PAGE, PAGE, 0));
}

PLACE covered(void)
{
	return good(mmap(NULL, 7 * PAGE, RW, ANON, -1, 0));
}

PLACE covering(void *p)
{
	return good(mmap(p, 3 * PAGE, RW, ANON | MAP_FIXED, -1, 0));
}

/* All in all nothing of `covered` but two pages stays. */
static void cover(char *p)
{
	covering(p + 2 * PAGE);
	good(mmap(p, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0));
}

static void *rounds(void *arg)
{
	const long n = (long)arg;
	char *p;

	for (long i = 0; i < n; i++) {
		p = odd();
		memset(p, 1, 5000);
		if (i >= 10)
			munmap(p, 5000);

		p = eight();
		munmap(p + 3 * PAGE, 2 * PAGE);
		/* Around the hole: it may be another thread's by now. */
		if (i % 2 == 0) {
			munmap(p, 3 * PAGE);
			munmap(p + 5 * PAGE, 3 * PAGE);
		}

		p = two();
		p[PAGE] = 5;
		p = grown(p);
		if (p[PAGE] != 5)
			abort();
		munmap(shrunk(p), PAGE);

		cover(covered());
	}
	return NULL;
}

PLACE moved_off(void *p)
{
	p = mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	if (p == MAP_FAILED)
		exit(77);
	return good(p);
}

/* The old place stays mapped, so both are there until it is gone, too. */
static void keep_old(long n)
{
	char *p, *now;

	for (long i = 0; i < n; i++) {
		p = two();
		now = moved_off(p);
		munmap(i % 2 ? p : now, 2 * PAGE);
	}
}

/* One thread only: the break is the process's. */
static void others(long n)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE + 100, IPC_CREAT | 0600);
	void *at = NULL;

	for (long i = 0; i < n; i++) {
		if (sbrk(10000) == (void *)-1 || sbrk(-4000) == (void *)-1)
			abort();
		if (at)
			shmdt(at);
		at = good(shmat(id, NULL, 0));
	}
	shmctl(id, IPC_RMID, NULL);
}

static void with_child(void)
{
	void *kept[10];
	int status;
	pid_t pid;

	for (int i = 0; i < 10; i++)
		kept[i] = odd();
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 5; i++)
			munmap(kept[i], 5000);
		odd();
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	munmap(kept[0], 5000);
	dprintf(STDOUT_FILENO, "%d\n", (int)pid);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	long n = argc > 2 ? atol(argv[2]) : 0;
	pthread_t thread[8];

	file = open("/proc/self/exe", O_RDONLY);
	if (!strcmp(what, "plain"))
		rounds((void *)n);
	if (!strcmp(what, "keep"))
		keep_old(n);
	if (!strcmp(what, "others"))
		others(n);
	if (!strcmp(what, "threads")) {
		for (int i = 0; i < 8; i++)
			pthread_create(&thread[i], NULL, rounds, (void *)n);
		for (int i = 0; i < 8; i++)
			pthread_join(thread[i], NULL);
	}
	if (!strcmp(what, "fork"))
		with_child();
	kill(getpid(), SIGKILL);
	return 1;
}
