/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What drivers and their run-time libraries say of devices.
 *
 * GPU memory that is a NUMA node (NVIDIA's coherent GPUs) is recognised by the
 * driver's word, /proc/driver/nvidia/gpus/ADDRESS/numa_status; without it by
 * structure: a node with memory and without CPUs that is itself an ACPI
 * generic initiator is the memory of a device that computes, since plain
 * memory initiates nothing.  The driver's empty nodes for GPU instances have
 * no memory, and are no targets.
 *
 * Source: ACPI 6.5, 5.2.16.6 (generic initiator affinity); the kernel's
 * ABI/stable/sysfs-devices-node; numa_status as NVIDIA's open kernel modules
 * write it ("Node: N", -1 if there is none).
 */
#include <stdio.h>
#include <string.h>

#include "engine/topology/device.h"
#include "engine/target/target.h"
#include "engine/topology/pcie.h"
#include "engine/topology/read/read.h"
#include "engine/topology/sysfs.h"
#include "engine/topology/vendor/vendor.h"

#define GPUS "proc/driver/nvidia/gpus"

/* ---- GPU memory that is a node ---- */

/* "Node:      1" */
static bool numa_status(struct hms_builder *b, const char *gpu, unsigned *node)
{
	char text[512], path[96];
	const char *line;
	uint64_t n;

	if (hms_sysfs_read(
		    b, text, sizeof(text), GPUS "/%s/numa_status", gpu) <= 0)
		return false;
	line = strstr(text, "Node:");
	if (line)
		line += 5 + strspn(line + 5, " \t");
	if (line && *line == '-')
		return false;
	if (!line || !hms_sysfs_digits(line, &n) || n >= HMS_MAX_NODES) {
		snprintf(path, sizeof(path), GPUS "/%.24s/numa_status", gpu);
		hms_sysfs_complain(b, path, 0, "has no line \"Node: NUMBER\"");
		return false;
	}
	*node = (unsigned)n;
	return true;
}

/*
 * Firmware tells the values of the node's own initiator; that is this GPU,
 * which has no other name there.
 */
static void be_generic(struct hms_builder *b, unsigned node, int gpu)
{
	unsigned n = hms_builder_links(b);
	char id[24];
	int generic;

	snprintf(id, sizeof(id), "gi:%u", node);
	generic = hms_builder_find_initiator(b, id);
	if (generic < 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		const struct hms_link *link = hms_builder_link_at(b, (int)i);

		for (unsigned k = 0; k < link->ninitiators; k++)
			if (link->initiators[k] == (unsigned)generic) {
				hms_builder_link_initiator(b, (int)i, gpu);
				break;
			}
	}
}

static void look_at_gpu(struct hms_builder *b, const char *name, void *arg)
{
	struct hms_device_memory memory = {
		.where = name,
		.pci = true,
		.coherent = true,
	};
	unsigned node;

	(void)arg;
	if (!hms_pci_address(name) || !numa_status(b, name, &node))
		return;
	memory.target = hms_device_is_node(b, name, node, HMS_DRIVER);
	if (memory.target < 0 || hms_builder_depth(b) < HMS_DEPTH_PATHS)
		return;
	memory.initiator = hms_pci_attach(b, name, HMS_INITIATOR_GPU);
	be_generic(b, node, memory.initiator);
	hms_device_ways(b, &memory);
}

static void look_at_generic(struct hms_builder *b, unsigned node, void *arg)
{
	(void)arg;
	if (hms_reader_cpu(b, node) < 0)
		hms_device_is_node(b, NULL, node, HMS_FIRMWARE);
}

/* ---- What runtimes say ---- */

static void on_fabric(struct hms_builder *b, int fabric, void *arg)
{
	const int *at = arg;

	hms_builder_link_initiator(b, fabric, *at);
}

/* The initiator of the CPUs, if all are of one node; else -1. */
static int only_cpu(struct hms_builder *b)
{
	int found = -1;

	for (unsigned i = 0; i < hms_builder_initiators(b); i++) {
		if (hms_builder_at(b, (int)i)->kind != HMS_INITIATOR_CPU)
			continue;
		if (found >= 0)
			return -1;
		found = (int)i;
	}
	return found;
}

/* Where a device is on no bus that we know, it is next to every CPU. */
static int add_elsewhere(
	struct hms_builder *b, const char *id, const struct hms_device *device)
{
	enum hms_initiator_kind kind = HMS_INITIATOR_GPU;
	int at = device->flags & HMS_DEVICE_CPU ? only_cpu(b) : -1;

	if (at >= 0)
		return at;
	if (device->flags & (HMS_DEVICE_CPU | HMS_DEVICE_ACCELERATOR))
		kind = HMS_INITIATOR_OTHER;
	at = hms_builder_initiator(b, id, kind);
	hms_each_fabric(b, on_fabric, &at);
	return at;
}

static int add_initiator(
	struct hms_builder *b, const char *id, const struct hms_device *device)
{
	struct hms_initiator *initiator;
	const char *name;
	int at;

	if (device->pci[0])
		at = hms_pci_attach(b, device->pci,
			device->flags & HMS_DEVICE_ACCELERATOR
				? HMS_INITIATOR_OTHER
				: HMS_INITIATOR_GPU);
	else
		at = add_elsewhere(b, id, device);
	hms_builder_alias(b, at, id);
	initiator = hms_builder_at(b, at);
	if (!initiator || initiator->name || !device->name[0] ||
		initiator->kind == HMS_INITIATOR_CPU)
		return at;
	name = hms_builder_text(b, device->name);
	hms_builder_at(b, at)->name = name;
	return at;
}

static bool coherent(const struct hms_device *device)
{
	return device->flags &
	       (HMS_DEVICE_HOST_TABLES | HMS_DEVICE_HOST_ACCESS);
}

static int new_target(
	struct hms_builder *b, const char *id, const struct hms_device *device)
{
	bool reached = coherent(device);
	int target = hms_builder_target(b, id);
	struct hms_memory *memory;
	const char *name, *where;

	hms_builder_kind(b, target, HMS_KIND_GPU, HMS_DRIVER);
	hms_builder_manager(b, target, HMS_MANAGED_BY_DRIVER, HMS_DRIVER);
	hms_builder_size(b, target, device->memory, HMS_DRIVER);
	hms_builder_property(b, target, HMS_COHERENT, reached, HMS_DRIVER);
	hms_builder_property(b, target, HMS_CPU_ACCESS, reached, HMS_DRIVER);
	name = device->name[0] ? hms_builder_text(b, device->name) : NULL;
	where = device->pci[0] ? hms_builder_text(b, device->pci) : NULL;
	memory = hms_builder_memory(b, target);
	if (memory) {
		memory->name = name;
		memory->device = where;
	}
	return target;
}

/* One memory, however many runtimes speak of it: the first gives the id. */
static void add_memory(struct hms_builder *b, const char *id,
	const struct hms_device *device, int at)
{
	struct hms_device_memory memory = {
		.initiator = at,
		.target = -1,
		.where = device->pci[0] ? device->pci : id,
		.pci = device->pci[0],
		.coherent = coherent(device),
		.bandwidth = device->bandwidth,
		.origin = HMS_DRIVER,
	};

	if (!device->memory ||
		device->flags & (HMS_DEVICE_CPU | HMS_DEVICE_INTEGRATED))
		return;
	if (device->node >= 0 && device->pci[0])
		memory.target = hms_device_is_node(
			b, device->pci, (unsigned)device->node, HMS_DRIVER);
	if (memory.target < 0 && device->pci[0])
		memory.target = hms_device_find(b, device->pci);
	else if (memory.target < 0)
		memory.target = hms_builder_find_target(b, id);
	if (memory.target < 0)
		memory.target = new_target(b, id, device);
	hms_device_ways(b, &memory);
}

/* From a device to the memory of another of the same runtime. */
static void add_peer(struct hms_builder *b, const struct hms_device *from,
	const struct hms_device *to, bool near)
{
	char id[48];
	int at, link, vram, bridge;
	uint32_t bandwidth;

	snprintf(id, sizeof(id), "pci:%s", from->pci);
	at = hms_builder_find_initiator(b, id);
	snprintf(id, sizeof(id), "vram:%s", to->pci);
	vram = hms_builder_find_link(b, id);
	if (at < 0 || vram < 0)
		return;
	if (near) {
		hms_device_peer(b, from->pci, at, vram);
		return;
	}
	snprintf(id, sizeof(id), "pcie:%s", from->pci);
	link = hms_builder_find_link(b, id);
	bridge = hms_builder_bridge(b, NULL, link, vram);
	if (bridge < 0)
		return;
	hms_builder_bridge_at(b, bridge)->coherent = false;
	bandwidth = hms_pcie_bandwidth(b, to->pci);
	hms_builder_bridge_perf(
		b, bridge, HMS_READ_BANDWIDTH, bandwidth, HMS_FIRMWARE);
	hms_builder_bridge_perf(
		b, bridge, HMS_WRITE_BANDWIDTH, bandwidth, HMS_FIRMWARE);
}

static void add_peers(
	struct hms_builder *b, const struct hms_vendor_answer *answer)
{
	for (unsigned i = 0; i < answer->ndevices * answer->ndevices; i++) {
		const struct hms_device *from =
			&answer->device[i / answer->ndevices];
		const struct hms_device *to =
			&answer->device[i % answer->ndevices];

		if (from->pci[0] && to->pci[0] && from->peers >> to->number & 1)
			add_peer(b, from, to, from->near >> to->number & 1);
	}
}

static void add_devices(struct hms_builder *b, const char *runtime,
	const struct hms_vendor_answer *answer)
{
	for (unsigned i = 0; i < answer->ndevices; i++) {
		const struct hms_device *device = &answer->device[i];
		char id[32];
		int at;

		snprintf(id, sizeof(id), "%s:%u", runtime, device->number);
		at = add_initiator(b, id, device);
		if (at >= 0)
			add_memory(b, id, device, at);
	}
	add_peers(b, answer);
}

void hms_read_devices(struct hms_builder *b)
{
	hms_sysfs_dir(b, look_at_gpu, NULL, GPUS);
	hms_sysfs_list(b, look_at_generic, NULL,
		"sys/devices/system/node/has_generic_initiator");
	if (hms_builder_depth(b) >= HMS_DEPTH_DEVICES)
		hms_vendors_ask(b, add_devices);
}
