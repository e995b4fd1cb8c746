/* SPDX-License-Identifier: BSD-2-Clause */
/* Managed memory of CUDA for malloc and mmap; see shims/reach.h. */
#include "shims/cuda.h"
#include "shims/reach.h"

static int possible(const struct hms_device_id *ids, unsigned n)
{
	const struct hms_cuda_device *current = hms_cuda_current();
	bool system = true, managed = true;

	/* Without a context the program has not come to the device yet. */
	if (!current)
		return HMS_REFUSED_EARLY;
	managed = current->managed;
	for (unsigned i = 0; i < n; i++) {
		const struct hms_cuda_device *device =
			hms_cuda_device(ids[i].number);

		if (!device)
			return HMS_REFUSED_ABSENT;
		system = system && device->pageable;
		managed = managed && device->managed;
	}
	if (system)
		return HMS_REACH_SYSTEM;
	if (hms_cuda_capturing())
		return HMS_REFUSED_CAPTURE;
	if (hms_vendor_shares())
		return HMS_REFUSED_IPC;
	return managed ? HMS_REACH_CAN : HMS_REFUSED_CONCURRENT;
}

static void *alloc(size_t bytes, void **context)
{
	__typeof__(&cuMemAllocManaged) real = HMS_REAL(cuMemAllocManaged);
	__typeof__(&cuCtxGetCurrent) current = HMS_CUDA(cuCtxGetCurrent);
	CUcontext now = NULL;
	CUdeviceptr memory = 0;

	if (!real || !current || current(&now) != HMS_CUDA_SUCCESS || !now ||
		real(&memory, bytes, HMS_CU_MEM_ATTACH_GLOBAL) !=
			HMS_CUDA_SUCCESS)
		return NULL;
	*context = now;
	return (void *)(uintptr_t)memory;
}

static void advise(void *memory, size_t bytes, int node,
	const struct hms_device_id *ids, unsigned n)
{
	const CUdeviceptr at = (uintptr_t)memory;

	hms_cuda_advise(at, bytes, HMS_CU_MEM_ADVISE_SET_PREFERRED_LOCATION,
		NULL, node);
	for (unsigned i = 0; i < n; i++) {
		const struct hms_cuda_device *device =
			hms_cuda_device(ids[i].number);

		if (device)
			hms_cuda_advise(at, bytes,
				HMS_CU_MEM_ADVISE_SET_ACCESSED_BY, device, -1);
	}
}

/* The current context comes back, whatever happens in between. */
static int64_t release(void *memory, void *context)
{
	__typeof__(&cuCtxPushCurrent_v2) push = HMS_CUDA(cuCtxPushCurrent_v2);
	__typeof__(&cuCtxPopCurrent_v2) pop = HMS_CUDA(cuCtxPopCurrent_v2);
	__typeof__(&cuMemFree_v2) real = HMS_REAL(cuMemFree_v2);
	CUcontext before;
	CUresult rc;

	if (!push || !pop || !real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	rc = push(context);
	if (rc != HMS_CUDA_SUCCESS)
		return rc;
	rc = real((uintptr_t)memory);
	pop(&before);
	return rc;
}

static const void *code(void)
{
	return (const void *)HMS_REAL(cuMemAllocManaged);
}

const struct hms_reach_vendor hms_cuda_reach = {
	.family = HMS_FAMILY_CUDA,
	.possible = possible,
	.idle = hms_cuda_idle,
	.alloc = alloc,
	.advise = advise,
	.free = release,
	.code = code,
};
