/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program with a skewed access pattern, that knows nothing of HMS:
 *
 *	hot [-m] [-f] [-w] MIB HOT_MIB PHASES WHERE SECONDS
 *
 * It writes numbers all over MIB of memory (malloc, or mmap with -m), then
 * works on HOT_MIB of them, in pieces of 2 MiB spread over all of it, and now
 * and then on the rest; in each phase on other pieces.  A phase ends when nine
 * of ten of its hot pieces are on node WHERE, as move_pages(2) says of each
 * page, or after SECONDS.  WHERE "anon": in no file, as /proc/self/pagemap
 * says (bit 61); "none": never.  The last lines say where all of it is.  -f:
 * forks a child in each phase, which reads some of it.  -w: once the numbers
 * are there it says "ready", waits for a line of input, and says where they are
 * before it works.
 *
 * At the end every number must be what the program made of it.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/vm/where.h"

#define BLOCK ((size_t)2 << 20)
#define PAGE ((size_t)4096)
#define WORDS (PAGE / sizeof(uint64_t))
#define NOWHERE (-1) /* else a node */
#define ANON (-2)

static volatile uint64_t *memory; /* whole blocks */
static uint32_t *made; /* by page: how often its first word was raised */
static size_t nblocks, nhot;
static int wanted = NOWHERE, pagemap = -1;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t chance(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* Block number i of a phase's hot ones: spread, and other ones each time. */
static size_t hot_block(unsigned phase, size_t i)
{
	return (i * (nblocks / nhot) + phase * (nblocks / nhot / 2 + 1)) %
	       nblocks;
}

static uint64_t first_of(size_t page)
{
	return page * 0x9e3779b97f4a7c15u;
}

static void work(unsigned phase, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		size_t block = chance() % 4096
				       ? hot_block(phase, chance() % nhot)
				       : chance() % nblocks;
		size_t page =
			block * (BLOCK / PAGE) + chance() % (BLOCK / PAGE);

		memory[page * WORDS]++;
		made[page]++;
	}
}

/* How many pages of a block are there, and in no file; proc(5). */
static size_t anonymous(size_t block)
{
	const off_t at =
		(off_t)((uintptr_t)memory / PAGE + block * (BLOCK / PAGE)) * 8;
	uint64_t entry[BLOCK / PAGE] = { 0 };
	size_t n = 0;

	if (pread(pagemap, entry, sizeof(entry), at) != sizeof(entry))
		return 0;
	for (size_t i = 0; i < BLOCK / PAGE; i++)
		n += entry[i] >> 63 && !(entry[i] >> 61 & 1);
	return n;
}

static bool is_there(size_t block)
{
	struct where sum = {};

	if (wanted == ANON)
		return anonymous(block) * 10 >= BLOCK / PAGE * 9;
	where_add(&sum, (const char *)memory + block * BLOCK, BLOCK);
	return sum.node[wanted] * 10 >= sum.pages * 9;
}

static size_t there(unsigned phase)
{
	size_t n = 0;

	for (size_t i = 0; wanted != NOWHERE && i < nhot; i++)
		n += is_there(hot_block(phase, i));
	return n;
}

static uint64_t wrong(void)
{
	uint64_t n = 0;

	for (size_t page = 0; page < nblocks * (BLOCK / PAGE); page++) {
		n += memory[page * WORDS] != first_of(page) + made[page];
		n += memory[page * WORDS + WORDS - 1] != ~first_of(page);
	}
	return n;
}

/* A child sees what was there when it was made, whatever moves meanwhile. */
static void child(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(wrong() != 0);
	if (waitpid(pid, &status, 0) != pid || status)
		printf("child saw something else: %d\n", status);
}

static void phase(unsigned number, double seconds, bool forks)
{
	double begin = now(), looked = begin;
	size_t n = 0;

	while (now() - begin < seconds && n * 10 < nhot * 9) {
		work(number, 2000);
		if (now() - looked < 0.2)
			continue;
		n = there(number);
		looked = now();
	}
	if (forks)
		child();
	printf("phase %u: %zu of %zu hot blocks %s %.1f s\n", number, n, nhot,
		n * 10 >= nhot * 9 ? "there after" : "only, after",
		now() - begin);
	fflush(stdout);
}

static void *map(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void wait_for_line(void)
{
	struct where sum = {};
	int c;

	puts("ready");
	fflush(stdout);
	do
		c = getchar();
	while (c != '\n' && c != EOF);
	/* Pages that NUMA balancing has unmapped move_pages does not see. */
	if (wrong())
		puts("wrong from the beginning");
	where_add(&sum, (const void *)memory, nblocks * BLOCK);
	where_print("begin", &sum);
}

int main(int argc, char **argv)
{
	bool maps = false, forks = false, waits = false;
	struct where sum = {};
	size_t nanon = 0;
	char *all;
	int option;

	while ((option = getopt(argc, argv, "mfw")) != -1) {
		maps |= option == 'm';
		forks |= option == 'f';
		waits |= option == 'w';
	}
	if (argc - optind != 5)
		return 64;
	argv += optind;
	nblocks = strtoul(argv[0], NULL, 10) / 2;
	nhot = strtoul(argv[1], NULL, 10) / 2;
	if (!strcmp(argv[3], "anon"))
		wanted = ANON;
	else if (strcmp(argv[3], "none") != 0)
		wanted = atoi(argv[3]);
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	all = maps ? map((nblocks + 1) * BLOCK) : malloc((nblocks + 1) * BLOCK);
	made = calloc(nblocks * (BLOCK / PAGE), sizeof(*made));
	if (!all || !made || !nhot || nhot > nblocks)
		return 1;
	/* What lies beside the blocks is there, too. */
	for (size_t i = 0; i < (nblocks + 1) * BLOCK; i += PAGE)
		((volatile char *)all)[i] = 0;
	memory = (uint64_t *)(((uintptr_t)all + BLOCK - 1) & ~(BLOCK - 1));
	for (size_t page = 0; page < nblocks * (BLOCK / PAGE); page++) {
		memory[page * WORDS] = first_of(page);
		memory[page * WORDS + WORDS - 1] = ~first_of(page);
	}
	if (waits)
		wait_for_line();
	for (unsigned i = 0; i < strtoul(argv[2], NULL, 10); i++)
		phase(i, atof(argv[4]), forks);
	where_add(&sum, (const void *)memory, nblocks * BLOCK);
	where_print("all", &sum);
	for (size_t i = 0; i < nblocks; i++)
		nanon += anonymous(i);
	printf("anonymous %zu\n", nanon);
	printf("wrong %llu\n", (unsigned long long)wrong());
	return 0;
}
