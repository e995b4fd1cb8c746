/* SPDX-License-Identifier: BSD-2-Clause */
/* What control groups let a process have, and the pools of huge pages. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/topology/groups.h"
#include "tests/unit/tree.h"

#define NODE "sys/devices/system/node/"
#define ONE                                                                    \
	NODE "has_memory 0\n" NODE "has_cpu 0\n" NODE "node0/cpulist 0\n" NODE \
	     "node0/distance 10\n" NODE                                        \
	     "node0/meminfo Node 0 MemTotal: 1024 kB\\n"                       \
	     "Node 0 MemFree: 512 kB\n"
#define GROUP "sys/fs/cgroup/"

static const struct hms_graph *graph;

static void read_tree(const char *text, enum hms_depth depth)
{
	tree_make(text);
	graph = tree_read(depth);
}

/* These were said, "sys/...: MESSAGE", and nothing else; NULL last. */
static void check_said(const char *const *findings)
{
	char wanted[600];
	unsigned n = 0;

	for (; findings[n]; n++) {
		cr_assert_lt(n, graph->nfindings, "not said: %s", findings[n]);
		snprintf(wanted, sizeof(wanted), "%s/%s", graph->root,
			findings[n]);
		cr_assert_str_eq(graph->findings[n], wanted);
	}
	cr_assert_eq(graph->nfindings, n, "said: %s", graph->findings[n]);
}

static void check_limit(uint64_t bytes, const char *file)
{
	static const char *const nothing[] = { NULL };

	check_said(nothing);
	cr_assert_eq(graph->memory_limit, bytes, "%llu",
		(unsigned long long)graph->memory_limit);
	if (file)
		cr_assert_str_eq(graph->memory_limit_file, file);
	else
		cr_assert_null(graph->memory_limit_file);
}

/* Catches a group's own limit taken for all, and one of a stranger. */
Test(limits, the_least_of_all_above, .fini = tree_drop)
{
	read_tree(ONE "proc/self/cgroup 0::/a/b/c\n" GROUP
		      "a/b/c/memory.max max\n" GROUP
		      "a/b/memory.max 8589934592\n" GROUP
		      "a/memory.max 4294967296\n" GROUP
		      "memory.max 17179869184\n" GROUP
		      "a/b/d/memory.max 4096\n" GROUP
		      "a/b/c/d/memory.max 4096\n",
		HMS_DEPTH_DETAILS);
	check_limit(UINT64_C(4) << 30, GROUP "a/memory.max");
}

/* Catches a mount's own group left out, or looked for under another name. */
Test(limits, the_root_of_a_namespace, .fini = tree_drop)
{
	static const char *const seen_as[] = { "0::/", "0::/../other",
		"0::/a/../../..", "0::/docker/0123", "0::/gone (deleted)" };

	for (size_t i = 0; i < sizeof(seen_as) / sizeof(seen_as[0]); i++) {
		char text[1024];

		snprintf(text, sizeof(text),
			ONE "proc/self/cgroup %s\n" GROUP
			    "memory.max 1073741824\n" GROUP
			    "other/memory.max 4096\n"
			    "sys/fs/other/memory.max 4096\n"
			    "memory.max 4096\n",
			seen_as[i]);
		read_tree(text, HMS_DEPTH_DETAILS);
		check_limit(UINT64_C(1) << 30, GROUP "memory.max");
		tree_drop();
	}
}

/* Catches version 1 passed over, or its "none" taken for a number. */
Test(limits, version_1, .fini = tree_drop)
{
	read_tree(ONE "proc/self/cgroup 9:name=memory:/x\\n5:cpuset:/x\\n"
		      "4:cpu,memory:/job/step\\n0::/y\n" GROUP
		      "memory/job/step/memory.limit_in_bytes "
		      "9223372036854771712\n" GROUP
		      "memory/job/memory.limit_in_bytes 3221225472\n" GROUP
		      "memory/memory.limit_in_bytes 9223372036854771712\n" GROUP
		      "memory/x/memory.limit_in_bytes 4096\n" GROUP
		      "memory/y/memory.limit_in_bytes 4096\n",
		HMS_DEPTH_DETAILS);
	check_limit(
		UINT64_C(3) << 30, GROUP "memory/job/memory.limit_in_bytes");
}

/* Catches a limit where there is none: 0, max, too much to be true. */
Test(limits, none, .fini = tree_drop)
{
	static const char *const none[] = { "max", "1152921504606846976",
		"18446744073709551615", "0" };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		char text[1024];

		snprintf(text, sizeof(text),
			ONE "proc/self/cgroup 0::/box\n" GROUP
			    "box/memory.max %s\n",
			none[i]);
		read_tree(text, HMS_DEPTH_DETAILS);
		check_limit(0, NULL);
		tree_drop();
	}
}

/* Catches a mistake that is swallowed, or takes the other groups with it. */
Test(limits, malformed, .fini = tree_drop)
{
	static const char *const wanted[] = {
		"proc/self/cgroup:1: \"0:/box\" does not say which group "
		"this is",
		"proc/self/cgroup:2: \"0::box\" does not say which group "
		"this is",
		GROUP "a/b/memory.max: \"4G\" is no number of bytes, nor max",
		GROUP "a/memory.max: is empty", NULL
	};

	read_tree(ONE "proc/self/cgroup 0:/box\\n0::box\\n0::/a/b\n" GROUP
		      "box/memory.max 4096\n" GROUP "a/b/memory.max 4G\n" GROUP
		      "a/memory.max \n" GROUP "memory.max 8192\n",
		HMS_DEPTH_DETAILS);
	check_said(wanted);
	cr_assert_eq(graph->memory_limit, 8192);
}

/* Catches a name that was cut short taken for another group's. */
Test(limits, cut_short, .fini = tree_drop)
{
	char path[300];

	read_tree(ONE "proc/self/cgroup 0::/box\n" GROUP "bo/memory.max 4096\n",
		HMS_DEPTH_DETAILS);
	snprintf(path, sizeof(path), "%s/proc/self/cgroup", graph->root);
	cr_assert_eq(truncate(path, 6), 0);
	graph = tree_read(HMS_DEPTH_DETAILS);
	check_limit(0, NULL);
}

/* Catches rules that name a node paying for what they do not ask. */
Test(limits, not_read_where_nobody_asks, .fini = tree_drop)
{
	read_tree(ONE "proc/self/cgroup nonsense\n" NODE
		      "node0/hugepages/hugepages-xkB/nr_hugepages 1\n",
		HMS_DEPTH_DEVICES);
	check_limit(0, NULL);
}

/* Catches the room of the tightest group taken for that of the fullest. */
Test(limits, room, .fini = tree_drop)
{
	const char *root = tree_make(
		"proc/self/cgroup 0::/a/b\n" GROUP "a/b/memory.max 50\n" GROUP
		"a/b/memory.current 10\n" GROUP "a/memory.max 100\n" GROUP
		"a/memory.current 90\n" GROUP "memory.max 200\n");
	struct hms_builder *b = hms_builder_new(root, HMS_DEPTH_NODES);
	struct hms_groups groups;

	hms_groups_read(b, true, &groups);
	cr_assert_eq(groups.limit, 50);
	cr_assert_eq(groups.room, 10);
	cr_assert_str_eq(groups.file, GROUP "a/b/memory.max");
	tree_add(GROUP "a/memory.current 101\n");
	hms_groups_read(b, true, &groups);
	cr_assert_eq(groups.room, 0);
	tree_add("proc/self/cgroup 0::/\n");
	hms_groups_read(b, true, &groups);
	cr_assert_eq(groups.limit, 200);
	cr_assert_eq(groups.room, HMS_GROUPS_ANY);
	hms_builder_free(b);
}

#define HUGE NODE "node0/hugepages/hugepages-"

/* Catches sizes out of order, numbers of the wrong file or node. */
Test(limits, huge_pages, .fini = tree_drop)
{
	static const struct hms_huge_pages wanted[] = {
		{ 64 << 10, 7, 7 },
		{ 2 << 20, 512, 100 },
		{ 1 << 30, 4, 0 },
	};
	const struct hms_memory *memory;

	read_tree(ONE HUGE "1048576kB/nr_hugepages 4\n" HUGE
			   "1048576kB/free_hugepages 0\n" HUGE
			   "2048kB/nr_hugepages 512\n" HUGE
			   "2048kB/free_hugepages 100\n" HUGE
			   "2048kB/surplus_hugepages 3\n" HUGE
			   "64kB/nr_hugepages 7\n" HUGE
			   "64kB/free_hugepages 7\n" NODE
			   "node1/hugepages/hugepages-16kB/nr_hugepages 7\n",
		HMS_DEPTH_DETAILS);
	check_limit(0, NULL);
	memory = &graph->targets[hms_graph_node(graph, 0)];
	cr_assert_eq(memory->nhuge, 3);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(memory->huge[i].size, wanted[i].size);
		cr_assert_eq(memory->huge[i].total, wanted[i].total);
		cr_assert_eq(memory->huge[i].free, wanted[i].free);
	}
	graph = tree_read(HMS_DEPTH_DEVICES);
	cr_assert_eq(graph->targets[0].nhuge, 0);
}

/* Catches all pools lost with one, and half a pool shown. */
Test(limits, malformed_huge_pages, .fini = tree_drop)
{
	static const char *const wanted[] = { HUGE
		"1048576kB/free_hugepages: \"all\" is no number",
		HUGE "2048kB/free_hugepages: cannot be read: error 2",
		NODE "node0/hugepages: \"hugepages-2MB\" has no size in kB",
		HUGE "64kB/nr_hugepages: is empty",
		NODE "node0/hugepages: \"hugepages-kB\" has no size in kB",
		NULL };

	read_tree(ONE HUGE
		"1048576kB/nr_hugepages 4\n" HUGE
		"1048576kB/free_hugepages all\n" HUGE
		"2048kB/nr_hugepages 1\n" HUGE "64kB/nr_hugepages \n" HUGE
		"64kB/free_hugepages 7\n" HUGE "2MB/nr_hugepages 1\n" HUGE
		"kB/nr_hugepages 1\n" HUGE "32kB/nr_hugepages 5\n" HUGE
		"32kB/free_hugepages 5\n" NODE
		"node0/hugepages/other/nr_hugepages x\n",
		HMS_DEPTH_DETAILS);
	check_said(wanted);
	cr_assert_eq(graph->targets[0].nhuge, 1);
	cr_assert_eq(graph->targets[0].huge[0].size, 32 << 10);
}
