/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 10,000 short threads under load, blocks freed by other threads, threads on
 * tiny stacks, on stacks from the heap and from 64 MiB mappings.  Catches
 * per-thread state that is lost, leaked (memory must not grow by thread) or
 * freed twice, and a library that uses much of a small stack.
 */
#include "tests/stress/tap.h"

#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SHORT = 10000, ABREAST = 16, SLOTS = 256, STACK = 64 << 20 };

struct block {
	size_t size;
	unsigned seed;
	unsigned char data[];
};

/* Blocks on their way from one thread to the next that looks. */
static _Atomic(struct block *) slots[SLOTS];
static volatile bool wrong;

static struct block *make(uint32_t *state)
{
	uint32_t kind = draw(state) % 100;
	size_t n = kind < 80 ? kind * 3 + 1 : kind < 98 ? kind * 300 : 70000;
	struct block *b = malloc(sizeof(*b) + n);

	if (!b) {
		wrong = true;
		return NULL;
	}
	b->size = n;
	b->seed = *state;
	fill(b->data, n, b->seed);
	return b;
}

static void check(struct block *b)
{
	if (b && !filled(b->data, b->size, b->seed))
		wrong = true;
	free(b);
}

static void exchange(uint32_t *state, int times)
{
	for (int i = 0; i < times; i++) {
		_Atomic(struct block *) *slot = &slots[draw(state) % SLOTS];

		check(__atomic_exchange_n(slot, make(state), __ATOMIC_ACQ_REL));
	}
}

static void *short_thread(void *arg)
{
	uint32_t state = (uint32_t)(uintptr_t)arg * 2654435761u + 1;
	void *own = malloc(draw(&state) % 5000);

	exchange(&state, 5);
	free(own);
	return malloc(1);
}

static void *long_thread(void *arg)
{
	uint32_t state = (uint32_t)(uintptr_t)arg + 77;

	exchange(&state, 8000);
	return malloc(1);
}

static size_t resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	size_t size = 0, pages = 0;

	if (f && fscanf(f, "%zu %zu", &size, &pages) != 2)
		pages = 0;
	if (f)
		fclose(f);
	return pages * 4096;
}

/* Runs n threads of fn, ABREAST at a time; attr may be NULL. */
static bool run(int n, void *(*fn)(void *), pthread_attr_t *attr)
{
	pthread_t t[ABREAST];
	bool used[ABREAST] = { false };
	void *result;

	for (int i = 0; i < n + ABREAST; i++) {
		int k = i % ABREAST;

		if (used[k]) {
			pthread_join(t[k], &result);
			free(result);
		}
		used[k] = false;
		if (i >= n)
			continue;
		if (pthread_create(&t[k], attr, fn, (void *)(uintptr_t)i))
			return tap_bad("pthread_create", (size_t)i);
		used[k] = true;
	}
	return !wrong;
}

static void test_short(void)
{
	size_t before, after;
	bool good = run(SHORT / 4, short_thread, NULL);

	before = resident();
	good &= run(SHORT, short_thread, NULL);
	after = resident();
	tap_ok(good, "10,000 short threads");
	good = after < before + (64u << 20);
	if (!good)
		tap_bad("resident memory grew", after - before);
	tap_ok(good, "and they leave no memory behind");
	tap_ok(run(8, long_thread, NULL), "blocks freed by other threads");
}

static void test_stacks(void)
{
	pthread_attr_t attr;
	pthread_t t[4];
	void *stacks[4], *result;
	bool good = true;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN + 8192);
	tap_ok(run(500, short_thread, &attr), "threads on the smallest stacks");
	for (int i = 0; i < 200; i++) {
		stacks[0] = aligned_alloc(4096, 256 << 10);
		pthread_attr_setstack(&attr, stacks[0], 256 << 10);
		good &= !pthread_create(&t[0], &attr, short_thread, (void *)5);
		pthread_join(t[0], &result);
		free(result);
		free(stacks[0]);
	}
	tap_ok(good && !wrong, "threads on stacks from the heap");
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 4; i++) {
			stacks[i] = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
					MAP_STACK,
				-1, 0);
			pthread_attr_setstack(&attr, stacks[i], STACK);
			good &= !pthread_create(
				&t[i], &attr, short_thread, (void *)7);
		}
		for (int i = 0; i < 4; i++) {
			pthread_join(t[i], &result);
			free(result);
			munmap(stacks[i], STACK);
		}
	}
	tap_ok(good && !wrong, "threads on stacks of 64 MiB mappings");
	pthread_attr_destroy(&attr);
}

static void *detached(void *arg)
{
	_Atomic int *left = arg;
	uint32_t state = (uint32_t)(uintptr_t)&left + 1;

	exchange(&state, 20);
	(*left)--;
	return NULL;
}

/* Main leaves while threads are at work: exit must not crash them. */
static void test_detached(void)
{
	static _Atomic int left = 200;
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < 200; i++)
		while (pthread_create(&t, &attr, detached, (void *)&left))
			sched_yield();
	while (left)
		sched_yield();
	tap_ok(!wrong, "detached threads");
	for (int i = 0; i < 8; i++)
		pthread_create(&t, &attr, long_thread, (void *)9);
}

int main(void)
{
	test_short();
	test_stacks();
	test_detached();
	return tap_done();
}
