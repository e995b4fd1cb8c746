/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Workloads of several threads.  Their time is the process's CPU time:
 * on a shared machine the wall clock would measure the neighbours.
 */
#include <pthread.h>
#include <string.h>

#include "bench/alloc.h"
#include "bench/inner.h"

#define THREADS 2
#define SLOTS 2048
#define ROUNDS 16
#define STRETCH 200
#define RING 8
#define CHUNK 512
#define SHORT_BLOCKS 200

static uint64_t process_now(void)
{
	return bench_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static pthread_t start_thread(void *(*run)(void *), void *arg)
{
	pthread_t id;

	if (pthread_create(&id, NULL, run, arg))
		abort();
	return id;
}

/* --- larson: blocks are freed by the thread that did not allocate them --- */

struct larson {
	pthread_barrier_t round;
	void *block[THREADS][SLOTS];
	uint64_t per_round;
	unsigned int threads;
};

struct larson_thread {
	struct larson *shared;
	unsigned int number;
};

static void *larson_main(void *arg)
{
	struct larson_thread *self = arg;
	struct larson *l = self->shared;
	uint64_t state = 2463534242ull + self->number;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		void **block = l->block[(self->number + round) % l->threads];

		for (uint64_t done = 0; done < l->per_round; done += STRETCH)
			bench_turn(round + done / STRETCH)
				->replace(block, SLOTS, STRETCH, BENCH_512,
					&state);
		pthread_barrier_wait(&l->round);
	}
	return NULL;
}

static void larson(uint64_t n, unsigned int threads)
{
	static struct larson l;
	struct larson_thread self[THREADS];
	pthread_t id[THREADS];

	pthread_barrier_init(&l.round, NULL, threads);
	l.threads = threads;
	l.per_round = n / threads / ROUNDS;
	for (unsigned int i = 0; i < threads; i++) {
		self[i] = (struct larson_thread){ &l, i };
		id[i] = start_thread(larson_main, &self[i]);
	}
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	for (int i = 0; i < THREADS * SLOTS; i++)
		free(l.block[i / SLOTS][i % SLOTS]);
	memset(l.block, 0, sizeof(l.block));
	pthread_barrier_destroy(&l.round);
}

uint64_t bench_larson(uint64_t n, size_t size)
{
	uint64_t start = process_now();

	(void)size;
	larson(n, THREADS);
	return process_now() - start;
}

/* --- scaling: the wall clock, with one thread and with two --------------- */

uint64_t bench_swap(uint64_t n, size_t threads)
{
	uint64_t start = bench_clock(CLOCK_MONOTONIC);

	larson(n, (unsigned int)threads);
	return bench_clock(CLOCK_MONOTONIC) - start;
}

static void *apart_main(void *arg)
{
	uint64_t n = *(const uint64_t *)arg, state = 1 + (uintptr_t)&n;
	void *block[SLOTS] = { NULL };

	for (uint64_t done = 0; done < n; done += STRETCH)
		bench_turn(done / STRETCH)
			->replace(block, SLOTS, STRETCH, BENCH_512, &state);
	for (int i = 0; i < SLOTS; i++)
		free(block[i]);
	return NULL;
}

uint64_t bench_apart(uint64_t n, size_t threads)
{
	uint64_t start = bench_clock(CLOCK_MONOTONIC), each = n / threads;
	pthread_t id[THREADS];

	for (size_t i = 0; i < threads; i++)
		id[i] = start_thread(apart_main, &each);
	for (size_t i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	return bench_clock(CLOCK_MONOTONIC) - start;
}

/* --- handover: a ring of chunks from a producer to a consumer ----------- */

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	uint64_t head, tail, end;
	void *block[RING][CHUNK];
};

static void ring_wait(struct ring *r, const uint64_t *counter, uint64_t seen)
{
	pthread_mutex_lock(&r->lock);
	while (*counter == seen)
		pthread_cond_wait(&r->moved, &r->lock);
	pthread_mutex_unlock(&r->lock);
}

static void ring_step(struct ring *r, uint64_t *counter)
{
	pthread_mutex_lock(&r->lock);
	++*counter;
	pthread_cond_signal(&r->moved);
	pthread_mutex_unlock(&r->lock);
}

static void *consume(void *arg)
{
	struct ring *r = arg;

	for (uint64_t at = 0; at < r->end; at++) {
		ring_wait(r, &r->head, at);
		for (int i = 0; i < CHUNK; i++)
			free(r->block[at % RING][i]);
		ring_step(r, &r->tail);
	}
	return NULL;
}

uint64_t bench_handover(uint64_t n, size_t size)
{
	static struct ring ring;
	struct ring *r = &ring;
	uint64_t state = 123456789, start = process_now();
	pthread_t id;

	(void)size;
	*r = (struct ring){ .lock = PTHREAD_MUTEX_INITIALIZER,
		.moved = PTHREAD_COND_INITIALIZER,
		.end = n / CHUNK + 1 };
	id = start_thread(consume, r);
	for (uint64_t at = 0; at < r->end; at++) {
		if (at >= RING)
			ring_wait(r, &r->tail, at - RING);
		bench_turn(at)->mixed(
			r->block[at % RING], CHUNK, BENCH_512, &state);
		ring_step(r, &r->head);
	}
	pthread_join(id, NULL);
	return process_now() - start;
}

/* --- threads: what a short life costs ---------------------------------- */

static void *short_main(void *arg)
{
	void *block[SHORT_BLOCKS];
	uint64_t state = 1 + (uintptr_t)arg;

	bench_own.mixed(block, SHORT_BLOCKS / 2, BENCH_1K, &state);
	bench_half.mixed(
		block + SHORT_BLOCKS / 2, SHORT_BLOCKS / 2, BENCH_1K, &state);
	for (int i = 0; i < SHORT_BLOCKS; i++)
		free(block[i]);
	return NULL;
}

uint64_t bench_threads(uint64_t n, size_t size)
{
	uint64_t start = process_now();

	(void)size;
	for (uint64_t done = 0; done < n; done += THREADS) {
		pthread_t id[THREADS];

		for (uintptr_t i = 0; i < THREADS; i++)
			id[i] = start_thread(short_main, (void *)(done + i));
		for (int i = 0; i < THREADS; i++)
			pthread_join(id[i], NULL);
	}
	return process_now() - start;
}
