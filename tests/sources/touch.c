/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page faults by memory and thread.  Catches faults that are not seen, told
 * of another thread, counted twice, or thinned out without being weighed; and
 * threads that start after the source, or were there before it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "engine/source/source.h"

#define MOST_PAGES 24000
#define LESS_PAGES 6000
/* The second time so few that no ring is full, and rates stay low. */
#define PART 8

static char *memory[2];
static atomic_uint tids[2];
static atomic_int stage; /* 1: touch sparsely told, 2: all told */
static atomic_bool started; /* the source */
static atomic_int done; /* threads that did that stage */
static unsigned long told[2], by_other, tests, failures;

static bool ok(bool passed, const char *name)
{
	tests++;
	failures += !passed;
	printf("%sok %lu - %s\n", passed ? "" : "not ", tests, name);
	return passed;
}

static size_t pages_of(int which)
{
	return which ? LESS_PAGES : MOST_PAGES;
}

static void wait_for(atomic_int *what, int value)
{
	const struct timespec pause = { 0, 1000000 };

	while (atomic_load(what) < value)
		nanosleep(&pause, NULL);
}

static void *toucher(void *arg)
{
	int which = (int)(intptr_t)arg;

	atomic_store(&tids[which], (unsigned)syscall(SYS_gettid));
	for (int s = 1; s <= 2; s++) {
		wait_for(&stage, s);
		for (size_t i = 0; i < pages_of(which) / (s == 1 ? 1 : PART);
			i++)
			memory[which][i * 4096] = 1;
		madvise(memory[which], pages_of(which) * 4096, MADV_DONTNEED);
		atomic_fetch_add(&done, 1);
	}
	return NULL;
}

static void fault(const struct hms_fault *fault, void *unused)
{
	(void)unused;
	for (int i = 0; i < 2; i++) {
		uintptr_t start = (uintptr_t)memory[i];

		if (fault->addr < start ||
			fault->addr >= start + pages_of(i) * 4096)
			continue;
		told[i] += fault->weight;
		if (fault->tid != atomic_load(&tids[i]))
			by_other++;
	}
}

static void see(const struct hms_sight *sight, void *unused)
{
	(void)sight;
	(void)unused;
}

static const struct hms_sights sights = { .see = see, .fault = fault };

/* Ticks until both have touched all. */
static void run_stage(const struct hms_source *source, int s)
{
	/* The second time in few ticks, so that there are too many to keep. */
	const struct timespec pause = { 0, s == 1 ? 2000000 : 60000000 };
	struct timespec now;
	bool last;

	told[0] = told[1] = 0;
	atomic_store(&stage, s);
	do {
		last = atomic_load(&done) == 2 * s;
		nanosleep(&pause, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
		source->tick((uint64_t)now.tv_sec * 1000000000 +
				     (uint64_t)now.tv_nsec,
			50000000, &sights);
	} while (!last);
	printf("# told of %lu of %d and %lu of %d\n", told[0], MOST_PAGES,
		told[1], LESS_PAGES);
}

static void check_threads(void)
{
	struct hms_faults_thread threads[4];
	unsigned n = hms_faults_threads(threads, 4);

	ok(n >= 2 && threads[0].tid == atomic_load(&tids[0]),
		"the thread that faulted most is named first");
}

static void *worker(void *unused)
{
	const struct hms_source *touch = hms_source_find("touch");
	const struct hms_source *refault = hms_source_find("refault");
	struct hms_faults_total before, after;
	uint64_t lost;

	(void)unused;
	if (!ok(touch->start() == 0, "it starts"))
		exit(1);
	atomic_store(&started, true);
	hms_faults_totals(&before);
	run_stage(touch, 1);
	hms_faults_totals(&after);
	/* One record of 61: 390 and 98 of them; four deviations. */
	ok(told[0] > MOST_PAGES * 0.8 && told[0] < MOST_PAGES * 1.2,
		"a thread that was there, in samples");
	ok(told[1] > LESS_PAGES * 0.6 && told[1] < LESS_PAGES * 1.4,
		"a thread that came later, in samples");
	ok(after.minor - before.minor >= MOST_PAGES + LESS_PAGES,
		"the total is the kernel's");
	check_threads();
	/* A source that wants each of them. */
	if (ok(refault->start() == 0, "another one joins")) {
		lost = after.lost;
		run_stage(touch, 2);
		hms_faults_totals(&after);
		lost = after.lost - lost;
		printf("# lost %lu, period %u\n", (unsigned long)lost,
			after.period);
		/* More than are kept of a tick: others stand for them. */
		ok(lost > 0 || (told[0] > MOST_PAGES / PART * 0.8 &&
				       told[0] < MOST_PAGES / PART * 1.2 &&
				       told[1] > LESS_PAGES / PART * 0.6 &&
				       told[1] < LESS_PAGES / PART * 1.4),
			"each is told, or another one for it");
		refault->stop();
	}
	ok(by_other == 0, "none is told of another thread");
	touch->stop();
	return NULL;
}

int main(void)
{
	char why[HMS_WHY] = "";
	const struct timespec pause = { 0, 1000000 };
	pthread_t first, second, late;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (hms_source_find("touch")->probe(why) < 0) {
		printf("1..0 # SKIP touch: %s\n", why);
		return why[0] == 0;
	}
	for (int i = 0; i < 2; i++) {
		memory[i] =
			mmap(NULL, pages_of(i) * 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		madvise(memory[i], pages_of(i) * 4096, MADV_NOHUGEPAGE);
	}
	pthread_create(&first, NULL, toucher, (void *)0);
	pthread_create(&second, NULL, worker, NULL);
	/* By a thread of the program's: HMS's own starts none. */
	while (!atomic_load(&started))
		nanosleep(&pause, NULL);
	pthread_create(&late, NULL, toucher, (void *)1);
	pthread_join(second, NULL);
	pthread_join(first, NULL);
	pthread_join(late, NULL);
	printf("1..%lu\n", tests);
	return failures != 0;
}
