/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs ask about memory, and about sharing it.  Frameworks choose
 * ways to copy by the answers, so what memory is, is never hidden: managed
 * memory says that it is.  Answered by us is only what the driver could not.
 */
#include "shims/cuda.h"

#include "base/log.h"

CUresult hms_cuMemGetInfo_v2(size_t *free, size_t *total);
CUresult hms_cuDeviceTotalMem_v2(size_t *out, CUdevice device);
CUresult hms_cuMemGetAddressRange_v2(
	CUdeviceptr *base, size_t *bytes, CUdeviceptr memory);
CUresult hms_cuPointerGetAttribute(
	void *out, CUpointer_attribute attribute, CUdeviceptr memory);
CUresult hms_cuPointerGetAttributes(unsigned n, CUpointer_attribute *attributes,
	void **out, CUdeviceptr memory);
CUresult hms_cuPointerSetAttribute(
	const void *value, CUpointer_attribute attribute, CUdeviceptr memory);
CUresult hms_cuIpcGetMemHandle(CUipcMemHandle *out, CUdeviceptr memory);
CUresult hms_cuIpcOpenMemHandle(
	CUdeviceptr *out, CUipcMemHandle handle, unsigned flags);
CUresult hms_cuIpcOpenMemHandle_v2(
	CUdeviceptr *out, CUipcMemHandle handle, unsigned flags);
CUresult hms_cuIpcCloseMemHandle(CUdeviceptr memory);

/*
 * Managed memory that is not populated is free for the driver, but promised:
 * who sizes a cache by what is free would have it twice.
 */
static size_t not_promised(size_t free)
{
	const struct hms_cuda_device *device = hms_cuda_current();
	const struct hms_status_device *row =
		device ? hms_device_row(HMS_FAMILY_CUDA, device->number) : NULL;
	uint64_t used, left;

	if (!row || !device->memory ||
		!__atomic_load_n(&row->managed, __ATOMIC_RELAXED))
		return free;
	used = __atomic_load_n(&row->own, __ATOMIC_RELAXED) +
	       __atomic_load_n(&row->peer, __ATOMIC_RELAXED) +
	       __atomic_load_n(&row->managed, __ATOMIC_RELAXED);
	left = used < device->memory ? device->memory - used : 0;
	return left < free ? left : free;
}

CUresult hms_cuMemGetInfo_v2(size_t *free, size_t *total)
{
	__typeof__(&cuMemGetInfo_v2) real = HMS_REAL(cuMemGetInfo_v2);
	CUresult rc;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	rc = real(free, total);
	if (rc == HMS_CUDA_SUCCESS && free && hms_vendor_live(HMS_FAMILY_CUDA))
		*free = not_promised(*free);
	return rc;
}
HMS_EXPORT_HOOK(cuMemGetInfo_v2);

CUresult hms_cuDeviceTotalMem_v2(size_t *out, CUdevice device)
{
	__typeof__(&cuDeviceTotalMem_v2) real = HMS_REAL(cuDeviceTotalMem_v2);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return real(out, device);
}
HMS_EXPORT_HOOK(cuDeviceTotalMem_v2);

/* Registered memory is no allocation of the driver's: it knows no range. */
CUresult hms_cuMemGetAddressRange_v2(
	CUdeviceptr *base, size_t *bytes, CUdeviceptr memory)
{
	__typeof__(&cuMemGetAddressRange_v2) real =
		HMS_REAL(cuMemGetAddressRange_v2);
	struct hms_tracked what;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (!hms_vendor_live(HMS_FAMILY_CUDA) ||
		!hms_track_within(HMS_FAMILY_CUDA, (uintptr_t)memory, &what) ||
		what.kind != HMS_TRACKED_HOST ||
		what.api != HMS_API_CUDA_MALLOC)
		return real(base, bytes, memory);
	if (base)
		*base = what.start;
	if (bytes)
		*bytes = what.size;
	return HMS_CUDA_SUCCESS;
}
HMS_EXPORT_HOOK(cuMemGetAddressRange_v2);

static void observed(void)
{
	if (hms_vendor_live(HMS_FAMILY_CUDA))
		hms_device_count(&hms_status->observed, NULL, 1);
}

CUresult hms_cuPointerGetAttribute(
	void *out, CUpointer_attribute attribute, CUdeviceptr memory)
{
	__typeof__(&cuPointerGetAttribute) real =
		HMS_REAL(cuPointerGetAttribute);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(out, attribute, memory);
}
HMS_EXPORT_HOOK(cuPointerGetAttribute);

CUresult hms_cuPointerGetAttributes(unsigned n, CUpointer_attribute *attributes,
	void **out, CUdeviceptr memory)
{
	__typeof__(&cuPointerGetAttributes) real =
		HMS_REAL(cuPointerGetAttributes);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(n, attributes, out, memory);
}
HMS_EXPORT_HOOK(cuPointerGetAttributes);

CUresult hms_cuPointerSetAttribute(
	const void *value, CUpointer_attribute attribute, CUdeviceptr memory)
{
	__typeof__(&cuPointerSetAttribute) real =
		HMS_REAL(cuPointerSetAttribute);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(value, attribute, memory);
}
HMS_EXPORT_HOOK(cuPointerSetAttribute);

/* From here on memory is handed out as the driver would. */
static void shares(void)
{
	if (!hms_vendor_live(HMS_FAMILY_CUDA))
		return;
	observed();
	hms_vendor_shared();
}

CUresult hms_cuIpcGetMemHandle(CUipcMemHandle *out, CUdeviceptr memory)
{
	__typeof__(&cuIpcGetMemHandle) real = HMS_REAL(cuIpcGetMemHandle);
	struct hms_tracked what;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	shares();
	if (hms_vendor_live(HMS_FAMILY_CUDA) &&
		hms_track_within(HMS_FAMILY_CUDA, (uintptr_t)memory, &what) &&
		what.kind != HMS_TRACKED_OWN && what.kind != HMS_TRACKED_PINNED)
		hms_vendor_refused(HMS_REFUSED_IPC,
			"memory that a rule made managed, or placed elsewhere, cannot be shared",
			0);
	return real(out, memory);
}
HMS_EXPORT_HOOK(cuIpcGetMemHandle);

CUresult hms_cuIpcOpenMemHandle(
	CUdeviceptr *out, CUipcMemHandle handle, unsigned flags)
{
	__typeof__(&cuIpcOpenMemHandle) real = HMS_REAL(cuIpcOpenMemHandle);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	shares();
	return real(out, handle, flags);
}
HMS_EXPORT_HOOK(cuIpcOpenMemHandle);

CUresult hms_cuIpcOpenMemHandle_v2(
	CUdeviceptr *out, CUipcMemHandle handle, unsigned flags)
{
	__typeof__(&cuIpcOpenMemHandle_v2) real =
		HMS_REAL(cuIpcOpenMemHandle_v2);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	shares();
	return real(out, handle, flags);
}
HMS_EXPORT_HOOK(cuIpcOpenMemHandle_v2);

CUresult hms_cuIpcCloseMemHandle(CUdeviceptr memory)
{
	__typeof__(&cuIpcCloseMemHandle) real = HMS_REAL(cuIpcCloseMemHandle);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	observed();
	return real(memory);
}
HMS_EXPORT_HOOK(cuIpcCloseMemHandle);
