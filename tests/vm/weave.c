/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills a heap in several ways and asks the kernel, each time, where all
 * pages are that hold a live block.  Knows nothing of HMS.
 *
 * usage: weave grow|reuse|large|bands|threads
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tests/vm/where.h"

enum { MOST = 400000 };

/* Not on the heap that is looked at. */
static struct block {
	char *p;
	size_t len;
} * blocks;
static uintptr_t *pages;
static size_t nblocks, live;
static uint32_t state = 1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *map(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static uint32_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static int compare(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return (x > y) - (x < y);
}

/* Where are the pages of blocks from `first` on?  Each page counts once. */
static void say(const char *kind, size_t first)
{
	struct where sum = {};
	size_t n = 0, kept = 0;

	for (size_t i = first; i < nblocks; i++) {
		uintptr_t p = (uintptr_t)blocks[i].p;

		for (uintptr_t at = p & ~(uintptr_t)4095;
			p && at < p + blocks[i].len; at += 4096)
			pages[n++] = at;
	}
	qsort(pages, n, sizeof(*pages), compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || pages[kept - 1] != pages[i])
			pages[kept++] = pages[i];
	/* Neighbours are asked about together. */
	for (size_t i = 0, run; i < kept; i += run) {
		for (run = 1; i + run < kept &&
			      pages[i + run] == pages[i] + run * 4096;)
			run++;
		where_add(&sum, (void *)pages[i], run * 4096);
	}
	where_print(kind, &sum);
}

static void add(size_t len)
{
	char *p = malloc(len);

	memset(p, 7, len);
	pthread_mutex_lock(&lock);
	blocks[nblocks++] = (struct block){ p, len };
	live += len;
	pthread_mutex_unlock(&lock);
}

static void fill_to(size_t mib, size_t least, size_t most)
{
	while (live < mib << 20 && nblocks < MOST)
		add(least + draw() % (most - least + 1));
}

static void do_grow(void)
{
	static const size_t steps[] = { 2, 4, 8, 16, 48 };
	char kind[32];

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		fill_to(steps[i], 16, 600);
		snprintf(kind, sizeof(kind), "grow-%zu", steps[i]);
		say(kind, 0);
	}
}

/* Three of four blocks go, others of other sizes come in their place. */
static void do_reuse(void)
{
	char kind[32];

	fill_to(16, 16, 600);
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < nblocks; i++) {
			if (!blocks[i].p || draw() % 4 == 0)
				continue;
			free(blocks[i].p);
			live -= blocks[i].len;
			blocks[i].p = NULL;
		}
		fill_to(16, round % 2 ? 16 : 700, round % 2 ? 600 : 9000);
		snprintf(kind, sizeof(kind), "reuse-%d", round);
		say(kind, 0);
	}
}

static void do_large(void)
{
	add(3 << 20);
	say("large-1", 0);
	for (int i = 0; i < 4; i++)
		add(5000000);
	say("large-5", 0);
	add(64 << 20);
	say("large-6", 0);
}

/* Each band of sizes has a rule of its own, all with the same place. */
static void do_bands(void)
{
	static const size_t last[] = { 32, 64, 128, 512, 2048, 16384, 65536 };
	size_t least = 17;
	char kind[32];

	for (size_t i = 0; i < sizeof(last) / sizeof(*last); i++) {
		size_t first = nblocks;

		live = 0;
		fill_to(i < 2 ? 2 : 4, least, last[i]);
		snprintf(kind, sizeof(kind), "band-%zu", last[i]);
		say(kind, first);
		least = last[i] + 1;
	}
}

static void *fill_some(__attribute__((unused)) void *arg)
{
	for (int i = 0; i < 5000; i++)
		add(100 + (size_t)i % 700);
	return NULL;
}

static void do_threads(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, fill_some, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	say("threads", 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} ways[] = { { "grow", do_grow }, { "reuse", do_reuse },
		{ "large", do_large }, { "bands", do_bands },
		{ "threads", do_threads } };

	blocks = map(MOST * sizeof(*blocks));
	pages = map((MOST + (256 << 8)) * 2 * sizeof(*pages));
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(argv[1], ways[i].name)) {
			ways[i].fn();
			return 0;
		}
	return 64;
}
