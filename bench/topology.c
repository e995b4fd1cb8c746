/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What reading the machine costs, as the library does it at its start:
 *
 *	bench/topology [ROOT [TIMES]]
 *
 * prints the median and the least of TIMES (default 201) reads at each depth,
 * in nanoseconds; ROOT is a recorded machine's folder, or "" for this one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/topology/topology.h"

static const char *const depths[] = { "nodes", "kinds", "paths", "devices" };

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

static int measure(const char *root, unsigned depth, long times, long long *ns)
{
	struct hms_topology_request request = { .root = root, .depth = depth };
	struct hms_graph *graph = NULL;
	unsigned ntargets = 0, nfindings = 0;
	size_t bytes = 0;

	for (long i = 0; i < times; i++) {
		long long start = now();
		int rc = hms_topology_read(&request, &graph);

		ns[i] = now() - start;
		if (rc) {
			fprintf(stderr, "topology: %s: error %d\n", root, -rc);
			return 1;
		}
		ntargets = graph->ntargets;
		nfindings = graph->nfindings + graph->nlost;
		bytes = graph->arena.total;
		hms_graph_free(graph);
	}
	qsort(ns, (size_t)times, sizeof(*ns), ascending);
	printf("%-7s median %9lld ns  least %9lld ns  %4u targets  %8zu bytes  %u findings\n",
		depths[depth], ns[times / 2], ns[0], ntargets, bytes,
		nfindings);
	return 0;
}

int main(int argc, char **argv)
{
	const char *root = argc > 1 ? argv[1] : "";
	long times = argc > 2 ? atol(argv[2]) : 201;
	long long *ns = times > 0 ? calloc((size_t)times, sizeof(*ns)) : NULL;
	int failed = !ns;

	for (unsigned depth = 0; depth < 4 && !failed; depth++)
		failed = measure(root, depth, times, ns);
	free(ns);
	return failed;
}
