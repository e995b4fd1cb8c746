/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random machines for property tests: any directed graph, with several ways
 * between the same ends, bridges that only some may use, parts that are not
 * coherent, values that nobody knows, nodes and devices.  The same seed gives
 * the same machine everywhere.
 */
#ifndef HMS_TESTS_UNIT_RANDOM_GRAPH_H
#define HMS_TESTS_UNIT_RANDOM_GRAPH_H

#include "engine/topology/builder.h"

/* A generator of numbers (splitmix64); the state is the seed. */
struct random {
	uint64_t state;
};
uint64_t random_next(struct random *r);
/* 0 to n - 1; n > 0. */
unsigned random_below(struct random *r, unsigned n);
/* True in about percent of 100 cases. */
bool random_chance(struct random *r, unsigned percent);

/*
 * A machine of up to size NUMA nodes (at least one) and some devices; values
 * are few, so that ties are common.  hms_graph_free() is the caller's; never
 * NULL.
 */
struct hms_graph *random_graph(uint64_t seed, unsigned size);

#endif
