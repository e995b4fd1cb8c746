/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A double of libcuda.so.1: documented entry points only.
 * Source: CUDA Driver API 13.0 (names, numbers, what each call returns).
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "tests/fakes/fake.h"

enum {
	OK = 0,
	INVALID_VALUE = 1,
	NOT_INITIALIZED = 3,
	NO_DEVICE = 100,
	INVALID_DEVICE = 101
};

static bool live;
static const struct fake_device *devices;
static unsigned count;

/* What every call but cuInit() begins with. */
static int begin(const char *function)
{
	long result = fake_call("cuda", function);

	if (result)
		return (int)result;
	return live ? OK : NOT_INITIALIZED;
}

static int begin_with(const char *function, int device)
{
	int rc = begin(function);

	if (rc)
		return rc;
	return device >= 0 && (unsigned)device < count ? OK : INVALID_DEVICE;
}

int cuInit(unsigned flags);
int cuDriverGetVersion(int *version);
int cuDeviceGetCount(int *out);
int cuDeviceGet(int *device, int ordinal);
int cuDeviceGetName(char *name, int len, int device);
int cuDeviceTotalMem_v2(size_t *bytes, int device);
int cuDeviceGetPCIBusId(char *address, int len, int device);
int cuDeviceGetAttribute(int *value, int attribute, int device);
int cuDeviceCanAccessPeer(int *can, int device, int peer);
int cuDeviceGetP2PAttribute(int *value, int attribute, int from, int to);

int cuInit(unsigned flags)
{
	long result = fake_call("cuda", "cuInit");

	if (result)
		return (int)result;
	if (flags)
		return INVALID_VALUE;
	count = fake_devices("cuda", &devices);
	if (!count)
		return NO_DEVICE;
	live = true;
	return OK;
}

int cuDriverGetVersion(int *version)
{
	*version = 13000;
	return OK;
}

int cuDeviceGetCount(int *out)
{
	int rc = begin("cuDeviceGetCount");

	if (!rc)
		*out = (int)count;
	return rc;
}

int cuDeviceGet(int *device, int ordinal)
{
	int rc = begin_with("cuDeviceGet", ordinal);

	if (!rc)
		*device = ordinal;
	return rc;
}

int cuDeviceGetName(char *name, int len, int device)
{
	int rc = begin_with("cuDeviceGetName", device);

	if (!rc)
		snprintf(name, (size_t)len, "%s", devices[device].name);
	return rc;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device)
{
	int rc = begin_with("cuDeviceTotalMem_v2", device);

	if (!rc)
		*bytes = devices[device].memory;
	return rc;
}

/* The driver writes capitals, "0000:C1:00.0". */
int cuDeviceGetPCIBusId(char *address, int len, int device)
{
	int rc = begin_with("cuDeviceGetPCIBusId", device);
	unsigned p[4];

	if (rc)
		return rc;
	fake_pci(&devices[device], p);
	if (snprintf(address, (size_t)len, "%04X:%02X:%02X.%X", p[0], p[1],
		    p[2], p[3]) >= len)
		return INVALID_VALUE;
	return OK;
}

int cuDeviceGetAttribute(int *value, int attribute, int device)
{
	int rc = begin_with("cuDeviceGetAttribute", device);

	if (rc)
		return rc;
	switch (attribute) {
	case 18: /* INTEGRATED */
		*value = devices[device].integrated;
		return OK;
	case 36: /* MEMORY_CLOCK_RATE */
		*value = devices[device].clock;
		return OK;
	case 37: /* GLOBAL_MEMORY_BUS_WIDTH */
		*value = devices[device].width;
		return OK;
	case 83: /* MANAGED_MEMORY */
	case 89: /* CONCURRENT_MANAGED_ACCESS */
		*value = 1;
		return OK;
	case 88: /* PAGEABLE_MEMORY_ACCESS */
	case 100: /* PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES */
		*value = devices[device].tables;
		return OK;
	case 101: /* DIRECT_MANAGED_MEM_ACCESS_FROM_HOST */
		*value = devices[device].direct;
		return OK;
	case 130: /* NUMA_CONFIG */
		*value = devices[device].node >= 0;
		return OK;
	case 131: /* NUMA_ID */
		*value = devices[device].node;
		return OK;
	}
	return INVALID_VALUE;
}

int cuDeviceCanAccessPeer(int *can, int device, int peer)
{
	int rc = begin_with("cuDeviceCanAccessPeer", device);

	if (!rc)
		*can = devices[device].peers >> peer & 1;
	return rc;
}

int cuDeviceGetP2PAttribute(int *value, int attribute, int from, int to)
{
	int rc = begin_with("cuDeviceGetP2PAttribute", from);

	if (rc)
		return rc;
	if (from == to)
		return INVALID_DEVICE;
	*value = attribute == 3 ? devices[from].near >> to & 1
				: devices[from].peers >> to & 1;
	return OK;
}
