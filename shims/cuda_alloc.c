/* SPDX-License-Identifier: BSD-2-Clause */
/* cuMemAlloc and kin, cuMemFree. */
#include "shims/cuda.h"
#include "shims/reach.h"

CUresult hms_cuMemAlloc_v2(CUdeviceptr *out, size_t bytes);
CUresult hms_cuMemAllocPitch_v2(CUdeviceptr *out, size_t *pitch, size_t width,
	size_t height, unsigned element);
CUresult hms_cuMemAllocManaged(CUdeviceptr *out, size_t bytes, unsigned flags);
CUresult hms_cuMemFree_v2(CUdeviceptr memory);

/*
 * Wider than what a row must be a multiple of on any device so far; see
 * CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT and ..._TEXTURE_PITCH_ALIGNMENT.
 */
#define PITCH 512

static CUresult plain_alloc(struct hms_cuda_ask *ask)
{
	return HMS_REAL(cuMemAlloc_v2)(ask->out, ask->call.bytes);
}

static CUresult plain_pitch(struct hms_cuda_ask *ask)
{
	CUresult rc = HMS_REAL(cuMemAllocPitch_v2)(
		ask->out, ask->pitch, ask->width, ask->height, ask->element);

	if (rc == HMS_CUDA_SUCCESS)
		ask->call.bytes = *ask->pitch * ask->height;
	return rc;
}

/* Begins a call that may be redirected. */
static CUresult begin(struct hms_cuda_ask *ask)
{
	CUresult rc;

	hms_vendor_depth++;
	ask->current = hms_cuda_current();
	if (!hms_vendor_decide(&ask->call) || !ask->current)
		rc = hms_cuda_plain(ask);
	else
		rc = hms_cuda_place(ask);
	hms_vendor_depth--;
	return rc;
}

CUresult hms_cuMemAlloc_v2(CUdeviceptr *out, size_t bytes)
{
	__typeof__(&cuMemAlloc_v2) real = HMS_REAL(cuMemAlloc_v2);
	struct hms_cuda_ask ask = {
		.call = { HMS_API_CUDA_MALLOC, bytes,
			__builtin_return_address(0) },
		.out = out,
		.plain = plain_alloc,
	};

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (!hms_vendor_live(HMS_FAMILY_CUDA) || !out || !bytes)
		return real(out, bytes);
	return begin(&ask);
}
HMS_EXPORT_HOOK(cuMemAlloc_v2);

CUresult hms_cuMemAllocPitch_v2(CUdeviceptr *out, size_t *pitch, size_t width,
	size_t height, unsigned element)
{
	__typeof__(&cuMemAllocPitch_v2) real = HMS_REAL(cuMemAllocPitch_v2);
	struct hms_cuda_ask ask = {
		.call = { HMS_API_CUDA_MALLOC, 0, __builtin_return_address(0) },
		.out = out,
		.plain = plain_pitch,
		.pitch = pitch,
		.width = width,
		.height = height,
		.padded = (width + PITCH - 1) & ~(size_t)(PITCH - 1),
		.element = element,
	};

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	/* What the driver refuses, or could not multiply, it refuses itself. */
	if (!hms_vendor_live(HMS_FAMILY_CUDA) || !out || !pitch || !width ||
		!height || ask.padded < width ||
		(element != 4 && element != 8 && element != 16) ||
		__builtin_mul_overflow(ask.padded, height, &ask.call.bytes))
		return real(out, pitch, width, height, element);
	return begin(&ask);
}
HMS_EXPORT_HOOK(cuMemAllocPitch_v2);

/*
 * The program wants managed memory and gets it; a rule says where it is best.
 * Memory attached to the host or to one stream is none of ours to send away.
 */
static CUresult managed(struct hms_cuda_ask *ask, unsigned flags)
{
	CUresult rc;

	hms_vendor_depth++;
	ask->current = hms_cuda_current();
	if (!hms_vendor_decide(&ask->call) || !ask->current ||
		flags != HMS_CU_MEM_ATTACH_GLOBAL)
		rc = hms_cuda_plain(ask);
	else
		rc = hms_cuda_place(ask);
	hms_vendor_depth--;
	return rc;
}

static CUresult plain_managed(struct hms_cuda_ask *ask)
{
	return HMS_REAL(cuMemAllocManaged)(
		ask->out, ask->call.bytes, ask->element);
}

CUresult hms_cuMemAllocManaged(CUdeviceptr *out, size_t bytes, unsigned flags)
{
	__typeof__(&cuMemAllocManaged) real = HMS_REAL(cuMemAllocManaged);
	struct hms_cuda_ask ask = {
		.call = { HMS_API_CUDA_MALLOC_MANAGED, bytes,
			__builtin_return_address(0) },
		.out = out,
		.plain = plain_managed,
		.element = flags,
	};

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (!hms_vendor_live(HMS_FAMILY_CUDA) || !out || !bytes)
		return real(out, bytes, flags);
	return managed(&ask, flags);
}
HMS_EXPORT_HOOK(cuMemAllocManaged);

CUresult hms_cuMemFree_v2(CUdeviceptr memory)
{
	__typeof__(&cuMemFree_v2) real = HMS_REAL(cuMemFree_v2);
	struct hms_tracked what;
	CUresult rc;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (!hms_vendor_live(HMS_FAMILY_CUDA))
		return real(memory);
	/* This call waits for the device, as ours will. */
	if (!hms_cuda_capturing())
		hms_reach_drain(HMS_FAMILY_CUDA);
	if (!hms_track_take(HMS_FAMILY_CUDA, (uintptr_t)memory, &what))
		return real(memory);
	hms_vendor_depth++;
	rc = hms_cuda_free(&what);
	hms_vendor_depth--;
	return rc;
}
HMS_EXPORT_HOOK(cuMemFree_v2);
