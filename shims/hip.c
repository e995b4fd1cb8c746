/* SPDX-License-Identifier: BSD-2-Clause */
/* hipMalloc and kin, host memory, what frees them. */
#include "shims/hip.h"

/*
 * Wider than what a row must be a multiple of on any device so far; see
 * hipDeviceAttributeTexturePitchAlignment.
 */
#define PITCH 512

hipError_t hms_hipMalloc(void **out, size_t bytes);
hipError_t hms_hipExtMallocWithFlags(void **out, size_t bytes, unsigned flags);
hipError_t hms_hipMallocManaged(void **out, size_t bytes, unsigned flags);
hipError_t hms_hipMallocPitch(
	void **out, size_t *pitch, size_t width, size_t height);
hipError_t hms_hipMemAllocPitch(hipDeviceptr_t *out, size_t *pitch,
	size_t width, size_t height, unsigned element);
hipError_t hms_hipMalloc3D(hipPitchedPtr *out, hipExtent extent);
hipError_t hms_hipHostMalloc(void **out, size_t bytes, unsigned flags);
hipError_t hms_hipHostAlloc(void **out, size_t bytes, unsigned flags);
hipError_t hms_hipMallocHost(void **out, size_t bytes);
hipError_t hms_hipMemAllocHost(void **out, size_t bytes);
hipError_t hms_hipMallocAsync(void **out, size_t bytes, hipStream_t stream);
hipError_t hms_hipMallocFromPoolAsync(
	void **out, size_t bytes, hipMemPool_t pool, hipStream_t stream);
hipError_t hms_hipFree(void *memory);
hipError_t hms_hipFreeHost(void *memory);
hipError_t hms_hipHostFree(void *memory);
hipError_t hms_hipFreeAsync(void *memory, hipStream_t stream);

#define LIVE hms_vendor_live(HMS_FAMILY_HIP)
#define CALL(which, size)                                                      \
	.call = { .api = HMS_API_##which,                                      \
		.bytes = (size),                                               \
		.caller = __builtin_return_address(0) }

static hipError_t plain_malloc(struct hms_hip_ask *ask)
{
	return HMS_REAL(hipMalloc)(
		&ask->placing.memory, ask->placing.call.bytes);
}

hipError_t hms_hipMalloc(void **out, size_t bytes)
{
	__typeof__(&hipMalloc) real = HMS_REAL(hipMalloc);
	struct hms_hip_ask ask = { .placing = { CALL(HIP_MALLOC, bytes) },
		.real = plain_malloc };

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!LIVE || !out || !bytes)
		return real(out, bytes);
	return hms_hip_serve(&ask, out);
}
HMS_EXPORT_HOOK(hipMalloc);

static hipError_t plain_ext(struct hms_hip_ask *ask)
{
	return HMS_REAL(hipExtMallocWithFlags)(
		&ask->placing.memory, ask->placing.call.bytes, 0);
}

/* Memory for signals and fine-grained memory are no plain memory. */
hipError_t hms_hipExtMallocWithFlags(void **out, size_t bytes, unsigned flags)
{
	__typeof__(&hipExtMallocWithFlags) real =
		HMS_REAL(hipExtMallocWithFlags);
	struct hms_hip_ask ask = { .placing = { CALL(HIP_MALLOC, bytes) },
		.real = plain_ext };

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!LIVE || !out || !bytes || flags)
		return real(out, bytes, flags);
	return hms_hip_serve(&ask, out);
}
HMS_EXPORT_HOOK(hipExtMallocWithFlags);

static hipError_t plain_managed(struct hms_hip_ask *ask)
{
	return HMS_REAL(hipMallocManaged)(&ask->placing.memory,
		ask->placing.call.bytes, HMS_HIP_ATTACH_GLOBAL);
}

/* Memory attached to the host or to one stream is none of ours to place. */
hipError_t hms_hipMallocManaged(void **out, size_t bytes, unsigned flags)
{
	__typeof__(&hipMallocManaged) real = HMS_REAL(hipMallocManaged);
	struct hms_hip_ask ask = { .placing = { CALL(HIP_MALLOC_MANAGED, bytes),
					   .is_managed = true },
		.real = plain_managed };

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!LIVE || !out || !bytes || flags != HMS_HIP_ATTACH_GLOBAL)
		return real(out, bytes, flags);
	return hms_hip_serve(&ask, out);
}
HMS_EXPORT_HOOK(hipMallocManaged);

/* ---- Memory in rows ---- */

/* False: the runtime is to refuse it, or could not multiply either. */
static bool set_rows(
	struct hms_hip_ask *ask, size_t width, size_t height, size_t depth)
{
	size_t plane;

	ask->width = width;
	ask->height = height;
	ask->depth = depth;
	ask->padded = (width + PITCH - 1) & ~(size_t)(PITCH - 1);
	return width && height && depth && ask->padded >= width &&
	       !__builtin_mul_overflow(ask->padded, height, &plane) &&
	       !__builtin_mul_overflow(plane, depth, &ask->placing.call.bytes);
}

static hipError_t plain_pitch(struct hms_hip_ask *ask)
{
	hipError_t rc = HMS_REAL(hipMallocPitch)(
		&ask->placing.memory, ask->pitch, ask->width, ask->height);

	if (!rc)
		ask->placing.call.bytes = *ask->pitch * ask->height;
	return rc;
}

hipError_t hms_hipMallocPitch(
	void **out, size_t *pitch, size_t width, size_t height)
{
	__typeof__(&hipMallocPitch) real = HMS_REAL(hipMallocPitch);
	struct hms_hip_ask ask = { .placing = { CALL(HIP_MALLOC, 0) },
		.real = plain_pitch,
		.pitch = pitch };

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!LIVE || !out || !pitch || !set_rows(&ask, width, height, 1))
		return real(out, pitch, width, height);
	return hms_hip_serve(&ask, out);
}
HMS_EXPORT_HOOK(hipMallocPitch);

static hipError_t plain_mem_pitch(struct hms_hip_ask *ask)
{
	hipError_t rc = HMS_REAL(hipMemAllocPitch)(&ask->placing.memory,
		ask->pitch, ask->width, ask->height, ask->element);

	if (!rc)
		ask->placing.call.bytes = *ask->pitch * ask->height;
	return rc;
}

hipError_t hms_hipMemAllocPitch(hipDeviceptr_t *out, size_t *pitch,
	size_t width, size_t height, unsigned element)
{
	__typeof__(&hipMemAllocPitch) real = HMS_REAL(hipMemAllocPitch);
	struct hms_hip_ask ask = { .placing = { CALL(HIP_MALLOC, 0) },
		.real = plain_mem_pitch,
		.pitch = pitch,
		.element = element };

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!LIVE || !out || !pitch || !set_rows(&ask, width, height, 1) ||
		(element != 4 && element != 8 && element != 16))
		return real(out, pitch, width, height, element);
	return hms_hip_serve(&ask, out);
}
HMS_EXPORT_HOOK(hipMemAllocPitch);

static hipError_t plain_3d(struct hms_hip_ask *ask)
{
	hipError_t rc = HMS_REAL(hipMalloc3D)(ask->pitched,
		(hipExtent){ ask->width, ask->height, ask->depth });

	if (rc)
		return rc;
	ask->placing.memory = ask->pitched->ptr;
	ask->placing.call.bytes =
		ask->pitched->pitch * ask->height * ask->depth;
	return rc;
}

hipError_t hms_hipMalloc3D(hipPitchedPtr *out, hipExtent extent)
{
	__typeof__(&hipMalloc3D) real = HMS_REAL(hipMalloc3D);
	struct hms_hip_ask ask = { .placing = { CALL(HIP_MALLOC, 0) },
		.real = plain_3d,
		.pitched = out };

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!LIVE || !out ||
		!set_rows(&ask, extent.width, extent.height, extent.depth))
		return real(out, extent);
	return hms_hip_serve(&ask, NULL);
}
HMS_EXPORT_HOOK(hipMalloc3D);

/* ---- Stream-ordered memory: seen, never changed ---- */

static hipError_t observe(hipError_t rc, void **out, size_t bytes)
{
	struct hms_placing p = { .call = { .bytes = bytes,
					 .api = HMS_API_HIP_MALLOC,
					 .to = { .rule = -1 } },
		.device = -1 };

	if (rc || !LIVE || !out)
		return rc;
	hms_device_count(&hms_status->observed, NULL, 1);
	p.by = &hms_hip_placer;
	p.memory = *out;
	hms_placing_keep(&p, HMS_TRACKED_OWN, -1, -1, NULL, 0);
	return rc;
}

hipError_t hms_hipMallocAsync(void **out, size_t bytes, hipStream_t stream)
{
	__typeof__(&hipMallocAsync) real = HMS_REAL(hipMallocAsync);

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	return observe(real(out, bytes, stream), out, bytes);
}
HMS_EXPORT_HOOK(hipMallocAsync);

hipError_t hms_hipMallocFromPoolAsync(
	void **out, size_t bytes, hipMemPool_t pool, hipStream_t stream)
{
	__typeof__(&hipMallocFromPoolAsync) real =
		HMS_REAL(hipMallocFromPoolAsync);

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	return observe(real(out, bytes, pool, stream), out, bytes);
}
HMS_EXPORT_HOOK(hipMallocFromPoolAsync);

/* ---- Memory of the host ---- */

static hipError_t plain_host(struct hms_hip_ask *ask)
{
	return HMS_REAL(hipHostMalloc)(&ask->placing.memory,
		ask->placing.call.bytes, ask->placing.flags);
}

static hipError_t plain_alloc(struct hms_hip_ask *ask)
{
	return HMS_REAL(hipHostAlloc)(&ask->placing.memory,
		ask->placing.call.bytes, ask->placing.flags);
}

static hipError_t plain_malloc_host(struct hms_hip_ask *ask)
{
	return HMS_REAL(hipMallocHost)(
		&ask->placing.memory, ask->placing.call.bytes);
}

static hipError_t plain_mem_alloc_host(struct hms_hip_ask *ask)
{
	return HMS_REAL(hipMemAllocHost)(
		&ask->placing.memory, ask->placing.call.bytes);
}

/*
 * Write-combined and non-coherent memory cannot be had by registering; memory
 * by the program's own NUMA policy is the program's to place.
 */
static bool is_ordinary(unsigned flags)
{
	return !(flags &
		 ~(unsigned)(HMS_HIP_HOST_PORTABLE | HMS_HIP_HOST_MAPPED |
			     HMS_HIP_HOST_COHERENT));
}

hipError_t hms_hipHostMalloc(void **out, size_t bytes, unsigned flags)
{
	__typeof__(&hipHostMalloc) real = HMS_REAL(hipHostMalloc);
	struct hms_hip_ask ask = { .placing = { CALL(HIP_HOST_MALLOC, bytes),
					   .is_pinned = true, .flags = flags },
		.real = plain_host };

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!LIVE || !out || !bytes || !is_ordinary(flags))
		return real(out, bytes, flags);
	return hms_hip_serve(&ask, out);
}
HMS_EXPORT_HOOK(hipHostMalloc);

hipError_t hms_hipHostAlloc(void **out, size_t bytes, unsigned flags)
{
	__typeof__(&hipHostAlloc) real = HMS_REAL(hipHostAlloc);
	struct hms_hip_ask ask = { .placing = { CALL(HIP_HOST_MALLOC, bytes),
					   .is_pinned = true, .flags = flags },
		.real = plain_alloc };

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!LIVE || !out || !bytes || !is_ordinary(flags))
		return real(out, bytes, flags);
	return hms_hip_serve(&ask, out);
}
HMS_EXPORT_HOOK(hipHostAlloc);

hipError_t hms_hipMallocHost(void **out, size_t bytes)
{
	__typeof__(&hipMallocHost) real = HMS_REAL(hipMallocHost);
	struct hms_hip_ask ask = { .placing = { CALL(HIP_HOST_MALLOC, bytes),
					   .is_pinned = true },
		.real = plain_malloc_host };

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!LIVE || !out || !bytes)
		return real(out, bytes);
	return hms_hip_serve(&ask, out);
}
HMS_EXPORT_HOOK(hipMallocHost);

hipError_t hms_hipMemAllocHost(void **out, size_t bytes)
{
	__typeof__(&hipMemAllocHost) real = HMS_REAL(hipMemAllocHost);
	struct hms_hip_ask ask = { .placing = { CALL(HIP_HOST_MALLOC, bytes),
					   .is_pinned = true },
		.real = plain_mem_alloc_host };

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!LIVE || !out || !bytes)
		return real(out, bytes);
	return hms_hip_serve(&ask, out);
}
HMS_EXPORT_HOOK(hipMemAllocHost);

/* ---- Giving back ---- */

hipError_t hms_hipFree(void *memory)
{
	return hms_hip_free(HMS_REAL(hipFree), memory);
}
HMS_EXPORT_HOOK(hipFree);

hipError_t hms_hipFreeHost(void *memory)
{
	return hms_hip_free(HMS_REAL(hipFreeHost), memory);
}
HMS_EXPORT_HOOK(hipFreeHost);

hipError_t hms_hipHostFree(void *memory)
{
	return hms_hip_free(HMS_REAL(hipHostFree), memory);
}
HMS_EXPORT_HOOK(hipHostFree);

/* What hipMalloc gave may be freed so too; ours is not of a pool. */
hipError_t hms_hipFreeAsync(void *memory, hipStream_t stream)
{
	__typeof__(&hipFreeAsync) real = HMS_REAL(hipFreeAsync);
	__typeof__(&hipStreamSynchronize) wait = HMS_HIP(hipStreamSynchronize);
	struct hms_tracked what;
	hipError_t rc;

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!LIVE || !hms_track_find(HMS_FAMILY_HIP, (uintptr_t)memory, &what))
		return real(memory, stream);
	if (what.kind != HMS_TRACKED_OWN) {
		if (wait)
			wait(stream);
		return hms_hip_free(HMS_REAL(hipFree), memory);
	}
	if (!hms_track_take(HMS_FAMILY_HIP, (uintptr_t)memory, &what))
		return real(memory, stream);
	rc = real(memory, stream);
	if (rc)
		hms_track_add(&what);
	else
		hms_vendor_drop(&what);
	return rc;
}
HMS_EXPORT_HOOK(hipFreeAsync);
