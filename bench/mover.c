/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What moving costs against what the same bytes cost alone: move_pages(2) of
 * the same pages between nodes; for files, memcpy(3) into fresh pages of the
 * kind that memory moves to, the old ones being freed.  HMS_BENCH_CPU: CPU time
 * of the process instead of wall clock.
 *
 *	HMS_POLICY='* -> node:0 then file:/dev/shm' mover [MiB [PASSES]]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "engine/target/store.h"
#include "tests/mover/kit.h"

#define BLOCK ((size_t)2 << 20)
#define AT_ONCE 128

static size_t blocks = 64;
static unsigned passes = 5;
static char *memory;
static bool huge;

static double now(void)
{
	struct timespec t;

	clock_gettime(getenv("HMS_BENCH_CPU") ? CLOCK_PROCESS_CPUTIME_ID
					      : CLOCK_MONOTONIC,
		&t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Microseconds per block; -1: it was not moved. */
static double move_to(int step)
{
	static struct hms_transfer t[AT_ONCE];
	struct hms_range range;
	double start = now();

	for (size_t done = 0; done < blocks; done += AT_ONCE) {
		unsigned n = 0;

		for (; n < AT_ONCE && done + n < blocks; n++) {
			uintptr_t at = (uintptr_t)memory + (done + n) * BLOCK;

			kit_find(at, &range);
			t[n] = (struct hms_transfer){ .start = at,
				.end = at + BLOCK,
				.to = kit_target(&range, step),
				.step = step };
		}
		kit_move(t, n);
		for (unsigned i = 0; i < n; i++)
			if (t[i].result) {
				printf("move: %s\n",
					strerrorname_np(-t[i].result));
				return -1;
			}
	}
	return (now() - start) / (double)blocks;
}

/* Two blocks' worth, one of which is like those that move: aligned. */
static char *map_fresh(int fd)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	char *p = mmap(NULL, BLOCK * 2, PROT_NONE, flags, -1, 0);
	char *at = (char *)(((uintptr_t)p + BLOCK - 1) & ~(BLOCK - 1));

	if (p == MAP_FAILED)
		exit(2);
	if (at > p)
		munmap(p, (size_t)(at - p));
	munmap(at + BLOCK, BLOCK - (size_t)(at - p));
	p = mmap(at, BLOCK, PROT_READ | PROT_WRITE,
		(fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED) | MAP_FIXED,
		fd, 0);
	if (p == MAP_FAILED)
		exit(2);
	return p;
}

static char *fresh(int fd)
{
	char *p;

	if (fd >= 0 && ftruncate(fd, (off_t)BLOCK))
		exit(2);
	p = map_fresh(fd);
	if (fd < 0 && huge)
		madvise(p, BLOCK, MADV_HUGEPAGE);
	return p;
}

static void release(char *p, int fd)
{
	munmap(p, BLOCK);
	if (fd >= 0)
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			(off_t)BLOCK);
}

/*
 * What a move must do at the least: memcpy into pages that are new, of the
 * kind that it moves to, and free those it came from.  from, to: the file, or
 * -1 for a node.
 */
static double copy_fresh(int from, int to)
{
	double start, sum = 0;

	for (size_t i = 0; i <= blocks; i++) {
		char *old = fresh(from), *now_at;

		memcpy(old, memory + i % blocks * BLOCK, BLOCK);
		start = now();
		now_at = fresh(to);
		memcpy(now_at, old, BLOCK);
		release(old, from);
		if (i)
			sum += now() - start;
		release(now_at, to);
	}
	return sum / (double)blocks;
}

/* Into pages that are there. */
static double copy_only(void)
{
	char *to = fresh(-1);
	double start;

	memset(to, 1, BLOCK);
	start = now();
	for (size_t i = 0; i < blocks; i++)
		memcpy(to, memory + i * BLOCK, BLOCK);
	start = now() - start;
	release(to, -1);
	return start / (double)blocks;
}

/* The system call alone, on the same pages, 512 at a time. */
static double pages_to(int node)
{
	static void *pages[512];
	static int nodes[512], status[512];
	size_t step = huge ? BLOCK : 4096, n = 0, all = blocks * BLOCK / step;
	double start = now();

	for (size_t i = 0; i < all; i++) {
		pages[n] = memory + i * step;
		nodes[n++] = node;
		if (n < 512 && i + 1 < all)
			continue;
		if (hms_sys_move_pages(0, n, pages, nodes, status,
			    2 /* MPOL_MF_MOVE */) < 0)
			return -1;
		n = 0;
	}
	return (now() - start) / (double)blocks;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v)
{
	qsort(v, passes, sizeof(*v), compare);
	return v[passes / 2];
}

static int single_node(const struct hms_target *target)
{
	return target->nnodes == 1 ? __builtin_ctzl(target->nodes[0]) : -1;
}

static void print(const char *what, double *moved, double *alone)
{
	double m = median(moved), a = median(alone);

	printf("%-12s %8.0f %8.0f %8.2f\n", what, m, a, m / a);
}

/* A file in the folder of the target, as the mover makes its own. */
static int open_file(const struct hms_target *target)
{
	const struct hms_store *store = target->state;
	int fd = open(store->path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		exit(2);
	return fd;
}

static double forth[99], back[99], forth_alone[99], back_alone[99], only[99];

static int measure(const struct hms_target *node, const struct hms_target *to)
{
	bool files = to->ops->maps;
	int fd = files ? open_file(to) : -1;

	for (unsigned i = 0; i < passes; i++) {
		forth[i] = move_to(1);
		back[i] = move_to(0);
		if (forth[i] < 0 || back[i] < 0)
			return 1;
		forth_alone[i] =
			files ? copy_fresh(-1, fd) : pages_to(single_node(to));
		back_alone[i] = files ? copy_fresh(fd, -1)
				      : pages_to(single_node(node));
		only[i] = copy_only();
	}
	printf("%zu MiB, %s pages, %s microseconds per 2 MiB, median of %u\n",
		blocks * 2, huge ? "huge" : "small",
		getenv("HMS_BENCH_CPU") ? "CPU" : "wall clock", passes);
	printf("%-12s %8s %8s %8s\n", "", "moved", files ? "memcpy" : "alone",
		"ratio");
	print("forth", forth, forth_alone);
	print("back", back, back_alone);
	if (files)
		printf("memcpy into pages that are there: %.0f\n",
			median(only));
	return 0;
}

int main(int argc, char **argv)
{
	struct hms_range range;

	blocks = argc > 1 ? (size_t)atoi(argv[1]) / 2 : blocks;
	passes = argc > 2 ? (unsigned)atoi(argv[2]) % 99 : passes;
	kit_start();
	memory = kit_mmap((blocks + 1) * BLOCK);
	memory = (char *)(((uintptr_t)memory + BLOCK - 1) & ~(BLOCK - 1));
	huge = getenv("HMS_BENCH_HUGE") != NULL;
	if (huge)
		madvise(memory, blocks * BLOCK, MADV_HUGEPAGE);
	memset(memory, 1, blocks * BLOCK);
	if (!kit_find((uintptr_t)memory, &range))
		kit_fail("no rule has it");
	return measure(kit_target(&range, 0), kit_target(&range, 1));
}
