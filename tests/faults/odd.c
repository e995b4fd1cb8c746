/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What few programs do, so that system calls are made that others never lead
 * to: locked memory, protection by pkey_mprotect(2), System V memory, more
 * threads at a time than are counted apart.  Where a limit could be in the way
 * it does without.  Prints sums of what it wrote.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

#define LEN ((size_t)256 << 10)
#define HUGE_LEN ((size_t)1 << 40)
#define THREADS 260

static pthread_barrier_t together;

static unsigned long sum(const unsigned char *p, size_t len)
{
	unsigned long n = 0;

	for (size_t i = 0; i < len; i++)
		n += p[i];
	return n;
}

static unsigned char *map(int flags)
{
	void *p = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void mappings(void)
{
	unsigned char *p = map(MAP_LOCKED), *grown;

	if (!p)
		p = map(0);
	if (!p)
		exit(1);
	memset(p, 3, LEN);
	if (pkey_mprotect(p, LEN / 2, PROT_READ, -1) &&
		mprotect(p, LEN / 2, PROT_READ))
		exit(2);
	printf("mapped %lu\n", sum(p, LEN));
	if (mprotect(p, LEN, PROT_READ | PROT_WRITE) || munlock(p, LEN))
		exit(3);
	grown = mremap(p, LEN, 4 * LEN, MREMAP_MAYMOVE);
	if (grown == MAP_FAILED)
		exit(4);
	memset(grown + LEN, 1, 3 * LEN);
	printf("grown %lu\n", sum(grown, 4 * LEN));
	if (madvise(grown + LEN, LEN, MADV_DONTNEED))
		exit(5);
	printf("dropped %lu\n", sum(grown, 4 * LEN));
	munmap(grown, 4 * LEN);
}

/* More than the machine has, of which little is used. */
static void reservation(void)
{
	unsigned char *p = mmap(NULL, HUGE_LEN, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		exit(8);
	memset(p, 7, LEN);
	printf("reserved %lu\n", sum(p, LEN));
	munmap(p, HUGE_LEN);
}

static void system_v(void)
{
	int id = shmget(IPC_PRIVATE, LEN, IPC_CREAT | 0600);
	unsigned char *p = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (p == (void *)-1)
		exit(6);
	shmctl(id, IPC_RMID, NULL);
	memset(p, 5, LEN);
	printf("shared %lu\n", sum(p, LEN));
	shmdt(p);
}

static void *run(void *arg)
{
	size_t n = (size_t)arg;
	unsigned char *p = malloc(100 + n);

	memset(p, (int)n % 200, 100 + n);
	pthread_barrier_wait(&together);
	n = sum(p, 100 + n);
	free(p);
	return (void *)n;
}

static void threads(void)
{
	pthread_t thread[THREADS];
	size_t all = 0;
	void *one;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	pthread_barrier_init(&together, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], &attr, run, (void *)i))
			exit(7);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &one);
		all += (size_t)one;
	}
	printf("threads %zu\n", all);
}

int main(void)
{
	mappings();
	reservation();
	system_v();
	threads();
	return 0;
}
