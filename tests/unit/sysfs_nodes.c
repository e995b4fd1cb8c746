/* SPDX-License-Identifier: BSD-2-Clause */
/* The readers of nodes, access classes, tiers, NVDIMMs, and what they get. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/tree.h"

#define NODE "sys/devices/system/node/"
#define MEMINFO(n, kib)                                                        \
	NODE "node" n "/meminfo Node " n " MemTotal: " kib " kB\\nNode " n     \
	     " MemFree: 1024 kB\n"
#define ACCESS(n, class, initiator, latency, bandwidth)                        \
	NODE "node" n "/access" class "/initiators/node" initiator             \
				      " -> ../../../node" initiator "\n" NODE  \
				      "node" n "/access" class                 \
		"/initiators/read_latency " latency "\n" NODE "node" n         \
		"/access" class "/initiators/write_latency " latency "\n" NODE \
				"node" n "/access" class                       \
		"/initiators/read_bandwidth " bandwidth "\n" NODE "node" n     \
		"/access" class "/initiators/write_bandwidth " bandwidth "\n"
/* CPUs on node 0, memory on 0 and 2; 1 was never there. */
#define TWO                                                                    \
	NODE "online 0,2\n" NODE "has_memory 0,2\n" NODE "has_cpu 0\n" NODE    \
	     "node0/cpulist 0-3\n" NODE "node2/cpulist \n" NODE                \
	     "node0/distance 10 17\n" NODE                                     \
	     "node2/distance 17 10\n" MEMINFO("0", "8388608")                  \
		     MEMINFO("2", "4194304")

static const struct hms_graph *graph;

static void read_tree(const char *text)
{
	tree_make(text);
	graph = tree_read(HMS_DEPTH_PATHS);
}

static const struct hms_memory *node(unsigned n)
{
	int target = hms_graph_node(graph, n);

	cr_assert_geq(target, 0, "node %u", n);
	return &graph->targets[target];
}

/* "sys/...: MESSAGE" was said. */
static void check_said(const char *finding)
{
	char wanted[600];

	snprintf(wanted, sizeof(wanted), "%s/%s", graph->root, finding);
	for (unsigned i = 0; i < graph->nfindings; i++)
		if (!strcmp(graph->findings[i], wanted))
			return;
	for (unsigned i = 0; i < graph->nfindings; i++)
		fprintf(stderr, "said: %s\n", graph->findings[i]);
	cr_assert_fail("not said: %s", wanted);
}

static void check_silent(void)
{
	cr_assert_eq(graph->nfindings, 0, "%s",
		graph->nfindings ? graph->findings[0] : "");
}

/* Catches holes in numbers, lost sizes, and CPUs where there are none. */
Test(readers, nodes_with_a_hole, .fini = tree_drop)
{
	read_tree(TWO);
	check_silent();
	cr_assert_eq(graph->ntargets, 2);
	cr_assert_eq(hms_graph_node(graph, 1), -1);
	cr_assert_eq(node(0)->size, UINT64_C(8) << 30);
	cr_assert_eq(node(0)->origin[HMS_FIELD_SIZE], HMS_FIRMWARE);
	cr_assert_eq(node(2)->free, UINT64_C(1) << 20);
	cr_assert(hms_memory_has(node(2), HMS_COHERENT));
	cr_assert_not(hms_memory_has(node(2), HMS_HOTPLUG));
	cr_assert_eq(graph->ninitiators, 1);
	cr_assert_str_eq(graph->initiators[0].id, "cpu:0");
	cr_assert_str_eq(graph->initiators[0].cpus, "0-3");
	cr_assert_eq(hms_graph_initiator(graph, "node:0"), 0);
	/* Nobody said who is next to node 2; its only CPUs are. */
	cr_assert_str_eq(tree_link_initiators("memory:2"), "cpu:0");
}

/* Catches initiators without memory left out, or given some. */
Test(readers, a_node_without_memory, .fini = tree_drop)
{
	read_tree(NODE "online 0-1\n" NODE "has_memory 0\n" NODE
		       "has_cpu 0-1\n" NODE "node0/distance 10 20\n" NODE
		       "node1/distance 20 10\n" NODE "node0/cpulist 0\n" NODE
		       "node1/cpulist 1\n" MEMINFO("0", "1024"));
	check_silent();
	cr_assert_eq(graph->ntargets, 1);
	cr_assert_eq(graph->ninitiators, 2);
	cr_assert_str_eq(tree_link_initiators("memory:0"), "cpu:0");
	cr_assert_geq(tree_bridge("fabric:1", "memory:0"), 0);
}

/* Catches memory that can go away told as if it stayed. */
Test(readers, movable_memory_is_hotplug, .fini = tree_drop)
{
	read_tree(TWO NODE "has_normal_memory 0\n");
	cr_assert_not(hms_memory_has(node(0), HMS_HOTPLUG));
	cr_assert(hms_memory_has(node(2), HMS_HOTPLUG));
}

/* Catches a number of a node that no table has room for. */
Test(readers, nodes_beyond_all, .fini = tree_drop)
{
	read_tree(TWO NODE "has_memory 0,2,1020-1030\n");
	cr_assert_eq(graph->ntargets, 2 + 4);
	check_said(NODE "has_memory: nodes from 1024 on are left out");
}

/* Catches a recording cut short taken for a node of no memory. */
Test(readers, meminfo_that_is_missing_or_malformed, .fini = tree_drop)
{
	read_tree(NODE "has_memory 0-3\n" NODE "has_cpu 0-3\n" NODE
		       "node1/meminfo Node 1 MemTotal:  many kB\n" NODE
		       "node2/meminfo Node 2 MemTo\n" NODE
		       "node3/meminfo x\\nNode 3 MemTotal: 12\n");
	cr_assert_eq(node(0)->origin[HMS_FIELD_SIZE], HMS_UNKNOWN);
	cr_assert_eq(node(1)->origin[HMS_FIELD_SIZE], HMS_UNKNOWN);
	check_said(NODE "node0/meminfo: cannot be read, so the node's size "
			"is unknown: error 2");
	check_said(NODE "node1/meminfo:1: \"many kB\" is no size in kB");
	check_said(NODE "node2/meminfo: has no line \"MemTotal:\"");
	check_said(NODE "node3/meminfo:2: \"12\" is no size in kB");
}

/* Catches units, values of the wrong file, and origins. */
Test(readers, access_classes, .fini = tree_drop)
{
	read_tree(TWO ACCESS("0", "0", "0", "90", "100000") ACCESS("2", "0",
		"0", "250", "30000") ACCESS("2", "1", "0", "250", "30000"));
	check_silent();
	cr_assert_eq(tree_link_value("memory:2", HMS_READ_LATENCY), 250);
	cr_assert_eq(tree_link_value("memory:2", HMS_WRITE_BANDWIDTH), 30000);
	cr_assert_eq(graph->links[tree_link("memory:2")]
			     .perf.origin[HMS_READ_BANDWIDTH],
		HMS_FIRMWARE);
	cr_assert_str_eq(tree_link_initiators("memory:2"), "cpu:0");
	cr_assert_eq(tree_link("memory:2/cpu"), -1);
	cr_assert_eq(node(2)->kind, HMS_KIND_CXL);
}

/* Catches a device's speed taken for the CPUs'. */
Test(readers, a_device_nearer_than_the_cpus, .fini = tree_drop)
{
	read_tree(TWO NODE "has_generic_initiator 2\n" ACCESS("0", "0", "0",
		"90", "100000") ACCESS("2", "0", "2", "50", "900000")
			ACCESS("2", "1", "0", "400", "60000"));
	check_silent();
	cr_assert_str_eq(tree_link_initiators("memory:2"), "gi:2");
	cr_assert_str_eq(tree_link_initiators("memory:2/cpu"), "cpu:0");
	cr_assert_eq(tree_link_value("memory:2", HMS_READ_LATENCY), 50);
	cr_assert_eq(tree_link_value("memory:2/cpu", HMS_READ_LATENCY), 400);
	cr_assert_eq(hms_graph_initiator(graph, "node:2"),
		hms_graph_initiator(graph, "gi:2"));
	/* To a CPU it is slower than its own. */
	cr_assert_neq(node(2)->kind, HMS_KIND_HBM);
}

/* Catches all of a class lost for one bad file, and initiators made up. */
Test(readers, malformed_access, .fini = tree_drop)
{
	read_tree(TWO ACCESS("2", "0", "5", "25O", "30000") NODE
		"node2/access0/initiators/write_latency 4294967296\n");
	cr_assert_eq(tree_link_value("memory:2", HMS_READ_BANDWIDTH), 30000);
	check_said(NODE "node2/access0/initiators/read_latency: "
			"\"25O\" is no number");
	check_said(NODE "node2/access0/initiators/write_latency: "
			"4294967296 is too much to be true");
	check_said(NODE "node2/access0/initiators: "
			"node5 has neither CPUs nor another initiator");
	cr_assert_str_eq(tree_link_initiators("memory:2"), "cpu:0");
	cr_assert_eq(hms_graph_initiator(graph, "cpu:5"), -1);
}

#define TIER "sys/devices/virtual/memory_tiering/"

/* Catches tiers of other nodes, and what is no tier. */
Test(readers, tiers, .fini = tree_drop)
{
	read_tree(TWO TIER "memory_tier4/nodelist 0\n" TIER
			   "memory_tier22/nodelist 2,9\n" TIER
			   "memory_tierx/nodelist 0\n" TIER "power/x\n");
	check_silent();
	cr_assert_eq(node(0)->tier, 4);
	cr_assert_eq(node(2)->tier, 22);
}

#define ND "sys/bus/nd/devices/"

/* Catches DRAM next to a region, and a namespace, taken for pmem. */
Test(readers, nvdimm_regions, .fini = tree_drop)
{
	read_tree(
		TWO ND "region0/target_node 2\n" ND "region1/target_node 0\n" ND
		       "region2/target_node -1\n");
	check_silent();
	cr_assert_eq(node(0)->kind, HMS_KIND_DRAM);
	cr_assert_eq(node(2)->kind, HMS_KIND_PMEM);
	cr_assert_eq(node(2)->origin[HMS_FIELD_KIND], HMS_DRIVER);
	cr_assert_str_eq(node(2)->device, "region0");
}

/* Catches a region that names nonsense. */
Test(readers, malformed_region, .fini = tree_drop)
{
	read_tree(TWO ND "region0/target_node two\n");
	cr_assert_eq(node(2)->kind, HMS_KIND_CXL);
	check_said(ND "region0/target_node: \"two\" is no number");
}

/* Catches nodes that the process may not use, and all lost with the file. */
Test(readers, allowed_nodes, .fini = tree_drop)
{
	read_tree(TWO "proc/self/status Name:\tx\\nMems_allowed_list:\t0\n");
	check_silent();
	cr_assert(node(0)->allowed);
	cr_assert_not(node(2)->allowed);
	tree_add("proc/self/status Mems_allowed_list:\t\n");
	graph = tree_read(HMS_DEPTH_NODES);
	cr_assert(node(0)->allowed && node(2)->allowed);
}
