/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places without a private heap, one per band of sizes, and what threads keep
 * of them.  Catches blocks that come from another band's place, or twice;
 * caches that grow without bound, or outlive their thread; content lost.
 *
 *	caches [FOLDER]		FOLDER/b0 ... b6 are the bands' files
 */
#include "tests/stress/tap.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

#include "tests/stress/caches.h"

enum { THREADS = 4, OPERATIONS = 60000, BLOCKS = 2000 };

struct block {
	unsigned char *p;
	size_t size;
	unsigned seed;
};

static struct block blocks[BLOCKS];
static pthread_mutex_t locks[BLOCKS];
static int bad;

/* Evenly over the logarithm, 1 byte to 128 KiB; the large ones are rare. */
static size_t draw_size(uint32_t *state)
{
	uint32_t bits = draw(state) % 100;

	bits = bits < 90 ? bits % 13 : bits % 17;
	return ((size_t)1 << bits) + draw(state) % ((size_t)1 << bits);
}

static void fresh(struct block *b, uint32_t *state)
{
	size_t n = draw_size(state), align = (size_t)16 << draw(state) % 9;

	b->p = NULL;
	switch (draw(state) % 8) {
	case 0:
		b->p = calloc(1, n);
		for (size_t i = 0; i < n; i++)
			if (b->p[i])
				bad = tap_bad("calloc is not zero", n) + 1;
		break;
	case 1:
		if (posix_memalign((void **)&b->p, align, n) ||
			((uintptr_t)b->p & (align - 1)))
			bad = tap_bad("alignment", align) + 1;
		break;
	default:
		b->p = malloc(n);
	}
	if (((uintptr_t)b->p & 15) || malloc_usable_size(b->p) < n)
		bad = tap_bad("no such block", n) + 1;
	b->size = n;
	b->seed = draw(state);
	fill(b->p, n, b->seed);
}

static void resize(struct block *b, uint32_t *state)
{
	size_t n = draw_size(state);
	unsigned char *p = realloc(b->p, n);

	if (!filled(p, n < b->size ? n : b->size, b->seed))
		bad = tap_bad("content after realloc", n) + 1;
	b->p = p;
	b->size = n;
	fill(p, n, b->seed);
}

static void *operate(void *seed)
{
	uint32_t state = (uint32_t)(uintptr_t)seed;

	for (int i = 0; i < OPERATIONS; i++) {
		unsigned at = draw(&state) % BLOCKS;
		struct block *b = &blocks[at];

		pthread_mutex_lock(&locks[at]);
		if (!b->p) {
			fresh(b, &state);
		} else if (draw(&state) % 4 == 0) {
			resize(b, &state);
		} else {
			if (!filled(b->p, b->size, b->seed))
				bad = tap_bad("content", b->size) + 1;
			free(b->p);
			b->p = NULL;
		}
		pthread_mutex_unlock(&locks[at]);
	}
	return NULL;
}

static void in_threads(void *(*fn)(void *), unsigned n)
{
	pthread_t threads[16];

	for (unsigned i = 0; i < n; i++)
		pthread_create(
			&threads[i], NULL, fn, (void *)(uintptr_t)(i * 77 + 1));
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

static bool all_filled(void)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		if (blocks[i].p &&
			!filled(blocks[i].p, blocks[i].size, blocks[i].seed))
			return tap_bad("content", i);
	return true;
}

static void test_random(const char *folder)
{
	bool placed = true;

	for (unsigned i = 0; i < BLOCKS; i++)
		pthread_mutex_init(&locks[i], NULL);
	in_threads(operate, THREADS);
	tap_ok(!bad, "random operations of several threads");
	tap_ok(all_filled(), "what is alive has its content");
	for (unsigned i = 0; folder && i < BLOCKS; i++)
		if (blocks[i].p &&
			!lies_in(folder, blocks[i].p, band_of(blocks[i].size)))
			placed = tap_bad("in another place", blocks[i].size);
	if (folder)
		tap_ok(placed, "every block lies in its own place's file");
	for (unsigned i = 0; i < BLOCKS; i++) {
		free(blocks[i].p);
		blocks[i].p = NULL;
	}
}

/* One allocates, another frees: nothing may pile up with either. */
enum { HANDED = 1000, ROUNDS = 400 };
static void *handed[HANDED];
static pthread_barrier_t barrier;

static void *consume(void *unused)
{
	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < HANDED; i++)
			free(handed[i]);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void test_handover(void)
{
	size_t early = 0;
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, consume, NULL);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < HANDED; i++) {
			size_t n = 16 + (size_t)(i + round) % 40 * 40;

			handed[i] = memset(malloc(n), round, n);
		}
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		if (round == ROUNDS / 4)
			early = resident();
	}
	pthread_join(thread, NULL);
	/* 300 rounds more are 240 MB. */
	tap_ok(resident() < early + ((size_t)6 << 20),
		"what one thread frees, the other gets");
}

/* Threads that come and go leave nothing behind. */
static pthread_key_t key;
static __thread int rounds;

/* Runs before HMS's own or after it, again and again: both must do. */
static void at_end(void *block)
{
	free(block);
	for (size_t n = 10; n < 3000; n *= 2)
		free(malloc(n));
	if (rounds++ < 3)
		pthread_setspecific(key, malloc(100));
}

static void *live_shortly(void *seed)
{
	uint32_t state = (uint32_t)(uintptr_t)seed;
	void *kept[200];

	pthread_setspecific(key, malloc(100));
	for (int i = 0; i < 200; i++) {
		size_t n = draw_size(&state);

		kept[i] = memset(malloc(n), 1, n);
	}
	for (int i = 0; i < 200; i++)
		free(kept[i]);
	return NULL;
}

static void test_comings(void)
{
	size_t early, in_use;

	pthread_key_create(&key, at_end);
	for (int i = 0; i < 25; i++)
		in_threads(live_shortly, 4);
	early = resident();
	in_use = mallinfo2().uordblks;
	for (int i = 0; i < 225; i++)
		in_threads(live_shortly, 4);
	tap_ok(resident() < early + ((size_t)4 << 20),
		"1,000 threads come and go: resident memory");
	tap_ok(mallinfo2().uordblks < in_use + (64 << 10),
		"1,000 threads come and go: memory in use");
}

/* What one thread's cache holds of one class, whole. */
enum { CACHED = 900, CACHED_SIZE = 64 };

static void test_trim(void)
{
	void *held[CACHED];
	struct rlimit limit;
	size_t before;

	for (int i = 0; i < CACHED; i++)
		held[i] = malloc(CACHED_SIZE);
	before = mallinfo2().uordblks;
	for (int i = 0; i < CACHED; i++)
		free(held[i]);
	/* Without address space to spare the caches are jemalloc's own. */
	getrlimit(RLIMIT_AS, &limit);
	if (limit.rlim_cur == RLIM_INFINITY)
		tap_ok(mallinfo2().uordblks + CACHED * CACHED_SIZE <= before,
			"what a cache holds is not in use");
	malloc_trim(0);
	tap_ok(mallinfo2().uordblks + CACHED * CACHED_SIZE <= before,
		"nor after malloc_trim");
}

int main(int argc, char **argv)
{
	test_random(argc > 1 && *argv[1] ? argv[1] : NULL);
	test_handover();
	test_comings();
	if (getenv("HMS_POLICY"))
		test_trim();
	if (getenv("HMS_POLICY"))
		tap_ok(orphans_are_used(),
			"a child uses what its parent's threads kept");
	tap_ok(children_are_whole(), "children find every block once");
	return tap_done();
}
