/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where devices hang: from their slot to the CPUs, and from there to the
 * devices' own memory.
 */
#include <stdio.h>

#include "engine/topology/pcie.h"
#include "engine/topology/read/read.h"

/*
 * A device's read of 64 bytes of memory takes 547 ns (R. Neugebauer et al.,
 * "Understanding PCIe performance for end host networking", SIGCOMM 2018),
 * some 90 of them in the memory.
 */
#define PCIE_LATENCY 457
/* PCIe 3.0 x16, the least that GPUs for computing have had in ten years. */
#define PCIE_BANDWIDTH 15753

int hms_fabric(struct hms_builder *b, int node)
{
	return node < 0 ? -1 : hms_reader_fabric(b, (unsigned)node);
}

void hms_each_fabric(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, int fabric, void *arg), void *arg)
{
	unsigned n = hms_builder_initiators(b);

	for (unsigned i = 0; i < n; i++) {
		const struct hms_initiator *at = hms_builder_at(b, (int)i);
		int fabric = at->kind == HMS_INITIATOR_CPU
				     ? hms_fabric(b, at->node)
				     : -1;

		if (fabric >= 0)
			fn(b, fabric, arg);
	}
}

static void bridge_up(struct hms_builder *b, int fabric, void *arg)
{
	const int *link = arg;

	hms_builder_bridge(b, NULL, *link, fabric);
}

void hms_attach_link(struct hms_builder *b, int link, int node)
{
	int fabric = hms_fabric(b, node);

	if (fabric >= 0)
		bridge_up(b, fabric, &link);
	else
		hms_each_fabric(b, bridge_up, &link);
}

static void add_slot(struct hms_builder *b, const char *address, int at)
{
	uint32_t bandwidth;
	char id[48];
	int link;

	snprintf(id, sizeof(id), "pcie:%s", address);
	link = hms_builder_link(b, id);
	if (link < 0)
		return;
	bandwidth = hms_pcie_bandwidth(b, address);
	hms_builder_link_initiator(b, link, at);
	hms_builder_link_perf(
		b, link, HMS_READ_BANDWIDTH, bandwidth, HMS_FIRMWARE);
	hms_builder_link_perf(
		b, link, HMS_WRITE_BANDWIDTH, bandwidth, HMS_FIRMWARE);
	hms_builder_link_perf(
		b, link, HMS_READ_LATENCY, PCIE_LATENCY, HMS_GUESSED);
	hms_builder_link_perf(
		b, link, HMS_WRITE_LATENCY, PCIE_LATENCY, HMS_GUESSED);
	/* Coherent: devices' reads and writes of memory are snooped. */
	hms_attach_link(b, link, hms_builder_at(b, at)->node);
}

int hms_pci_attach(struct hms_builder *b, const char *address,
	enum hms_initiator_kind kind)
{
	char id[48], dir[96];
	int at;

	snprintf(id, sizeof(id), "pci:%s", address);
	at = hms_builder_find_initiator(b, id);
	if (at < 0) {
		at = hms_builder_initiator(b, id, kind);
		if (at < 0)
			return at;
	}
	/* A recording may have named it without its node. */
	if (hms_builder_at(b, at)->node < 0) {
		snprintf(dir, sizeof(dir), "sys/bus/pci/devices/%s", address);
		hms_builder_at(b, at)->node = hms_device_node(b, dir);
	}
	snprintf(id, sizeof(id), "pcie:%s", address);
	if (hms_builder_depth(b) >= HMS_DEPTH_PATHS &&
		hms_builder_find_link(b, id) < 0)
		add_slot(b, address, at);
	return at;
}

static void bridge_down(struct hms_builder *b, int fabric, void *arg)
{
	const struct hms_into *into = arg;
	int bridge = hms_builder_bridge(b, NULL, fabric, into->vram);

	if (bridge < 0)
		return;
	hms_builder_bridge_at(b, bridge)->coherent = into->coherent;
	hms_builder_bridge_perf(
		b, bridge, HMS_READ_BANDWIDTH, into->bandwidth, into->origin);
	hms_builder_bridge_perf(
		b, bridge, HMS_WRITE_BANDWIDTH, into->bandwidth, into->origin);
	hms_builder_bridge_perf(
		b, bridge, HMS_READ_LATENCY, into->latency, HMS_GUESSED);
	hms_builder_bridge_perf(
		b, bridge, HMS_WRITE_LATENCY, into->latency, HMS_GUESSED);
}

void hms_device_into(struct hms_builder *b, const struct hms_into *into)
{
	struct hms_into copy = *into;

	if (!copy.latency)
		copy.latency = PCIE_LATENCY;
	if (!copy.bandwidth) {
		copy.bandwidth = PCIE_BANDWIDTH;
		copy.origin = HMS_GUESSED;
	}
	hms_each_fabric(b, bridge_down, &copy);
}
