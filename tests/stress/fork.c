/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork from several threads while others allocate; the child allocates,
 * frees and changes the parent's blocks, starts threads, forks again.
 * Catches a heap lock that the child inherits taken, and memory that parent
 * and child share where fork(2) says copy (file targets are shared memory).
 */
#include "tests/stress/tap.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCKS = 64, MAPPED = 2 << 20 };

static volatile bool stop;

struct set {
	char *block[BLOCKS];
	size_t size[BLOCKS];
	char *mapped;
};

static void make_set(struct set *s)
{
	for (int i = 0; i < BLOCKS; i++) {
		s->size[i] = (size_t)i * i * 61 + 1;
		s->block[i] = malloc(s->size[i]);
		fill(s->block[i], s->size[i], (unsigned)i);
	}
	s->mapped = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fill(s->mapped, MAPPED, 99);
}

static bool good_set(const struct set *s)
{
	for (int i = 0; i < BLOCKS; i++)
		if (!filled(s->block[i], s->size[i], (unsigned)i))
			return false;
	return filled(s->mapped, MAPPED, 99);
}

static void scribble_set(struct set *s)
{
	for (int i = 0; i < BLOCKS; i++)
		memset(s->block[i], 0xdd, s->size[i]);
	memset(s->mapped, 0xdd, MAPPED);
}

static void free_set(struct set *s)
{
	for (int i = 0; i < BLOCKS; i++)
		free(s->block[i]);
	munmap(s->mapped, MAPPED);
}

static void *noise(void *arg)
{
	uint32_t state = (uint32_t)(uintptr_t)arg * 31 + 1;
	char *kept[32] = { NULL };

	while (!stop) {
		char **k = &kept[draw(&state) % 32];
		size_t n = draw(&state) % 3000 + 1;

		*k = draw(&state) % 4 ? realloc(*k, n) : (free(*k), malloc(n));
		memset(*k, 1, n);
	}
	for (int i = 0; i < 32; i++)
		free(kept[i]);
	return NULL;
}

static void *in_thread(void *arg)
{
	struct set own;

	make_set(&own);
	if (!good_set(&own))
		_exit(20);
	free_set(&own);
	free(arg);
	return NULL;
}

/* Everything a child may do with the heap; its exit status says what broke. */
static void child(struct set *s, int depth)
{
	pthread_t t[2];
	struct set own;
	int status;
	pid_t pid;

	if (!good_set(s))
		_exit(10);
	make_set(&own);
	scribble_set(s);
	for (int i = 0; i < BLOCKS; i++)
		s->block[i] = realloc(s->block[i], s->size[i] + 100);
	free_set(s);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, in_thread, malloc(100)))
			_exit(11);
	if (depth) {
		pid = fork();
		if (pid == 0)
			child(&own, depth - 1);
		if (waitpid(pid, &status, 0) != pid || status)
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 12);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	if (!good_set(&own))
		_exit(13);
	free_set(&own);
	_exit(0);
}

static void *forker(void *arg)
{
	uintptr_t bad = 0;

	for (int i = 0; i < 8 && !bad; i++) {
		struct set s;
		int status;
		pid_t pid;

		make_set(&s);
		pid = fork();
		if (pid == 0)
			child(&s, 1);
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			bad = 1;
		else
			bad = (uintptr_t)status;
		if (!good_set(&s))
			bad = 2;
		free_set(&s);
	}
	return (void *)bad;
}

static void test_threads(void)
{
	pthread_t forkers[4], noises[3];
	bool good = true;
	void *bad;

	for (uintptr_t i = 0; i < 3; i++)
		pthread_create(&noises[i], NULL, noise, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_create(&forkers[i], NULL, forker, NULL);
	for (int i = 0; i < 4; i++) {
		pthread_join(forkers[i], &bad);
		if (bad)
			good = tap_bad("child's wait status", (uintptr_t)bad);
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(noises[i], NULL);
	tap_ok(good, "children of four threads, while three allocate");
}

/* Which side writes first, and what the other side then sees. */
static void test_copies(void)
{
	int to_child[2], to_parent[2], status;
	struct set s;
	bool good;
	char c = 0;
	pid_t pid;

	if (pipe(to_child) || pipe(to_parent))
		return tap_ok(false, "pipe");
	make_set(&s);
	pid = fork();
	if (pid == 0) {
		good = read(to_child[0], &c, 1) == 1 && good_set(&s);
		scribble_set(&s);
		good &= write(to_parent[1], &c, 1) == 1;
		_exit(good ? 0 : 1);
	}
	scribble_set(&s);
	good = write(to_child[1], &c, 1) == 1;
	for (int i = 0; i < BLOCKS; i++)
		fill(s.block[i], s.size[i], (unsigned)i);
	fill(s.mapped, MAPPED, 99);
	good &= read(to_parent[0], &c, 1) == 1;
	waitpid(pid, &status, 0);
	tap_ok(status == 0, "a child sees nothing that its parent wrote later");
	tap_ok(good && good_set(&s), "nor a parent what its child wrote");
	free_set(&s);
	for (int i = 0; i < 2; i++) {
		close(to_child[i]);
		close(to_parent[i]);
	}
}

static void nothing(void)
{
	free(malloc(100));
}

static void handler(void)
{
	char *p = malloc(5000);

	memset(p, 1, 5000);
	free(p);
}

/* The program's own handlers allocate too, as OpenSSL's and Python's do. */
static void test_atfork(void)
{
	bool good = true;

	pthread_atfork(handler, handler, handler);
	pthread_atfork(nothing, nothing, nothing);
	for (int i = 0; i < 50; i++) {
		char *p = malloc((size_t)i * 1000 + 1);
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			free(p);
			free(malloc(70000));
			_exit(0);
		}
		good &= waitpid(pid, &status, 0) == pid && status == 0;
		free(p);
	}
	tap_ok(good, "fork handlers that allocate");
}

int main(void)
{
	test_copies();
	test_threads();
	test_atfork();
	test_copies();
	return tap_done();
}
