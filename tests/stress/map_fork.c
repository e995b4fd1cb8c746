/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork(2) while other threads write to mapped memory.  Each word is written
 * by one thread, upwards, so a child can tell a snapshot from shared memory:
 * in the child no word may ever change, and the parent must see nothing of
 * what the child writes.
 */
#include "tests/stress/tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES ((size_t)2 << 20)
#define WRITERS 3
#define ROUNDS 60
#define WORDS (BYTES / sizeof(uint64_t))
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static _Atomic uint64_t *area[WRITERS];
static atomic_bool stop;

static void *writer(void *arg)
{
	_Atomic uint64_t *words = arg;
	uint64_t n = 1;

	while (!atomic_load(&stop)) {
		for (size_t i = 0; i < WORDS; i += 37)
			atomic_store_explicit(
				&words[i], n, memory_order_relaxed);
		n++;
	}
	return NULL;
}

static uint64_t sum(void)
{
	uint64_t total = 0;

	for (int w = 0; w < WRITERS; w++)
		for (size_t i = 0; i < WORDS; i++)
			total = total * 31 + area[w][i];
	return total;
}

/* Nobody writes here but me, so nothing may change under me. */
static int child(void)
{
	uint64_t before = sum();

	usleep(2000);
	if (sum() != before)
		return 1;
	for (int w = 0; w < WRITERS; w++)
		for (size_t i = 0; i < WORDS; i += 11)
			area[w][i] = UINT64_MAX;
	return 0;
}

/* A writer's pass over its words must never show an older value later. */
static bool no_trace(void)
{
	for (int w = 0; w < WRITERS; w++)
		for (size_t i = 0; i < WORDS; i++)
			if (area[w][i] == UINT64_MAX)
				return false;
	return true;
}

static bool forks_among_writers(void)
{
	int status;

	for (size_t i = 0; i < ROUNDS; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(child());
		if (!no_trace())
			return tap_bad("the child's write", i);
		if (waitpid(pid, &status, 0) != pid || status)
			return tap_bad("the child", (size_t)status);
		if (!no_trace())
			return tap_bad("the child's write", i);
	}
	return true;
}

/* A chain: each generation owns what it writes. */
static bool generations(void)
{
	char *p = mmap(NULL, BYTES, RW, ANON, -1, 0);
	int status;

	fill(p, BYTES, 1);
	for (unsigned depth = 1; depth <= 5; depth++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (!filled(p, BYTES, depth))
				_exit(1);
			fill(p, BYTES, depth + 1);
			continue;
		}
		fill(p, BYTES / 2, 99);
		if (waitpid(pid, &status, 0) != pid || status ||
			!filled(p, BYTES / 2, 99))
			status = 1;
		if (depth > 1)
			_exit(status != 0);
		munmap(p, BYTES);
		return status == 0;
	}
	_exit(0);
}

/* Memory that is meant to be shared stays so. */
static bool shared_stays_shared(void)
{
	char *p = mmap(NULL, BYTES, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fill(p, BYTES, 7);
		munmap(p, BYTES);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status == 0 && filled(p, BYTES, 7);
}

/* A server's life: forks, unmaps what children still read, maps anew. */
static bool churn(void)
{
	pid_t pids[8];
	int status, bad = 0;

	for (unsigned i = 0; i < 8; i++) {
		char *p = mmap(NULL, BYTES, RW, ANON, -1, 0);

		fill(p, BYTES, i);
		pids[i] = fork();
		if (pids[i] == 0) {
			usleep(20000);
			_exit(!filled(p, BYTES, i));
		}
		munmap(p, BYTES);
		p = mmap(NULL, BYTES, RW, ANON, -1, 0);
		fill(p, BYTES, i + 100);
		munmap(p, BYTES);
	}
	for (unsigned i = 0; i < 8; i++) {
		waitpid(pids[i], &status, 0);
		bad |= status;
	}
	return !bad;
}

int main(void)
{
	pthread_t threads[WRITERS];

	for (int i = 0; i < WRITERS; i++)
		area[i] = mmap(NULL, BYTES, RW, ANON, -1, 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_create(&threads[i], NULL, writer, area[i]);
	tap_ok(forks_among_writers(), "a child is a snapshot");
	atomic_store(&stop, true);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	tap_ok(generations(), "each generation owns what it writes");
	tap_ok(shared_stays_shared(), "shared memory stays shared");
	tap_ok(churn(), "children read what the parent has unmapped");
	return tap_done();
}
