/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a call of dlsym(3) costs: names that are no vendor's, names that look
 * like one's, and functions that we stand in for.  Run it without and with the
 * preload; with HMS_POLICY='cuda -> default' functions are replaced.
 *
 *	bench/dlsym [ROUNDS]		nanoseconds, the least of 21 rounds
 *
 * The double of the driver must be found: LD_LIBRARY_PATH=tests/fakes/.libs.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void measure(const char *what, void *handle, const char *name, long n)
{
	uint64_t least = UINT64_MAX;

	if (!dlsym(handle, name)) {
		printf("%-28s not there\n", what);
		return;
	}
	for (int round = 0; round < 21; round++) {
		uint64_t start = now(), took;

		for (long i = 0; i < n; i++)
			__asm__ volatile("" : : "r"(dlsym(handle, name)));
		took = now() - start;
		least = took < least ? took : least;
	}
	printf("%-28s %7.1f ns\n", what, (double)least / (double)n);
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 100000;
	void *libc = dlopen("libc.so.6", RTLD_NOW);
	void *cuda = dlopen("libcuda.so.1", RTLD_NOW);

	measure("strlen, of libc", libc, "strlen", n);
	measure("strlen, of everybody", RTLD_DEFAULT, "strlen", n);
	measure("cuserid, of libc", libc, "cuserid", n);
	if (!cuda)
		return 0;
	measure("cuInit, not hooked", cuda, "cuInit", n);
	measure("cuMemAlloc_v2, hooked", cuda, "cuMemAlloc_v2", n);
	return 0;
}
