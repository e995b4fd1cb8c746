/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does anybody ever see a wrong byte while memory moves?  Threads write, read,
 * hand to the kernel and to devices, map, protect, fork; each knows what it
 * has put where.  One thread moves every block to and fro all the time.
 *
 * Runs in rounds, each with new memory: what was on a file as the program
 * forked stays there (engine/target/fork.h), so forks come late in a round.
 *
 *	data SECONDS [LEAST [RESULT]]	moves that each way must see, or the
 *					only result that moves may have
 */
#include "tests/mover/data.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/mover/kit.h"

#define IN_BLOCK (BLOCK / PAGE)
#define MOVED_AT_ONCE 4

char *arena, *churned;
int over;

/* Calls of the mover that a round must see, however slow the machine. */
#define CALLS 12

static unsigned calls; /* in this round; atomic */
static int only_result; /* all moves are to end so; 0: any */
static uint64_t ways[2][2]; /* moves done from step to step */
static uint64_t results[4096];

uint64_t draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

uint64_t word_for(const void *at, uint64_t salt)
{
	uint64_t n = ((uintptr_t)at / 8 + salt * 0x9e3779b97f4a7c15) | 1;

	return n * 0xff51afd7ed558ccd;
}

void fill(void *at, size_t len, uint64_t salt)
{
	uint64_t *word = at;

	for (size_t i = 0; i < len / 8; i++)
		word[i] = word_for(&word[i], salt);
}

void check(const char *who, const void *at, size_t len, uint64_t salt)
{
	const uint64_t *word = at;

	for (size_t i = 0; i < len / 8; i++)
		if (word[i] != word_for(&word[i], salt))
			kit_fail("%s: word %zu at %p is %016lx, not %016lx",
				who, i, at, word[i], word_for(&word[i], salt));
}

char *page_of_share(unsigned block, unsigned n, enum share share)
{
	return arena + block * BLOCK + (n * SHARES + share) * PAGE;
}

int ended(void)
{
	return __atomic_load_n(&over, __ATOMIC_RELAXED);
}

static struct {
	const char *who;
	uint64_t n;
} counts[16];

void count(const char *who, uint64_t n)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	unsigned i = 0;

	pthread_mutex_lock(&lock);
	while (counts[i].who && strcmp(counts[i].who, who) != 0)
		i++;
	counts[i].who = who;
	counts[i].n += n;
	pthread_mutex_unlock(&lock);
}

/* Words of its own pages: what was written last must be there still. */
static void *writer_thread(void *arg)
{
	static uint32_t last[2][BLOCKS * IN_BLOCK / SHARES * 8];
	enum share share = (enum share)(uintptr_t)arg;
	uint32_t *mine = last[share];
	uint64_t state = 88172645463325252ull + share, n = 0;

	memset(mine, 0, sizeof(last[0]));
	for (; !ended(); n++) {
		uint64_t block = draw(&state, BLOCKS);
		uint64_t page = draw(&state, IN_BLOCK / SHARES);
		uint64_t at = draw(&state, 8);
		uint64_t *word =
			(uint64_t *)(void *)(page_of_share((unsigned)block,
						     (unsigned)page, share) +
					     at * 512);
		uint32_t *was =
			&mine[(block * IN_BLOCK / SHARES + page) * 8 + at];

		if (*was &&
			(word[0] != *was || word[1] != word_for(word, *was)))
			kit_fail("a write is lost at %p: %lu, not %u",
				(void *)word, word[0], *was);
		++*was;
		word[0] = *was;
		word[1] = word_for(word, *was);
	}
	count("writes", n);
	return NULL;
}

static void check_still(void)
{
	for (unsigned block = 0; block < BLOCKS; block++)
		for (unsigned n = 0; n < IN_BLOCK / SHARES; n++) {
			const char *thin = page_of_share(block, n, SHARE_THIN);

			check("still", page_of_share(block, n, SHARE_STILL),
				PAGE, 1);
			if (n % 2)
				check("thin", thin, PAGE, 2);
		}
}

/* Reads what never changes; the empty pages only at the end. */
static void *reader_thread(void *arg)
{
	uint64_t n = 0;

	for (; !ended(); n++)
		check_still();
	count("looks", n);
	return arg;
}

/* One block to the step that it is not on. */
static void ask(struct hms_transfer *t, char *block, int *from)
{
	struct hms_range range;

	*t = (struct hms_transfer){ .start = (uintptr_t)block,
		.end = (uintptr_t)block + BLOCK };
	*from = -1;
	if (!kit_find(t->start, &range) || range.step < 0)
		return;
	*from = range.step;
	t->step = !range.step;
	t->to = kit_target(&range, t->step);
}

static void *mover_thread(void *arg)
{
	uint64_t state = 0x1234567887654321ull;

	while (!ended()) {
		struct hms_transfer t[MOVED_AT_ONCE];
		int from[MOVED_AT_ONCE];
		unsigned n = 0;

		for (unsigned i = 0; i < MOVED_AT_ONCE; i++) {
			char *other =
				__atomic_load_n(&churned, __ATOMIC_ACQUIRE);
			char *block = arena + draw(&state, BLOCKS) * BLOCK;

			if (other && draw(&state, 3) == 0)
				block = other + draw(&state, 2) * BLOCK;
			ask(&t[n], block, &from[n]);
			n += from[n] >= 0;
		}
		kit_move(t, n);
		__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
		for (unsigned i = 0; i < n; i++) {
			if (only_result && t[i].result != only_result &&
				t[i].result != -ENOENT)
				kit_fail("a move ended %d", t[i].result);
			results[-t[i].result & 4095]++;
			if (!t[i].result)
				ways[from[i]][t[i].step]++;
		}
	}
	return arg;
}

static void set_up(void)
{
	arena = kit_mmap(BLOCKS * BLOCK);
	if (arena == MAP_FAILED)
		kit_fail("mmap: %m");
	for (unsigned block = 0; block < BLOCKS; block++)
		for (unsigned n = 0; n < IN_BLOCK / SHARES; n++) {
			fill(page_of_share(block, n, SHARE_STILL), PAGE, 1);
			if (n % 2)
				fill(page_of_share(block, n, SHARE_THIN), PAGE,
					2);
			fill(page_of_share(block, n, SHARE_FORK), PAGE, 3);
		}
}

static void tear_down(void)
{
	static const char zero[PAGE];

	check_still();
	for (unsigned block = 0; block < BLOCKS; block++)
		for (unsigned n = 0; n < IN_BLOCK / SHARES; n++) {
			check("parent", page_of_share(block, n, SHARE_FORK),
				PAGE, 3);
			if (memcmp(page_of_share(block, n, SHARE_EMPTY), zero,
				    PAGE) != 0)
				kit_fail("an untouched page is not zero");
		}
	if (kit_munmap(arena, BLOCKS * BLOCK))
		kit_fail("munmap: %m");
}

struct job {
	void *(*fn)(void *);
	uintptr_t number;
};

/* All but the mover stand back: it is moves that are to be many. */
static void *run_job(void *arg)
{
	const struct job *job = arg;

	if (job->fn != mover_thread)
		setpriority(PRIO_PROCESS, 0, 10);
	return job->fn((void *)job->number);
}

static void run_round(double seconds)
{
	static void *(*const threads[])(void *) = { writer_thread,
		writer_thread, reader_thread, pipe_thread, direct_thread,
		churn_thread, fork_thread, mover_thread };
	enum { N = sizeof(threads) / sizeof(threads[0]) };
	const struct timespec t = { (time_t)seconds,
		(long)((seconds - (double)(time_t)seconds) * 1e9) };
	struct job jobs[N];
	pthread_t id[N];

	set_up();
	__atomic_store_n(&over, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&calls, 0, __ATOMIC_RELAXED);
	for (uintptr_t i = 0; i < N; i++) {
		jobs[i] = (struct job){ threads[i], i };
		if (pthread_create(&id[i], NULL, run_job, &jobs[i]))
			kit_fail("pthread_create: %m");
	}
	/* The length of the test, not a wait for anything. */
	do
		nanosleep(&t, NULL);
	while (__atomic_load_n(&calls, __ATOMIC_RELAXED) < CALLS);
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < N; i++)
		pthread_join(id[i], NULL);
	tear_down();
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char *const page_text[HMS_PAGE_ENDS] = {
	[HMS_PAGE_BUSY] = "busy",
	[HMS_PAGE_SHARED] = "shared",
	[HMS_PAGE_NOMEM] = "without room",
	[HMS_PAGE_GONE] = "gone",
	[HMS_PAGE_OTHER] = "otherwise",
};

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 2, start = now();
	uint64_t least = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	struct hms_mover_stats stats;
	unsigned rounds = 0;

	only_result = argc > 3 ? -atoi(argv[3]) : 0;
	kit_start();
	for (; now() - start < seconds; rounds++)
		run_round(seconds < 2 ? seconds / 2 : 1);
	printf("# %u rounds; moved forth %lu, back %lu;", rounds, ways[0][1],
		ways[1][0]);
	for (int i = 1; i < 4096; i++)
		if (results[i])
			printf(" %s %lu", strerrorname_np(i), results[i]);
	for (int i = 0; counts[i].who; i++)
		printf("; %s %lu", counts[i].who, counts[i].n);
	kit_stats(&stats);
	for (int i = 0; i < HMS_PAGE_ENDS; i++)
		if (stats.pages[i])
			printf("; pages %s %lu", page_text[i], stats.pages[i]);
	printf("; undone %lu, stray %lu bytes\n", stats.undone, stats.stray);
	if (!only_result && (ways[0][1] < least || ways[1][0] < least))
		kit_fail("fewer moves than %lu", least);
	return 0;
}
