/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A double of libcuda.so.1: documented entry points only.
 * Source: CUDA Driver API 13.0 (names, numbers, what each call returns).
 */
#include <stdarg.h>

#include "tests/fakes/cuda.h"

static bool live;
static const struct fake_device *devices;
static unsigned count;

/* What every call but cuInit() begins with. */
CUresult fake_begin(const char *function)
{
	long result = fake_call("cuda", function);

	if (result)
		return (CUresult)result;
	return live ? OK : NOT_INITIALIZED;
}

CUresult fake_begin_with(const char *function, int device)
{
	CUresult rc = fake_begin(function);

	if (rc)
		return rc;
	return device >= 0 && (unsigned)device < count ? OK : INVALID_DEVICE;
}

bool fake_hides(int device)
{
	return device >= 0 && devices[device].hidden;
}

size_t fake_memory_of(int device)
{
	return device >= 0 ? devices[device].memory : 0;
}

void fake_say(const char *format, ...)
{
	const char *path = getenv("HMS_FAKES_CALLS");
	FILE *out = path ? fopen(path, "a") : NULL;
	va_list args;

	if (!out)
		return;
	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
	fputc('\n', out);
	fclose(out);
}

CUresult cuInit(unsigned flags)
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

CUresult cuDriverGetVersion(int *version)
{
	*version = 13000;
	return OK;
}

CUresult cuDeviceGetCount(int *out)
{
	CUresult rc = fake_begin("cuDeviceGetCount");

	if (!rc)
		*out = (int)count;
	return rc;
}

CUresult cuDeviceGet(int *device, int ordinal)
{
	CUresult rc = fake_begin_with("cuDeviceGet", ordinal);

	if (!rc)
		*device = ordinal;
	return rc;
}

CUresult cuDeviceGetName(char *name, int len, int device)
{
	CUresult rc = fake_begin_with("cuDeviceGetName", device);

	if (!rc)
		snprintf(name, (size_t)len, "%s", devices[device].name);
	return rc;
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, int device)
{
	CUresult rc = fake_begin_with("cuDeviceTotalMem_v2", device);

	fake_say("cuDeviceTotalMem_v2 %d", device);

	if (!rc)
		*bytes = devices[device].memory;
	return rc;
}

/* The driver writes capitals, "0000:C1:00.0". */
CUresult cuDeviceGetPCIBusId(char *address, int len, int device)
{
	CUresult rc = fake_begin_with("cuDeviceGetPCIBusId", device);
	unsigned p[4];

	if (rc)
		return rc;
	fake_pci(&devices[device], p);
	if (snprintf(address, (size_t)len, "%04X:%02X:%02X.%X", p[0], p[1],
		    p[2], p[3]) >= len)
		return INVALID_VALUE;
	return OK;
}

CUresult cuDeviceGetAttribute(
	int *value, CUdevice_attribute attribute, CUdevice device)
{
	CUresult rc = fake_begin_with("cuDeviceGetAttribute", device);

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
		*value = 1;
		return OK;
	case 89: /* CONCURRENT_MANAGED_ACCESS */
		*value = !devices[device].apart;
		return OK;
	case 91: /* CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM */
	case 115: /* MEMORY_POOLS_SUPPORTED */
		*value = 1;
		return OK;
	case 134: /* HOST_NUMA_ID */
		*value = devices[device].node >= 0 ? devices[device].node : 0;
		return OK;
	case 142: /* HOST_NUMA_MEMORY_POOLS_SUPPORTED */
		*value = devices[device].pools;
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

CUresult cuDeviceCanAccessPeer(int *can, int device, int peer)
{
	CUresult rc = fake_begin_with("cuDeviceCanAccessPeer", device);

	if (!rc)
		*can = devices[device].peers >> peer & 1;
	return rc;
}

CUresult cuDeviceGetP2PAttribute(int *value, int attribute, int from, int to)
{
	CUresult rc = fake_begin_with("cuDeviceGetP2PAttribute", from);

	if (rc)
		return rc;
	if (from == to)
		return INVALID_DEVICE;
	*value = attribute == 3 ? devices[from].near >> to & 1
				: devices[from].peers >> to & 1;
	return OK;
}
