/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that are counted and never changed: a program that maps physical
 * memory itself, builds graphs, or brings memory of others, has placed it.
 * What cuMemCreate takes of a device is known to its account.
 */
#include "shims/cuda.h"

CUresult hms_cuMemCreate(CUmemGenericAllocationHandle *out, size_t bytes,
	const CUmemAllocationProp *prop, unsigned long long flags);
CUresult hms_cuMemRelease(CUmemGenericAllocationHandle handle);
CUresult hms_cuMemMap(CUdeviceptr at, size_t bytes, size_t offset,
	CUmemGenericAllocationHandle handle, unsigned long long flags);
CUresult hms_cuMemUnmap(CUdeviceptr at, size_t bytes);
CUresult hms_cuMemAddressReserve(CUdeviceptr *out, size_t bytes,
	size_t alignment, CUdeviceptr at, unsigned long long flags);
CUresult hms_cuMemAddressFree(CUdeviceptr at, size_t bytes);
CUresult hms_cuMemSetAccess(
	CUdeviceptr at, size_t bytes, const CUmemAccessDesc *access, size_t n);
CUresult hms_cuMemPoolCreate(CUmemoryPool *out, const CUmemPoolProps *props);
CUresult hms_cuMemPoolDestroy(CUmemoryPool pool);
CUresult hms_cuGraphAddMemAllocNode(CUgraphNode *out, CUgraph graph,
	const CUgraphNode *after, size_t n, CUDA_MEM_ALLOC_NODE_PARAMS *params);
CUresult hms_cuGraphAddMemFreeNode(CUgraphNode *out, CUgraph graph,
	const CUgraphNode *after, size_t n, CUdeviceptr memory);
CUresult hms_cuImportExternalMemory(
	CUexternalMemory *out, const CUDA_EXTERNAL_MEMORY_HANDLE_DESC *desc);

static bool observed(void)
{
	const bool live = hms_vendor_live(HMS_FAMILY_CUDA);

	if (live)
		hms_device_count(&hms_status->observed, NULL, 1);
	return live;
}

/* Handles are no pointers; odd numbers would not do as keys of the table. */
static uintptr_t key_of(CUmemGenericAllocationHandle handle)
{
	return (uintptr_t)handle * 2;
}

CUresult hms_cuMemCreate(CUmemGenericAllocationHandle *out, size_t bytes,
	const CUmemAllocationProp *prop, unsigned long long flags)
{
	__typeof__(&cuMemCreate) real = HMS_REAL(cuMemCreate);
	struct hms_tracked what = {
		.size = bytes,
		.vendor = HMS_FAMILY_CUDA,
		.kind = HMS_TRACKED_HANDLE,
		.api = HMS_API_CUDA_MALLOC,
		.device = -1,
		.asked = -1,
		.rule = -1,
		.step = -1,
	};
	CUresult rc;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	rc = real(out, bytes, prop, flags);
	if (rc || !observed())
		return rc;
	if (prop->location.type == HMS_CU_MEM_LOCATION_TYPE_DEVICE)
		what.device = what.asked = prop->location.id;
	what.start = key_of(*out);
	hms_vendor_keep(&what);
	return rc;
}
HMS_EXPORT_HOOK(cuMemCreate);

/* Mappings of it may outlive the handle; the account follows the handle. */
CUresult hms_cuMemRelease(CUmemGenericAllocationHandle handle)
{
	__typeof__(&cuMemRelease) real = HMS_REAL(cuMemRelease);
	struct hms_tracked what;
	CUresult rc;
	bool known;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	known = observed() &&
		hms_track_take(HMS_FAMILY_CUDA, key_of(handle), &what);
	rc = real(handle);
	if (known && rc)
		hms_track_add(&what);
	else if (known)
		hms_vendor_drop(&what);
	return rc;
}
HMS_EXPORT_HOOK(cuMemRelease);

CUresult hms_cuMemMap(CUdeviceptr at, size_t bytes, size_t offset,
	CUmemGenericAllocationHandle handle, unsigned long long flags)
{
	__typeof__(&cuMemMap) real = HMS_REAL(cuMemMap);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(at, bytes, offset, handle, flags);
}
HMS_EXPORT_HOOK(cuMemMap);

CUresult hms_cuMemUnmap(CUdeviceptr at, size_t bytes)
{
	__typeof__(&cuMemUnmap) real = HMS_REAL(cuMemUnmap);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(at, bytes);
}
HMS_EXPORT_HOOK(cuMemUnmap);

CUresult hms_cuMemAddressReserve(CUdeviceptr *out, size_t bytes,
	size_t alignment, CUdeviceptr at, unsigned long long flags)
{
	__typeof__(&cuMemAddressReserve) real = HMS_REAL(cuMemAddressReserve);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(out, bytes, alignment, at, flags);
}
HMS_EXPORT_HOOK(cuMemAddressReserve);

CUresult hms_cuMemAddressFree(CUdeviceptr at, size_t bytes)
{
	__typeof__(&cuMemAddressFree) real = HMS_REAL(cuMemAddressFree);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(at, bytes);
}
HMS_EXPORT_HOOK(cuMemAddressFree);

CUresult hms_cuMemSetAccess(
	CUdeviceptr at, size_t bytes, const CUmemAccessDesc *access, size_t n)
{
	__typeof__(&cuMemSetAccess) real = HMS_REAL(cuMemSetAccess);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(at, bytes, access, n);
}
HMS_EXPORT_HOOK(cuMemSetAccess);

CUresult hms_cuMemPoolCreate(CUmemoryPool *out, const CUmemPoolProps *props)
{
	__typeof__(&cuMemPoolCreate) real = HMS_REAL(cuMemPoolCreate);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(out, props);
}
HMS_EXPORT_HOOK(cuMemPoolCreate);

CUresult hms_cuMemPoolDestroy(CUmemoryPool pool)
{
	__typeof__(&cuMemPoolDestroy) real = HMS_REAL(cuMemPoolDestroy);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(pool);
}
HMS_EXPORT_HOOK(cuMemPoolDestroy);

CUresult hms_cuGraphAddMemAllocNode(CUgraphNode *out, CUgraph graph,
	const CUgraphNode *after, size_t n, CUDA_MEM_ALLOC_NODE_PARAMS *params)
{
	__typeof__(&cuGraphAddMemAllocNode) real =
		HMS_REAL(cuGraphAddMemAllocNode);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(out, graph, after, n, params);
}
HMS_EXPORT_HOOK(cuGraphAddMemAllocNode);

CUresult hms_cuGraphAddMemFreeNode(CUgraphNode *out, CUgraph graph,
	const CUgraphNode *after, size_t n, CUdeviceptr memory)
{
	__typeof__(&cuGraphAddMemFreeNode) real =
		HMS_REAL(cuGraphAddMemFreeNode);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(out, graph, after, n, memory);
}
HMS_EXPORT_HOOK(cuGraphAddMemFreeNode);

CUresult hms_cuImportExternalMemory(
	CUexternalMemory *out, const CUDA_EXTERNAL_MEMORY_HANDLE_DESC *desc)
{
	__typeof__(&cuImportExternalMemory) real =
		HMS_REAL(cuImportExternalMemory);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(out, desc);
}
HMS_EXPORT_HOOK(cuImportExternalMemory);
