/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices on PCI and what lies between them and the CPUs.  Shared by the
 * readers of devices.  Allocates nothing, never touches errno; not
 * thread-safe, as the builder is not.
 */
#ifndef HMS_ENGINE_TOPOLOGY_PCIE_H
#define HMS_ENGINE_TOPOLOGY_PCIE_H

#include "engine/topology/builder.h"

#define HMS_PCI_ADDRESS 24 /* bytes of "0000:41:00.0" and a 0, and to spare */

/*
 * DOMAIN:BUS:DEVICE.FUNCTION in hexadecimal, four digits of domain or more,
 * as sysfs names devices.  Runtimes spell it with capitals or eight digits:
 * normal() writes the kernel's spelling; false: it is none.
 */
bool hms_pci_address(const char *text);
bool hms_pci_normal(const char *text, char out[HMS_PCI_ADDRESS]);
/* As numbers, for runtimes that give them so. */
void hms_pci_format(char out[HMS_PCI_ADDRESS], unsigned domain, unsigned bus,
	unsigned device, unsigned function);

/*
 * The address that a device below sys/bus/BUS/devices hangs on: the last PCI
 * address in what its symbolic link says, itself included.  0; -ENOENT.
 */
int hms_pci_parent(const struct hms_builder *b, const char *bus,
	const char *device, char out[HMS_PCI_ADDRESS]);

/*
 * MB/s one way of the slowest PCIe link from the device up to the root port,
 * after encoding; 0: unknown, or not PCIe.
 */
uint32_t hms_pcie_bandwidth(struct hms_builder *b, const char *address);

/*
 * The node whose CPUs are next to a device, by its numa_node, else by its
 * local_cpulist; a node without CPUs counts as the nearest one that has some.
 * -1: unknown, or no node's more than another's.  dir: "sys/bus/.../NAME".
 */
int hms_device_node(struct hms_builder *b, const char *dir);

/* The link "fabric:N" of node N's CPUs; -1: there is no initiator cpu:N. */
int hms_fabric(struct hms_builder *b, int node);
/* Calls fn for each of them. */
void hms_each_fabric(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, int fabric, void *arg), void *arg);

/*
 * Finds or adds the initiator "pci:ADDRESS", its link "pcie:ADDRESS" and the
 * bridge from there to the fabric it is on (to all, if that is unknown).
 * Returns the initiator; -1: no memory.
 */
int hms_pci_attach(struct hms_builder *b, const char *address,
	enum hms_initiator_kind kind);
/* Bridges from a device's link to the node's fabric, or to all: -1. */
void hms_attach_link(struct hms_builder *b, int link, int node);
/* The way from every fabric to the link of a device's own memory. */
struct hms_into {
	int vram; /* the link */
	bool coherent;
	uint32_t latency; /* ns, a guess; 0: as over PCIe */
	uint32_t bandwidth; /* MB/s; 0: unknown, then guessed */
	enum hms_origin origin; /* of the bandwidth */
};
void hms_device_into(struct hms_builder *b, const struct hms_into *into);

#endif
