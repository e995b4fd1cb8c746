/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory by need on small machines whose right answer is plain to see. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/target/target.h"
#include "engine/topology/order.h"
#include "engine/topology/rank.h"
#include "engine/topology/text.h"

/* Two sockets, with HBM each; a GPU on the second's PCIe. */
static const char server[] =
	"target node:0 kind=dram size=64G node=0\n"
	"target node:1 kind=dram size=64G node=1\n"
	"target node:2 kind=hbm size=16G node=2\n"
	"target node:3 kind=hbm size=16G node=3\n"
	"target cuda:0 kind=gpu size=40G manager=driver\n"
	"initiator cpu:0 kind=cpu node=0 aliases=node:0\n"
	"initiator cpu:1 kind=cpu node=1 aliases=node:1\n"
	"initiator pci:0000:41:00.0 kind=gpu node=1 aliases=cuda:0,gpu:0\n"
	"link memory:0 initiators=cpu:0 targets=node:0 latency=90 "
	"bandwidth=100GB/s\n"
	"link memory:1 initiators=cpu:1 targets=node:1 latency=90 "
	"bandwidth=100GB/s\n"
	"link memory:2 initiators=cpu:0 targets=node:2 latency=120 "
	"bandwidth=400GB/s\n"
	"link memory:3 initiators=cpu:1 targets=node:3 latency=120 "
	"bandwidth=400GB/s\n"
	"link fabric:0 initiators=cpu:0\n"
	"link fabric:1 initiators=cpu:1\n"
	"link pcie:41 initiators=pci:0000:41:00.0 bandwidth=25GB/s\n"
	"link vram:41 initiators=pci:0000:41:00.0 targets=cuda:0 "
	"bandwidth=3000GB/s\n"
	"bridge from=pcie:41 to=fabric:1 latency=500\n"
	"bridge from=fabric:0 to=memory:0\n"
	"bridge from=fabric:0 to=memory:1 latency=50 bandwidth=60GB/s\n"
	"bridge from=fabric:0 to=memory:2\n"
	"bridge from=fabric:0 to=memory:3 latency=50 bandwidth=60GB/s\n"
	"bridge from=fabric:1 to=memory:0 latency=50 bandwidth=60GB/s\n"
	"bridge from=fabric:1 to=memory:1\n"
	"bridge from=fabric:1 to=memory:2 latency=50 bandwidth=60GB/s\n"
	"bridge from=fabric:1 to=memory:3\n"
	"bridge from=fabric:1 to=vram:41 bandwidth=25GB/s coherent=no\n";

/* Rows of four nodes, as the kernel shows them. */
typedef unsigned distances[4][4];
static const distances near_hbm = { { 10, 21, 13, 23 }, { 21, 10, 23, 13 },
	{ 13, 23, 10, 23 }, { 23, 13, 23, 10 } };
/* Firmware that puts HBM far away, so that nobody takes it by accident. */
static const distances far_hbm = { { 10, 21, 31, 41 }, { 21, 10, 41, 31 },
	{ 31, 41, 10, 41 }, { 41, 31, 41, 10 } };

static struct hms_arena arena;
static struct hms_ranking ranking;
static const char *unknown;

static struct hms_graph *machine_of(const char *text, const distances *d)
{
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);
	struct hms_topology_source source = {
		.name = "test",
		.text = text,
		.len = strlen(text),
		.origin = HMS_FIRMWARE,
		.define = true,
	};
	struct hms_graph *graph;

	cr_assert(b);
	hms_topology_parse(b, &source);
	for (unsigned i = 0; d && i < 16; i++)
		hms_builder_distance(b, i / 4, i % 4, (*d)[i / 4][i % 4]);
	graph = hms_builder_finish(b);
	cr_assert(graph);
	for (unsigned i = 0; i < graph->nfindings; i++)
		cr_assert_fail("%s", graph->findings[i]);
	return graph;
}

/* "node:0+node:1 node:2": the steps' ids. */
static const char *steps_of(const struct hms_graph *graph)
{
	static char buf[16384];
	struct hms_text text = HMS_TEXT(buf);

	buf[0] = 0;
	for (unsigned i = 0; i < ranking.nsteps; i++)
		for (unsigned j = 0; j < ranking.steps[i].ntargets; j++)
			hms_text_add(&text, "%s%s",
				j   ? "+"
				: i ? " "
				    : "",
				graph->targets[ranking.steps[i].targets[j]].id);
	return buf;
}

static const char *ranked(
	const struct hms_graph *graph, const struct hms_wish *wish)
{
	int rc = hms_rank(graph, wish, &arena, &ranking, &unknown);

	return rc ? strerrorname_np(-rc) : steps_of(graph);
}

#define BEST(what, ...)                                                        \
	&(const struct hms_wish)                                               \
	{                                                                      \
		.need = what, __VA_ARGS__                                      \
	}
/* FOR("cpu", "cuda:0") */
#define FOR(...)                                                               \
	.initiators = (const char *const[]){ __VA_ARGS__ },                    \
	.ninitiators =                                                         \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)

static const struct hms_candidate *of(
	const struct hms_graph *graph, const char *id)
{
	return &ranking.candidates[hms_graph_target(graph, id)];
}

/*
 * Catches one socket's order taken for all, HBM that loses to DRAM in
 * bandwidth or wins by latency, and a wish without initiators that is not
 * for CPUs.
 */
Test(rank, cpu_is_whichever_touches)
{
	struct hms_graph *graph = machine_of(server, &near_hbm);

	cr_assert_str_eq(ranked(graph, BEST(HMS_BANDWIDTH, FOR("cpu"))),
		"node:2+node:3 node:0+node:1");
	cr_assert(ranking.by_cpu);
	cr_assert_str_eq(ranked(graph, BEST(HMS_LATENCY)),
		"node:0+node:1 node:2+node:3");
	cr_assert_eq(of(graph, "node:2")->step, 1);
	cr_assert_eq(of(graph, "node:2")->value, 120);
	cr_assert_eq(of(graph, "node:2")->origin, HMS_FIRMWARE);
	cr_assert_str_eq(
		graph->initiators[of(graph, "node:2")->who].id, "cpu:0");
	hms_graph_free(graph);
}

/* Catches one initiator's steps with several nodes, or not all of them. */
Test(rank, a_named_cpu_has_an_order_of_its_own)
{
	struct hms_graph *graph = machine_of(server, &near_hbm);

	cr_assert_str_eq(ranked(graph, BEST(HMS_BANDWIDTH, FOR("cpu:1"))),
		"node:3 node:1 node:0 node:2");
	cr_assert_not(ranking.by_cpu);
	cr_assert_str_eq(ranked(graph, BEST(HMS_LATENCY, FOR("node:0"))),
		"node:0 node:2 node:1 node:3");
	hms_graph_free(graph);
}

/* Catches the best initiator deciding, or the sum of all, not the worst. */
Test(rank, the_worst_initiator_decides)
{
	struct hms_graph *graph = machine_of(server, &near_hbm);

	cr_assert_str_eq(
		ranked(graph, BEST(HMS_LATENCY, FOR("cpu:0", "cuda:0"))),
		"node:1 node:3 node:0 node:2");
	cr_assert_eq(of(graph, "node:1")->value, 590);
	cr_assert_eq(of(graph, "node:0")->value, 640);
	cr_assert_str_eq(graph->initiators[of(graph, "node:0")->who].id,
		"pci:0000:41:00.0");
	cr_assert_eq(of(graph, "node:0")->path.nlinks, 3);
	/* Its slot is the narrowest for all: then latency, then nearness. */
	cr_assert_str_eq(ranked(graph, BEST(HMS_BANDWIDTH, FOR("gpu:0"))),
		"node:1 node:3 node:0 node:2");
	cr_assert_eq(of(graph, "node:3")->value, 25000);
	hms_graph_free(graph);
}

/* Catches GPU memory given to whoever does not name it, and silence why. */
Test(rank, device_memory_is_had_by_name_only)
{
	struct hms_graph *graph = machine_of(server, NULL);
	char why[64];

	cr_assert_str_eq(ranked(graph, BEST(HMS_BANDWIDTH, FOR("cuda:0"),
					       .noncoherent = true)),
		"node:1 node:3 node:0 node:2");
	cr_assert_eq(of(graph, "cuda:0")->verdict, HMS_NOT_ORDINARY);
	cr_assert_str_eq(
		hms_verdict_text(graph, of(graph, "cuda:0"), why, sizeof(why)),
		"a driver's memory: only by its name");
	hms_graph_free(graph);
}

/* Catches an unknown initiator that is passed over, or not named. */
Test(rank, an_initiator_that_is_not_here_is_named)
{
	struct hms_graph *graph = machine_of(server, NULL);

	cr_assert_str_eq(ranked(graph, BEST(HMS_LATENCY, FOR("cpu", "cuda:1"))),
		"ENOENT");
	cr_assert_str_eq(unknown, "cuda:1");
	hms_graph_free(graph);
}

/* One node each of what a wish must not take, and one to take. */
static const char odd[] =
	"target node:0 kind=dram size=8G node=0\n"
	"target node:1 kind=dram size=0 node=1\n"
	"target node:2 kind=dram size=64G node=2 allowed=no\n"
	"target node:3 kind=gpu size=96G node=3\n"
	"target node:4 kind=hbm size=64G node=4 cpu-access=no\n"
	"target node:5 kind=hbm size=64G node=5\n"
	"target node:6 kind=hbm size=64G node=6\n"
	"target dax:0.0 kind=pmem size=64G node=7 manager=driver\n"
	"initiator cpu:0 kind=cpu node=0\n"
	"initiator pci:0000:01:00.0 kind=gpu node=3 aliases=cuda:0\n"
	"link bus initiators=cpu:0,pci:0000:01:00.0 "
	"targets=node:0,node:1,node:2,node:3,node:4,dax:0.0 latency=100\n"
	"link side initiators=cpu:0 targets=node:5 latency=10 coherent=no\n"
	"link card initiators=pci:0000:01:00.0 targets=node:5,node:6 "
	"latency=10\n";

static enum hms_verdict verdict(
	const struct hms_graph *graph, const char *id, const char *expected)
{
	const struct hms_candidate *c = of(graph, id);
	char why[64];

	cr_expect_str_eq(
		hms_verdict_text(graph, c, why, sizeof(why)), expected);
	return c->verdict;
}

/* Catches each reason for which memory must not be taken (R4, R7). */
Test(rank, the_filter_comes_first)
{
	struct hms_graph *graph = machine_of(odd, NULL);

	cr_assert_str_eq(ranked(graph, BEST(HMS_CAPACITY)), "node:0");
	cr_assert_eq(verdict(graph, "node:0", "chosen"), HMS_CHOSEN);
	cr_assert_eq(
		verdict(graph, "node:1", "it has no memory"), HMS_NO_MEMORY);
	cr_assert_eq(verdict(graph, "node:2",
			     "this process may not use it (cpuset)"),
		HMS_NOT_ALLOWED);
	cr_assert_eq(verdict(graph, "node:3",
			     "a GPU's memory, and no GPU is asked for"),
		HMS_NOT_ASKED);
	cr_assert_eq(verdict(graph, "node:4", "CPUs cannot load and store it"),
		HMS_NOT_CPU);
	cr_assert_eq(verdict(graph, "node:5",
			     "cpu:0 reaches it, but not coherently"),
		HMS_NOT_COHERENT);
	cr_assert_eq(verdict(graph, "node:6", "cpu:0 does not reach it"),
		HMS_NOT_REACHED);
	cr_assert_eq(of(graph, "dax:0.0")->verdict, HMS_NOT_ORDINARY);
	/* Each of these may be asked for. */
	cr_assert_str_eq(ranked(graph, BEST(HMS_LATENCY, FOR("cpu"),
					       .noncoherent = true)),
		"node:5 node:0");
	cr_assert_str_eq(ranked(graph, BEST(HMS_LATENCY, FOR("cuda:0"))),
		"node:5 node:6 node:3 node:0");
	cr_assert_str_eq(
		ranked(graph, BEST(HMS_CAPACITY, FOR("cpu", "cuda:0"))),
		"node:3 node:0");
	hms_graph_free(graph);
}

/*
 * Catches sizes compared to the byte: of two equal sockets the kernel keeps
 * more of the first, and all threads would crowd on the other.
 */
Test(rank, sizes_of_the_same_modules_are_equal)
{
	struct hms_graph *graph =
		machine_of("target node:0 size=61.5G node=0\n"
			   "target node:1 size=62.9G node=1\n"
			   "target node:2 size=120G node=2 kind=cxl\n"
			   "target node:10 size=16G node=10 kind=hbm\n"
			   "target node:9 size=15.9G node=9 kind=hbm\n"
			   "initiator cpu:0 kind=cpu node=0\n"
			   "initiator cpu:1 kind=cpu node=1\n"
			   "link all initiators=cpu:0,cpu:1 "
			   "targets=node:0,node:1,node:2,node:9,node:10\n",
			NULL);

	/* Nothing is known of their speed: each CPU takes its own first. */
	cr_assert_str_eq(ranked(graph, BEST(HMS_CAPACITY)),
		"node:2 node:0+node:1 node:9 node:10");
	cr_assert_str_eq(ranked(graph, BEST(HMS_CAPACITY, FOR("cpu:0"))),
		"node:2 node:0 node:1 node:9 node:10");
	hms_graph_free(graph);
}

/* Catches `near` going by anything but latency, then node, then number. */
Test(rank, near_is_by_latency)
{
	const struct hms_wish gpu = {
		.near = true, .need = HMS_CAPACITY, FOR("cuda:0")
	};
	const struct hms_wish nic = { .near = true, FOR("nic:eth0") };
	struct hms_graph *graph = machine_of(server, NULL);

	cr_assert_str_eq(ranked(graph, &gpu), "node:1 node:3 node:0 node:2");
	hms_graph_free(graph);
	graph = machine_of("target node:0 node=0\ntarget node:1 node=1\n"
			   "target node:2 node=2\n"
			   "initiator nic:eth0 kind=nic node=1\n"
			   "link l initiators=nic:eth0 "
			   "targets=node:0,node:1,node:2\n",
		NULL);
	cr_assert_str_eq(ranked(graph, &nic), "node:1 node:0 node:2");
	hms_graph_free(graph);
}

/* Sockets of which the second has no HBM, and the first's is in reach. */
static const char lopsided[] =
	"target node:0 kind=dram node=0\ntarget node:1 kind=dram node=1\n"
	"target node:2 kind=hbm node=2\n"
	"initiator cpu:0 kind=cpu node=0\ninitiator cpu:1 kind=cpu node=1\n"
	"link memory:0 initiators=cpu:0 targets=node:0 bandwidth=100\n"
	"link memory:1 initiators=cpu:1 targets=node:1 bandwidth=100\n"
	"link memory:2 initiators=cpu:0 targets=node:2 bandwidth=400\n"
	"link far0 initiators=cpu:0 targets=node:1 bandwidth=50\n"
	"link far1 initiators=cpu:1 targets=node:0,node:2 bandwidth=50\n";

/*
 * Catches a set in which the kernel's own order would give the first socket's
 * threads the other's DRAM in place of HBM next to them.
 */
Test(rank, sets_that_the_kernel_would_mix_up_are_split)
{
	struct hms_graph *graph = machine_of(lopsided, &near_hbm);

	cr_assert_str_eq(
		ranked(graph, BEST(HMS_BANDWIDTH)), "node:1+node:2 node:0");
	hms_graph_free(graph);
	graph = machine_of(lopsided, &far_hbm);
	cr_assert_str_eq(
		ranked(graph, BEST(HMS_BANDWIDTH)), "node:2 node:1 node:0");
	hms_graph_free(graph);
	/* Where all is of one kind there is nothing to split. */
	graph = machine_of(server, &far_hbm);
	cr_assert_str_eq(ranked(graph, BEST(HMS_BANDWIDTH)),
		"node:2+node:3 node:0+node:1");
	hms_graph_free(graph);
}

/* Catches ids in the order of characters, or leading zeros that are equal. */
Test(rank, ids_are_in_the_order_of_their_numbers)
{
	cr_assert_lt(hms_id_compare("node:2", "node:10"), 0);
	cr_assert_gt(hms_id_compare("node:10", "node:2"), 0);
	cr_assert_lt(hms_id_compare("cuda:3", "node:0"), 0);
	cr_assert_lt(hms_id_compare("dax:0.9", "dax:0.10"), 0);
	cr_assert_lt(hms_id_compare("dax:0", "dax:0.0"), 0);
	cr_assert_eq(hms_id_compare("node:7", "node:7"), 0);
	cr_assert_neq(hms_id_compare("node:7", "node:07"), 0);
}

static int by_tens(const void *context, unsigned a, unsigned b)
{
	(void)context;
	return (int)(a / 10) - (int)(b / 10);
}

/* Catches a sort that loses items, or the order of equal ones. */
Test(rank, sorting_is_stable)
{
	unsigned items[] = { 35, 12, 38, 11, 90, 31, 10, 5 }, spare[8];
	const unsigned sorted[] = { 5, 12, 11, 10, 35, 38, 31, 90 };

	hms_order(items, 8, spare, by_tens, NULL);
	cr_assert_eq(memcmp(items, sorted, sizeof(sorted)), 0);
}

/* Weights of sets of nodes, as "4 1 1"; "even" if they are not known. */
static const char *weights_of(
	const struct hms_graph *graph, const unsigned long *masks, unsigned n)
{
	static char buf[64];
	struct hms_text text = HMS_TEXT(buf);
	unsigned long words[4][HMS_MASK_WORDS] = { 0 };
	struct hms_node_set sets[4];
	unsigned weights[4];

	for (unsigned i = 0; i < n; i++) {
		words[i][0] = masks[i];
		sets[i].nodes = words[i];
	}
	buf[0] = 0;
	if (!hms_rank_weights(graph, sets, n, weights))
		hms_text_add(&text, "even ");
	for (unsigned i = 0; i < n; i++)
		hms_text_add(&text, "%u ", weights[i]);
	return buf;
}

/* Catches weights from one node of a set, or that are no whole ratio. */
Test(rank, weights_are_bandwidths)
{
	struct hms_graph *graph = machine_of(server, NULL);
	static const unsigned long each[] = { 1, 2, 4, 8 };
	static const unsigned long kinds[] = { 12, 3 };
	static const unsigned long apart[] = { 4, 3 };

	cr_assert_str_eq(weights_of(graph, each, 4), "1 1 4 4 ");
	cr_assert_str_eq(weights_of(graph, kinds, 2), "4 1 ");
	cr_assert_str_eq(weights_of(graph, apart, 2), "2 1 ");
	hms_graph_free(graph);
}

static const char *two(const char *one, const char *other)
{
	static const unsigned long each[] = { 1, 2 };
	struct hms_graph *graph;
	const char *weights;
	char text[512];

	snprintf(text, sizeof(text),
		"target node:0 node=0\ntarget node:1 node=1\n"
		"initiator cpu:0 kind=cpu node=0\n"
		"link a initiators=cpu:0 targets=node:0 bandwidth=%s\n"
		"link b initiators=cpu:0 targets=node:1%s\n",
		one, other);
	graph = machine_of(text, NULL);
	weights = weights_of(graph, each, 2);
	hms_graph_free(graph);
	return weights;
}

/* Catches ratios off by more than 5 %, larger numbers than needed, guesses. */
Test(rank, weights_are_small_and_near)
{
	cr_assert_str_eq(two("100", " bandwidth=100"), "1 1 ");
	cr_assert_str_eq(two("100", " bandwidth=104"), "1 1 ");
	/* 8 to 7 is 3.9 % off, 7 to 6 is 6 %. */
	cr_assert_str_eq(two("100", " bandwidth=110"), "7 8 ");
	/* 16 to 3 is exact, 11 to 2 is 3 % off; 5 to 1 is 6 %. */
	cr_assert_str_eq(two("409600", " bandwidth=76800"), "11 2 ");
	/* 990 to 1 in truth. */
	cr_assert_str_eq(two("100", " bandwidth=99000"), "1 943 ");
	/* Beyond what weights can be. */
	cr_assert_str_eq(two("10", " bandwidth=1000000"), "1 1000 ");
	cr_assert_str_eq(two("100", " bandwidth=200@guessed"), "even 1 1 ");
	cr_assert_str_eq(two("100", ""), "even 1 1 ");
}

/* Catches initiators in their own order, or those that do not reach it. */
Test(rank, initiators_by_nearness)
{
	struct hms_graph *graph = machine_of(server, NULL);
	struct hms_nearness near[3];
	unsigned node = (unsigned)hms_graph_target(graph, "node:3");
	unsigned cuda = (unsigned)hms_graph_target(graph, "cuda:0");

	cr_assert_eq(hms_rank_initiators(graph, node, near), 3);
	cr_assert_str_eq(graph->initiators[near[0].initiator].id, "cpu:1");
	cr_assert_str_eq(graph->initiators[near[1].initiator].id, "cpu:0");
	cr_assert_str_eq(
		graph->initiators[near[2].initiator].id, "pci:0000:41:00.0");
	cr_assert_eq(near[0].path.nlinks, 1);
	cr_assert_eq(near[1].path.nlinks, 2);
	/* Latencies are unknown: by bandwidth. */
	cr_assert_eq(hms_rank_initiators(graph, cuda, near), 2);
	cr_assert_str_eq(
		graph->initiators[near[0].initiator].id, "pci:0000:41:00.0");
	cr_assert_not(near[1].path.coherent);
	hms_graph_free(graph);
}
