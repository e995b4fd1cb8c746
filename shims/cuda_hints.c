/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the program says of its memory: forwarded as it is, in the ABI it came
 * in, the driver's answer given back; then that memory is the program's to
 * place, and no plan of ours moves it.
 */
#include "shims/cuda.h"

CUresult hms_cuMemAdvise(
	CUdeviceptr memory, size_t bytes, CUmem_advise advice, CUdevice device);
CUresult hms_cuMemAdvise_v2(CUdeviceptr memory, size_t bytes,
	CUmem_advise advice, CUmemLocation location);
CUresult hms_cuMemPrefetchAsync(
	CUdeviceptr memory, size_t bytes, CUdevice device, CUstream stream);
CUresult hms_cuMemPrefetchAsync_ptsz(
	CUdeviceptr memory, size_t bytes, CUdevice device, CUstream stream);
CUresult hms_cuMemPrefetchAsync_v2(CUdeviceptr memory, size_t bytes,
	CUmemLocation location, unsigned flags, CUstream stream);
CUresult hms_cuMemPrefetchAsync_v2_ptsz(CUdeviceptr memory, size_t bytes,
	CUmemLocation location, unsigned flags, CUstream stream);
CUresult hms_cuStreamAttachMemAsync(
	CUstream stream, CUdeviceptr memory, size_t bytes, unsigned flags);
CUresult hms_cuStreamAttachMemAsync_ptsz(
	CUstream stream, CUdeviceptr memory, size_t bytes, unsigned flags);
CUresult hms_cuMemPrefetchBatchAsync(CUdeviceptr *memories, size_t *bytes,
	size_t n, CUmemLocation *locations, size_t *indices, size_t nlocations,
	unsigned long long flags, CUstream stream);
CUresult hms_cuMemPrefetchBatchAsync_ptsz(CUdeviceptr *memories, size_t *bytes,
	size_t n, CUmemLocation *locations, size_t *indices, size_t nlocations,
	unsigned long long flags, CUstream stream);
CUresult hms_cuMemDiscardBatchAsync(CUdeviceptr *memories, size_t *bytes,
	size_t n, unsigned long long flags, CUstream stream);
CUresult hms_cuMemDiscardBatchAsync_ptsz(CUdeviceptr *memories, size_t *bytes,
	size_t n, unsigned long long flags, CUstream stream);
CUresult hms_cuMemDiscardAndPrefetchBatchAsync(CUdeviceptr *memories,
	size_t *bytes, size_t n, CUmemLocation *locations, size_t *indices,
	size_t nlocations, unsigned long long flags, CUstream stream);
CUresult hms_cuMemDiscardAndPrefetchBatchAsync_ptsz(CUdeviceptr *memories,
	size_t *bytes, size_t n, CUmemLocation *locations, size_t *indices,
	size_t nlocations, unsigned long long flags, CUstream stream);
CUresult hms_cuMemRangeGetAttribute(void *out, size_t size,
	CUmem_range_attribute attribute, CUdeviceptr memory, size_t bytes);
CUresult hms_cuMemRangeGetAttributes(void **out, size_t *sizes,
	CUmem_range_attribute *attributes, size_t n, CUdeviceptr memory,
	size_t bytes);

static void hinted(CUdeviceptr memory, size_t bytes)
{
	hms_device_count(&hms_status->hints, NULL, 1);
	/* A managed range of 0 bytes is the whole of it (attach). */
	hms_track_hint(HMS_FAMILY_CUDA, (uintptr_t)memory,
		(uintptr_t)memory + (bytes ? bytes : 1));
}

/* After the driver took it. */
static CUresult told(CUresult rc, CUdeviceptr memory, size_t bytes)
{
	if (rc == HMS_CUDA_SUCCESS && hms_vendor_live(HMS_FAMILY_CUDA))
		hinted(memory, bytes);
	return rc;
}

static CUresult told_all(
	CUresult rc, const CUdeviceptr *memories, const size_t *bytes, size_t n)
{
	if (rc != HMS_CUDA_SUCCESS || !hms_vendor_live(HMS_FAMILY_CUDA))
		return rc;
	for (size_t i = 0; i < n; i++)
		hinted(memories[i], bytes[i]);
	return rc;
}

CUresult hms_cuMemAdvise(
	CUdeviceptr memory, size_t bytes, CUmem_advise advice, CUdevice device)
{
	__typeof__(&cuMemAdvise) real = HMS_REAL(cuMemAdvise);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told(real(memory, bytes, advice, device), memory, bytes);
}
HMS_EXPORT_HOOK(cuMemAdvise);

CUresult hms_cuMemAdvise_v2(CUdeviceptr memory, size_t bytes,
	CUmem_advise advice, CUmemLocation location)
{
	__typeof__(&cuMemAdvise_v2) real = HMS_REAL(cuMemAdvise_v2);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told(real(memory, bytes, advice, location), memory, bytes);
}
HMS_EXPORT_HOOK(cuMemAdvise_v2);

CUresult hms_cuMemPrefetchAsync(
	CUdeviceptr memory, size_t bytes, CUdevice device, CUstream stream)
{
	__typeof__(&cuMemPrefetchAsync) real = HMS_REAL(cuMemPrefetchAsync);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told(real(memory, bytes, device, stream), memory, bytes);
}
HMS_EXPORT_HOOK(cuMemPrefetchAsync);

CUresult hms_cuMemPrefetchAsync_ptsz(
	CUdeviceptr memory, size_t bytes, CUdevice device, CUstream stream)
{
	__typeof__(&cuMemPrefetchAsync_ptsz) real =
		HMS_REAL(cuMemPrefetchAsync_ptsz);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told(real(memory, bytes, device, stream), memory, bytes);
}
HMS_EXPORT_HOOK(cuMemPrefetchAsync_ptsz);

CUresult hms_cuMemPrefetchAsync_v2(CUdeviceptr memory, size_t bytes,
	CUmemLocation location, unsigned flags, CUstream stream)
{
	__typeof__(&cuMemPrefetchAsync_v2) real =
		HMS_REAL(cuMemPrefetchAsync_v2);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told(
		real(memory, bytes, location, flags, stream), memory, bytes);
}
HMS_EXPORT_HOOK(cuMemPrefetchAsync_v2);

CUresult hms_cuMemPrefetchAsync_v2_ptsz(CUdeviceptr memory, size_t bytes,
	CUmemLocation location, unsigned flags, CUstream stream)
{
	__typeof__(&cuMemPrefetchAsync_v2_ptsz) real =
		HMS_REAL(cuMemPrefetchAsync_v2_ptsz);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told(
		real(memory, bytes, location, flags, stream), memory, bytes);
}
HMS_EXPORT_HOOK(cuMemPrefetchAsync_v2_ptsz);

CUresult hms_cuStreamAttachMemAsync(
	CUstream stream, CUdeviceptr memory, size_t bytes, unsigned flags)
{
	__typeof__(&cuStreamAttachMemAsync) real =
		HMS_REAL(cuStreamAttachMemAsync);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told(real(stream, memory, bytes, flags), memory, bytes);
}
HMS_EXPORT_HOOK(cuStreamAttachMemAsync);

CUresult hms_cuStreamAttachMemAsync_ptsz(
	CUstream stream, CUdeviceptr memory, size_t bytes, unsigned flags)
{
	__typeof__(&cuStreamAttachMemAsync_ptsz) real =
		HMS_REAL(cuStreamAttachMemAsync_ptsz);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told(real(stream, memory, bytes, flags), memory, bytes);
}
HMS_EXPORT_HOOK(cuStreamAttachMemAsync_ptsz);

CUresult hms_cuMemPrefetchBatchAsync(CUdeviceptr *memories, size_t *bytes,
	size_t n, CUmemLocation *locations, size_t *indices, size_t nlocations,
	unsigned long long flags, CUstream stream)
{
	__typeof__(&cuMemPrefetchBatchAsync) real =
		HMS_REAL(cuMemPrefetchBatchAsync);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told_all(real(memories, bytes, n, locations, indices, nlocations,
				flags, stream),
		memories, bytes, n);
}
HMS_EXPORT_HOOK(cuMemPrefetchBatchAsync);

CUresult hms_cuMemPrefetchBatchAsync_ptsz(CUdeviceptr *memories, size_t *bytes,
	size_t n, CUmemLocation *locations, size_t *indices, size_t nlocations,
	unsigned long long flags, CUstream stream)
{
	__typeof__(&cuMemPrefetchBatchAsync_ptsz) real =
		HMS_REAL(cuMemPrefetchBatchAsync_ptsz);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told_all(real(memories, bytes, n, locations, indices, nlocations,
				flags, stream),
		memories, bytes, n);
}
HMS_EXPORT_HOOK(cuMemPrefetchBatchAsync_ptsz);

CUresult hms_cuMemDiscardBatchAsync(CUdeviceptr *memories, size_t *bytes,
	size_t n, unsigned long long flags, CUstream stream)
{
	__typeof__(&cuMemDiscardBatchAsync) real =
		HMS_REAL(cuMemDiscardBatchAsync);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told_all(
		real(memories, bytes, n, flags, stream), memories, bytes, n);
}
HMS_EXPORT_HOOK(cuMemDiscardBatchAsync);

CUresult hms_cuMemDiscardBatchAsync_ptsz(CUdeviceptr *memories, size_t *bytes,
	size_t n, unsigned long long flags, CUstream stream)
{
	__typeof__(&cuMemDiscardBatchAsync_ptsz) real =
		HMS_REAL(cuMemDiscardBatchAsync_ptsz);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told_all(
		real(memories, bytes, n, flags, stream), memories, bytes, n);
}
HMS_EXPORT_HOOK(cuMemDiscardBatchAsync_ptsz);

CUresult hms_cuMemDiscardAndPrefetchBatchAsync(CUdeviceptr *memories,
	size_t *bytes, size_t n, CUmemLocation *locations, size_t *indices,
	size_t nlocations, unsigned long long flags, CUstream stream)
{
	__typeof__(&cuMemDiscardAndPrefetchBatchAsync) real =
		HMS_REAL(cuMemDiscardAndPrefetchBatchAsync);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told_all(real(memories, bytes, n, locations, indices, nlocations,
				flags, stream),
		memories, bytes, n);
}
HMS_EXPORT_HOOK(cuMemDiscardAndPrefetchBatchAsync);

CUresult hms_cuMemDiscardAndPrefetchBatchAsync_ptsz(CUdeviceptr *memories,
	size_t *bytes, size_t n, CUmemLocation *locations, size_t *indices,
	size_t nlocations, unsigned long long flags, CUstream stream)
{
	__typeof__(&cuMemDiscardAndPrefetchBatchAsync_ptsz) real =
		HMS_REAL(cuMemDiscardAndPrefetchBatchAsync_ptsz);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return told_all(real(memories, bytes, n, locations, indices, nlocations,
				flags, stream),
		memories, bytes, n);
}
HMS_EXPORT_HOOK(cuMemDiscardAndPrefetchBatchAsync_ptsz);

CUresult hms_cuMemRangeGetAttribute(void *out, size_t size,
	CUmem_range_attribute attribute, CUdeviceptr memory, size_t bytes)
{
	__typeof__(&cuMemRangeGetAttribute) real =
		HMS_REAL(cuMemRangeGetAttribute);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (hms_vendor_live(HMS_FAMILY_CUDA))
		hms_device_count(&hms_status->observed, NULL, 1);
	return real(out, size, attribute, memory, bytes);
}
HMS_EXPORT_HOOK(cuMemRangeGetAttribute);

CUresult hms_cuMemRangeGetAttributes(void **out, size_t *sizes,
	CUmem_range_attribute *attributes, size_t n, CUdeviceptr memory,
	size_t bytes)
{
	__typeof__(&cuMemRangeGetAttributes) real =
		HMS_REAL(cuMemRangeGetAttributes);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (hms_vendor_live(HMS_FAMILY_CUDA))
		hms_device_count(&hms_status->observed, NULL, 1);
	return real(out, sizes, attributes, n, memory, bytes);
}
HMS_EXPORT_HOOK(cuMemRangeGetAttributes);
