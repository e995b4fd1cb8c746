/* SPDX-License-Identifier: BSD-2-Clause */
/* What is guessed: kinds by speed and processor, ways by distance. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/tree.h"

#define NODE "sys/devices/system/node/"
#define MEMINFO(n, kib)                                                        \
	NODE "node" n "/meminfo Node " n " MemTotal: " kib " kB\\nNode " n     \
	     " MemFree: 1024 kB\n"
#define SPEED(n, bandwidth)                                                    \
	NODE "node" n "/access0/initiators/read_bandwidth " bandwidth "\n"
/* CPUs on nodes 0 and 1; 2 and 3 have 16 GiB each and no CPUs. */
#define FOUR                                                                   \
	NODE "online 0-3\n" NODE "has_memory 0-3\n" NODE                       \
	     "has_cpu 0-1\n" MEMINFO("0", "67108864") MEMINFO("1", "67108864") \
		     MEMINFO("2", "16777216") MEMINFO("3", "16777216")
#define ROWS                                                                   \
	NODE "node0/distance 10 21 13 23\n" NODE "node1/distance 21 10 23 13\n"
#define INTEL(model, name)                                                     \
	"proc/cpuinfo processor\t: 0\\nvendor_id\t: GenuineIntel\\n"           \
	"cpu family\t: 6\\nmodel\t\t: " model "\\nmodel name\t: " name "\n"

static const struct hms_graph *graph;

static enum hms_kind kind(unsigned node)
{
	int target = hms_graph_node(graph, node);

	cr_assert_geq(target, 0);
	cr_assert_eq(
		graph->targets[target].origin[HMS_FIELD_KIND], HMS_GUESSED);
	return graph->targets[target].kind;
}

static void read_tree(const char *text, enum hms_depth depth)
{
	tree_make(text);
	graph = tree_read(depth);
}

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

static uint32_t bridge(const char *from, const char *to, enum hms_measure what)
{
	int i = tree_bridge(from, to);

	cr_assert_geq(i, 0, "%s %s", from, to);
	return graph->bridges[i].perf.value[what];
}

/* Catches slower memory taken for hbm, and a processor that overrules HMAT. */
Test(kinds, firmware_says_which_is_faster, .fini = tree_drop)
{
	read_tree(FOUR SPEED("0", "76800") SPEED("1", "76800")
			  SPEED("2", "409600") SPEED("3", "30000")
				  INTEL("143", "Intel(R) Xeon(R) CPU Max 9468"),
		HMS_DEPTH_KINDS);
	cr_assert_eq(kind(0), HMS_KIND_DRAM);
	cr_assert_eq(kind(2), HMS_KIND_HBM);
	cr_assert_eq(kind(3), HMS_KIND_CXL);
}

/* Catches HBM of Xeon Max missed where HMAT is, at any depth. */
Test(kinds, xeon_max_without_hmat, .fini = tree_drop)
{
	read_tree(FOUR INTEL("143", "Intel(R) Xeon(R) CPU Max 9468"),
		HMS_DEPTH_KINDS);
	cr_assert_eq(kind(0), HMS_KIND_DRAM);
	cr_assert_eq(kind(2), HMS_KIND_HBM);
	graph = tree_read(HMS_DEPTH_PATHS);
	cr_assert_eq(kind(3), HMS_KIND_HBM);
	/* One stack; more than DRAM, or nobody would take it. */
	cr_assert_eq(tree_link_value("memory:2", HMS_READ_BANDWIDTH), 409600);
	cr_assert_eq(tree_link_value("memory:0", HMS_READ_BANDWIDTH), 105000);
	cr_assert_eq(tree_link_value("memory:2", HMS_READ_LATENCY), 127);
	cr_assert_eq(tree_link_value("memory:0", HMS_READ_LATENCY), 108);
}

/* Catches the same model without HBM, and an expander as large as none. */
Test(kinds, other_sapphire_rapids_have_none, .fini = tree_drop)
{
	read_tree(FOUR INTEL("143", "Intel(R) Xeon(R) Platinum 8480+"),
		HMS_DEPTH_KINDS);
	cr_assert_eq(kind(2), HMS_KIND_CXL);
	tree_add(INTEL("143", "Intel(R) Xeon(R) CPU Max 9468")
			MEMINFO("3", "134217728"));
	graph = tree_read(HMS_DEPTH_KINDS);
	cr_assert_eq(kind(2), HMS_KIND_HBM);
	cr_assert_eq(kind(3), HMS_KIND_CXL);
}

/* Catches Knights Landing's MCDRAM missed, or slower than its DRAM. */
Test(kinds, knights_landing, .fini = tree_drop)
{
	read_tree(FOUR ROWS INTEL("87", "Intel(R) Xeon Phi(TM) CPU 7210"),
		HMS_DEPTH_PATHS);
	cr_assert_eq(kind(1), HMS_KIND_DRAM);
	cr_assert_eq(kind(2), HMS_KIND_HBM);
	cr_assert_eq(tree_link_value("memory:0", HMS_READ_BANDWIDTH), 45000);
	cr_assert_eq(tree_link_value("memory:2", HMS_READ_BANDWIDTH), 240000);
	cr_assert_eq(tree_link_value("memory:0", HMS_READ_LATENCY), 130);
	cr_assert_eq(tree_link_value("memory:2", HMS_READ_LATENCY), 154);
	cr_assert_str_eq(tree_link_initiators("memory:2"), "cpu:0");
	cr_assert_str_eq(tree_link_initiators("memory:3"), "cpu:1");
}

/* Catches a processor whose only memory is HBM. */
Test(kinds, a64fx, .fini = tree_drop)
{
	read_tree(NODE
		"has_memory 0\n" NODE "has_cpu 0\n" MEMINFO("0",
			"8388608") "proc/cpuinfo "
				   "processor\t: 0\\nCPU implementer\t: 0x46\\n"
				   "CPU part\t: 0x001\n",
		HMS_DEPTH_PATHS);
	cr_assert_eq(kind(0), HMS_KIND_HBM);
	cr_assert_eq(tree_link_value("memory:0", HMS_READ_BANDWIDTH), 204800);
}

/* Catches a guess that replaces what firmware says, in part. */
Test(kinds, guesses_only_fill_in, .fini = tree_drop)
{
	read_tree(FOUR SPEED("2", "31000"), HMS_DEPTH_PATHS);
	cr_assert_eq(tree_link_value("memory:2", HMS_READ_BANDWIDTH), 31000);
	cr_assert_eq(tree_link_value("memory:2", HMS_WRITE_BANDWIDTH), 31000);
	cr_assert_eq(graph->links[tree_link("memory:2")]
			     .perf.origin[HMS_WRITE_BANDWIDTH],
		HMS_GUESSED);
	cr_assert_eq(tree_link_value("memory:2", HMS_READ_LATENCY), 242);
}

/* Catches ways that cost nothing, and the nearest mixed up. */
Test(distance, ways_between_sockets, .fini = tree_drop)
{
	read_tree(FOUR ROWS, HMS_DEPTH_PATHS);
	cr_assert_eq(graph->nfindings, 0);
	cr_assert_str_eq(tree_link_initiators("memory:0"), "cpu:0");
	cr_assert_str_eq(tree_link_initiators("memory:2"), "cpu:0");
	cr_assert_str_eq(tree_link_initiators("memory:3"), "cpu:1");
	/* 81 * 21 / 10 - 81, 105000 * 10 / 21. */
	cr_assert_eq(bridge("fabric:0", "memory:1", HMS_READ_LATENCY), 89);
	cr_assert_eq(bridge("fabric:0", "memory:1", HMS_READ_BANDWIDTH), 50000);
	/* 242 * 23 / 13 - 242. */
	cr_assert_eq(bridge("fabric:1", "memory:2", HMS_READ_LATENCY), 186);
	cr_assert_eq(bridge("fabric:0", "memory:0", HMS_READ_LATENCY), 0);
	cr_assert_eq(bridge("fabric:0", "memory:2", HMS_READ_LATENCY), 0);
	cr_assert_eq(hms_graph_distance(graph, 1, 2), 23);
}

/* Catches rows that are missing: memory nobody reaches. */
Test(distance, nothing_is_told, .fini = tree_drop)
{
	read_tree(FOUR, HMS_DEPTH_PATHS);
	check_said(NODE "node0/distance: cannot be read, so distances are "
			"unknown");
	cr_assert_str_eq(tree_link_initiators("memory:0"), "cpu:0");
	cr_assert_str_eq(tree_link_initiators("memory:2"), "cpu:0 cpu:1");
	/* As if 20. */
	cr_assert_eq(bridge("fabric:0", "memory:1", HMS_READ_LATENCY), 81);
}

/* Catches a short row that shifts the rest, and a long one. */
Test(distance, rows_of_the_wrong_length, .fini = tree_drop)
{
	read_tree(FOUR NODE "node0/distance 10 21 13\n" NODE
			    "node1/distance 21 10 23 13 99\n",
		HMS_DEPTH_PATHS);
	check_said(NODE "node0/distance: has fewer entries than the 4 nodes "
			"that are online");
	check_said(NODE "node1/distance: has more entries than the 4 nodes "
			"that are online");
	cr_assert_str_eq(tree_link_initiators("memory:2"), "cpu:0");
	cr_assert_str_eq(tree_link_initiators("memory:3"), "cpu:1");
	cr_assert_eq(hms_graph_distance(graph, 0, 3), 0);
	cr_assert_eq(hms_graph_distance(graph, 1, 3), 13);
}

/* Catches each wrong value, the good ones next to it lost, and silence. */
Test(distance, wrong_values, .fini = tree_drop)
{
	read_tree(FOUR NODE "node0/distance 11 21x 13 0\n" NODE
			    "node1/distance 255 10 300 13\n",
		HMS_DEPTH_PATHS);
	check_said(NODE "node0/distance: distance to node 0 is \"11\": a "
			"node's distance to itself is 10");
	check_said(NODE "node0/distance: 2 more are wrong");
	check_said(NODE "node1/distance: distance to node 0 is \"255\": out "
			"of reach");
	check_said(NODE "node1/distance: 1 more are wrong");
	cr_assert_eq(graph->nfindings, 4);
	cr_assert_str_eq(tree_link_initiators("memory:0"), "cpu:0");
	cr_assert_str_eq(tree_link_initiators("memory:2"), "cpu:0");
	cr_assert_str_eq(tree_link_initiators("memory:3"), "cpu:1");
	/* Out of reach is believed, of what somebody else reaches. */
	cr_assert_eq(tree_bridge("fabric:1", "memory:0"), -1);
	cr_assert_geq(tree_bridge("fabric:1", "memory:2"), 0);
}

/* Catches memory out of everyone's reach, which is online all the same. */
Test(distance, memory_that_nobody_reaches, .fini = tree_drop)
{
	read_tree(FOUR NODE "node0/distance 10 21 255 14\n" NODE
			    "node1/distance 21 10 255 24\n",
		HMS_DEPTH_PATHS);
	cr_assert_str_eq(tree_link_initiators("memory:2"), "cpu:0 cpu:1");
	cr_assert_geq(tree_bridge("fabric:1", "memory:2"), 0);
}

/* Catches columns that are numbers of nodes: 1 was never there. */
Test(distance, columns_are_online_nodes, .fini = tree_drop)
{
	read_tree(NODE "online 0,2,7\n" NODE "has_memory 0,2,7\n" NODE
		       "has_cpu 0,2\n" NODE "node0/distance 10 20 30\n" NODE
		       "node2/distance 20 10 14\n" MEMINFO("0", "4")
			       MEMINFO("2", "4") MEMINFO("7", "4"),
		HMS_DEPTH_PATHS);
	cr_assert_eq(graph->nfindings, 0);
	cr_assert_eq(hms_graph_distance(graph, 0, 7), 30);
	cr_assert_eq(hms_graph_distance(graph, 2, 7), 14);
	cr_assert_str_eq(tree_link_initiators("memory:7"), "cpu:2");
}

/* Catches a device that has no way to the CPUs' memory. */
Test(distance, generic_initiators_have_ways, .fini = tree_drop)
{
	read_tree(FOUR ROWS NODE "has_generic_initiator 2\n" NODE
				 "node2/distance 13 23 10 25\n",
		HMS_DEPTH_PATHS);
	cr_assert_str_eq(tree_link_initiators("fabric:2"), "gi:2");
	cr_assert_geq(tree_bridge("fabric:2", "memory:0"), 0);
	cr_assert_str_eq(tree_link_initiators("memory:2"), "cpu:0");
}
