/* SPDX-License-Identifier: BSD-2-Clause */
/* The readers of PCI, CXL and DAX, and of what the kernel knows of GPUs. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/tree.h"

/* Two sockets, node 2 without CPUs. */
#define NODES                                                                  \
	"sys/devices/system/node/online 0-2\n"                                 \
	"sys/devices/system/node/has_memory 0-2\n"                             \
	"sys/devices/system/node/has_cpu 0-1\n"                                \
	"sys/devices/system/node/node0/cpulist 0-7\n"                          \
	"sys/devices/system/node/node1/cpulist 8-15\n"                         \
	"sys/devices/system/node/node0/distance 10 21 24\n"                    \
	"sys/devices/system/node/node1/distance 21 10 14\n"                    \
	"sys/devices/system/node/node2/distance 24 14 10\n"                    \
	"sys/devices/system/node/node0/meminfo "                               \
	"Node 0 MemTotal: 1024 kB\\nNode 0 MemFree: 512 kB\n"                  \
	"sys/devices/system/node/node1/meminfo "                               \
	"Node 1 MemTotal: 1024 kB\\nNode 1 MemFree: 512 kB\n"                  \
	"sys/devices/system/node/node2/meminfo "                               \
	"Node 2 MemTotal: 2048 kB\\nNode 2 MemFree: 512 kB\n"

#define PCI "sys/bus/pci/devices/"

/* A GPU below a port; folders behind links, as in sysfs. */
#define PORT "sys/devices/pci0000:16/0000:16:01.0/"
#define GPU PORT "0000:17:00.0/"
#define ABOVE "../../../devices/pci0000:16/0000:16:01.0"

#define SERVER                                                                 \
	NODES PORT "class 0x060400\n" GPU "class 0x030200\n" GPU               \
		   "numa_node 1\n" GPU                                         \
		   "current_link_speed 32.0 GT/s PCIe\n" GPU                   \
		   "max_link_speed 32.0 GT/s PCIe\n" GPU                       \
		   "current_link_width 16\n" PCI "0000:16:01.0 -> " ABOVE      \
		   "\n" PCI "0000:17:00.0 -> " ABOVE "/0000:17:00.0\n"

static const struct hms_initiator *find(
	const struct hms_graph *graph, const char *id)
{
	int at = hms_graph_initiator(graph, id);

	return at < 0 ? NULL : &graph->initiators[at];
}

/* Catches a GPU without a name, a node, or a way to memory. */
Test(pci, a_gpu_hangs_on_its_socket, .fini = tree_drop)
{
	const struct hms_graph *graph;
	const struct hms_initiator *gpu;

	tree_make(SERVER);
	graph = tree_read(HMS_DEPTH_DEVICES);
	gpu = find(graph, "gpu:0");
	cr_assert(gpu);
	cr_assert_str_eq(gpu->id, "pci:0000:17:00.0");
	cr_assert_eq(gpu->kind, HMS_INITIATOR_GPU);
	cr_assert_eq(gpu->node, 1);
	cr_assert_str_eq(
		tree_link_initiators("pcie:0000:17:00.0"), "pci:0000:17:00.0");
	cr_assert(tree_bridge("pcie:0000:17:00.0", "fabric:1") >= 0);
	cr_assert(tree_bridge("pcie:0000:17:00.0", "fabric:0") < 0);
	cr_assert_eq(graph->nfindings, 0, "%s",
		graph->nfindings ? graph->findings[0] : "");
}

/* Catches raw line rates, and numbers of the wrong unit. */
Test(pci, bandwidth_is_what_is_left_of_the_line_rate, .fini = tree_drop)
{
	static const struct {
		const char *speed;
		uint32_t one; /* MB/s of a lane */
	} speeds[] = { { "2.5 GT/s PCIe", 250 }, { "5.0 GT/s PCIe", 500 },
		{ "8 GT/s", 984 }, { "16.0 GT/s PCIe", 1969 },
		{ "32.0 GT/s PCIe", 3938 }, { "64.0 GT/s PCIe", 7375 },
		{ "Unknown", 0 } };

	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		char line[600];

		tree_make(SERVER);
		snprintf(line, sizeof(line),
			GPU "current_link_speed %s\n" GPU
			    "max_link_speed %s\n" GPU "current_link_width 1\n",
			speeds[i].speed, speeds[i].speed);
		tree_add(line);
		tree_read(HMS_DEPTH_DEVICES);
		cr_assert_eq(tree_link_value(
				     "pcie:0000:17:00.0", HMS_READ_BANDWIDTH),
			speeds[i].one, "%s: %u", speeds[i].speed,
			tree_link_value(
				"pcie:0000:17:00.0", HMS_READ_BANDWIDTH));
		tree_drop();
	}
}

/* Catches an idle GPU, which saves power, taken for a slow one. */
Test(pci, an_idle_link_counts_with_what_both_ends_can_do, .fini = tree_drop)
{
	tree_make(SERVER PORT "max_link_speed 16.0 GT/s PCIe\n");
	tree_add(GPU "current_link_speed 2.5 GT/s PCIe\n");
	tree_read(HMS_DEPTH_DEVICES);
	cr_assert_eq(tree_link_value("pcie:0000:17:00.0", HMS_READ_BANDWIDTH),
		31507);
}

/* Catches the card's own link taken for the whole way. */
Test(pci, the_slowest_link_on_the_way_counts, .fini = tree_drop)
{
	tree_make(SERVER PORT "current_link_speed 8.0 GT/s PCIe\n" PORT
			      "max_link_speed 8.0 GT/s PCIe\n" PORT
			      "current_link_width 4\n");
	tree_read(HMS_DEPTH_DEVICES);
	cr_assert_eq(tree_link_value("pcie:0000:17:00.0", HMS_WRITE_BANDWIDTH),
		3938);
}

/* Catches a management chip's display as gpu:0, and render nodes overlooked. */
Test(pci, a_display_without_a_render_node_is_no_gpu, .fini = tree_drop)
{
	const struct hms_graph *graph;

	tree_make(SERVER PCI "0000:03:00.0/class 0x030000\n" PCI
			     "0000:03:00.0/drm/card0/dev 226:0\n" PCI
			     "0000:04:00.0/class 0x030000\n" PCI
			     "0000:04:00.0/drm/card1/dev 226:1\n" PCI
			     "0000:04:00.0/drm/renderD128/dev 226:128\n");
	graph = tree_read(HMS_DEPTH_DEVICES);
	cr_assert_not(find(graph, "pci:0000:03:00.0"));
	cr_assert_str_eq(find(graph, "gpu:0")->id, "pci:0000:04:00.0");
	cr_assert_str_eq(find(graph, "gpu:1")->id, "pci:0000:17:00.0");
}

/* Catches cards that can be asked for by one of their names only. */
Test(pci, network_cards_have_all_their_names, .fini = tree_drop)
{
	const struct hms_graph *graph;

	tree_make(NODES PCI "0000:05:00.0/class 0x020700\n" PCI
			    "0000:05:00.0/numa_node 0\n" PCI
			    "0000:05:00.0/net/ib0/mtu 1\n" PCI
			    "0000:05:00.0/infiniband/mlx5_0/node_type 1\n" PCI
			    "0000:05:00.1/class 0x020000\n" PCI
			    "0000:05:00.1/physfn -> ../0000:05:00.0\n" PCI
			    "0000:05:00.1/net/vf0/mtu 1\n" PCI
			    "0000:06:00.0/class 0x020000\n" PCI
			    "0000:06:00.0/virtio3/net/eth7/mtu 1\n" PCI
			    "0000:07:00.0/class 0x020000\n");
	graph = tree_read(HMS_DEPTH_DEVICES);
	cr_assert_str_eq(find(graph, "nic:ib0")->id, "pci:0000:05:00.0");
	cr_assert_eq(find(graph, "nic:mlx5_0"), find(graph, "nic:ib0"));
	cr_assert_str_eq(find(graph, "nic:eth7")->id, "pci:0000:06:00.0");
	cr_assert_not(find(graph, "nic:vf0"), "a virtual function");
	cr_assert_not(find(graph, "pci:0000:07:00.0"), "it has no name");
}

/*
 * Catches -1 as a node number, and every CPU taken for the first node's: a
 * device of no node is as near to one socket as to the other.
 */
Test(pci, a_device_of_no_node_is_on_every_fabric, .fini = tree_drop)
{
	tree_make(SERVER);
	tree_add(GPU "numa_node -1\n" GPU "local_cpulist 0-15\n");
	tree_read(HMS_DEPTH_DEVICES);
	cr_assert(tree_bridge("pcie:0000:17:00.0", "fabric:0") >= 0);
	cr_assert(tree_bridge("pcie:0000:17:00.0", "fabric:1") >= 0);
	tree_add(GPU "local_cpulist 8-15\n");
	cr_assert_eq(find(tree_read(HMS_DEPTH_DEVICES), "gpu:0")->node, 1);
}

/* Catches a node without CPUs as a socket. */
Test(pci, a_node_without_cpus_leads_to_the_nearest_with, .fini = tree_drop)
{
	tree_make(SERVER);
	tree_add(GPU "numa_node 2\n");
	cr_assert_eq(find(tree_read(HMS_DEPTH_DEVICES), "gpu:0")->node, 1);
	cr_assert(tree_link("fabric:2") < 0);
}

/* Catches readers that trip over what no kernel writes. */
Test(pci, malformed_values_are_said_and_left_out, .fini = tree_drop)
{
	const struct hms_graph *graph;

	tree_make(SERVER PCI "0000:08:00.0/class garbage\n" PCI
			     "not-an-address/class 0x030200\n" PCI
			     "0000:09:00.0 -> 0000:09:00.0\n");
	tree_add(GPU "current_link_width many\n" GPU "numa_node 99999999999\n");
	graph = tree_read(HMS_DEPTH_DEVICES);
	cr_assert(find(graph, "gpu:0"));
	cr_assert_not(find(graph, "gpu:1"));
	cr_assert_eq(
		tree_link_value("pcie:0000:17:00.0", HMS_READ_BANDWIDTH), 0);
	cr_assert_eq(graph->nfindings, 2);
	cr_assert(strstr(graph->findings[0], "0000:08:00.0/class"), "%s",
		graph->findings[0]);
	cr_assert(strstr(graph->findings[1], "current_link_width"), "%s",
		graph->findings[1]);
}

#define CXL "sys/bus/cxl/devices/"
#define REGION "sys/devices/platform/ACPI0017:00/root0/decoder0.0/region0/"

/* Two memory devices, one interleave set, node 2. */
#define INTERLEAVED                                                                       \
	NODES CXL                                                                         \
		"region0 -> ../../../devices/platform/ACPI0017:00/root0/decoder0.0/"      \
		"region0\n" REGION "interleave_ways 2\n" REGION                           \
		"interleave_granularity 256\n" REGION                                     \
		"resource 0x10000000\n" REGION "target0 decoder4.0\n" REGION              \
		"target1 decoder5.0\n" CXL "endpoint4/uport -> ../mem0\n" CXL             \
		"endpoint5/uport -> ../mem1\n" CXL                                        \
		"mem0 -> ../../../devices/pci0000:16/0000:16:01.0/0000:17:00.0/mem0\n"    \
		"sys/devices/pci0000:16/0000:16:01.0/0000:17:00.0/mem0/numa_node 0\n" PCI \
		"0000:17:00.0/current_link_speed 32.0 GT/s PCIe\n" PCI                    \
		"0000:17:00.0/max_link_speed 32.0 GT/s PCIe\n" PCI                        \
		"0000:17:00.0/current_link_width 8\n" CXL "mem1/numa_node 1\n"

/* Catches one link for the set, and kinds by guess. */
Test(cxl, each_memory_device_keeps_its_own_link, .fini = tree_drop)
{
	const struct hms_graph *graph;
	const struct hms_memory *memory;

	tree_make(INTERLEAVED REGION "dax_region0/dax0.0/target_node 2\n");
	graph = tree_read(HMS_DEPTH_DEVICES);
	memory = &graph->targets[hms_graph_node(graph, 2)];
	cr_assert_eq(memory->kind, HMS_KIND_CXL);
	cr_assert_eq(memory->origin[HMS_FIELD_KIND], HMS_DRIVER);
	cr_assert_str_eq(memory->device, "region0");
	cr_assert_str_eq(
		memory->name, "CXL mem0+mem1, interleaved by 256 bytes");
	cr_assert_str_eq(tree_link_targets("cxl:mem0"), "node:2");
	cr_assert_str_eq(tree_link_targets("cxl:mem1"), "node:2");
	cr_assert_eq(tree_link_value("cxl:mem0", HMS_READ_BANDWIDTH), 31507);
	cr_assert_eq(tree_link_value("cxl:mem1", HMS_READ_BANDWIDTH), 0);
	cr_assert(tree_bridge("fabric:0", "cxl:mem0") >= 0);
	cr_assert(tree_bridge("fabric:1", "cxl:mem1") >= 0);
	cr_assert(tree_bridge("fabric:1", "cxl:mem0") < 0);
	cr_assert_eq(graph->nfindings, 0, "%s",
		graph->nfindings ? graph->findings[0] : "");
}

/* Catches memory that firmware put into the map before Linux came. */
Test(cxl, a_region_without_dax_is_found_by_its_address, .fini = tree_drop)
{
	const struct hms_graph *graph;

	tree_make(INTERLEAVED
		"sys/devices/system/memory/block_size_bytes 8000000\n"
		"sys/devices/system/memory/memory2/node2 -> ../../node/node2\n"
		"sys/devices/system/memory/memory1/node1 -> ../../node/node1\n");
	graph = tree_read(HMS_DEPTH_KINDS);
	cr_assert_eq(
		graph->targets[hms_graph_node(graph, 2)].kind, HMS_KIND_CXL);
	cr_assert_eq(
		graph->targets[hms_graph_node(graph, 2)].origin[HMS_FIELD_KIND],
		HMS_DRIVER);
	cr_assert_eq(
		graph->targets[hms_graph_node(graph, 1)].kind, HMS_KIND_DRAM);
	cr_assert_eq(graph->nbridges, 0, "kinds need no ways");
}

/* Catches sets that are cut short without a word. */
Test(cxl, missing_memory_devices_are_said, .fini = tree_drop)
{
	const struct hms_graph *graph;

	tree_make(INTERLEAVED REGION "dax_region0/dax0.0/target_node 2\n");
	tree_add(REGION "interleave_ways 4\n" CXL "region1/resource junk\n" CXL
			"region2/interleave_ways 1\n");
	graph = tree_read(HMS_DEPTH_DEVICES);
	cr_assert_str_eq(tree_link_targets("cxl:mem1"), "node:2");
	cr_assert_eq(graph->nfindings, 1);
	cr_assert(
		strstr(graph->findings[0],
			"sys/bus/cxl/devices/region0/interleave_ways: 4 ways, "
			"but only 2 of its memory devices are found"),
		"%s", graph->findings[0]);
}

#define DAX "sys/bus/dax/devices/"

#define DAX_DEVICE(name, where, driver)                                        \
	DAX name " -> ../../../devices/" where "/" name "\n"                   \
		 "sys/devices/" where "/" name "/size 2097152\n"               \
		 "sys/devices/" where "/" name "/align 2097152\n"              \
		 "sys/devices/" where "/" name "/target_node 2\n"              \
		 "sys/devices/" where "/" name                                 \
		 "/driver -> ../../../../bus/dax/drivers/" driver "\n"

/* Catches a device of persistent memory that is plain memory, or a node. */
Test(dax, a_device_is_a_memory_of_its_own, .fini = tree_drop)
{
	const struct hms_graph *graph;
	const struct hms_memory *memory;
	int target;

	tree_make(NODES DAX_DEVICE(
		"dax1.0", "x/ndbus0/region1/dax1.0", "device_dax"));
	graph = tree_read(HMS_DEPTH_DEVICES);
	target = hms_graph_target(graph, "dax:1.0");
	cr_assert(target >= 0);
	memory = &graph->targets[target];
	cr_assert_eq(memory->kind, HMS_KIND_PMEM);
	cr_assert_eq(memory->manager, HMS_MANAGED_BY_DRIVER);
	cr_assert_eq(memory->size, 2 << 20);
	cr_assert_eq(memory->granularity, 2 << 20);
	cr_assert_eq(memory->node, 2);
	cr_assert_eq(memory->properties,
		HMS_COHERENT | HMS_CPU_ACCESS | HMS_PERSISTENT | HMS_HOTPLUG);
	cr_assert_str_eq(memory->device, "region1");
	cr_assert(tree_bridge("fabric:0", "memory:dax:1.0") >= 0);
	cr_assert(tree_bridge("fabric:1", "memory:dax:1.0") >= 0);
	cr_assert_str_eq(graph->targets[hms_graph_node(graph, 2)].id, "node:2",
		"the node is another memory");
}

/* Catches what kmem gave to a node as a memory to map. */
Test(dax, kmem_makes_a_node_of_it, .fini = tree_drop)
{
	const struct hms_graph *graph;
	const struct hms_memory *memory;

	tree_make(NODES DAX_DEVICE("dax0.0", "platform/hmem.0", "kmem"));
	graph = tree_read(HMS_DEPTH_DEVICES);
	cr_assert(hms_graph_target(graph, "dax:0.0") < 0);
	memory = &graph->targets[hms_graph_node(graph, 2)];
	cr_assert_str_eq(memory->device, "dax0.0");
	cr_assert(memory->properties & HMS_HOTPLUG);
	/* Set apart by firmware: no word on what it is made of. */
	cr_assert_eq(memory->origin[HMS_FIELD_KIND], HMS_GUESSED);
}

/* Catches seeds, devices of no driver, and broken numbers as memory. */
Test(dax, what_cannot_be_used_is_left_out, .fini = tree_drop)
{
	const struct hms_graph *graph;

	tree_make(NODES DAX_DEVICE(
		"dax0.0", "x/ndbus0/region0/dax0.0", "device_dax"));
	tree_add("sys/devices/x/ndbus0/region0/dax0.0/dax0.0/size 0\n" DAX
		 "dax2.0/size 4096\n" DAX "dax3.0/size 12monkeys\n" DAX
		 "dax3.0/driver -> x/device_dax\n" DAX "loop -> loop\n" DAX
		 "dax4.0 -> dax4.0\n");
	graph = tree_read(HMS_DEPTH_DEVICES);
	cr_assert_eq(graph->ntargets, 3, "the nodes only");
	cr_assert_eq(graph->nfindings, 1);
	cr_assert(strstr(graph->findings[0], "dax3.0/size"), "%s",
		graph->findings[0]);
}
