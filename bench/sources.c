/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage: sources SOURCE MEMORY [huge|small [MIB [PAIRS]]]
 *
 * What a source costs: HMS's worker, and the program.  A thread reads and
 * writes at random in MIB of memory, nine accesses of ten in a tenth of it,
 * each after the one before; the source is on and off in turn, two seconds
 * each, at the default budget of 1 % of a core.  Speed is per CPU time of that
 * thread, so that other work on the machine counts less.  Prints a line of a
 * table:
 *
 *	source | memory | MiB | worker, % of a core | ... per GiB |
 *		sights per second | program, % slower: median, and quartiles
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/source/source.h"
#include "tests/sources/room.h"

#define TICK_NS UINT64_C(100000000)
#define BUDGET_NS (TICK_NS / 100)
#define PAIRS_MOST 200

static char *memory;
static size_t bytes;
static atomic_ulong accesses;
static atomic_bool over;
static unsigned long sights;

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static pthread_t program_thread;

static void *program(void *unused)
{
	size_t words = bytes / 8, hot = words / 10, at = 1;
	volatile uint64_t *data = (volatile uint64_t *)memory;
	uint64_t random = 88172645463325252, n = 0;

	(void)unused;
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		for (int i = 0; i < 4096; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			/* Needs the word before: no two at a time. */
			at = (random + (data[at] & 1)) %
			     (random >> 32 & 15 ? hot : words);
			if (random & 64)
				data[at] += 2;
		}
		n += 4096;
		atomic_store_explicit(&accesses, n, memory_order_relaxed);
	}
	return NULL;
}

static void see(const struct hms_sight *sight, void *unused)
{
	(void)sight;
	(void)unused;
	sights++;
}

static void all(float exposure, void *unused)
{
	(void)exposure;
	(void)unused;
}

static const struct hms_sights listener = { .see = see, .all = all };

static void sleep_until(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000),
		(long)(ns % 1000000000) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* Two seconds; accesses of the program per ns of its CPU time. */
static double measure(const struct hms_source *source)
{
	uint64_t next = now_ns(CLOCK_MONOTONIC), start;
	unsigned long before = atomic_load(&accesses);
	clockid_t clock;

	pthread_getcpuclockid(program_thread, &clock);
	start = now_ns(clock);
	for (int i = 0; i < 20; i++) {
		next += TICK_NS;
		sleep_until(next);
		if (source)
			source->tick(
				now_ns(CLOCK_MONOTONIC), BUDGET_NS, &listener);
	}
	return (double)(atomic_load(&accesses) - before) /
	       (double)(now_ns(clock) - start);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct run {
	const struct hms_source *source;
	struct hms_watch watch;
	unsigned pairs;
};

static void *worker(void *arg)
{
	struct run *run = arg;
	const struct hms_source *source = run->source;
	double slower[PAIRS_MOST], cpu = 0, gib = (double)bytes / (1 << 30);

	double before, on, after;
	uint64_t start;

	if (source->start() < 0 || source->watch(&run->watch) < 0) {
		fprintf(stderr, "%s does not start\n", source->name);
		exit(1);
	}
	measure(source);
	sights = 0;
	before = measure(NULL);
	for (unsigned i = 0; i < run->pairs; i++) {
		start = now_ns(CLOCK_THREAD_CPUTIME_ID);
		on = measure(source);
		cpu += (double)(now_ns(CLOCK_THREAD_CPUTIME_ID) - start) * 1e-9;
		after = measure(NULL);
		slower[i] = 100 * ((before + after) / 2 / on - 1);
		before = after;
	}
	source->forget(run->watch.start, run->watch.end);
	source->stop();
	qsort(slower, run->pairs, sizeof(slower[0]), compare);
	cpu *= 50 / (double)run->pairs;
	printf("| %.2f | %.2f | %.0f | %.1f (%.1f to %.1f) |\n", cpu, cpu / gib,
		(double)sights / 2 / run->pairs, slower[run->pairs / 2],
		slower[run->pairs / 4], slower[run->pairs * 3 / 4]);
	return NULL;
}

int main(int argc, char **argv)
{
	struct run run = { 0 };
	char why[HMS_WHY] = "";
	pthread_t threads[2];
	bool huge = argc > 3 && strcmp(argv[3], "huge") == 0;

	if (argc < 3 || !(run.source = hms_source_find(argv[1]))) {
		fprintf(stderr, "usage: sources SOURCE anon|shared|file "
				"[huge|small [MIB [PAIRS]]]\n");
		return 64;
	}
	bytes = (argc > 4 ? strtoul(argv[4], NULL, 10) : 1024) << 20;
	run.pairs = argc > 5 ? (unsigned)atoi(argv[5]) : 15;
	if (run.pairs < 1 || run.pairs > PAIRS_MOST || !bytes)
		return 64;
	if (run.source->probe(why) < 0) {
		printf("# %s: %s\n", argv[1], why);
		return 0;
	}
	memory = room_make(argv[2], bytes, huge);
	if (!memory) {
		perror(argv[2]);
		return 1;
	}
	run.watch.start = (uintptr_t)memory;
	run.watch.end = (uintptr_t)memory + bytes;
	run.watch.memory = argv[2][0] == 'a'   ? HMS_MEMORY_ANON
			   : argv[2][0] == 's' ? HMS_MEMORY_SHARED
					       : HMS_MEMORY_FILE;
	run.watch.wanted_refault = argv[2][0] != 'a';
	printf("| %s | %s, %s pages | %zu ", argv[1], argv[2],
		huge ? "huge" : "small", bytes >> 20);
	fflush(stdout);
	pthread_create(&threads[0], NULL, program, NULL);
	program_thread = threads[0];
	pthread_create(&threads[1], NULL, worker, &run);
	pthread_join(threads[1], NULL);
	atomic_store(&over, true);
	pthread_join(threads[0], NULL);
	return 0;
}
