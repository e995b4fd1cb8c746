/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/topology/nodes.h"

static struct hms_nodes nodes;

static void read_machine(const char *name)
{
	static char path[400];
	const char *top = getenv("top_srcdir");

	snprintf(path, sizeof(path), "%s/tests/unit/data/%s", top ? top : ".",
		name);
	cr_assert_eq(hms_nodes_read(path, &nodes), 0);
}

/* Catches lists with gaps, units, and each of the four kinds mixed up. */
Test(nodes, kinds_come_from_cpus_speed_and_regions)
{
	read_machine("tiers");
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
	cr_assert_eq(nodes.node[2].latency, 120);
	cr_assert_eq(nodes.node[2].bandwidth, 400000);
}

/* Catches taking an unknown bandwidth (no HMAT) for a high one. */
Test(nodes, without_bandwidth_a_far_node_is_cxl)
{
	read_machine("plain");
	cr_assert_eq(nodes.count, 2);
	cr_assert_eq(nodes.node[1].kind, HMS_KIND_CXL);
	cr_assert_eq(nodes.node[1].bandwidth, 0);
}

/* Catches refusing to work where sysfs is not mounted. */
Test(nodes, a_machine_that_tells_nothing_has_one_node)
{
	cr_assert_eq(hms_nodes_read("/nowhere", &nodes), 0);
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
	cr_assert_eq(hms_nodes_read(root, &nodes), -ENAMETOOLONG);
}

/* Catches keys that are found inside longer ones, and pages counted twice. */
Test(nodes, memory_of_a_node_now)
{
	struct hms_node_memory memory;

	read_machine("tiers");
	hms_node_memory(nodes.root, 0, &memory);
	cr_assert_eq(memory.total, UINT64_C(8) << 30);
	cr_assert_eq(memory.free, UINT64_C(4) << 30);
	cr_assert_eq(memory.cache, UINT64_C(1900) << 10);
	hms_node_memory(nodes.root, 3, &memory);
	cr_assert_eq(memory.total + memory.free + memory.cache, 0);
}

/* Catches assuming the tests' own trees: the machine at hand must read. */
Test(nodes, this_machine_reads)
{
	struct hms_node_memory memory;

	cr_assert_eq(hms_nodes_read("", &nodes), 0);
	cr_assert_gt(nodes.count, 0);
	hms_node_memory("", nodes.max, &memory);
	cr_assert_leq(memory.free, memory.total);
}
