/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions of extensions, which programs ask their platform for.  A pointer
 * of ours serves all platforms, so each call finds out which one it is for.
 */
#include "shims/opencl.h"

#include <string.h>

#include "shims/opencl_svm.h"
#include "shims/opencl_usm.h"

#define PLATFORMS 16 /* what the others offer is theirs alone */

/* Written once.  Two threads may add the same one; the first serves. */
static struct platform {
	bool complete; /* atomic */
	struct _cl_platform_id *id;
	struct hms_cl_svm arm;
	struct hms_cl_usm usm;
} platforms[PLATFORMS];
static unsigned taken; /* atomic; may go beyond the end */

static void look_up(
	struct _cl_platform_id *id, const char *name, void *function)
{
	void *found =
		hms_cl_next.clGetExtensionFunctionAddressForPlatform(id, name);

	memcpy(function, &found, sizeof(found));
}

static struct platform *known(struct _cl_platform_id *id)
{
	for (unsigned i = 0; i < PLATFORMS; i++)
		if (__atomic_load_n(&platforms[i].complete, __ATOMIC_ACQUIRE) &&
			platforms[i].id == id)
			return &platforms[i];
	return NULL;
}

static struct platform *add(struct _cl_platform_id *id)
{
	unsigned i = __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
	struct platform *new = &platforms[i];

	if (i >= PLATFORMS)
		return NULL;
	new->id = id;
	new->arm.capabilities = HMS_CL_DEVICE_SVM_CAPABILITIES_ARM;
	look_up(id, "clSVMAllocARM", &new->arm.alloc);
	look_up(id, "clSVMFreeARM", &new->arm.free);
	look_up(id, "clEnqueueSVMFreeARM", &new->arm.enqueue_free);
	look_up(id, "clDeviceMemAllocINTEL", &new->usm.device);
	look_up(id, "clSharedMemAllocINTEL", &new->usm.shared);
	look_up(id, "clMemFreeINTEL", &new->usm.free);
	look_up(id, "clMemBlockingFreeINTEL", &new->usm.blocking_free);
	__atomic_store_n(&new->complete, true, __ATOMIC_RELEASE);
	return known(id);
}

static struct platform *of(struct _cl_platform_id *id)
{
	struct platform *platform = known(id);

	return platform ? platform : add(id);
}

static struct platform *of_context(struct _cl_context *context)
{
	struct _cl_platform_id *id = hms_cl_platform(context);

	return id ? of(id) : NULL;
}

static struct platform *of_queue(struct _cl_command_queue *queue)
{
	struct _cl_context *context = NULL;

	if (hms_cl_next.clGetCommandQueueInfo(queue, HMS_CL_QUEUE_CONTEXT,
		    sizeof(context), &context, NULL) != HMS_CL_SUCCESS)
		return NULL;
	return of_context(context);
}

/* ---- cl_arm_shared_virtual_memory ---- */

static void *arm_alloc(struct _cl_context *context, uint64_t flags, size_t size,
	uint32_t alignment)
{
	const struct platform *platform = of_context(context);

	if (!platform || !platform->arm.alloc)
		return NULL;
	return hms_cl_svm_alloc_by(&platform->arm, context, flags, size,
		alignment, __builtin_return_address(0));
}

static void arm_free(struct _cl_context *context, void *p)
{
	const struct platform *platform = of_context(context);

	if (platform && platform->arm.free)
		hms_cl_svm_free_by(&platform->arm, context, p);
}

static int32_t arm_enqueue_free(struct _cl_command_queue *queue, uint32_t n,
	void **pointers, hms_cl_freed_fn freed, void *arg, uint32_t nwaits,
	struct _cl_event *const *waits, struct _cl_event **event)
{
	const struct platform *platform = of_queue(queue);

	if (!platform || !platform->arm.enqueue_free)
		return HMS_CL_INVALID_COMMAND_QUEUE;
	return hms_cl_enqueue_svm_free_by(&platform->arm, queue, n, pointers,
		freed, arg, nwaits, waits, event);
}

/* ---- cl_intel_unified_shared_memory ---- */

static void *intel_device_alloc(struct _cl_context *context,
	struct _cl_device_id *device, const uint64_t *properties, size_t size,
	uint32_t alignment, int32_t *error)
{
	const struct platform *platform = of_context(context);

	if (platform && platform->usm.device)
		return hms_cl_usm_device(&platform->usm, context, device,
			properties, size, alignment, error,
			__builtin_return_address(0));
	if (error)
		*error = HMS_CL_INVALID_CONTEXT;
	return NULL;
}

static int32_t intel_free(struct _cl_context *context, void *memory)
{
	const struct platform *platform = of_context(context);

	return platform && platform->usm.free
		       ? hms_cl_usm_release(platform->usm.free, context, memory)
		       : HMS_CL_INVALID_CONTEXT;
}

static int32_t intel_blocking_free(struct _cl_context *context, void *memory)
{
	const struct platform *platform = of_context(context);

	return platform && platform->usm.blocking_free
		       ? hms_cl_usm_release(
				 platform->usm.blocking_free, context, memory)
		       : HMS_CL_INVALID_CONTEXT;
}

/* ---- Who asks gets ours ---- */

static const struct {
	const char *name;
	void *ours;
} extensions[] = {
	{ "clSVMAllocARM", arm_alloc },
	{ "clSVMFreeARM", arm_free },
	{ "clEnqueueSVMFreeARM", arm_enqueue_free },
	{ "clDeviceMemAllocINTEL", intel_device_alloc },
	{ "clMemFreeINTEL", intel_free },
	{ "clMemBlockingFreeINTEL", intel_blocking_free },
};

/* Only in place of a function that is there. */
static void *ours(const char *name, void *found)
{
	if (!name || !found ||
		!hms_cl_next.clGetExtensionFunctionAddressForPlatform)
		return found;
	for (size_t i = 0; i < sizeof(extensions) / sizeof(*extensions); i++)
		if (!strcmp(name, extensions[i].name))
			return extensions[i].ours;
	return found;
}

void *hms_cl_extension(const char *name)
{
	return ours(name, hms_cl_next.clGetExtensionFunctionAddress(name));
}

void *hms_cl_platform_extension(
	struct _cl_platform_id *platform, const char *name)
{
	void *found = hms_cl_next.clGetExtensionFunctionAddressForPlatform(
		platform, name);

	return of(platform) ? ours(name, found) : found;
}
