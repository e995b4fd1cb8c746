/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenCL.  Devices are numbered through all platforms, in the loader's order.
 * Listing them makes the loader open drivers, so only the tool's child asks.
 * Source: OpenCL 3.0 API; extensions cl_khr_pci_bus_info,
 * cl_nv_device_attribute_query, cl_amd_device_attribute_query.
 */
#include "engine/topology/vendor/vendor.h"

#include <string.h>

enum { SUCCESS = 0, NO_DEVICE = -1, NO_PLATFORM = -1001 };

/* cl_device_info */
enum {
	DEVICE_TYPE = 0x1000,
	DEVICE_GLOBAL_MEM_SIZE = 0x101F,
	DEVICE_NAME = 0x102B,
	DEVICE_HOST_UNIFIED_MEMORY = 0x1035,
	DEVICE_PCI_BUS_ID_NV = 0x4008,
	DEVICE_PCI_SLOT_ID_NV = 0x4009,
	DEVICE_PCI_DOMAIN_ID_NV = 0x400A,
	DEVICE_TOPOLOGY_AMD = 0x4037,
	DEVICE_PCI_BUS_INFO_KHR = 0x410F,
};

#define TYPE_ALL 0xFFFFFFFFu
#define TYPE_CPU (1u << 1)
#define TYPE_GPU (1u << 2)

#define MOST_PLATFORMS 16

static struct {
	int (*platforms)(uint32_t max, void **out, uint32_t *count);
	int (*devices)(void *platform, uint64_t type, uint32_t max, void **out,
		uint32_t *count);
	int (*info)(void *device, uint32_t what, size_t size, void *out,
		size_t *needed);
} cl;

static const struct hms_vendor_function functions[] = {
	{ "clGetPlatformIDs", &cl.platforms },
	{ "clGetDeviceIDs", &cl.devices },
	{ "clGetDeviceInfo", &cl.info },
	{ NULL, NULL },
};

static bool info(void *device, uint32_t what, void *out, size_t size)
{
	size_t got = 0;

	return !cl.info(device, what, size, out, &got) && got == size;
}

static void ask_pci(struct hms_device *out, void *device)
{
	uint32_t khr[4], bus, slot, domain = 0;
	/* cl_device_topology_amd: type, 17 unused, bus, device, function */
	struct {
		uint32_t type;
		char unused[17], bus, device, function;
	} amd;

	if (info(device, DEVICE_PCI_BUS_INFO_KHR, khr, sizeof(khr))) {
		hms_pci_format(out->pci, khr[0], khr[1], khr[2], khr[3]);
	} else if (info(device, DEVICE_PCI_BUS_ID_NV, &bus, sizeof(bus)) &&
		   info(device, DEVICE_PCI_SLOT_ID_NV, &slot, sizeof(slot))) {
		info(device, DEVICE_PCI_DOMAIN_ID_NV, &domain, sizeof(domain));
		/* The slot holds device and function. */
		hms_pci_format(out->pci, domain, bus, slot >> 3, slot & 7);
	} else if (info(device, DEVICE_TOPOLOGY_AMD, &amd, sizeof(amd)) &&
		   amd.type == 1) {
		hms_pci_format(out->pci, 0, (uint8_t)amd.bus,
			(uint8_t)amd.device, (uint8_t)amd.function);
	}
}

static bool ask_device(struct hms_vendor_answer *answer, void *device)
{
	struct hms_device *out = hms_vendor_device(answer);
	uint64_t type = 0;
	uint32_t unified = 0;

	if (!out)
		return false;
	if (cl.info(device, DEVICE_NAME, sizeof(out->name) - 1, out->name,
		    NULL))
		out->name[0] = 0;
	info(device, DEVICE_TYPE, &type, sizeof(type));
	if (type & TYPE_CPU)
		out->flags |= HMS_DEVICE_CPU;
	else if (!(type & TYPE_GPU))
		out->flags |= HMS_DEVICE_ACCELERATOR;
	info(device, DEVICE_GLOBAL_MEM_SIZE, &out->memory, sizeof(out->memory));
	if (info(device, DEVICE_HOST_UNIFIED_MEMORY, &unified,
		    sizeof(unified)) &&
		unified)
		out->flags |= HMS_DEVICE_INTEGRATED;
	ask_pci(out, device);
	answer->ndevices++;
	return true;
}

void hms_ask_opencl(struct hms_vendor_answer *answer)
{
	void *platforms[MOST_PLATFORMS], *devices[HMS_VENDOR_DEVICES];
	uint32_t nplatforms = 0, ndevices;
	int rc;

	if (!hms_vendor_functions(answer, functions))
		return;
	rc = cl.platforms(MOST_PLATFORMS, platforms, &nplatforms);
	if (rc) {
		if (rc != NO_PLATFORM)
			hms_vendor_complain(
				answer, "clGetPlatformIDs() says %d", rc);
		return;
	}
	for (uint32_t p = 0; p < nplatforms && p < MOST_PLATFORMS; p++) {
		ndevices = 0;
		rc = cl.devices(platforms[p], TYPE_ALL, HMS_VENDOR_DEVICES,
			devices, &ndevices);
		if (rc && rc != NO_DEVICE)
			hms_vendor_complain(
				answer, "clGetDeviceIDs() says %d", rc);
		for (uint32_t d = 0;
			!rc && d < ndevices && d < HMS_VENDOR_DEVICES; d++)
			if (!ask_device(answer, devices[d]))
				return;
	}
}
