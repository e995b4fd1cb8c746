/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Latency and bandwidth of this machine's memory, measured by other means
 * than `hms measure` and sharing nothing with it: numbers in an array instead
 * of pointers, processes instead of threads, whole passes instead of windows
 * of time, libc's memset and memcpy instead of loops.  What both agree on is
 * the machine's.
 *
 *	measure_apart [MIB [PROCESSES]]
 *
 * Prints "latency NS", and "read", "write" and "copy" in MB/s of all
 * processes together.  On all memory and CPUs that it is started on.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define STRIDE 16 /* numbers of 4 bytes: one per cache line */
#define PASSES 9
#define CHASES 9
#define STEPS 400000

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double middle(double *v, int n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

static void *memory(size_t bytes)
{
	void *p = mmap(NULL, bytes + (2 << 20), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("measure_apart: mmap");
		exit(1);
	}
	p = (void *)(((uintptr_t)p + (2 << 20) - 1) & -(uintptr_t)(2 << 20));
	madvise(p, bytes, MADV_HUGEPAGE);
	memset(p, 1, bytes);
	return p;
}

/* A random tour: lines in an order that is shuffled, each tells the next. */
static double latency(size_t bytes)
{
	uint32_t *line = memory(bytes), n = bytes / (4 * STRIDE), at = 0;
	uint32_t *order = memory(n * sizeof(*order));
	double t[CHASES];

	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	srand48(12345);
	for (uint32_t i = n - 1; i; i--) {
		uint32_t j = lrand48() % (i + 1), k = order[i];

		order[i] = order[j];
		order[j] = k;
	}
	for (uint32_t i = 0; i < n; i++)
		line[order[i] * STRIDE] = order[(i + 1) % n];
	for (int c = 0; c < CHASES; c++) {
		double start = seconds();

		for (int i = 0; i < STEPS; i++)
			at = line[at * STRIDE];
		t[c] = (seconds() - start) / STEPS;
		*(volatile uint32_t *)order = at;
	}
	munmap(order, n * sizeof(*order));
	munmap(line, bytes);
	return middle(t, CHASES) * 1e9;
}

static uint64_t sum(const uint64_t *p, size_t n)
{
	uint64_t s = 0;

	for (size_t i = 0; i < n; i++)
		s += p[i];
	return s;
}

/* memcpy(3) decides by itself whether to go past the caches; this does. */
static void copy_past(char *to, const char *from, size_t bytes)
{
#ifdef __SSE2__
	for (size_t i = 0; i < bytes; i += 16)
		_mm_stream_si128((__m128i *)(to + i),
			_mm_load_si128((const __m128i *)(from + i)));
	_mm_sfence();
#else
	memcpy(to, from, bytes);
#endif
}

enum { READ, WRITE, COPY, COPY_PAST };

static double pass(int what, char *p, size_t bytes, int again)
{
	static volatile uint64_t sink;
	size_t half = bytes / 2, done = what < COPY ? bytes : half;
	double start = seconds();

	switch (what) {
	case READ:
		sink += sum((uint64_t *)p, bytes / 8);
		break;
	case WRITE:
		memset(p, again, bytes);
		break;
	case COPY:
		memcpy(p, p + half, half);
		break;
	case COPY_PAST:
		copy_past(p, p + half, half);
		break;
	}
	return done / (seconds() - start) / 1e6;
}

/* Each process says its own median; they start when the last one is ready. */
static double together(int what, size_t bytes, int processes)
{
	int go[2], said[2], ready[2];
	double all = 0, one, t[PASSES];
	char c = 0;

	if (pipe(go) || pipe(said) || pipe(ready))
		exit(1);
	for (int i = 0; i < processes; i++) {
		cpu_set_t set;
		char *p;

		if (fork())
			continue;
		CPU_ZERO(&set);
		CPU_SET(i, &set);
		sched_setaffinity(0, sizeof(set), &set);
		p = memory(bytes);
		close(go[1]);
		if (write(ready[1], &c, 1) != 1 || read(go[0], &c, 1) != 0)
			_exit(1);
		for (int k = 0; k < PASSES; k++)
			t[k] = pass(what, p, bytes, k);
		one = middle(t, PASSES);
		_exit(write(said[1], &one, sizeof(one)) != sizeof(one));
	}
	for (int i = 0; i < processes; i++)
		if (read(ready[0], &c, 1) != 1)
			exit(1);
	close(go[1]);
	for (int i = 0; i < processes; i++) {
		if (read(said[0], &one, sizeof(one)) != sizeof(one))
			exit(1);
		all += one;
	}
	while (wait(NULL) > 0)
		;
	close(go[0]);
	close(said[0]);
	close(said[1]);
	close(ready[0]);
	close(ready[1]);
	return all;
}

int main(int argc, char **argv)
{
	size_t bytes = (argc > 1 ? strtoul(argv[1], NULL, 10) : 512) << 20;
	int processes =
		argc > 2 ? atoi(argv[2]) : (int)sysconf(_SC_NPROCESSORS_ONLN);

	double copy, past;

	if (bytes < 4 << 20 || processes < 1)
		return 2;
	printf("latency %.1f\n", latency(bytes));
	fflush(stdout);
	bytes = bytes / processes & ~(size_t)4095;
	printf("read %.0f\n", together(READ, bytes, processes));
	fflush(stdout);
	printf("write %.0f\n", together(WRITE, bytes, processes));
	fflush(stdout);
	copy = together(COPY, bytes, processes);
	past = together(COPY_PAST, bytes, processes);
	printf("copy %.0f\n", copy > past ? copy : past);
	return 0;
}
