/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that fault so often as they say, in memory of several sites:
 *
 *	faulting FILE TIMES
 *
 * After a line of input four threads touch each a number of pages for the
 * first time: alpha 30 * TIMES and beta 15 * TIMES of map_one()'s mapping,
 * gamma 6 * TIMES of map_two()'s, delta 9 * TIMES of make_block()'s and, one
 * by one from the disk, 40 of map_file()'s.
 * Lines "NAME TID MINOR MAJOR" say what the kernel counted (getrusage(2)).
 * After another line gamma ends, after a third one the program.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define MOVES ((size_t)32 << 20) /* memory that may move */
#define AREA ((size_t)10000 * PAGE)

static struct job {
	const char *name;
	char *memory;
	size_t pages;
	const char *file; /* read as well, if there is one */
	size_t file_pages;
	pthread_t thread;
	pid_t tid;
	struct rusage used;
} jobs[4];
static pthread_barrier_t begin, done, leave, end;
static char *volatile kept[5];

static char *area(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	return p;
}

__attribute__((noinline)) static void map_one(void)
{
	kept[0] = area(AREA);
}

__attribute__((noinline)) static void map_two(void)
{
	kept[1] = area(AREA);
}

__attribute__((noinline)) static void make_block(void)
{
	kept[2] = malloc(AREA);
}

__attribute__((noinline)) static void map_file(const char *path, size_t pages)
{
	int fd = open(path, O_RDONLY);

	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	kept[3] = mmap(NULL, pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (kept[3] == MAP_FAILED)
		exit(1);
	/* No page is read along with another. */
	madvise(kept[3], pages * PAGE, MADV_RANDOM);
}

static void *run(void *arg)
{
	struct job *job = arg;

	job->tid = (pid_t)syscall(SYS_gettid);
	prctl(PR_SET_NAME, job->name);
	getrusage(RUSAGE_THREAD, &job->used);
	pthread_barrier_wait(&begin);
	for (size_t i = 0; i < job->pages; i++)
		((volatile char *)job->memory)[i * PAGE] = 1;
	for (size_t i = 0; i < job->file_pages; i++)
		(void)((const volatile char *)job->file)[i * PAGE];
	getrusage(RUSAGE_THREAD, &job->used);
	pthread_barrier_wait(&done);
	pthread_barrier_wait(job == &jobs[2] ? &leave : &end);
	return NULL;
}

int main(int argc, char **argv)
{
	size_t times = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (!times || times > 200)
		return 2;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	kept[4] = area(MOVES);
	for (size_t i = 0; i < MOVES; i += PAGE)
		kept[4][i] = 1;
	map_one();
	map_two();
	make_block();
	map_file(argv[1], 40);
	jobs[0] = (struct job){ "alpha", kept[0], 30 * times };
	jobs[1] = (struct job){ "beta", kept[0] + 6200 * PAGE, 15 * times };
	jobs[2] = (struct job){ "gamma", kept[1], 6 * times };
	jobs[3] = (struct job){ "delta", kept[2], 9 * times, kept[3], 40 };
	pthread_barrier_init(&begin, NULL, 5);
	pthread_barrier_init(&done, NULL, 5);
	pthread_barrier_init(&leave, NULL, 2);
	pthread_barrier_init(&end, NULL, 4);
	for (int i = 0; i < 4; i++)
		pthread_create(&jobs[i].thread, NULL, run, &jobs[i]);
	puts("ready");
	fflush(stdout);
	getchar();
	pthread_barrier_wait(&begin);
	pthread_barrier_wait(&done);
	for (int i = 0; i < 4; i++)
		printf("%s %d %ld %ld\n", jobs[i].name, jobs[i].tid,
			jobs[i].used.ru_minflt, jobs[i].used.ru_majflt);
	puts("touched");
	fflush(stdout);
	getchar();
	pthread_barrier_wait(&leave);
	pthread_join(jobs[2].thread, NULL);
	puts("joined");
	fflush(stdout);
	getchar();
	pthread_barrier_wait(&end);
	for (int i = 0; i < 4; i++)
		if (i != 2)
			pthread_join(jobs[i].thread, NULL);
	return 0;
}
