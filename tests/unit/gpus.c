/* SPDX-License-Identifier: BSD-2-Clause */
/* GPUs as the kernel alone shows them: NVIDIA's /proc, amdgpu, GPU nodes. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/tree.h"

#define NODE "sys/devices/system/node/"

/* Grace Hopper: node 1 is the GPU's memory, nodes 2 and 3 are empty. */
#define GRACE                                                                  \
	NODE "online 0-3\n" NODE "has_memory 0-1\n" NODE "has_cpu 0\n" NODE    \
	     "has_normal_memory 0\n" NODE "node0/cpulist 0-71\n" NODE          \
	     "node0/distance 10 80 80 80\n" NODE                               \
	     "node1/distance 80 10 255 255\n" NODE "node0/meminfo "            \
	     "Node 0 MemTotal: 2048 kB\\nNode 0 MemFree: 512 kB\n" NODE        \
	     "node1/meminfo "                                                  \
	     "Node 1 MemTotal: 1024 kB\\nNode 1 MemFree: 512 kB\n"             \
	     "sys/bus/pci/devices/0009:01:00.0/class 0x030200\n"               \
	     "sys/bus/pci/devices/0009:01:00.0/numa_node 0\n"

#define NVIDIA(address, model)                                                 \
	"proc/driver/nvidia/gpus/" address "/information Model: \t\t " model   \
	"\\nBus Location: \t " address "\n"

static const struct hms_memory *node(const struct hms_graph *graph, unsigned n)
{
	int target = hms_graph_node(graph, n);

	cr_assert(target >= 0);
	return &graph->targets[target];
}

/* Catches GPU memory handed out as HBM, and as a memory of no device. */
Test(gpus, the_driver_says_that_a_node_is_its_memory, .fini = tree_drop)
{
	const struct hms_graph *graph;

	tree_make(GRACE NVIDIA("0009:01:00.0",
		"NVIDIA GH200 480GB") "proc/driver/nvidia/gpus/0009:01:00.0/numa_status "
				      "Node:      1\\nStatus:    online\n");
	graph = tree_read(HMS_DEPTH_KINDS);
	cr_assert_eq(node(graph, 1)->kind, HMS_KIND_GPU);
	graph = tree_read(HMS_DEPTH_DEVICES);
	cr_assert_eq(node(graph, 1)->kind, HMS_KIND_GPU);
	cr_assert_eq(node(graph, 1)->origin[HMS_FIELD_KIND], HMS_DRIVER);
	cr_assert_eq(node(graph, 0)->kind, HMS_KIND_DRAM);
	cr_assert_str_eq(node(graph, 1)->device, "0009:01:00.0");
	cr_assert_str_eq(node(graph, 1)->name, "NVIDIA GH200 480GB");
	cr_assert_str_eq(tree_link_targets("vram:0009:01:00.0"), "node:1");
	cr_assert_str_eq(
		tree_link_initiators("vram:0009:01:00.0"), "pci:0009:01:00.0");
	cr_assert(tree_bridge("c2c:0009:01:00.0", "fabric:0") >= 0);
	cr_assert_eq(graph->ntargets, 2, "empty nodes are no memory");
	cr_assert_eq(graph->nfindings, 0, "%s",
		graph->nfindings ? graph->findings[0] : "");
}

/* Catches the GPU's node as hbm where the driver's folder cannot be read. */
Test(gpus, an_initiators_own_node_is_its_memory, .fini = tree_drop)
{
	const struct hms_graph *graph;

	tree_make(GRACE NODE "has_generic_initiator 1-3\n");
	graph = tree_read(HMS_DEPTH_KINDS);
	cr_assert_eq(node(graph, 1)->kind, HMS_KIND_GPU);
	cr_assert_eq(node(graph, 1)->origin[HMS_FIELD_KIND], HMS_FIRMWARE);
	cr_assert_eq(node(graph, 0)->kind, HMS_KIND_DRAM);
}

/* Catches firmware's values for the GPU's node lost to the GPU. */
Test(gpus, the_gpu_is_the_nodes_generic_initiator, .fini = tree_drop)
{
	tree_make(GRACE NODE
		"has_generic_initiator 1-3\n" NODE
		"node1/access0/initiators/node1 -> ../../../node1\n" NODE
		"node1/access0/initiators/read_bandwidth 3400000\n"
		"proc/driver/nvidia/gpus/0009:01:00.0/numa_status "
		"Node:      1\n");
	tree_read(HMS_DEPTH_DEVICES);
	cr_assert_str_eq(
		tree_link_initiators("memory:1"), "gi:1 pci:0009:01:00.0");
}

/* Catches "-1", nodes that are not there, and files that are cut off. */
Test(gpus, odd_words_of_the_driver, .fini = tree_drop)
{
	static const struct {
		const char *status;
		unsigned findings;
	} cases[] = { { "Node: -1\\nStatus: disabled", 0 }, { "Node: 7", 0 },
		{ "Nod", 1 }, { "Node: x", 1 },
		{ "Node: 99999999999999999999", 1 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct hms_graph *graph;
		char line[200];

		tree_make(GRACE);
		snprintf(line, sizeof(line),
			"proc/driver/nvidia/gpus/0009:01:00.0/numa_status %s\n",
			cases[i].status);
		tree_add(line);
		graph = tree_read(HMS_DEPTH_KINDS);
		cr_assert_neq(node(graph, 1)->kind, HMS_KIND_GPU);
		cr_assert_eq(graph->nfindings, cases[i].findings, "%s: %s",
			cases[i].status,
			graph->nfindings ? graph->findings[0] : "");
		tree_drop();
	}
}

/*
 * Catches cuda:0 for a GPU that CUDA may number otherwise: its order is by
 * speed, which is only known to be that of addresses if all are alike.
 */
Test(gpus, numbers_of_cuda_only_if_all_are_alike, .fini = tree_drop)
{
	const struct hms_graph *graph;
	int at;

	tree_make(GRACE NVIDIA("0009:01:00.0", "NVIDIA H200")
			NVIDIA("0019:01:00.0", "NVIDIA H200"));
	graph = tree_read(HMS_DEPTH_DEVICES);
	at = hms_graph_initiator(graph, "cuda:1");
	cr_assert(at >= 0);
	cr_assert_str_eq(graph->initiators[at].id, "pci:0019:01:00.0");
	cr_assert_str_eq(graph->initiators[at].name, "NVIDIA H200");
	tree_add(NVIDIA("0019:01:00.0", "NVIDIA T4"));
	graph = tree_read(HMS_DEPTH_DEVICES);
	cr_assert(hms_graph_initiator(graph, "cuda:0") < 0);
	cr_assert(hms_graph_initiator(graph, "pci:0019:01:00.0") >= 0);
}

#define CARD "sys/bus/pci/devices/0000:c1:00.0/"

/* Catches AMD's memory lost, and hidden memory as memory for CPUs. */
Test(gpus, amdgpu_says_how_much_memory_a_card_has, .fini = tree_drop)
{
	const struct hms_graph *graph;
	const struct hms_memory *memory;
	int target, bridge;

	tree_make(GRACE CARD
		"class 0x038000\n" CARD "drm/renderD128/dev 1\n" CARD
		"mem_info_vram_total 68702699520\n" CARD
		"mem_info_vis_vram_total 268435456\n" CARD "numa_node 0\n" CARD
		"current_link_speed 16.0 GT/s PCIe\n" CARD
		"max_link_speed 16.0 GT/s PCIe\n" CARD
		"current_link_width 16\n");
	graph = tree_read(HMS_DEPTH_DEVICES);
	target = hms_graph_target(graph, "gpu:0");
	cr_assert(target >= 0);
	memory = &graph->targets[target];
	cr_assert_eq(memory->kind, HMS_KIND_GPU);
	cr_assert_eq(memory->size, 68702699520);
	cr_assert_eq(memory->manager, HMS_MANAGED_BY_DRIVER);
	cr_assert_eq(memory->properties, 0);
	cr_assert_str_eq(memory->device, "0000:c1:00.0");
	bridge = tree_bridge("fabric:0", "vram:0000:c1:00.0");
	cr_assert(bridge >= 0);
	cr_assert_not(graph->bridges[bridge].coherent);
	cr_assert_eq(
		graph->bridges[bridge].perf.value[HMS_READ_BANDWIDTH], 31507);
}

#define KFD "sys/class/kfd/kfd/topology/nodes/"

/* Catches CPUs counted as GPUs, and numbers read from the wrong line. */
Test(gpus, hip_numbers_by_the_nodes_of_amdkfd, .fini = tree_drop)
{
	const struct hms_graph *graph;
	int at;

	tree_make(GRACE KFD
		"0/properties cpu_cores_count 64\\nsimd_count 0\\nlocation_id 0\n" KFD
		"1/properties simd_count 416\\nlocation_id 49408\\ndomain 1\n" KFD
		"2/properties simd_count 416\\nlocation_id 1537\\n"
		"domain 0\n" KFD "3/properties simd_count junk\n");
	graph = tree_read(HMS_DEPTH_DEVICES);
	at = hms_graph_initiator(graph, "hip:0");
	cr_assert(at >= 0);
	cr_assert_str_eq(graph->initiators[at].id, "pci:0001:c1:00.0");
	at = hms_graph_initiator(graph, "hip:1");
	cr_assert(at >= 0);
	cr_assert_str_eq(graph->initiators[at].id, "pci:0000:06:00.1");
	cr_assert(hms_graph_initiator(graph, "hip:2") < 0);
}

/*
 * Catches a recorded GPU that has lost its slot, and a second memory for one
 * that the recording has already.
 */
Test(gpus, what_a_recording_has_is_completed, .fini = tree_drop)
{
	const struct hms_graph *graph;

	tree_make(GRACE CARD
		"class 0x038000\n" CARD "drm/renderD128/dev 1\n" CARD
		"mem_info_vram_total 4096\n"
		"hms/devices "
		"v1 target hip:0 kind=gpu size=4K manager=driver "
		"device=0000:c1:00.0\\n"
		"v1 initiator pci:0000:c1:00.0 kind=gpu aliases=hip:0\\n"
		"v1 initiator pci:0000:99:00.0 kind=gpu aliases=hip:1\n");
	graph = tree_read(HMS_DEPTH_DEVICES);
	cr_assert(hms_graph_target(graph, "gpu:0") < 0);
	cr_assert(hms_graph_target(graph, "hip:0") >= 0);
	cr_assert(tree_bridge("pcie:0000:99:00.0", "fabric:0") >= 0);
	cr_assert_eq(graph->nfindings, 0, "%s",
		graph->nfindings ? graph->findings[0] : "");
}
