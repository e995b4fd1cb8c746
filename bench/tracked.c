/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage: tracked MIB SECONDS [HOT_PERCENT]
 *
 * A program that waits for memory: one thread reads and writes at random, 15
 * accesses of 16 in the hot part (10 %) of MIB, each after the one before.
 * Prints nanoseconds per access, of its own CPU time, so that what else the
 * machine does counts less, after SECONDS of that.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t state = 88172645463325252u;

static uint64_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* 4096 accesses at a time; returns where it came to. */
static size_t some(volatile uint64_t *words, size_t n, size_t hot, size_t at)
{
	for (int i = 0; i < 4096; i++) {
		uint64_t r = draw();

		/* The next address needs this word. */
		at = (r + (words[at] & 1)) % (r >> 60 ? hot : n);
		if (r & 64)
			words[at] += 2;
	}
	return at;
}

int main(int argc, char **argv)
{
	size_t n, hot, at = 0, count = 0;
	double seconds, begin;
	uint64_t *words;

	if (argc < 3)
		return 64;
	n = (strtoul(argv[1], NULL, 10) << 20) / sizeof(*words);
	seconds = atof(argv[2]);
	hot = n * (argc > 3 ? strtoul(argv[3], NULL, 10) : 10) / 100;
	words = malloc(n * sizeof(*words));
	if (!words || !hot)
		return 1;
	memset(words, 0, n * sizeof(*words));
	/* Whoever watches is at work by then. */
	for (begin = cpu(); cpu() - begin < seconds / 4;)
		at = some(words, n, hot, at);
	for (begin = cpu(); cpu() - begin < seconds; count += 4096)
		at = some(words, n, hot, at);
	printf("%.3f\n", 1e9 * (cpu() - begin) / (double)count);
	return at == SIZE_MAX;
}
