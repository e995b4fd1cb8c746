/* SPDX-License-Identifier: BSD-2-Clause */
/* Extension cl_intel_unified_shared_memory; each platform has its own. */
#ifndef HMS_SHIMS_OPENCL_USM_H
#define HMS_SHIMS_OPENCL_USM_H

#include "shims/opencl.h"

/* Context, device, properties, bytes, alignment, error. */
typedef void *hms_cl_usm_alloc_fn(struct _cl_context *, struct _cl_device_id *,
	const uint64_t *, size_t, uint32_t, int32_t *);
typedef int32_t hms_cl_usm_free_fn(struct _cl_context *, void *);

/* The driver's functions, or NULL. */
struct hms_cl_usm {
	hms_cl_usm_alloc_fn *device, *shared;
	hms_cl_usm_free_fn *free, *blocking_free;
};

/* clDeviceMemAllocINTEL; caller: return address of the program's call. */
void *hms_cl_usm_device(const struct hms_cl_usm *usm,
	struct _cl_context *context, struct _cl_device_id *device,
	const uint64_t *properties, size_t size, uint32_t alignment,
	int32_t *error, const void *caller);
/* Either of the two that free. */
int32_t hms_cl_usm_release(
	hms_cl_usm_free_fn *real, struct _cl_context *context, void *memory);

#endif
