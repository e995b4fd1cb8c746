/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * alloc WORKLOAD [SCALE]: runs one workload, prints ns per operation.
 * SCALE is in per cent of the row's operations (100 if left out).
 * The work is done in five parts and the fastest counts, so that a
 * part which the machine disturbed does not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/alloc.h"

struct workload {
	const char *name;
	bench_fn *run;
	size_t size;
	uint64_t operations;
	const char *what;
};

static const struct workload workloads[] = {
	{ "pair16", bench_pair, 16, 20000000, "malloc and free of 16 B" },
	{ "pair64", bench_pair, 64, 20000000, "malloc and free of 64 B" },
	{ "pair1000", bench_pair, 1000, 20000000, "malloc and free of 1000 B" },
	{ "pair30000", bench_pair, 30000, 6000000,
		"malloc and free of 30000 B" },
	{ "batch64", bench_batch, 64, 20000000,
		"1000 blocks of 64 B, then free all" },
	{ "random", bench_random, 0, 12000000,
		"replace a random one of 4096 blocks, 8 B to 2 KiB" },
	{ "large", bench_large, 0, 60000,
		"replace a random one of 64 blocks, 64 KiB to 2 MiB" },
	{ "calloc", bench_calloc, 0, 6000000,
		"calloc and free, 16 B to 4 KiB" },
	{ "grow", bench_grow, 0, 60000,
		"16 buffers grow by half, 16 B to 1 MiB" },
	{ "larson", bench_larson, 0, 8000000,
		"two threads replace blocks and hand them to each other" },
	{ "handover", bench_handover, 0, 6000000,
		"one thread allocates, another frees" },
	{ "threads", bench_threads, 0, 2000,
		"a thread that lives for 200 blocks" },
	{ "swap1", bench_swap, 1, 8000000, "larson, one thread, wall clock" },
	{ "swap2", bench_swap, 2, 8000000, "larson, wall clock" },
	{ "apart1", bench_apart, 1, 8000000,
		"a thread replaces its own blocks, wall clock" },
	{ "apart2", bench_apart, 2, 8000000,
		"two threads, each its own blocks, wall clock" },
};

#define WORKLOADS (sizeof(workloads) / sizeof(workloads[0]))
#define PARTS 5

static int usage(void)
{
	fprintf(stderr, "usage: alloc WORKLOAD [SCALE]\n");
	for (size_t i = 0; i < WORKLOADS; i++)
		fprintf(stderr, "  %-10s %s\n", workloads[i].name,
			workloads[i].what);
	return 64;
}

int main(int argc, char **argv)
{
	const struct workload *w = NULL;
	uint64_t scale = argc > 2 ? strtoull(argv[2], NULL, 10) : 100;
	uint64_t n, best = UINT64_MAX;

	for (size_t i = 0; argc > 1 && i < WORKLOADS; i++)
		if (!strcmp(argv[1], workloads[i].name))
			w = &workloads[i];
	if (!w || !scale)
		return usage();
	n = w->operations * scale / 100 / PARTS;
	n = n ? n : 1;
	for (int part = 0; part < PARTS; part++) {
		uint64_t t = w->run(n, w->size);

		best = t < best ? t : best;
	}
	printf("%s %.2f ns\n", w->name, (double)best / (double)n);
	return 0;
}
