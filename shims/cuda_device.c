/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices as this process's driver knows them; asked once each, and only when
 * a rule or the report needs it.
 */
#include <stdatomic.h>
#include <string.h>

#include "base/log.h"
#include "shims/cuda.h"

#define DEVICES 64

enum { UNKNOWN, ASKING, KNOWN };

static struct {
	atomic_int state;
	struct hms_cuda_device is;
} devices[DEVICES];

static int attribute(CUdevice device, unsigned which)
{
	__typeof__(&cuDeviceGetAttribute) get = HMS_CUDA(cuDeviceGetAttribute);
	int value = 0;

	/* One that this driver does not know is 0. */
	return get && get(&value, which, device) == HMS_CUDA_SUCCESS ? value
								     : 0;
}

static bool ask(unsigned number, struct hms_cuda_device *out)
{
	__typeof__(&cuDeviceGet) get = HMS_CUDA(cuDeviceGet);
	__typeof__(&cuDeviceTotalMem_v2) total = HMS_REAL(cuDeviceTotalMem_v2);
	struct hms_status_device *row;

	if (!get || get(&out->handle, (int)number) != HMS_CUDA_SUCCESS)
		return false;
	out->number = number;
	out->managed =
		attribute(
			out->handle, HMS_CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY) &&
		attribute(out->handle,
			HMS_CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS);
	out->pageable = attribute(
		out->handle, HMS_CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS);
	out->host_pools = attribute(out->handle,
		HMS_CU_DEVICE_ATTRIBUTE_HOST_NUMA_MEMORY_POOLS_SUPPORTED);
	out->node =
		attribute(out->handle, HMS_CU_DEVICE_ATTRIBUTE_HOST_NUMA_ID);
	if (!total || total(&out->memory, out->handle) != HMS_CUDA_SUCCESS)
		out->memory = 0;
	row = hms_device_row(HMS_FAMILY_CUDA, number);
	if (row)
		__atomic_store_n(&row->memory, out->memory, __ATOMIC_RELAXED);
	return true;
}

const struct hms_cuda_device *hms_cuda_device(unsigned number)
{
	struct hms_cuda_device is = { 0 };
	int unknown = UNKNOWN;

	if (number >= DEVICES)
		return NULL;
	if (atomic_load_explicit(
		    &devices[number].state, memory_order_acquire) == KNOWN)
		return &devices[number].is;
	if (!ask(number, &is))
		return NULL;
	if (atomic_compare_exchange_strong(
		    &devices[number].state, &unknown, ASKING)) {
		devices[number].is = is;
		atomic_store_explicit(
			&devices[number].state, KNOWN, memory_order_release);
	}
	/* Another thread is about to write the same. */
	while (atomic_load_explicit(
		       &devices[number].state, memory_order_acquire) != KNOWN)
		;
	return &devices[number].is;
}

/* Handles are numbers in all that is documented, but not by promise. */
const struct hms_cuda_device *hms_cuda_current(void)
{
	__typeof__(&cuCtxGetDevice) get = HMS_CUDA(cuCtxGetDevice);
	const struct hms_cuda_device *device;
	CUdevice handle;

	if (!get || get(&handle) != HMS_CUDA_SUCCESS)
		return NULL;
	device = handle >= 0 ? hms_cuda_device((unsigned)handle) : NULL;
	if (device && device->handle == handle)
		return device;
	for (unsigned n = 0; n < DEVICES; n++) {
		device = hms_cuda_device(n);
		if (!device || device->handle == handle)
			return device;
	}
	return NULL;
}
