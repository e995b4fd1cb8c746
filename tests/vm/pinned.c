/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory touched by threads that run on a given CPU each, see where.h.
 * Knows nothing of HMS.
 *
 * usage: pinned MIB CPU...
 *
 * One map and one heap block, each touched in as many parts as there are
 * CPUs, part by part from that CPU; then a heap block of each CPU's own.
 * Prints "map:CPU", "heap:CPU" and "own:CPU" lines.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tests/vm/where.h"

static size_t size;

struct job {
	const char *what;
	int cpu;
	char *part;
	pthread_t thread;
};

static void *run(void *arg)
{
	struct job *job = arg;
	cpu_set_t set;
	char kind[32];

	CPU_ZERO(&set);
	CPU_SET(job->cpu, &set);
	snprintf(kind, sizeof(kind), "%s:%d", job->what, job->cpu);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		printf("%s errno=%d\n", kind, errno);
		return NULL;
	}
	if (!job->part)
		job->part = malloc(size);
	where_is(kind, job->part, size);
	return NULL;
}

/* One after another: what one thread touches, the next one finds. */
static void parts(const char *what, char *block, int cpus, char **cpu)
{
	struct job job = { .what = what };
	int i;

	for (i = 0; i < cpus; i++) {
		job.cpu = atoi(cpu[i]);
		job.part = block ? block + (size_t)i * size : NULL;
		if (!pthread_create(&job.thread, NULL, run, &job))
			pthread_join(job.thread, NULL);
	}
}

int main(int argc, char **argv)
{
	int cpus = argc - 2;
	char *block;
	void *heap;

	if (cpus < 1)
		return 64;
	size = strtoul(argv[1], NULL, 10) << 20;
	block = mmap(NULL, size * (size_t)cpus, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED ||
		posix_memalign(&heap, 2 << 20, size * (size_t)cpus))
		return 71;
	/* A huge page would be one thread's, across the border. */
	madvise(block, size * (size_t)cpus, MADV_NOHUGEPAGE);
	madvise(heap, size * (size_t)cpus, MADV_NOHUGEPAGE);
	parts("map", block, cpus, argv + 2);
	parts("heap", heap, cpus, argv + 2);
	parts("own", NULL, cpus, argv + 2);
	return 0;
}
