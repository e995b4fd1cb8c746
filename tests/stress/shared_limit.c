/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes that bind memory under one shared limit, and one that looks at
 * them; see shared.sh.  What is where is what the kernel says: pages of
 * mappings that have a memory policy, by /proc/PID/numa_maps.
 *
 *	shared_limit race WORKERS ROUNDS	LIMITED_PRELOAD is theirs
 *	shared_limit work SEED			what it starts
 *	shared_limit fill			bytes that one process gets
 *	shared_limit hold BYTES PROGRAM...	then runs PROGRAM, and ends
 *	shared_limit exec BYTES PROGRAM...	becomes PROGRAM
 *	shared_limit fork BYTES PROGRAM...	see with_child()
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB 1024UL
#define MIB (1024 * KIB)
#define BLOCKS 24
#define MOST_WORKERS 8

/* Bytes of pages under a policy; 0: of this process, whatever its PID is. */
static unsigned long bound(pid_t pid)
{
	char path[64], line[4096];
	unsigned long pages, kib, sum = 0;
	FILE *maps;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/numa_maps", (int)pid);
	else
		strcpy(path, "/proc/self/numa_maps");
	maps = fopen(path, "r");
	while (maps && fgets(line, sizeof(line), maps)) {
		char *n = strstr(line, " anon="),
		     *k = strstr(line, " kernelpagesize_kB=");

		if (strstr(line, " default ") || !n || !k)
			continue;
		pages = strtoul(n + strlen(" anon="), NULL, 10);
		kib = strtoul(k + strlen(" kernelpagesize_kB="), NULL, 10);
		sum += pages * kib * KIB;
	}
	if (maps)
		fclose(maps);
	return sum;
}

static void *good(void *p)
{
	if (p == MAP_FAILED) {
		perror("shared_limit");
		abort();
	}
	return p;
}

static char *map(size_t bytes)
{
	return good(mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static unsigned between(unsigned *seed, unsigned from, unsigned to)
{
	return from + (unsigned)rand_r(seed) % (to - from + 1);
}

/* Maps, grows, moves and unmaps for ever; the numbers say what is there. */
static void *work(void *arg)
{
	struct {
		char *p;
		size_t bytes;
	} block[BLOCKS] = { 0 };
	unsigned seed = (unsigned)(uintptr_t)arg;

	for (;;) {
		unsigned i = between(&seed, 0, BLOCKS - 1);
		size_t bytes = between(&seed, 16, 1024) * 4 * KIB;

		if (!block[i].p) {
			block[i].p = map(bytes);
			memset(block[i].p, 1, bytes);
		} else if (seed % 3) {
			munmap(block[i].p, block[i].bytes);
			block[i].p = NULL;
			continue;
		} else {
			char *p = mremap(block[i].p, block[i].bytes, bytes,
				MREMAP_MAYMOVE);

			block[i].p = good(p);
			memset(block[i].p, 1, bytes);
		}
		block[i].bytes = bytes;
		if (seed % 16 == 0 && !fork()) {
			memset(block[i].p, 2, bytes);
			_exit(0);
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	return NULL;
}

static pid_t start(const char *self, unsigned seed)
{
	char text[16];
	pid_t pid = fork();

	if (pid)
		return pid;
	snprintf(text, sizeof(text), "%u", seed);
	setenv("LD_PRELOAD", getenv("LIMITED_PRELOAD"), 1);
	execl(self, self, "work", text, (char *)NULL);
	_exit(127);
}

/* All stand still when they are looked at. */
static unsigned long look(const pid_t *pid, unsigned n)
{
	unsigned long sum = 0;
	int status;

	for (unsigned i = 0; i < n; i++) {
		kill(pid[i], SIGSTOP);
		if (waitpid(pid[i], &status, WUNTRACED) != pid[i] ||
			!WIFSTOPPED(status)) {
			printf("a worker ended, status %x\n", (unsigned)status);
			/* Those that stand still would stay. */
			for (unsigned j = 0; j < n; j++)
				kill(pid[j], SIGKILL);
			exit(1);
		}
	}
	for (unsigned i = 0; i < n; i++)
		sum += bound(pid[i]);
	for (unsigned i = 0; i < n; i++)
		kill(pid[i], SIGCONT);
	return sum;
}

static int race(const char *self, unsigned n, unsigned rounds)
{
	unsigned long most = 0, now;
	unsigned seed = 7, killed = 0;
	pid_t pid[MOST_WORKERS];

	n = n < MOST_WORKERS ? n : MOST_WORKERS;
	for (unsigned i = 0; i < n; i++)
		pid[i] = start(self, i + 1);
	for (unsigned r = 0; r < rounds; r++) {
		unsigned i = between(&seed, 0, 3 * n);

		usleep(between(&seed, 0, 5000)); /* another moment each time */
		now = look(pid, n);
		most = now > most ? now : most;
		if (i >= n)
			continue;
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
		pid[i] = start(self, n + ++killed);
	}
	for (unsigned i = 0; i < n; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	printf("%lu %u\n", most, killed);
	return 0;
}

/* In small pieces: how many of 128 MiB are placed. */
static int fill(void)
{
	for (unsigned i = 0; i < 2048; i++)
		memset(map(64 * KIB), 1, 64 * KIB);
	printf("%lu\n", bound(0));
	return 0;
}

static void hold(const char *bytes)
{
	size_t n = strtoul(bytes, NULL, 10) * MIB;

	memset(map(n), 1, n);
}

static void run(char **argv)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execv(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
}

/*
 * The child writes to all that it inherits, and both say what they have; then
 * the parent unmaps it, ends, and its child runs the program.
 */
static int with_child(const char *bytes, char **argv)
{
	size_t n = strtoul(bytes, NULL, 10) * MIB;
	char *p = map(n), byte;
	int ends[2];
	pid_t pid;

	memset(p, 1, n);
	if (pipe(ends))
		return 1;
	pid = fork();
	if (pid) {
		/* Until the child has written all that it writes. */
		close(ends[1]);
		if (read(ends[0], &byte, 1) < 0)
			return 1;
		printf("parent %lu\n", bound(0));
		fflush(stdout);
		munmap(p, n);
		/* Its end is what the others wait for. */
		_exit(waitpid(pid, NULL, 0) != pid);
	}
	memset(p, 2, n / 2);
	printf("child %lu\n", bound(0));
	fflush(stdout);
	close(ends[1]);
	close(ends[0]);
	run(argv);
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	pthread_t thread;

	if (!strcmp(what, "race") && argc > 3)
		return race(argv[0], (unsigned)atoi(argv[2]),
			(unsigned)atoi(argv[3]));
	if (!strcmp(what, "work") && argc > 2) {
		uintptr_t seed = strtoul(argv[2], NULL, 10);

		pthread_create(&thread, NULL, work, (void *)(seed + 1000));
		work((void *)seed);
	}
	if (!strcmp(what, "fill"))
		return fill();
	if (argc < 4)
		return 64;
	if (!strcmp(what, "hold")) {
		hold(argv[2]);
		run(argv + 3);
		return 0;
	}
	if (!strcmp(what, "exec")) {
		hold(argv[2]);
		unsetenv("LD_PRELOAD");
		execv(argv[3], argv + 3);
	}
	if (!strcmp(what, "fork"))
		return with_child(argv[2], argv + 3);
	return 64;
}
