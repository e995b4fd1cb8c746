/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Level Zero.  zeInit() is called in the tool's child only; without it the
 * loader says that it is not initialised.
 * Source: oneAPI Level Zero specification 1.5 (structures and their numbers).
 */
#include "engine/topology/vendor/vendor.h"

#include <stdio.h>
#include <string.h>

#define SUCCESS 0u
#define UNINITIALIZED 0x78000001u /* also: no driver is installed */

enum {
	TYPE_DEVICE_PROPERTIES = 0x3,
	TYPE_MEMORY_PROPERTIES = 0x7,
	TYPE_PCI_PROPERTIES = 0x10008,
};

enum { DEVICE_GPU = 1, DEVICE_CPU = 2 };

#define FLAG_INTEGRATED 1u
#define MOST_DRIVERS 8
#define MOST_MEMORIES 16

struct device_properties {
	int type;
	void *next;
	int device_type;
	uint32_t vendor, device, flags, subdevice, core_clock;
	uint64_t most_allocated;
	uint32_t contexts, priority, threads, simd, eus, subslices, slices;
	uint64_t timer;
	uint32_t timestamp_bits, kernel_timestamp_bits;
	uint8_t uuid[16];
	char name[256];
};

struct memory_properties {
	int type;
	void *next;
	uint32_t flags, clock, width;
	uint64_t size;
	char name[256];
};

struct pci_properties {
	int type;
	void *next;
	uint32_t domain, bus, device, function;
	int32_t generation, width;
	int64_t bandwidth;
};

static struct {
	unsigned (*init)(unsigned flags);
	unsigned (*drivers)(uint32_t *count, void **drivers);
	unsigned (*devices)(void *driver, uint32_t *count, void **devices);
	unsigned (*device)(void *device, struct device_properties *out);
	unsigned (*memory)(
		void *device, uint32_t *count, struct memory_properties *out);
	unsigned (*pci)(void *device, struct pci_properties *out);
	unsigned (*peer)(void *device, void *peer, uint8_t *can);
} ze;

static const struct hms_vendor_function functions[] = {
	{ "zeInit", &ze.init },
	{ "zeDriverGet", &ze.drivers },
	{ "zeDeviceGet", &ze.devices },
	{ "zeDeviceGetProperties", &ze.device },
	{ "zeDeviceGetMemoryProperties", &ze.memory },
	{ "?zeDevicePciGetPropertiesExt", &ze.pci },
	{ "?zeDeviceCanAccessPeer", &ze.peer },
	{ NULL, NULL },
};

/* A device may have several memories (tiles); they are allocated as one. */
static void ask_memory(struct hms_device *out, void *device)
{
	struct memory_properties memory[MOST_MEMORIES];
	uint32_t count = MOST_MEMORIES;

	memset(memory, 0, sizeof(memory));
	for (unsigned i = 0; i < MOST_MEMORIES; i++)
		memory[i].type = TYPE_MEMORY_PROPERTIES;
	if (ze.memory(device, &count, memory) || count > MOST_MEMORIES)
		return;
	for (unsigned i = 0; i < count; i++)
		out->memory += memory[i].size;
}

static void ask_pci(struct hms_device *out, void *device)
{
	struct pci_properties pci = { .type = TYPE_PCI_PROPERTIES };

	if (ze.pci && !ze.pci(device, &pci))
		hms_pci_format(out->pci, pci.domain, pci.bus, pci.device,
			pci.function);
}

static bool ask_device(struct hms_vendor_answer *answer, void *device)
{
	struct device_properties properties = {
		.type = TYPE_DEVICE_PROPERTIES,
	};
	struct hms_device *out = hms_vendor_device(answer);
	unsigned rc;

	if (!out)
		return false;
	rc = ze.device(device, &properties);
	if (rc) {
		hms_vendor_complain(
			answer, "zeDeviceGetProperties() says 0x%x", rc);
		return false;
	}
	snprintf(out->name, sizeof(out->name), "%.100s", properties.name);
	if (properties.device_type == DEVICE_CPU)
		out->flags |= HMS_DEVICE_CPU;
	else if (properties.device_type != DEVICE_GPU)
		out->flags |= HMS_DEVICE_ACCELERATOR;
	if (properties.flags & FLAG_INTEGRATED)
		out->flags |= HMS_DEVICE_INTEGRATED;
	ask_memory(out, device);
	ask_pci(out, device);
	answer->ndevices++;
	return true;
}

static void ask_driver(struct hms_vendor_answer *answer, void *driver)
{
	uint32_t count = HMS_VENDOR_DEVICES;
	void *devices[HMS_VENDOR_DEVICES];
	unsigned first = answer->ndevices;

	if (ze.devices(driver, &count, devices) || count > HMS_VENDOR_DEVICES)
		return;
	for (uint32_t i = 0; i < count; i++)
		if (!ask_device(answer, devices[i]))
			return;
	for (uint32_t i = 0; ze.peer && i < count * count; i++) {
		uint32_t from = i / count, to = i % count;
		uint8_t can = 0;

		if (from != to && !ze.peer(devices[from], devices[to], &can) &&
			can)
			answer->device[first + from].peers |= 1ULL
							      << (first + to);
	}
}

void hms_ask_ze(struct hms_vendor_answer *answer)
{
	void *drivers[MOST_DRIVERS];
	uint32_t count = MOST_DRIVERS;
	unsigned rc = SUCCESS;

	if (!hms_vendor_functions(answer, functions))
		return;
	if (answer->may_initialise)
		rc = ze.init(0);
	if (!rc)
		rc = ze.drivers(&count, drivers);
	if (rc) {
		if (rc != UNINITIALIZED)
			hms_vendor_complain(answer,
				"its drivers cannot be listed: 0x%x", rc);
		return;
	}
	for (uint32_t i = 0; i < count && i < MOST_DRIVERS; i++)
		ask_driver(answer, drivers[i]);
}
