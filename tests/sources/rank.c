/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage: rank SOURCE MEMORY [HUGE]
 *
 * Does a source find the hot blocks of this program, and how hot they are?
 * One thread touches random pages at rates that the test knows, another one
 * is HMS's worker, with the source's own ticks.  Every other test of sources
 * looks at one part; here the kernel is the real one.
 *
 * Catches a source that sees nothing, sees other memory, reports time in
 * other units, forgets exposure, or changes what the program reads.
 *
 * MEMORY: anon, shared (a memfd), file (in $TMPDIR), device:PATH (DAX).
 * TAP; a source that does not work here says why and is skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/maths.h"
#include "engine/source/source.h"
#include "tests/sources/room.h"

#define BLOCK HMS_SOURCE_BLOCK
#define BLOCKS 48
#define HOT 6 /* every eighth */
#define PAGES (BLOCK / 4096)
/* Accesses per second of a block. */
#define HOT_RATE 2000.0
#define COLD_RATE 20.0
#define TICK_NS 50000000

static char *memory;
static double scale = 1; /* of both rates */
static bool faulty, closing; /* calls of HMS fail; the program closes all */
static double percent = 1; /* of a core, for the source */
static double factor = 3; /* that estimates may be wrong by */
static atomic_ulong touched[BLOCKS];
static atomic_bool over;
static atomic_ulong wrong; /* pages that did not hold what was written */
static struct block {
	double events, exposure;
} blocks[BLOCKS];
static double everywhere;
static unsigned long sights, strange, tests, failures;

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool is_hot(unsigned block)
{
	return block % (BLOCKS / HOT) == 3;
}

static bool ok(bool passed, const char *name)
{
	tests++;
	failures += !passed;
	printf("%sok %lu - %s\n", passed ? "" : "not ", tests, name);
	return passed;
}

static uint64_t *page_of(unsigned block, unsigned page)
{
	return (uint64_t *)(memory + block * BLOCK + page * 4096);
}

static uint64_t word_of(unsigned block, unsigned page)
{
	return (uint64_t)block << 32 | page | UINT64_C(1) << 60;
}

static void touch(unsigned block, unsigned page, bool write)
{
	volatile uint64_t *word = page_of(block, page);

	if (*word != word_of(block, page))
		atomic_fetch_add(&wrong, 1);
	if (write)
		*word = word_of(block, page);
	atomic_fetch_add_explicit(&touched[block], 1, memory_order_relaxed);
}

/* Touches as many random pages of each block as its rate asks for by now. */
static void *program(void *unused)
{
	const struct timespec pause = { 0, 200000 };
	unsigned seed = 7;
	double due[BLOCKS] = { 0 };
	uint64_t last = now_ns(CLOCK_MONOTONIC);

	(void)unused;
	while (!atomic_load(&over)) {
		uint64_t now = now_ns(CLOCK_MONOTONIC);
		double seconds = (double)(now - last) * 1e-9;
		unsigned first = (unsigned)rand_r(&seed) % BLOCKS;

		last = now;
		for (unsigned i = 0; i < BLOCKS; i++) {
			unsigned b = (first + i) % BLOCKS;

			due[b] += seconds * scale *
				  (is_hot(b) ? HOT_RATE : COLD_RATE);
			/* Poisson: times between are exponential. */
			while (due[b] > 0) {
				due[b] += hms_ln((1.0 + rand_r(&seed)) /
						 (1.0 + RAND_MAX));
				touch(b, (unsigned)rand_r(&seed) % PAGES,
					rand_r(&seed) & 1);
			}
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* As daemons do: what is open is closed, and the numbers are used again. */
static void *closer(void *unused)
{
	const struct timespec pause = { 0, 300000000 };

	(void)unused;
	while (!atomic_load(&over)) {
		close_range(3, ~0U, 0);
		for (int i = 0; i < 16; i++)
			open("/dev/zero", O_RDONLY | O_CLOEXEC);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void see(const struct hms_sight *sight, void *unused)
{
	uintptr_t base = (uintptr_t)memory;

	(void)unused;
	sights++;
	if (sight->addr < base || sight->addr >= base + BLOCKS * BLOCK ||
		sight->len == 0 || sight->len > BLOCK ||
		(sight->addr - base) / BLOCK !=
			(sight->addr + sight->len - 1 - base) / BLOCK ||
		sight->events < 0 || sight->exposure < 0) {
		strange++;
		return;
	}
	blocks[(sight->addr - base) / BLOCK].events += sight->events;
	blocks[(sight->addr - base) / BLOCK].exposure += sight->exposure;
}

static void all(float exposure, void *unused)
{
	(void)unused;
	everywhere += exposure;
}

static const struct hms_sights listener = { .see = see, .all = all };

static double rate(unsigned b)
{
	double exposure = blocks[b].exposure + everywhere;

	return exposure > 0 ? blocks[b].events / exposure : 0;
}

/* Is there enough to judge by?  Of each block, and of each hot one more. */
static bool enough(void)
{
	for (unsigned b = 0; b < BLOCKS; b++)
		if (is_hot(b) ? blocks[b].events < 20
			      : (blocks[b].exposure + everywhere) * scale < 0.2)
			return false;
	return true;
}

/* Waits for what the test is about, 60 s at most. */
static bool gather(const struct hms_source *source, uint64_t *cpu)
{
	const struct timespec tick = { 0, TICK_NS };
	uint64_t start = now_ns(CLOCK_MONOTONIC), now = start, least = start;
	const char *seconds = getenv("HMS_TEST_SECONDS");
	const uint64_t most = faulty ? 700000000 : 60000000000;
	unsigned long n = 0;

	if (seconds)
		least += strtoul(seconds, NULL, 10) * 1000000000;
	/* With calls that fail there may never be enough. */
	while (now < least || (!enough() && now < start + most)) {
		nanosleep(&tick, NULL);
		now = now_ns(CLOCK_MONOTONIC);
		source->tick(
			now, (uint64_t)(TICK_NS / 100 * percent), &listener);
		n++;
	}
	*cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
	printf("# %lu ticks, %lu sights in %.1f s\n", n, sights,
		(double)(now - start) * 1e-9);
	return enough();
}

static unsigned hot_on_top(void)
{
	bool taken[BLOCKS] = { false };
	unsigned found = 0;

	for (unsigned i = 0; i < HOT; i++) {
		unsigned best = BLOCKS;

		for (unsigned b = 0; b < BLOCKS; b++)
			if (!taken[b] &&
				(best == BLOCKS || rate(b) > rate(best)))
				best = b;
		taken[best] = true;
		found += is_hot(best);
	}
	return found;
}

/* Sum of events over sum of exposures. */
static double rate_of(bool hot)
{
	double events = 0, exposure = 0;

	for (unsigned b = 0; b < BLOCKS; b++) {
		if (is_hot(b) != hot)
			continue;
		events += blocks[b].events;
		exposure += blocks[b].exposure + everywhere;
	}
	return events / exposure;
}

static void judge(bool writes_only)
{
	double true_hot = HOT_RATE * scale, true_cold = COLD_RATE * scale;
	double hot = rate_of(true), cold = rate_of(false), ratio;

	if (writes_only) {
		true_hot /= 2;
		true_cold /= 2;
	}
	ratio = hot / cold / (true_hot / true_cold);
	printf("# rates: hot %.1f of %.1f, cold %.2f of %.2f, ratio %.1f of "
	       "%.1f\n",
		hot, true_hot, cold, true_cold, hot / cold,
		true_hot / true_cold);
	ok(hot_on_top() == HOT, "the hottest blocks are the hot ones");
	ok(ratio > 1 / factor && ratio < factor, "hot to cold is about right");
	ok(hot > true_hot / factor && hot < true_hot * factor,
		"hot blocks' rate is about right");
}

/* In a child nothing of the source is left, and memory is as it was. */
static void fork_once(const struct hms_source *source)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		source->after_fork();
		for (unsigned b = 0; b < BLOCKS; b++)
			for (unsigned p = 0; p < PAGES; p++)
				if (*page_of(b, p) != word_of(b, p))
					_exit(1);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(pid > 0 && status == 0, "a child finds memory as it was");
}

struct run {
	const struct hms_source *source;
	struct hms_watch watch;
	bool writes_only, huge;
	int rc;
};

/* HMS's worker: a thread of its own, since its own faults are left out. */
static void *worker(void *arg)
{
	struct run *run = arg;
	const struct hms_source *source = run->source;
	unsigned long huge = room_huge_kib(memory, BLOCKS * BLOCK), whole;
	unsigned before = room_mappings(memory, BLOCKS * BLOCK);
	int fds = room_open_fds();
	uint64_t cpu = 0, start = now_ns(CLOCK_THREAD_CPUTIME_ID);

	run->rc = source->start();
	if (run->rc < 0 && faulty)
		return NULL;
	if (!ok(run->rc == 0, "it starts"))
		return NULL;
	run->rc = source->watch(&run->watch);
	ok(run->rc == 0 || faulty, "it watches");
	ok(gather(source, &cpu) || faulty, "it sees enough within a minute");
	printf("# worker: %.1f ms of CPU time\n", (double)(cpu - start) * 1e-6);
	if (!faulty)
		judge(run->writes_only);
	ok(strange == 0, "nothing is said of other memory");
	ok(atomic_load(&wrong) == 0, "the program finds what it wrote");
	/*
	 * Zapped ones come back as what they were.  Before the fork: what the
	 * program writes while the child lives is split by the kernel.
	 */
	for (unsigned b = 0; b < BLOCKS; b++)
		touch(b, PAGES / 2, false);
	whole = room_huge_kib(memory, BLOCKS * BLOCK);
	fork_once(source);
	source->forget(run->watch.start, run->watch.end);
	source->stop();
	printf("# huge pages: %lu KiB before, %lu after\n", huge, whole);
	if (run->huge)
		ok(huge >= BLOCKS * BLOCK / 2048, "it had huge pages");
	if (huge)
		ok(whole + 2048 >= huge, "huge pages stay whole");
	printf("# mappings: %u before, %u after\n", before,
		room_mappings(memory, BLOCKS * BLOCK));
	ok(room_mappings(memory, BLOCKS * BLOCK) <= before || faulty,
		"mappings are as they were");
	ok(room_open_fds() == fds || faulty || closing,
		"no descriptor is left");
	return NULL;
}

int main(int argc, char **argv)
{
	struct run run = { 0 };
	char why[HMS_WHY] = "";
	pthread_t threads[3];
	const char *kind = argc > 2 ? argv[2] : "anon";
	bool huge = argc > 3 && strcmp(argv[3], "huge") == 0;
	const char *speed = getenv("HMS_TEST_RATE");

	faulty = getenv("HMS_FAULT") != NULL;
	closing = getenv("HMS_TEST_CLOSE") != NULL;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (speed)
		scale = atof(speed);
	if (getenv("HMS_TEST_PERCENT"))
		percent = atof(getenv("HMS_TEST_PERCENT"));
	if (getenv("HMS_TEST_FACTOR"))
		factor = atof(getenv("HMS_TEST_FACTOR"));
	run.source = hms_source_find(argc > 1 ? argv[1] : "accessed");
	if (!run.source)
		return 64;
	run.huge = huge;
	run.writes_only = strcmp(run.source->name, "written") == 0;
	run.rc = run.source->probe(why);
	if (run.rc < 0 && faulty) {
		ok(why[0] != 0, "it says why it does not work");
		printf("# %s\n1..1\n", why);
		return failures != 0;
	}
	if (run.rc < 0) {
		printf("1..0 # SKIP %s: %s\n", run.source->name, why);
		return why[0] ? 0 : 1;
	}
	memory = room_make(kind, BLOCKS * BLOCK, huge);
	if (!memory) {
		printf("1..0 # SKIP no memory of kind %s: %s\n", kind,
			strerror(errno));
		return 0;
	}
	for (unsigned b = 0; b < BLOCKS; b++)
		for (unsigned p = 0; p < PAGES; p++)
			*page_of(b, p) = word_of(b, p);
	run.watch.start = (uintptr_t)memory;
	run.watch.end = (uintptr_t)memory + BLOCKS * BLOCK;
	run.watch.memory = kind[0] == 'a'   ? HMS_MEMORY_ANON
			   : kind[0] == 's' ? HMS_MEMORY_SHARED
			   : kind[0] == 'd' ? HMS_MEMORY_DEVICE
					    : HMS_MEMORY_FILE;
	run.watch.wanted_refault = kind[0] != 'a';
	ok(run.source->fits(&run.watch), "it fits this memory");
	pthread_create(&threads[0], NULL, program, NULL);
	pthread_create(&threads[1], NULL, worker, &run);
	if (closing)
		pthread_create(&threads[2], NULL, closer, NULL);
	pthread_join(threads[1], NULL);
	atomic_store(&over, true);
	pthread_join(threads[0], NULL);
	if (closing)
		pthread_join(threads[2], NULL);
	printf("1..%lu\n", tests);
	return failures != 0;
}
