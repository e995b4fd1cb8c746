/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices that have memory of their own, and the ways to it.  Shared by the
 * readers that find such memory; as thread-safe as a builder.
 */
#ifndef HMS_ENGINE_TOPOLOGY_DEVICE_H
#define HMS_ENGINE_TOPOLOGY_DEVICE_H

#include "engine/topology/builder.h"

struct hms_device_memory {
	int initiator; /* the device */
	int target; /* its memory */
	const char
		*where; /* PCI address, or the runtime's name of the device */
	bool pci; /* where is a PCI address */
	bool coherent; /* CPUs load and store it, and caches agree */
	uint32_t bandwidth; /* MB/s, of the device's own accesses; 0: unknown */
	enum hms_origin origin; /* of the bandwidth */
};

/* The memory whose device this PCI address is, or -1. */
int hms_device_find(struct hms_builder *b, const char *address);
/*
 * Makes node N the memory of a GPU: no ordinary memory, and the driver can
 * take it away.  The target; -1: there is no such node with memory.
 */
int hms_device_is_node(struct hms_builder *b, const char *address,
	unsigned node, enum hms_origin origin);
/*
 * The link "vram:WHERE" of device and memory, and what leads there from the
 * CPUs, unless the memory is a node, which has ways of its own.  Memory that
 * is coherent is behind a link that is: "c2c:ADDRESS", the device's way to
 * the CPUs' memory.  Does nothing below HMS_DEPTH_PATHS.
 */
void hms_device_ways(
	struct hms_builder *b, const struct hms_device_memory *memory);
/*
 * From a device to the link of another's memory, by a link of the devices' own
 * (NVLink, XGMI), "peer:ADDRESS".  How fast it is nobody says, so it is
 * guessed.
 */
void hms_device_peer(
	struct hms_builder *b, const char *address, int at, int vram);

#endif
