/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A double of libamdhip64.so.6.  Source: HIP API reference 5.2 and 6.0.  Every
 * call initialises the real one, so there is no state.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/fakes/fake.h"

enum { OK = 0, INVALID_VALUE = 1, NO_DEVICE = 100, INVALID_DEVICE = 101 };

static const struct fake_device *devices;

static int begin(const char *function, int device)
{
	long result = fake_call("hip", function);

	if (result)
		return (int)result;
	return device >= 0 && (unsigned)device < fake_devices("hip", &devices)
		       ? OK
		       : INVALID_DEVICE;
}

int hipGetDeviceCount(int *out);
int hipDeviceGetName(char *name, int len, int device);
int hipDeviceTotalMem(size_t *bytes, int device);
int hipDeviceGetPCIBusId(char *address, int len, int device);
int hipDeviceGetAttribute(int *value, int attribute, int device);
int hipDeviceCanAccessPeer(int *can, int device, int peer);
int hipExtGetLinkTypeAndHopCount(
	int from, int to, uint32_t *type, uint32_t *hops);

int hipGetDeviceCount(int *out)
{
	long result = fake_call("hip", "hipGetDeviceCount");

	if (result)
		return (int)result;
	*out = (int)fake_devices("hip", &devices);
	return *out ? OK : NO_DEVICE;
}

int hipDeviceGetName(char *name, int len, int device)
{
	int rc = begin("hipDeviceGetName", device);

	if (!rc)
		snprintf(name, (size_t)len, "%s", devices[device].name);
	return rc;
}

int hipDeviceTotalMem(size_t *bytes, int device)
{
	int rc = begin("hipDeviceTotalMem", device);

	if (!rc)
		*bytes = devices[device].memory;
	return rc;
}

int hipDeviceGetPCIBusId(char *address, int len, int device)
{
	int rc = begin("hipDeviceGetPCIBusId", device);

	if (!rc)
		snprintf(address, (size_t)len, "%s", devices[device].pci);
	return rc;
}

int hipDeviceGetAttribute(int *value, int attribute, int device)
{
	int rc = begin("hipDeviceGetAttribute", device);

	if (rc)
		return rc;
	switch (attribute) {
	case 9: /* ConcurrentManagedAccess */
		*value = !devices[device].apart;
		return OK;
	case 24: /* ManagedMemory */
		*value = 1;
		return OK;
	case 13: /* DirectManagedMemAccessFromHost */
		*value = devices[device].direct;
		return OK;
	case 16: /* Integrated */
		*value = devices[device].integrated;
		return OK;
	case 59: /* MemoryBusWidth */
		*value = devices[device].width;
		return OK;
	case 60: /* MemoryClockRate */
		*value = devices[device].clock;
		return OK;
	case 65: /* PageableMemoryAccess */
	case 66: /* PageableMemoryAccessUsesHostPageTables */
		*value = devices[device].tables;
		return OK;
	}
	return INVALID_VALUE;
}

int hipDeviceCanAccessPeer(int *can, int device, int peer)
{
	int rc = begin("hipDeviceCanAccessPeer", device);

	if (!rc)
		*can = devices[device].peers >> peer & 1;
	return rc;
}

int hipExtGetLinkTypeAndHopCount(
	int from, int to, uint32_t *type, uint32_t *hops)
{
	int rc = begin("hipExtGetLinkTypeAndHopCount", from);

	if (!rc) {
		*type = devices[from].near >> to & 1 ? 4 : 2; /* XGMI, PCIe */
		*hops = 1;
	}
	return rc;
}
