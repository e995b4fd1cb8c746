/* SPDX-License-Identifier: BSD-2-Clause */
/* The layer itself, and what its functions share. */
#include "shims/opencl.h"

#include <string.h>

#include "shims/map.h"
#include "shims/opencl_svm.h"
#include "shims/start.h"
#include "shims/vendor.h"

#define ENTRIES 256 /* of a loader's table; OpenCL 3.0 has 149 */
#define MOST_DEVICES 64 /* of a context */
#define MOST_PLATFORMS 16

/* Names and values of cl_layer.h. */
enum { LAYER_API_VERSION = 0x4240, LAYER_NAME = 0x4241, VERSION_100 = 100 };

struct hms_cl_next hms_cl_next;

static void *table[ENTRIES];

HMS_EXPORT int32_t clGetLayerInfo(
	uint32_t what, size_t size, void *out, size_t *size_ret)
{
	static const char name[] = "HMS";
	const uint32_t version = VERSION_100;
	const void *value = what == LAYER_NAME ? (const void *)name : &version;
	const size_t len = what == LAYER_NAME ? sizeof(name) : sizeof(version);

	if (what != LAYER_NAME && what != LAYER_API_VERSION)
		return HMS_CL_INVALID_VALUE;
	if (out && size < len)
		return HMS_CL_INVALID_VALUE;
	if (out)
		memcpy(out, value, len);
	if (size_ret)
		*size_ret = len;
	return HMS_CL_SUCCESS;
}

static bool wanted(void)
{
	return hms_engine.live && hms_engine.ruled & (1u << HMS_FAMILY_OPENCL);
}

/* A loader that has this layer in its list twice would send us to ourselves. */
static bool is_ours(uint32_t count, void *const *target)
{
#define HMS_CL_NEXT(index, name, result, params)
#define HMS_CL_HOOK(index, name, result, params, ours)                         \
	if (index < count && target[index] == (void *)ours)                    \
		return true;
#include "shims/opencl.def"
#undef HMS_CL_NEXT
#undef HMS_CL_HOOK
	return false;
}

static void fill(uint32_t count, void *const *target)
{
	memcpy(table, target, count * sizeof(*table));
#define HMS_CL_NEXT(index, name, result, params)                               \
	if (index < count)                                                     \
		memcpy(&hms_cl_next.name, &target[index], sizeof(void *));
#define HMS_CL_HOOK(index, name, result, params, ours)                         \
	HMS_CL_NEXT(index, name, result, params)                               \
	if (hms_cl_next.name)                                                  \
		table[index] = (void *)ours;
#include "shims/opencl.def"
#undef HMS_CL_NEXT
#undef HMS_CL_HOOK
	hms_cl_svm_core = (struct hms_cl_svm){
		.capabilities = HMS_CL_DEVICE_SVM_CAPABILITIES,
		.alloc = hms_cl_next.clSVMAlloc,
		.free = hms_cl_next.clSVMFree,
		.enqueue_free = hms_cl_next.clEnqueueSVMFree,
	};
}

/*
 * An error, and the loader goes on without us.  A second loader of the same
 * process takes the place of the first: objects know their drivers, so either
 * one's functions serve both.
 */
HMS_EXPORT int32_t clInitLayer(uint32_t count,
	const struct _cl_icd_dispatch *next, uint32_t *count_ret,
	const struct _cl_icd_dispatch **table_ret)
{
	void *const *target = (void *const *)next;

	if (!target || !count_ret || !table_ret)
		return HMS_CL_INVALID_VALUE;
	if (count > ENTRIES)
		count = ENTRIES;
	if (!wanted() || is_ours(count, target))
		return HMS_CL_INVALID_OPERATION;
	fill(count, target);
	hms_layer_loaded();
	*count_ret = count;
	*table_ret = (const void *)table;
	return HMS_CL_SUCCESS;
}

struct hms_tracked hms_cl_record(const struct hms_call *call,
	const struct hms_decision *to, uint64_t flags)
{
	return (struct hms_tracked){
		.size = call->size,
		.vendor = HMS_FAMILY_OPENCL,
		.api = call->api,
		.device = -1,
		.asked = -1,
		.rule = to->rule,
		.place = (int)to->place->index,
		/* The range table has the charges. */
		.step = -1,
		.flags = (uint32_t)flags,
	};
}

bool hms_cl_find(const void *address, struct hms_tracked *out)
{
	return hms_track_within(HMS_FAMILY_OPENCL, (uintptr_t)address, out) &&
	       out->kind == HMS_TRACKED_HOST;
}

unsigned hms_cl_all_devices(struct _cl_device_id **out, unsigned most)
{
	struct _cl_platform_id *platforms[MOST_PLATFORMS];
	uint32_t nplatforms = 0, n;
	unsigned sum = 0;

	if (!hms_cl_next.clGetPlatformIDs || !hms_cl_next.clGetDeviceIDs ||
		hms_cl_next.clGetPlatformIDs(MOST_PLATFORMS, platforms,
			&nplatforms) != HMS_CL_SUCCESS)
		return 0;
	for (uint32_t i = 0; i < nplatforms && i < MOST_PLATFORMS; i++)
		if (sum < most && hms_cl_next.clGetDeviceIDs(platforms[i],
					  HMS_CL_TYPE_ALL, most - sum,
					  out + sum, &n) == HMS_CL_SUCCESS)
			sum += n < most - sum ? n : most - sum;
	return sum;
}

/*
 * A device's memory, and such that the driver moves, is what the driver hands
 * out anyway; the first step that is neither is where memory of ours begins.
 */
static bool is_drivers(const struct hms_decision *to)
{
	const struct hms_target *target =
		to->place->steps[0].ntargets ? to->place->steps[0].targets[0]
					     : NULL;
	const struct hms_device_id *id =
		target ? hms_target_device_id(target) : NULL;
	struct _cl_device_id *devices[MOST_DEVICES];

	if (id && id->number >= hms_cl_all_devices(devices, MOST_DEVICES))
		hms_vendor_refused(HMS_REFUSED_ABSENT, target->text, 0);
	return !target || id || hms_target_managed_in(target);
}

bool hms_cl_decide(const struct hms_call *call, struct hms_decision *to)
{
	struct hms_status_api *api = &hms_status->apis[call->api];

	if (hms_guarded())
		return false;
	hms_device_count(&api->calls, NULL, 1);
	hms_device_count(&api->bytes, NULL, (int64_t)call->size);
	hms_decide(call, to);
	return to->place->nsteps && !is_drivers(to);
}

void hms_cl_redirected(enum hms_api api)
{
	hms_device_count(&hms_status->apis[api].redirected, NULL, 1);
}

void hms_cl_pass(const struct hms_decision *to)
{
	hms_vendor_refused(HMS_REFUSED_SYSTEM, to->place->text, 0);
}

static bool ask(
	struct _cl_device_id *device, uint32_t what, void *out, size_t size)
{
	return hms_cl_next.clGetDeviceInfo(device, what, size, out, NULL) ==
	       HMS_CL_SUCCESS;
}

static bool add_device(struct _cl_device_id *device, uint32_t capabilities,
	struct hms_cl_devices *sum)
{
	uint64_t type = 0, svm = 0, most = 0;

	if (!ask(device, HMS_CL_DEVICE_TYPE, &type, sizeof(type)) ||
		!ask(device, HMS_CL_DEVICE_MAX_MEM_ALLOC_SIZE, &most,
			sizeof(most)))
		return false;
	/* OpenCL 1.x knows no such thing. */
	if (!ask(device, capabilities, &svm, sizeof(svm)))
		svm = 0;
	sum->svm &= svm;
	sum->most = most < sum->most ? most : sum->most;
	sum->system = sum->system &&
		      ((type & HMS_CL_TYPE_CPU) ||
			      (svm & HMS_CL_SVM_HAS_FINE_GRAIN_SYSTEM));
	return true;
}

static size_t list_devices(struct _cl_context *context,
	struct _cl_device_id *devices[MOST_DEVICES])
{
	size_t size = 0;

	if (!context || !hms_cl_next.clGetContextInfo ||
		!hms_cl_next.clGetDeviceInfo ||
		hms_cl_next.clGetContextInfo(context, HMS_CL_CONTEXT_DEVICES,
			MOST_DEVICES * sizeof(*devices), devices,
			&size) != HMS_CL_SUCCESS)
		return 0;
	return size / sizeof(*devices);
}

bool hms_cl_devices(struct _cl_context *context, uint32_t capabilities,
	struct hms_cl_devices *out)
{
	struct _cl_device_id *devices[MOST_DEVICES];
	const size_t n = list_devices(context, devices);

	*out = (struct hms_cl_devices){ true, UINT64_MAX, UINT64_MAX };
	for (size_t i = 0; i < n; i++)
		if (!add_device(devices[i], capabilities, out))
			return false;
	return n != 0;
}

struct _cl_platform_id *hms_cl_platform(struct _cl_context *context)
{
	struct _cl_device_id *devices[MOST_DEVICES];
	struct _cl_platform_id *platform = NULL;

	if (!list_devices(context, devices) ||
		!ask(devices[0], HMS_CL_DEVICE_PLATFORM, &platform,
			sizeof(platform)))
		return NULL;
	return platform;
}

bool hms_cl_queue_is_device(struct _cl_command_queue *queue)
{
	struct _cl_device_id *device = NULL;
	uint64_t type = HMS_CL_TYPE_CPU;

	if (!hms_cl_next.clGetCommandQueueInfo || !hms_cl_next.clGetDeviceInfo)
		return false;
	if (hms_cl_next.clGetCommandQueueInfo(queue, HMS_CL_QUEUE_DEVICE,
		    sizeof(device), &device, NULL) != HMS_CL_SUCCESS)
		return false;
	ask(device, HMS_CL_DEVICE_TYPE, &type, sizeof(type));
	return !(type & HMS_CL_TYPE_CPU);
}
