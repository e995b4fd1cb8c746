/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A known number of allocations from each of some places; see sites.sh.
 * Optimised, without frame pointers.
 */
#include <csignal>
#include <cstdlib>

#include "sites.h"

#define NOINLINE __attribute__((noinline))

static NOINLINE void *build_table(size_t n)
{
	void *block = malloc(n);

	__asm__ volatile("" ::"r"(block) : "memory");
	return block;
}

static NOINLINE void *other(size_t n)
{
	void *block = malloc(n + 3);

	__asm__ volatile("" ::"r"(block) : "memory");
	return block;
}

static int compare(const void *a, const void *b)
{
	free(other(10));
	return *(const int *)a - *(const int *)b;
}

static void handler(int sig)
{
	free(other(20));
}

static NOINLINE void interrupted()
{
	raise(SIGUSR1);
	__asm__ volatile("" ::: "memory");
}

int main()
{
	ns::Table<int> ints;
	ns::Table<long> longs;
	int numbers[2] = { 2, 1 };

	for (int i = 0; i < 10; i++)
		free(lib_copy("hello"));
	lib_fill(&ints, &longs);
	for (int i = 0; i < 5; i++)
		free(build_table(5000));
	for (int i = 0; i < 7; i++)
		free(other(6000));
	qsort(numbers, 2, sizeof(*numbers), compare);
	signal(SIGUSR1, handler);
	interrupted();
	return 0;
}
