/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/stress/tap.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/stress/caches.h"

struct piece {
	uintptr_t start, end;
	char path[256];
};

/* All mappings of files, read once: blocks do not move. */
static size_t read_maps(struct piece *pieces, size_t most)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	size_t n = 0;

	while (maps && n < most && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %255s",
			    &pieces[n].start, &pieces[n].end,
			    pieces[n].path) == 3)
			n++;
	if (maps)
		fclose(maps);
	return n;
}

bool lies_in(const char *folder, const void *p, unsigned band)
{
	static struct piece pieces[4096];
	static size_t n;
	char wanted[256];
	int len = snprintf(wanted, sizeof(wanted), "%s/b%u", folder, band);

	if (!n)
		n = read_maps(pieces, 4096);
	for (size_t i = 0; i < n; i++)
		if ((uintptr_t)p - pieces[i].start <
			pieces[i].end - pieces[i].start)
			return !strncmp(pieces[i].path, wanted, (size_t)len);
	return false;
}

size_t resident(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (statm && fscanf(statm, "%*u %lu", &pages) != 1)
		pages = 0;
	if (statm)
		fclose(statm);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

enum { KEPT = 1000, MADE = 6000, FORKS = 60, SIZE = 3000 };
static void *kept[KEPT];
static pthread_barrier_t barrier;
static volatile int stop;

/* Fills this thread's cache, and stays. */
static void *keep(void *unused)
{
	for (int i = 0; i < KEPT; i++)
		kept[i] = malloc(48);
	for (int i = 0; i < KEPT; i++)
		free(kept[i]);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return (x > y) - (x < y);
}

/* How many of the blocks that another thread kept does this one get? */
static int count_kept(void)
{
	static void *made[MADE];
	int found = 0;

	qsort(kept, KEPT, sizeof(*kept), compare);
	for (int i = 0; i < MADE; i++) {
		made[i] = malloc(48);
		found += bsearch(&made[i], kept, KEPT, sizeof(*kept),
				 compare) != NULL;
	}
	return found;
}

static int status_of(pid_t child)
{
	int status = 0;

	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

bool orphans_are_used(void)
{
	pthread_t thread;
	pid_t child;
	bool good;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, keep, NULL);
	pthread_barrier_wait(&barrier);
	child = fork();
	if (!child)
		_exit(count_kept() < KEPT / 2);
	good = status_of(child) == 0;
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	return good;
}

static void *churn(void *seed)
{
	uint32_t state = (uint32_t)(uintptr_t)seed;
	static __thread void *slots[500];

	while (!stop) {
		unsigned at = draw(&state) % 500;

		free(slots[at]);
		slots[at] = malloc(1 + draw(&state) % 300);
	}
	for (unsigned i = 0; i < 500; i++)
		free(slots[i]);
	return NULL;
}

/* Every block once, although threads were interrupted anywhere. */
static int blocks_are_apart(void)
{
	static struct {
		unsigned char *p;
		size_t n;
	} made[SIZE];
	uint32_t state = (uint32_t)getpid();

	for (unsigned i = 0; i < SIZE; i++) {
		made[i].n = 1 + draw(&state) % 300;
		made[i].p = malloc(made[i].n);
		fill(made[i].p, made[i].n, i);
	}
	for (unsigned i = 0; i < SIZE; i++) {
		if (!filled(made[i].p, made[i].n, i))
			return 1;
		free(made[i].p);
	}
	return 0;
}

bool children_are_whole(void)
{
	pthread_t threads[3];
	bool good = true;

	for (uintptr_t i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, churn, (void *)(i + 1));
	for (size_t i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (!child)
			_exit(blocks_are_apart());
		if (status_of(child))
			good = tap_bad("child", i);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return good;
}
