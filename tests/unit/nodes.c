/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/topology/topology.h"

static struct hms_nodes nodes;
static struct hms_graph *graph;

static void drop(void)
{
	if (graph)
		hms_graph_free(graph);
}

static int read_root(const char *root, enum hms_depth depth)
{
	struct hms_topology_request request = { .root = root, .depth = depth };
	int rc = hms_topology_read(&request, &graph);

	if (!rc)
		hms_topology_nodes(graph, &nodes);
	return rc;
}

static void read_machine(const char *name, enum hms_depth depth)
{
	static char path[400];
	const char *top = getenv("top_srcdir");

	snprintf(path, sizeof(path), "%s/tests/unit/data/%s", top ? top : ".",
		name);
	cr_assert_eq(read_root(path, depth), 0);
}

/* Catches lists with gaps, units, and each of the four kinds mixed up. */
Test(nodes, kinds_come_from_cpus_speed_and_regions, .fini = drop)
{
	read_machine("tiers", HMS_DEPTH_PATHS);
	cr_assert_eq(nodes.count, 5);
	cr_assert_eq(nodes.max, 5);
	cr_assert_eq(nodes.node[0].kind, HMS_KIND_DRAM);
	cr_assert_eq(nodes.node[1].kind, HMS_KIND_DRAM);
	cr_assert_eq(nodes.node[2].kind, HMS_KIND_HBM);
	cr_assert_not(nodes.node[3].present);
	cr_assert_eq(nodes.node[4].kind, HMS_KIND_CXL);
	cr_assert_eq(nodes.node[5].kind, HMS_KIND_PMEM);
	cr_assert(nodes.node[1].has_cpu);
	cr_assert_not(nodes.node[2].has_cpu);
	cr_assert_eq(nodes.node[2].size, UINT64_C(2) << 30);
}

/* Catches kinds that rules ask for, and that need all to be read. */
Test(nodes, kinds_are_known_before_sizes, .fini = drop)
{
	read_machine("tiers", HMS_DEPTH_KINDS);
	cr_assert_eq(nodes.count, 5);
	cr_assert_eq(nodes.node[2].kind, HMS_KIND_HBM);
	cr_assert_eq(nodes.node[4].kind, HMS_KIND_CXL);
	cr_assert_eq(nodes.node[5].kind, HMS_KIND_PMEM);
	cr_assert_eq(nodes.node[5].size, 0);
}

/* Catches a node that needs to be looked into to be there. */
Test(nodes, presence_is_known_first_of_all, .fini = drop)
{
	read_machine("tiers", HMS_DEPTH_NODES);
	cr_assert_eq(nodes.count, 5);
	cr_assert_eq(nodes.max, 5);
	cr_assert(nodes.node[0].has_cpu);
	cr_assert_not(nodes.node[3].present);
	cr_assert_not(nodes.node[4].has_cpu);
}

/* Catches taking an unknown bandwidth (no HMAT) for a high one. */
Test(nodes, without_bandwidth_a_far_node_is_cxl, .fini = drop)
{
	read_machine("plain", HMS_DEPTH_KINDS);
	cr_assert_eq(nodes.count, 2);
	cr_assert_eq(nodes.node[1].kind, HMS_KIND_CXL);
}

/* Catches refusing to work where sysfs is not mounted. */
Test(nodes, a_machine_that_tells_nothing_has_one_node, .fini = drop)
{
	read_machine(".", HMS_DEPTH_PATHS);
	cr_assert_eq(nodes.count, 1);
	cr_assert(nodes.node[0].present);
	cr_assert(nodes.node[0].has_cpu);
	cr_assert_eq(nodes.node[0].kind, HMS_KIND_DRAM);
}

/* Catches a path that is cut off and read as another one. */
Test(nodes, an_endless_root_is_refused)
{
	char root[4096];

	memset(root, 'x', sizeof(root) - 1);
	root[0] = '/';
	root[sizeof(root) - 1] = 0;
	cr_assert_eq(read_root(root, HMS_DEPTH_NODES), -ENAMETOOLONG);
}

/* Catches keys that are found inside longer ones, and pages counted twice. */
Test(nodes, memory_of_a_node_now, .fini = drop)
{
	struct hms_node_memory memory;

	read_machine("tiers", HMS_DEPTH_NODES);
	hms_node_memory(nodes.root, 0, &memory);
	cr_assert_eq(memory.total, UINT64_C(8) << 30);
	cr_assert_eq(memory.free, UINT64_C(4) << 30);
	cr_assert_eq(memory.cache, UINT64_C(1900) << 10);
	hms_node_memory(nodes.root, 3, &memory);
	cr_assert_eq(memory.total + memory.free + memory.cache, 0);
}

/* Catches assuming the tests' own trees: the machine at hand must read. */
Test(nodes, this_machine_reads, .fini = drop)
{
	struct hms_node_memory memory;

	cr_assert_eq(read_root("", HMS_DEPTH_PATHS), 0);
	cr_assert_gt(nodes.count, 0);
	hms_node_memory("", nodes.max, &memory);
	cr_assert_leq(memory.free, memory.total);
}
