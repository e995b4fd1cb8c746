/* SPDX-License-Identifier: BSD-2-Clause */
/* Graphs: how readers build them, and what is kept of what they say. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "engine/topology/topology.h"

void *__real_hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off);
void *__wrap_hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off);
void *__real_hms_sys_mremap(
	void *old, size_t old_len, size_t new_len, int flags, void *new_addr);
void *__wrap_hms_sys_mremap(
	void *old, size_t old_len, size_t new_len, int flags, void *new_addr);

/* So many calls succeed from now on, and the rest fail; -1: all succeed. */
static int calls_left = -1;

static bool refused(void)
{
	if (calls_left > 0)
		calls_left--;
	else if (!calls_left)
		return true;
	return false;
}

void *__wrap_hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return refused() ? (void *)-(intptr_t)ENOMEM
			 : __real_hms_sys_mmap(addr, len, prot, flags, fd, off);
}

void *__wrap_hms_sys_mremap(
	void *old, size_t old_len, size_t new_len, int flags, void *new_addr)
{
	return refused() ? (void *)-(intptr_t)ENOMEM
			 : __real_hms_sys_mremap(
				   old, old_len, new_len, flags, new_addr);
}

static struct hms_builder *builder(void)
{
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);

	cr_assert(b);
	return b;
}

static struct hms_graph *finish(struct hms_builder *b)
{
	struct hms_graph *graph = hms_builder_finish(b);

	cr_assert(graph);
	return graph;
}

/* Would catch: an object added twice, or found under another kind's id. */
Test(graph, ids_are_found_again)
{
	struct hms_builder *b = builder();
	char id[32];

	for (int i = 0; i < 3000; i++) {
		snprintf(id, sizeof(id), "x:%d", i);
		cr_assert_eq(hms_builder_find_target(b, id), -1);
		cr_assert_eq(hms_builder_target(b, id), i);
		cr_assert_eq(hms_builder_find_link(b, id), -1);
		cr_assert_eq(hms_builder_link(b, id), i);
	}
	for (int i = 0; i < 3000; i++) {
		snprintf(id, sizeof(id), "x:%d", i);
		cr_assert_eq(hms_builder_target(b, id), i);
		cr_assert_eq(hms_builder_find_link(b, id), i);
		cr_assert_eq(hms_builder_find_initiator(b, id), -1);
		cr_assert_str_eq(hms_builder_memory(b, i)->id, id);
	}
	cr_assert_eq(hms_builder_targets(b), 3000);
	hms_builder_free(b);
}

/* Would catch: an alias that names nobody, two, or is listed twice. */
Test(graph, aliases)
{
	struct hms_builder *b = builder();
	int gpu = hms_builder_initiator(b, "pci:0", HMS_INITIATOR_GPU);
	int other = hms_builder_initiator(b, "pci:1", HMS_INITIATOR_GPU);
	struct hms_graph *graph;
	char name[32];

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 20; i++) {
			snprintf(name, sizeof(name), "cuda:%d", i);
			hms_builder_alias(b, gpu, name);
			hms_builder_alias(b, other, name);
		}
	hms_builder_alias(b, other, "pci:0");
	cr_assert_eq(
		hms_builder_initiator(b, "cuda:7", HMS_INITIATOR_NIC), gpu);
	graph = finish(b);
	cr_assert_eq(graph->ninitiators, 2);
	cr_assert_eq(graph->initiators[gpu].naliases, 20);
	cr_assert_eq(graph->initiators[other].naliases, 0);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "cuda:%d", i);
		cr_assert_str_eq(graph->initiators[gpu].aliases[i], name);
		cr_assert_eq(hms_graph_initiator(graph, name), gpu);
	}
	cr_assert_null(graph->initiators[gpu].aliases[20]);
	cr_assert_eq(hms_graph_initiator(graph, "cuda:20"), -1);
	cr_assert_eq(hms_graph_initiator(graph, "pci:0"), gpu);
	hms_graph_free(graph);
}

/* Would catch: a guess that overrides firmware, a user who is not heard. */
Test(graph, origins_decide)
{
	struct hms_builder *b = builder();
	int t = hms_builder_target(b, "node:2"), l = hms_builder_link(b, "l");
	struct hms_graph *graph;

	cr_assert(hms_builder_kind(b, t, HMS_KIND_CXL, HMS_FIRMWARE));
	cr_assert(hms_builder_kind(b, t, HMS_KIND_HBM, HMS_FIRMWARE));
	cr_assert(!hms_builder_kind(b, t, HMS_KIND_DRAM, HMS_GUESSED));
	cr_assert(!hms_builder_size(b, t, 5, HMS_UNKNOWN));
	cr_assert(hms_builder_property(b, t, HMS_PERSISTENT, true, HMS_DRIVER));
	cr_assert(!hms_builder_property(
		b, t, HMS_PERSISTENT, false, HMS_FIRMWARE));
	cr_assert(hms_builder_property(b, t, HMS_COHERENT, false, HMS_USER));
	cr_assert(hms_builder_link_perf(
		b, l, HMS_READ_LATENCY, 90, HMS_MEASURED));
	cr_assert(
		!hms_builder_link_perf(b, l, HMS_READ_LATENCY, 80, HMS_DRIVER));
	cr_assert(!hms_builder_link_perf(b, l, HMS_READ_LATENCY, 0, HMS_USER));
	hms_builder_link_target(b, l, t);
	graph = finish(b);
	cr_assert_eq(graph->targets[t].kind, HMS_KIND_HBM);
	cr_assert_eq(graph->targets[t].origin[HMS_FIELD_KIND], HMS_FIRMWARE);
	cr_assert_eq(graph->targets[t].origin[HMS_FIELD_SIZE], HMS_UNKNOWN);
	cr_assert(hms_memory_has(&graph->targets[t], HMS_PERSISTENT));
	cr_assert(!hms_memory_has(&graph->targets[t], HMS_COHERENT));
	cr_assert(hms_memory_has(&graph->targets[t], HMS_CPU_ACCESS));
	cr_assert_eq(graph->links[l].perf.value[HMS_READ_LATENCY], 90);
	cr_assert_eq(
		graph->links[l].perf.origin[HMS_READ_LATENCY], HMS_MEASURED);
	hms_graph_free(graph);
}

/* Would catch: bridges out of order, first[] off by one, links mixed up. */
Test(graph, bridges_are_sorted)
{
	struct hms_builder *b = builder();
	int from[] = { 4, 0, 3, 0, 4, 0 }, to[] = { 0, 4, 4, 1, 3, 4 };
	struct hms_graph *graph;
	char id[8];
	int t = hms_builder_target(b, "node:0");

	for (int i = 0; i < 5; i++) {
		snprintf(id, sizeof(id), "l%d", i);
		/* l2 is of no use: nothing is on it, nothing leads there. */
		hms_builder_link_target(
			b, hms_builder_link(b, id), i == 1 ? t : -1);
	}
	for (int i = 0; i < 5; i++)
		cr_assert_eq(hms_builder_bridge(b, NULL, from[i], to[i]), i);
	cr_assert_eq(hms_builder_bridge(b, NULL, 0, 4), 1);
	cr_assert_eq(hms_builder_bridge(b, "second", 0, 4), 5);
	cr_assert_eq(hms_builder_bridge(b, "second", 0, 4), 5);
	cr_assert_eq(hms_builder_bridge(b, NULL, 3, 3), -1);
	for (int i = 0; i < 6; i++)
		hms_builder_bridge_perf(
			b, i, HMS_READ_LATENCY, (uint32_t)i + 1, HMS_FIRMWARE);
	graph = finish(b);
	cr_assert_eq(graph->nlinks, 4);
	cr_assert_eq(graph->nbridges, 6);
	/* l0: 1 3 5; l3, now 2: 2; l4, now 3: 0 4; each in order of addition */
	unsigned order[] = { 2, 4, 6, 3, 1, 5 };
	unsigned first[] = { 0, 3, 3, 4, 6 }, now[] = { 0, 1, 9, 2, 3 };

	for (unsigned i = 0; i < 6; i++) {
		unsigned was = order[i] - 1;

		cr_assert_eq(graph->bridges[i].perf.value[HMS_READ_LATENCY],
			order[i]);
		cr_assert_eq(graph->bridges[i].from, now[from[was]]);
		cr_assert_eq(graph->bridges[i].to, now[to[was]]);
	}
	cr_assert_arr_eq(graph->first, first, sizeof(first));
	cr_assert_str_eq(graph->bridges[2].id, "second");
	hms_graph_free(graph);
}

static size_t mapped_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t pages = 0;

	cr_assert(file);
	cr_assert_eq(fscanf(file, "%zu", &pages), 1);
	fclose(file);
	return pages;
}

/*
 * Would catch: a table that loses what is in it when it grows or is copied, a
 * mapping that is kept or given back twice, an id looked for one by one.
 */
Test(graph, many_nodes)
{
	const unsigned nodes = 1000;
	const unsigned ways = getenv("HMS_UNDER_VALGRIND") ? 40 : 200;
	size_t before = mapped_pages();
	struct hms_builder *b = builder();
	struct hms_graph *graph;
	char id[32];

	for (unsigned n = 0; n < nodes; n++) {
		snprintf(id, sizeof(id), "node:%u", n);
		hms_builder_node(
			b, hms_builder_target(b, id), (int)n, HMS_FIRMWARE);
		snprintf(id, sizeof(id), "memory:%u", n);
		hms_builder_link_target(
			b, hms_builder_link(b, id), (int)(nodes - 1 - n));
	}
	for (unsigned w = 1; w <= ways; w++)
		for (unsigned n = 0; n < nodes; n++) {
			int bridge = hms_builder_bridge(
				b, NULL, (int)n, (int)((n + w) % nodes));

			cr_assert_eq(bridge, (int)((w - 1) * nodes + n));
			hms_builder_bridge_perf(b, bridge, HMS_READ_LATENCY,
				n * ways + w, HMS_GUESSED);
		}
	cr_assert_eq(hms_builder_bridge(b, NULL, 0, 1), 0);
	graph = finish(b);
	cr_assert_eq(graph->nbridges, nodes * ways);
	for (unsigned n = 0; n < nodes; n++) {
		cr_assert_eq(hms_graph_node(graph, n), (int)n);
		cr_assert_eq(graph->links[n].targets[0], nodes - 1 - n);
		cr_assert_eq(graph->first[n], n * ways);
		for (unsigned w = 1; w <= ways; w++) {
			const struct hms_bridge *bridge =
				&graph->bridges[n * ways + w - 1];

			cr_assert_eq(bridge->to, (n + w) % nodes);
			cr_assert_eq(bridge->perf.value[HMS_READ_LATENCY],
				n * ways + w);
		}
	}
	hms_graph_free(graph);
	/* stdio's buffers, and what Criterion does beside. */
	cr_assert(mapped_pages() < before + 1000);
	for (unsigned i = 0; i < 50; i++) {
		b = builder();
		for (unsigned n = 0; n < nodes; n++) {
			snprintf(id, sizeof(id), "node:%u", n);
			hms_builder_target(b, id);
		}
		hms_builder_free(b);
	}
	cr_assert(mapped_pages() < before + 1000);
}

/* A star of nodes, without a look at what any call says. */
static struct hms_graph *star(unsigned nodes)
{
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);
	char id[32];
	int first = -1;

	for (unsigned n = 0; b && n < nodes; n++) {
		int target, initiator, link;

		snprintf(id, sizeof(id), "node:%u", n);
		target = hms_builder_target(b, id);
		hms_builder_node(b, target, (int)n, HMS_FIRMWARE);
		snprintf(id, sizeof(id), "cpu:%u", n);
		initiator = hms_builder_initiator(b, id, HMS_INITIATOR_CPU);
		snprintf(id, sizeof(id), "alias:%u", n);
		hms_builder_alias(b, initiator, id);
		link = hms_builder_pair(b, initiator, target);
		first = n ? first : link;
		hms_builder_bridge_initiator(
			b, hms_builder_bridge(b, NULL, link, first), initiator);
		hms_builder_complain(b, id, 1, "%s", "nothing");
	}
	return hms_builder_finish(b);
}

/* Would catch: a crash, a hole or a leak when memory ends, wherever. */
Test(graph, memory_runs_out)
{
	size_t before = mapped_pages();
	struct hms_graph *graph = NULL;
	int calls = 0;

	for (; !graph; calls++) {
		calls_left = calls;
		graph = star(700);
		calls_left = -1;
	}
	/* It took some, and failed at each of them. */
	cr_assert_gt(calls, 15);
	cr_assert_eq(graph->ntargets, 700);
	cr_assert_eq(graph->nlinks, 700);
	cr_assert_eq(graph->nbridges, 699);
	cr_assert_eq(graph->nfindings, 64);
	cr_assert_eq(hms_graph_initiator(graph, "alias:699"), 699);
	hms_graph_free(graph);
	cr_assert(mapped_pages() < before + 100);
}

/* Would catch: a list that loses, repeats or disorders what is on it. */
Test(graph, lists_ascend)
{
	struct hms_builder *b = builder();
	int l = hms_builder_link(b, "l"), m = hms_builder_link(b, "m");
	int bridge = hms_builder_bridge(b, NULL, l, m);
	struct hms_graph *graph;
	char id[16];

	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "cpu:%d", i);
		hms_builder_initiator(b, id, HMS_INITIATOR_CPU);
	}
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 100; i++) {
			hms_builder_link_initiator(b, l, i * 37 % 100);
			hms_builder_bridge_initiator(b, bridge, 99 - i);
		}
	graph = finish(b);
	cr_assert_eq(graph->links[0].ninitiators, 100);
	cr_assert_eq(graph->bridges[0].ninitiators, 100);
	for (unsigned i = 0; i < 100; i++) {
		cr_assert_eq(graph->links[0].initiators[i], i);
		cr_assert_eq(graph->bridges[0].initiators[i], i);
	}
	hms_graph_free(graph);
}

/*
 * Would catch: findings that overrun their table, are dropped unsaid, or are
 * said once for each time that a file is read.
 */
Test(graph, findings)
{
	struct hms_builder *b = builder();
	struct hms_graph *graph;

	hms_builder_complain(b, "sys/x", 0, "%s", "not a number");
	hms_builder_complain(b, "hms.conf", 7, "what is \"%s\"?", "knd");
	hms_builder_complain(b, "hms.conf", 7, "what is \"%s\"?", "knd");
	for (int i = 0; i < 100; i++)
		hms_builder_complain(b, "f", 1, "%d %01000d", i, 0);
	graph = finish(b);
	cr_assert_eq(graph->nfindings, 64);
	cr_assert_eq(graph->nlost, 38);
	cr_assert_str_eq(graph->findings[0], "sys/x: not a number");
	cr_assert_str_eq(graph->findings[1], "hms.conf:7: what is \"knd\"?");
	hms_graph_free(graph);
}

/* Would catch: a device's memory taken for the node it could become. */
Test(graph, nodes)
{
	struct hms_builder *b = builder();
	int dax = hms_builder_target(b, "dax:0.0");
	int node = hms_builder_target(b, "far"), zero;
	struct hms_graph *graph;

	hms_builder_node(b, dax, 3, HMS_DRIVER);
	hms_builder_manager(b, dax, HMS_MANAGED_BY_DRIVER, HMS_DRIVER);
	cr_assert_eq(hms_builder_find_node(b, 3), -1);
	hms_builder_node(b, node, 3, HMS_FIRMWARE);
	zero = hms_builder_target(b, "node:0");
	cr_assert_eq(hms_builder_find_node(b, 0), -1);
	hms_builder_node(b, zero, 0, HMS_FIRMWARE);
	cr_assert_eq(hms_builder_find_node(b, 3), node);
	cr_assert_eq(hms_builder_find_node(b, 0), zero);
	graph = finish(b);
	cr_assert_eq(hms_graph_node(graph, 0), zero);
	cr_assert_eq(hms_graph_node(graph, 1), -1);
	cr_assert_eq(hms_graph_node(graph, 3), node);
	cr_assert_eq(hms_graph_node(graph, 4), -1);
	cr_assert_eq(hms_graph_node(graph, -1u), -1);
	hms_graph_free(graph);
}
