/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unified shared memory of Intel's: device memory becomes shared memory of the
 * driver's, where a rule says so.  Host and shared memory stay as they are:
 * clMemBlockingFreeINTEL() waits for commands that only the driver knows of,
 * so memory of ours cannot stand for it.
 *
 * OpenCL's codes are negative; placing.h wants them positive.
 */
#include "shims/opencl_usm.h"

#include "base/guard.h"
#include "shims/placing.h"

#define MOST_DEVICES 64

enum {
	OUT_OF_RESOURCES = 5,
	GLOBAL_MEM_SIZE = 0x101F,
	SINGLE_SHARED = 0x4192, /* ..._SHARED_MEM_CAPABILITIES_INTEL */
	CROSS_SHARED = 0x4193,
	ALLOC_FLAGS = 0x4195,
	PLACED_ON_DEVICE = 1 << 1, /* CL_MEM_ALLOC_INITIAL_PLACEMENT_... */
	PLACED_ON_HOST = 1 << 2,
	ACCESS = 1 << 0,
	CONCURRENT = 1 << 2,
};

struct ask {
	struct hms_placing placing; /* first: the placer's functions get it */
	const struct hms_cl_usm *usm;
	struct _cl_context *context;
	struct _cl_device_id *device;
	const uint64_t *properties;
	uint32_t alignment;
};

static struct _cl_device_id *handle(unsigned device)
{
	struct _cl_device_id *devices[MOST_DEVICES];
	unsigned n = hms_cl_all_devices(devices, MOST_DEVICES);

	return device < n ? devices[device] : NULL;
}

static int number(const struct _cl_device_id *device)
{
	struct _cl_device_id *devices[MOST_DEVICES];
	unsigned n = hms_cl_all_devices(devices, MOST_DEVICES);

	for (unsigned i = 0; i < n; i++)
		if (devices[i] == device)
			return (int)i;
	return -1;
}

static uint64_t info(unsigned device, uint32_t what)
{
	struct _cl_device_id *which = handle(device);
	uint64_t value = 0;

	if (!which || hms_cl_next.clGetDeviceInfo(which, what, sizeof(value),
			      &value, NULL) != HMS_CL_SUCCESS)
		return 0;
	return value;
}

static bool present(unsigned device)
{
	return handle(device) != NULL;
}

static size_t memory_of(unsigned device)
{
	struct hms_status_device *row =
		hms_device_row(HMS_FAMILY_OPENCL, device);
	uint64_t bytes = info(device, GLOBAL_MEM_SIZE);

	if (row)
		__atomic_store_n(&row->memory, bytes, __ATOMIC_RELAXED);
	return bytes;
}

static bool manages(const struct hms_placing *p, unsigned device)
{
	const uint64_t wanted = ACCESS | CONCURRENT;

	return (info(device, (int)device == p->device ? SINGLE_SHARED
						      : CROSS_SHARED) &
		       wanted) == wanted;
}

static int64_t alloc(struct ask *ask, hms_cl_usm_alloc_fn *from,
	struct _cl_device_id *device, const uint64_t *properties)
{
	int32_t error = HMS_CL_SUCCESS;

	ask->placing.memory = from(ask->context, device, properties,
		ask->placing.call.bytes, ask->alignment, &error);
	if (ask->placing.memory)
		return 0;
	return error < 0 ? -(int64_t)error : OUT_OF_RESOURCES;
}

static int64_t plain(struct hms_placing *p)
{
	struct ask *ask = (struct ask *)p;

	return alloc(ask, ask->usm->device, ask->device, ask->properties);
}

/* Where it is to be first is a wish that a driver need not know. */
static int64_t managed(struct hms_placing *p,
	const struct hms_managed_targets *in, int preferred)
{
	struct ask *ask = (struct ask *)p;
	const uint64_t placed[] = { ALLOC_FLAGS,
		preferred < 0 ? PLACED_ON_HOST : PLACED_ON_DEVICE, 0 };
	const bool wishes = preferred < 0 || preferred == p->device;

	if (!ask->usm->shared)
		return HMS_PLACED_NOT;
	if (wishes && !(ask->properties && ask->properties[0]) &&
		!alloc(ask, ask->usm->shared, ask->device, placed))
		return 0;
	return alloc(ask, ask->usm->shared, ask->device, ask->properties);
}

static int64_t peer(struct hms_placing *p, unsigned device)
{
	struct ask *ask = (struct ask *)p;

	return alloc(ask, ask->usm->device, handle(device), ask->properties);
}

static bool reaches(const struct hms_placing *p)
{
	return false;
}

static const struct hms_placer placer = {
	.vendor = HMS_FAMILY_OPENCL,
	.out_of_memory = OUT_OF_RESOURCES,
	.present = present,
	.memory = memory_of,
	.manages = manages,
	.plain = plain,
	.managed = managed,
	.peer = peer,
	.reaches = reaches,
};

void *hms_cl_usm_device(const struct hms_cl_usm *usm,
	struct _cl_context *context, struct _cl_device_id *device,
	const uint64_t *properties, size_t size, uint32_t alignment,
	int32_t *error, const void *caller)
{
	struct ask ask = {
		.placing = { .call = { .api = HMS_API_CL_DEVICE_MEM_ALLOC,
				     .bytes = size,
				     .caller = caller },
			.by = &placer,
			.device = number(device) },
		.usm = usm,
		.context = context,
		.device = device,
		.properties = properties,
		.alignment = alignment,
	};
	int64_t rc;

	/* A part of a device is none that a rule can name. */
	if (hms_guarded() || !size || ask.placing.device < 0)
		return usm->device(
			context, device, properties, size, alignment, error);
	rc = hms_placing_serve(
		&ask.placing, hms_vendor_shares() ? HMS_REFUSED_IPC : -1);
	if (error)
		*error = (int32_t)-rc;
	return rc ? NULL : ask.placing.memory;
}

int32_t hms_cl_usm_release(
	hms_cl_usm_free_fn *real, struct _cl_context *context, void *memory)
{
	struct hms_tracked what;
	bool ours = hms_track_take(HMS_FAMILY_OPENCL, (uintptr_t)memory, &what);
	int32_t rc = real(context, memory);

	if (ours && rc != HMS_CL_SUCCESS)
		hms_track_add(&what);
	else if (ours)
		hms_vendor_drop(&what);
	return rc;
}
