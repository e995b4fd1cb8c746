/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/device.h"

#include <stdio.h>
#include <string.h>

#include "engine/topology/pcie.h"

/*
 * One way, MB/s: NVIDIA, "Grace Hopper Superchip Architecture", 2022: NVLink
 * C2C has 900 GB/s both ways together.  The only coherent link of devices with
 * memory that drivers tell of; none tells its bandwidth.
 */
#define C2C_BANDWIDTH 450000

/*
 * A GPU and its own memory: 480 cycles of 1.75 GHz (W. Luo et al.,
 * "Benchmarking and Dissecting the Nvidia Hopper GPU Architecture via
 * Microbenchmarking", 2024) and 3.35 TB/s (NVIDIA H100 SXM data sheet).  C2C is
 * taken to be a little quicker than PCIe.  Without these guesses a GPU would
 * look nearer to the memory of the CPUs, of which more is known.
 */
#define OWN_LATENCY 275
#define OWN_BANDWIDTH 3350000
#define C2C_LATENCY 400

/*
 * A GPU and its peers over NVLink or XGMI: six links of NVLink 2, 25 GB/s each
 * way (NVIDIA, "Tesla V100 GPU Architecture", 2017), less than later ones have.
 */
#define PEER_BANDWIDTH 150000

int hms_device_find(struct hms_builder *b, const char *address)
{
	for (unsigned i = 0; i < hms_builder_targets(b); i++) {
		const struct hms_memory *memory = hms_builder_memory(b, (int)i);

		if (memory->device && !strcmp(memory->device, address))
			return (int)i;
	}
	return -1;
}

int hms_device_is_node(struct hms_builder *b, const char *address,
	unsigned node, enum hms_origin origin)
{
	int target = hms_builder_find_node(b, node);

	if (target < 0)
		return -1;
	hms_builder_kind(b, target, HMS_KIND_GPU, origin);
	hms_builder_property(b, target, HMS_HOTPLUG, true, origin);
	if (address)
		hms_builder_memory(b, target)->device =
			hms_builder_text(b, address);
	return target;
}

static void set_bandwidth(struct hms_builder *b, int link, uint32_t bandwidth,
	enum hms_origin origin)
{
	hms_builder_link_perf(b, link, HMS_READ_BANDWIDTH, bandwidth, origin);
	hms_builder_link_perf(b, link, HMS_WRITE_BANDWIDTH, bandwidth, origin);
}

static void guess(
	struct hms_builder *b, int link, uint32_t latency, uint32_t bandwidth)
{
	hms_builder_link_perf(b, link, HMS_READ_LATENCY, latency, HMS_GUESSED);
	hms_builder_link_perf(b, link, HMS_WRITE_LATENCY, latency, HMS_GUESSED);
	set_bandwidth(b, link, bandwidth, HMS_GUESSED);
}

static void add_c2c(
	struct hms_builder *b, const struct hms_device_memory *memory)
{
	const struct hms_initiator *at = hms_builder_at(b, memory->initiator);
	int node = at ? at->node : -1, link;
	char id[160];

	snprintf(id, sizeof(id), "c2c:%s", memory->where);
	link = hms_builder_link(b, id);
	hms_builder_link_initiator(b, link, memory->initiator);
	guess(b, link, C2C_LATENCY, C2C_BANDWIDTH);
	hms_attach_link(b, link, node);
}

void hms_device_peer(
	struct hms_builder *b, const char *address, int at, int vram)
{
	char id[48];
	int link;

	snprintf(id, sizeof(id), "peer:%s", address);
	link = hms_builder_link(b, id);
	hms_builder_link_initiator(b, link, at);
	guess(b, link, C2C_LATENCY, PEER_BANDWIDTH);
	hms_builder_bridge(b, NULL, link, vram);
}

void hms_device_ways(
	struct hms_builder *b, const struct hms_device_memory *memory)
{
	const struct hms_memory *target = hms_builder_memory(b, memory->target);
	struct hms_into into = {
		.coherent = memory->coherent,
		.origin = HMS_GUESSED,
	};
	bool is_node;
	char id[160];
	int link;

	if (!target || hms_builder_depth(b) < HMS_DEPTH_PATHS)
		return;
	is_node = target->manager == HMS_MANAGED_BY_KERNEL;
	snprintf(id, sizeof(id), "vram:%s", memory->where);
	link = hms_builder_link(b, id);
	hms_builder_link_initiator(b, link, memory->initiator);
	hms_builder_link_target(b, link, memory->target);
	set_bandwidth(b, link, memory->bandwidth, memory->origin);
	guess(b, link, OWN_LATENCY, OWN_BANDWIDTH);
	if (memory->coherent && memory->pci)
		add_c2c(b, memory);
	if (is_node)
		return;
	into.vram = link;
	if (memory->coherent) {
		into.latency = C2C_LATENCY;
		into.bandwidth = C2C_BANDWIDTH;
	} else if (memory->pci) {
		into.bandwidth = hms_pcie_bandwidth(b, memory->where);
		into.origin = HMS_FIRMWARE;
	}
	hms_device_into(b, &into);
}
