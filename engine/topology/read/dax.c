/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that a DAX device gives out, or that the kernel made a node of.
 *
 * A device bound to device_dax is a memory of its own, "dax:X.Y": programs
 * map it.  One bound to kmem is part of the node it names.  What it is made of
 * shows in where it hangs: an nd bus is persistent memory, a CXL root is CXL,
 * also if it is persistent and shown through an nd bus of the CXL root's;
 * "hmem" is memory that firmware set apart (EFI "specific purpose"), which may
 * be HBM or anything: its speed tells, see the reader of kinds.
 *
 * Source: the kernel's ABI/testing/sysfs-bus-dax, drivers/dax (names of
 * parents), ABI/testing/sysfs-bus-nvdimm.
 */
#include <stdio.h>
#include <string.h>

#include "engine/target/target.h"
#include "engine/topology/pcie.h"
#include "engine/topology/readers.h"
#include "engine/topology/sysfs.h"

#define DEVICES "sys/bus/dax/devices"

enum parent { PARENT_UNKNOWN, PARENT_ND, PARENT_CXL, PARENT_HMEM };

struct device {
	const char *name; /* "dax0.0" */
	enum parent parent;
	bool persistent;
	char region[32]; /* "region0", or "" */
	uint64_t size;
	int node; /* -1: says none */
};

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* A part of ".../ndbus0/region0/dax0.1/dax0.0" and its like. */
static void look_at(struct device *device, const char *part)
{
	if (starts(part, "ndbus")) {
		device->persistent = true;
		if (device->parent != PARENT_CXL)
			device->parent = PARENT_ND;
	} else if (starts(part, "ACPI0017:") || starts(part, "decoder"))
		device->parent = PARENT_CXL;
	else if (starts(part, "hmem"))
		device->parent = PARENT_HMEM;
	else if (starts(part, "region") &&
		 !(device->parent == PARENT_CXL && device->persistent))
		/* An nd bus numbers its regions apart from the CXL root. */
		snprintf(device->region, sizeof(device->region), "%s", part);
}

static void find_parent(struct hms_builder *b, struct device *device)
{
	char link[HMS_SYSFS_PATH];
	char *rest = link, *part;

	if (hms_sysfs_target(
		    b, link, sizeof(link), DEVICES "/%s", device->name))
		return;
	while ((part = strsep(&rest, "/")))
		look_at(device, part);
}

static void set_kind(
	struct hms_builder *b, const struct device *device, int target)
{
	struct hms_memory *memory = hms_builder_memory(b, target);

	if (!memory)
		return;
	if (device->region[0])
		memory->device = hms_builder_text(b, device->region);
	else if (!memory->device)
		memory->device = hms_builder_text(b, device->name);
	if (device->parent == PARENT_ND)
		hms_builder_kind(b, target, HMS_KIND_PMEM, HMS_DRIVER);
	else if (device->parent == PARENT_CXL)
		hms_builder_kind(b, target, HMS_KIND_CXL, HMS_DRIVER);
	hms_builder_property(b, target, HMS_HOTPLUG, true, HMS_DRIVER);
}

/* kmem gave it to a node; of one that is not there nothing is online yet. */
static void add_to_node(struct hms_builder *b, const struct device *device)
{
	int target = device->node < 0
			     ? -1
			     : hms_builder_find_node(b, (unsigned)device->node);

	if (target >= 0)
		set_kind(b, device, target);
}

static void reach(struct hms_builder *b, int fabric, void *arg)
{
	const int *link = arg;

	hms_builder_bridge(b, NULL, fabric, *link);
}

static void add_ways(struct hms_builder *b, const char *id, int target)
{
	char name[48];
	int link;

	snprintf(name, sizeof(name), "memory:%s", id);
	link = hms_builder_link(b, name);
	if (link < 0)
		return;
	hms_builder_link_target(b, link, target);
	hms_each_fabric(b, reach, &link);
}

static void add_target(struct hms_builder *b, const struct device *device)
{
	uint64_t align;
	char id[40];
	int target;

	snprintf(id, sizeof(id), "dax:%s", device->name + 3);
	target = hms_builder_target(b, id);
	if (target < 0)
		return;
	hms_builder_manager(b, target, HMS_MANAGED_BY_DRIVER, HMS_DRIVER);
	hms_builder_size(b, target, device->size, HMS_DRIVER);
	if (device->node >= 0)
		hms_builder_node(b, target, device->node, HMS_DRIVER);
	if (!hms_sysfs_number(b, &align, DEVICES "/%s/align", device->name))
		hms_builder_granularity(b, target, align, HMS_DRIVER);
	hms_builder_property(b, target, HMS_COHERENT, true, HMS_DRIVER);
	hms_builder_property(b, target, HMS_CPU_ACCESS, true, HMS_DRIVER);
	if (device->persistent)
		hms_builder_property(
			b, target, HMS_PERSISTENT, true, HMS_DRIVER);
	set_kind(b, device, target);
	if (hms_builder_depth(b) >= HMS_DEPTH_PATHS)
		add_ways(b, id, target);
}

static void add_device(struct hms_builder *b, const char *name, void *arg)
{
	struct device device = { .name = name, .node = -1 };
	char driver[32];
	uint64_t node;

	(void)arg;
	if (!starts(name, "dax") || strlen(name) > 31)
		return;
	if (hms_sysfs_link(
		    b, driver, sizeof(driver), DEVICES "/%s/driver", name))
		return; /* nobody's: neither mapped nor onlined */
	/* The seed of a region, from which devices are made, has no bytes. */
	if (hms_sysfs_number(b, &device.size, DEVICES "/%s/size", name) ||
		!device.size)
		return;
	if (!hms_sysfs_number(b, &node, DEVICES "/%s/target_node", name) &&
		node < HMS_MAX_NODES)
		device.node = (int)node;
	find_parent(b, &device);
	if (!strcmp(driver, "kmem"))
		add_to_node(b, &device);
	else if (!strcmp(driver, "device_dax"))
		add_target(b, &device);
}

void hms_read_dax(struct hms_builder *b)
{
	hms_sysfs_dir(b, add_device, NULL, DEVICES);
}
