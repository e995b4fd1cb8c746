/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory behind CXL, as the kernel's cxl drivers show it.
 *
 * A region is a piece of address space that one or several memory devices
 * serve, interleaved.  Its node is named by the DAX device made of it, or, if
 * firmware had put the memory into the map already, found by its address.
 * Each memory device keeps a link of its own, "cxl:memN", to the region's
 * node: the ways are several, and equal numbers do not make them one.  The
 * bandwidth of such a link is that of the device's PCIe lanes, an upper bound.
 *
 * Memory that firmware put into the map without a region is not seen here;
 * the reader of kinds tells it by its node.
 *
 * Source: the kernel's ABI/testing/sysfs-bus-cxl, driver-api/cxl.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "engine/target/target.h"
#include "engine/topology/pcie.h"
#include "engine/topology/readers.h"
#include "engine/topology/sysfs.h"

#define DEVICES "sys/bus/cxl/devices"
#define ND "sys/bus/nd/devices"
#define MOST_WAYS 16 /* of an interleave set: CXL 3.0, 8.2.4.19.7 */

struct region {
	const char *name;
	unsigned nmemdevs;
	char memdev[MOST_WAYS][24]; /* "mem0" */
	uint64_t granularity;
	int target;
};

static bool numbered(const char *name, const char *with)
{
	size_t len = strlen(with);

	if (strncmp(name, with, len) || !name[len])
		return false;
	return name[len + strspn(name + len, "0123456789")] == 0;
}

/* "node2" among the links of a block of memory. */
static void find_node(struct hms_builder *b, const char *name, void *arg)
{
	int *node = arg;
	uint64_t n;

	(void)b;
	if (numbered(name, "node") && hms_sysfs_digits(name + 4, &n) &&
		n < HMS_MAX_NODES)
		*node = (int)n;
}

/* block_size_bytes is hexadecimal without 0x. */
static uint64_t block_size(const struct hms_builder *b)
{
	char text[32];
	uint64_t size = 0;

	if (hms_sysfs_read(b, text, sizeof(text),
		    "sys/devices/system/memory/block_size_bytes") <= 0)
		return 0;
	for (const char *p = text; *p; p++) {
		unsigned digit;

		if (*p >= '0' && *p <= '9')
			digit = (unsigned)(*p - '0');
		else if ((*p | 32) >= 'a' && (*p | 32) <= 'f')
			digit = (unsigned)((*p | 32) - 'a' + 10);
		else
			return 0;
		size = size << 4 | digit;
	}
	return size;
}

static int node_by_address(struct hms_builder *b, const char *region)
{
	uint64_t start, block = block_size(b);
	int node = -1;

	if (!block ||
		hms_sysfs_number(b, &start, DEVICES "/%s/resource", region))
		return -1;
	/* A region need not begin with a block: the next is all of it. */
	hms_sysfs_dir(b, find_node, &node,
		"sys/devices/system/memory/memory%llu",
		(unsigned long long)((start + block - 1) / block));
	return node;
}

struct dax_node {
	const char *region;
	int node;
};

static void find_dax(struct hms_builder *b, const char *name, void *arg)
{
	struct dax_node *wanted = arg;
	uint64_t node;

	if (wanted->node < 0 && !strncmp(name, "dax", 3) &&
		strncmp(name, "dax_region", 10) &&
		!hms_sysfs_number(b, &node, DEVICES "/%s/dax_%s/%s/target_node",
			wanted->region, wanted->region, name) &&
		node < HMS_MAX_NODES)
		wanted->node = (int)node;
}

struct nd_node {
	uint64_t size, start; /* start 0: not told */
	unsigned found;
	int node;
};

/* A region of the nd bus that hangs below the CXL root. */
static void find_nd(struct hms_builder *b, const char *name, void *arg)
{
	struct nd_node *wanted = arg;
	char link[HMS_SYSFS_PATH];
	uint64_t size, start, node;

	if (!numbered(name, "region") ||
		hms_sysfs_target(b, link, sizeof(link), ND "/%s", name) ||
		!strstr(link, "/nvdimm-bridge") ||
		hms_sysfs_number(b, &size, ND "/%s/size", name) ||
		size != wanted->size)
		return;
	/* Where it begins is told to root only; sizes must do for others. */
	if (wanted->start &&
		!hms_sysfs_number(b, &start, ND "/%s/resource", name) &&
		start != wanted->start)
		return;
	if (hms_sysfs_number(b, &node, ND "/%s/target_node", name) ||
		node >= HMS_MAX_NODES)
		return;
	wanted->found++;
	wanted->node = (int)node;
}

/* Persistent memory is shown a second time, as the nd bus knows it. */
static int node_by_nd(struct hms_builder *b, const char *region)
{
	struct nd_node wanted = { .node = -1 };

	if (hms_sysfs_number(b, &wanted.size, DEVICES "/%s/size", region))
		return -1;
	hms_sysfs_number(b, &wanted.start, DEVICES "/%s/resource", region);
	hms_sysfs_dir(b, find_nd, &wanted, ND);
	return wanted.found == 1 ? wanted.node : -1;
}

static int node_of(struct hms_builder *b, const char *region)
{
	struct dax_node wanted = { .region = region, .node = -1 };
	int node;

	hms_sysfs_dir(
		b, find_dax, &wanted, DEVICES "/%s/dax_%s", region, region);
	if (wanted.node >= 0)
		return wanted.node;
	node = node_by_address(b, region);
	return node >= 0 ? node : node_by_nd(b, region);
}

/* Its target "decoder5.0" is of endpoint5, which is the port of a memN. */
static bool find_memdev(struct hms_builder *b, const char *region,
	unsigned position, char out[24])
{
	char decoder[64];
	uint64_t port;

	if (hms_sysfs_read(b, decoder, sizeof(decoder), DEVICES "/%s/target%u",
		    region, position) <= 0 ||
		strncmp(decoder, "decoder", 7) ||
		!hms_sysfs_digits(decoder + 7, &port))
		return false;
	return !hms_sysfs_link(b, out, 24, DEVICES "/endpoint%llu/uport",
		       (unsigned long long)port) &&
	       numbered(out, "mem");
}

static void find_memdevs(struct hms_builder *b, struct region *region)
{
	uint64_t ways = 0;
	char file[96];

	if (hms_sysfs_number(
		    b, &ways, DEVICES "/%s/interleave_ways", region->name))
		return;
	for (unsigned i = 0; i < ways && i < MOST_WAYS; i++)
		if (find_memdev(b, region->name, i,
			    region->memdev[region->nmemdevs]))
			region->nmemdevs++;
	snprintf(file, sizeof(file), DEVICES "/%s/interleave_ways",
		region->name);
	if (region->nmemdevs < ways)
		hms_sysfs_complain(b, file, 0,
			"%llu ways, but only %u of its memory devices are found",
			(unsigned long long)ways, region->nmemdevs);
	if (ways > 1)
		hms_sysfs_number(b, &region->granularity,
			DEVICES "/%s/interleave_granularity", region->name);
}

/* "CXL mem0+mem1, interleaved by 256 bytes" */
static void set_name(struct hms_builder *b, const struct region *region)
{
	struct hms_memory *memory = hms_builder_memory(b, region->target);
	char buf[256];
	struct hms_text text = HMS_TEXT(buf);

	memory->device = hms_builder_text(b, region->name);
	if (memory->name || !region->nmemdevs)
		return;
	hms_text_add(&text, "CXL");
	for (unsigned i = 0; i < region->nmemdevs; i++)
		hms_text_add(&text, "%c%s", i ? '+' : ' ', region->memdev[i]);
	if (region->granularity)
		hms_text_add(&text, ", interleaved by %llu bytes",
			(unsigned long long)region->granularity);
	memory->name = hms_builder_text(b, buf);
}

static void add_way(
	struct hms_builder *b, const struct region *region, const char *memdev)
{
	char name[48], address[HMS_PCI_ADDRESS];
	uint32_t bandwidth = 0;
	int link, fabric, bridge;

	snprintf(name, sizeof(name), "cxl:%s", memdev);
	link = hms_builder_link(b, name);
	if (link < 0)
		return;
	hms_builder_link_at(b, link)->coherent = true;
	hms_builder_link_target(b, link, region->target);
	if (!hms_pci_parent(b, "cxl", memdev, address))
		bandwidth = hms_pcie_bandwidth(b, address);
	hms_builder_link_perf(
		b, link, HMS_READ_BANDWIDTH, bandwidth, HMS_FIRMWARE);
	hms_builder_link_perf(
		b, link, HMS_WRITE_BANDWIDTH, bandwidth, HMS_FIRMWARE);
	snprintf(name, sizeof(name), DEVICES "/%s", memdev);
	fabric = hms_fabric(b, hms_device_node(b, name));
	if (fabric < 0)
		return;
	bridge = hms_builder_bridge(b, NULL, fabric, link);
	if (bridge >= 0)
		hms_builder_bridge_at(b, bridge)->coherent = true;
}

static void add_region(struct hms_builder *b, const char *name, void *arg)
{
	struct region region = { .name = name };
	int node;

	(void)arg;
	if (!numbered(name, "region"))
		return;
	node = node_of(b, name);
	if (node < 0)
		return; /* not online, or given out as a DAX device */
	region.target = hms_builder_find_node(b, (unsigned)node);
	if (region.target < 0)
		return;
	hms_builder_kind(b, region.target, HMS_KIND_CXL, HMS_DRIVER);
	hms_builder_property(b, region.target, HMS_HOTPLUG, true, HMS_DRIVER);
	find_memdevs(b, &region);
	set_name(b, &region);
	if (hms_builder_depth(b) < HMS_DEPTH_PATHS)
		return;
	for (unsigned i = 0; i < region.nmemdevs; i++)
		add_way(b, &region, region.memdev[i]);
}

void hms_read_cxl(struct hms_builder *b)
{
	hms_sysfs_dir(b, add_region, NULL, DEVICES);
}
