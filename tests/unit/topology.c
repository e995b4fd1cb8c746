/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a machine: how deep, what if there is nothing, what the engine gets.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "engine/topology/topology.h"
#include "tests/unit/tree.h"

static enum hms_depth depth_of(const char *rules)
{
	struct hms_policy_input in = {
		.source = "test",
		.text = rules,
		.len = strlen(rules),
	};
	struct hms_arena arena = { 0 };
	struct hms_policy *policy;
	struct hms_diag diag;
	enum hms_depth depth;

	cr_assert_eq(hms_policy_parse(&in, &arena, &policy, &diag), 0, "%s",
		diag.text);
	depth = hms_topology_depth(policy);
	hms_arena_free(&arena);
	return depth;
}

/*
 * Would catch: a library that reads all of the machine for a rule that names
 * a node, or too little of it to answer a rule.
 */
Test(topology, depth)
{
	static const struct {
		const char *rules;
		enum hms_depth depth;
	} cases[] = {
		{ "* -> local", HMS_DEPTH_NODES },
		{ "* -> default", HMS_DEPTH_NODES },
		{ "* -> node:1 then file:/tmp then node:0", HMS_DEPTH_NODES },
		{ "* -> interleave(node:0*2, node:1)", HMS_DEPTH_NODES },
		{ "* -> hbm", HMS_DEPTH_KINDS },
		{ "* -> node:1 then hbm", HMS_DEPTH_KINDS },
		{ "heap -> local; map -> cxl", HMS_DEPTH_KINDS },
		{ "* -> interleave(node:0*1, hbm*3)", HMS_DEPTH_KINDS },
		{ "target t = node:0 then pmem\n"
		  "* -> interleave(t*2, node:1*1)",
			HMS_DEPTH_KINDS },
		{ "* -> interleave(node:0, node:1)", HMS_DEPTH_PATHS },
		{ "* -> near cuda:0", HMS_DEPTH_DEVICES },
		{ "* -> near cpu:1", HMS_DEPTH_PATHS },
		{ "* -> best latency for node:0 and nic:eth0",
			HMS_DEPTH_DEVICES },
		{ "* -> best capacity", HMS_DEPTH_PATHS },
		{ "* -> node:0 then best bandwidth for cpu", HMS_DEPTH_PATHS },
		{ "target t = node:0 then best latency for cpu\n"
		  "* -> interleave(t*2, node:1*1)",
			HMS_DEPTH_PATHS },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(depth_of(cases[i].rules), cases[i].depth, "%s: %d",
			cases[i].rules, depth_of(cases[i].rules));
}

static int read_root(const char *root, struct hms_graph **graph)
{
	struct hms_topology_request request = {
		.root = root,
		.depth = HMS_DEPTH_PATHS,
	};

	return hms_topology_read(&request, graph);
}

/* Would catch: a machine made of a folder that is not there, or cut short. */
Test(topology, bad_roots)
{
	struct hms_graph *graph;
	char root[300];

	cr_assert_eq(read_root("/nowhere", &graph), -ENOENT);
	cr_assert_eq(read_root("/dev/null", &graph), -ENOENT);
	memset(root, '/', sizeof(root));
	root[255] = 0;
	cr_assert_eq(read_root(root, &graph), 0);
	hms_graph_free(graph);
	root[255] = '/';
	root[256] = 0;
	cr_assert_eq(read_root(root, &graph), -ENAMETOOLONG);
	cr_assert_null(graph);
}

/* Would catch: no memory at all where sysfs is not mounted. */
Test(topology, an_empty_machine)
{
	for (unsigned d = HMS_DEPTH_NODES; d <= HMS_DEPTH_DETAILS; d++) {
		const struct hms_graph *graph;
		struct hms_nodes nodes;

		tree_make("");
		graph = tree_read((enum hms_depth)d);
		cr_assert_eq(graph->ntargets, 1);
		cr_assert_eq(hms_graph_node(graph, 0), 0);
		cr_assert_eq(graph->ninitiators, 1);
		cr_assert_eq(hms_graph_initiator(graph, "cpu:0"), 0);
		cr_assert_eq(hms_graph_initiator(graph, "node:0"), 0);
		hms_topology_nodes(graph, &nodes);
		cr_assert_eq(nodes.count, 1);
		cr_assert_eq(nodes.max, 0);
		cr_assert(nodes.node[0].present && nodes.node[0].has_cpu);
		cr_assert_eq(nodes.node[0].kind, HMS_KIND_DRAM);
		tree_drop();
	}
}

static const char made_up[] =
	"hms/devices "
	"initiator cpu:0 kind=cpu node=0\\n"
	"initiator cpu:5 kind=cpu node=5\\n"
	"initiator pci:0 kind=gpu node=0 aliases=cuda:0\\n"
	"target node:0 kind=dram node=0 size=64G\\n"
	"target node:3 kind=hbm node=3 size=16G\\n"
	"target node:4 kind=pmem node=4 size=0\\n"
	"target dax:0.0 kind=cxl node=3 size=9G manager=driver\\n";

/* Would catch: devices, or memory that is offline, in the engine's table. */
Test(topology, nodes_of_a_made_up_machine)
{
	const struct hms_graph *graph;
	struct hms_nodes nodes;

	tree_make(made_up);
	graph = tree_read(HMS_DEPTH_NODES);
	hms_topology_nodes(graph, &nodes);
	cr_assert_eq(nodes.count, 2);
	cr_assert_eq(nodes.max, 3);
	for (unsigned n = 0; n < HMS_MAX_NODES; n++) {
		cr_assert_eq(nodes.node[n].present, n == 0 || n == 3, "%u", n);
		cr_assert_eq(nodes.node[n].has_cpu, n == 0 || n == 5, "%u", n);
	}
	cr_assert_eq(nodes.node[3].kind, HMS_KIND_HBM);
	cr_assert_eq(nodes.node[3].size, (uint64_t)16 << 30);
	tree_drop();
}
