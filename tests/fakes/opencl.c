/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A double of libOpenCL.so.1 with one platform, for devices that PoCL has not:
 * GPUs with an address.  Source: OpenCL 3.0, cl_khr_pci_bus_info.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/fakes/fake.h"

enum {
	OK = 0,
	DEVICE_NOT_FOUND = -1,
	INVALID_VALUE = -30,
	INVALID_PLATFORM = -32,
	INVALID_DEVICE = -33,
	PLATFORM_NOT_FOUND = -1001
};

static const struct fake_device *devices;

int clGetPlatformIDs(uint32_t max, void **out, uint32_t *n);
int clGetDeviceIDs(
	void *platform, uint64_t type, uint32_t max, void **out, uint32_t *n);
int clGetDeviceInfo(
	void *device, uint32_t what, size_t size, void *out, size_t *needed);

int clGetPlatformIDs(uint32_t max, void **out, uint32_t *n)
{
	long result = fake_call("opencl", "clGetPlatformIDs");

	if (result)
		return (int)result;
	if (!fake_devices("opencl", &devices))
		return PLATFORM_NOT_FOUND;
	if (out && max)
		out[0] = (void *)1;
	if (n)
		*n = 1;
	return OK;
}

int clGetDeviceIDs(
	void *platform, uint64_t type, uint32_t max, void **out, uint32_t *n)
{
	long result = fake_call("opencl", "clGetDeviceIDs");
	unsigned count = fake_devices("opencl", &devices);

	if (result)
		return (int)result;
	if (!platform)
		return INVALID_PLATFORM;
	if (!type)
		return INVALID_VALUE;
	for (uint32_t i = 0; out && i < count && i < max; i++)
		out[i] = (void *)(uintptr_t)(i + 1);
	if (n)
		*n = count;
	return count ? OK : DEVICE_NOT_FOUND;
}

static int give(
	const void *value, size_t len, size_t size, void *out, size_t *needed)
{
	if (out && size < len)
		return INVALID_VALUE;
	if (out)
		memcpy(out, value, len);
	if (needed)
		*needed = len;
	return OK;
}

int clGetDeviceInfo(
	void *device, uint32_t what, size_t size, void *out, size_t *needed)
{
	long result = fake_call("opencl", "clGetDeviceInfo");
	const struct fake_device *d;
	uint32_t address[4], unified;
	uint64_t type = 1 << 2; /* GPU */

	if (result)
		return (int)result;
	if ((uintptr_t)device - 1 >= fake_devices("opencl", &devices))
		return INVALID_DEVICE;
	d = &devices[(uintptr_t)device - 1];
	switch (what) {
	case 0x1000: /* TYPE */
		if (!strcmp(d->type, "cpu"))
			type = 1 << 1;
		else if (!strcmp(d->type, "other"))
			type = 1 << 3;
		return give(&type, sizeof(type), size, out, needed);
	case 0x101F: /* GLOBAL_MEM_SIZE */
		return give(&d->memory, sizeof(d->memory), size, out, needed);
	case 0x102B: /* NAME */
		return give(d->name, strlen(d->name) + 1, size, out, needed);
	case 0x1035: /* HOST_UNIFIED_MEMORY */
		unified = (uint32_t)d->integrated;
		return give(&unified, sizeof(unified), size, out, needed);
	case 0x410F: /* PCI_BUS_INFO_KHR */
		if (!d->pci[0])
			return INVALID_VALUE;
		fake_pci(d, address);
		return give(address, sizeof(address), size, out, needed);
	}
	return INVALID_VALUE;
}
