/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the program asks and says of its memory, its captures, and where it
 * gets functions from.
 */
#include "shims/hip.h"
#include "shims/reach.h"

#include <stdatomic.h>
#include <string.h>

#include "base/sys.h"
#include "engine/range.h"

hipError_t hms_hipHostRegister(void *memory, size_t bytes, unsigned flags);
hipError_t hms_hipHostUnregister(void *memory);
hipError_t hms_hipHostGetFlags(unsigned *out, void *memory);
hipError_t hms_hipMemGetAddressRange(
	hipDeviceptr_t *base, size_t *bytes, hipDeviceptr_t memory);
hipError_t hms_hipIpcGetMemHandle(hipIpcMemHandle_t *handle, void *memory);
hipError_t hms_hipMemAdvise(
	const void *memory, size_t bytes, hipMemoryAdvise advice, int device);
hipError_t hms_hipMemPrefetchAsync(
	const void *memory, size_t bytes, int device, hipStream_t stream);
hipError_t hms_hipStreamBeginCapture(
	hipStream_t stream, hipStreamCaptureMode mode);
hipError_t hms_hipStreamEndCapture(hipStream_t stream, hipGraph_t *graph);
hipError_t hms_hipGetProcAddress(const char *symbol, void **out, int version,
	uint64_t flags, void *status);

#define LIVE hms_vendor_live(HMS_FAMILY_HIP)

/* Captures under way.  One whose stream was destroyed counts for ever. */
static atomic_uint captures;

int hms_hip_refused(void)
{
	if (atomic_load_explicit(&captures, memory_order_relaxed))
		return HMS_REFUSED_CAPTURE;
	if (hms_vendor_shares())
		return HMS_REFUSED_IPC;
	return -1;
}

/* It counts before it begins: no call of ours must come in between. */
hipError_t hms_hipStreamBeginCapture(
	hipStream_t stream, hipStreamCaptureMode mode)
{
	__typeof__(&hipStreamBeginCapture) real =
		HMS_REAL(hipStreamBeginCapture);
	hipError_t rc;

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	atomic_fetch_add(&captures, 1);
	rc = real(stream, mode);
	if (rc)
		atomic_fetch_sub(&captures, 1);
	return rc;
}
HMS_EXPORT_HOOK(hipStreamBeginCapture);

/* A capture that went wrong has ended too.  One from before us is no count. */
hipError_t hms_hipStreamEndCapture(hipStream_t stream, hipGraph_t *graph)
{
	__typeof__(&hipStreamEndCapture) real = HMS_REAL(hipStreamEndCapture);
	unsigned n = atomic_load(&captures);
	hipError_t rc;

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	rc = real(stream, graph);
	while (n && !atomic_compare_exchange_weak(&captures, &n, n - 1))
		;
	return rc;
}
HMS_EXPORT_HOOK(hipStreamEndCapture);

/* Managed memory has no handle: what was made so fails here, as it must. */
hipError_t hms_hipIpcGetMemHandle(hipIpcMemHandle_t *handle, void *memory)
{
	__typeof__(&hipIpcGetMemHandle) real = HMS_REAL(hipIpcGetMemHandle);

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (LIVE)
		hms_vendor_shared();
	return real(handle, memory);
}
HMS_EXPORT_HOOK(hipIpcGetMemHandle);

/*
 * The program pins memory that a rule may have placed: it must never be moved
 * or replaced from now on, which is what binding it itself means.
 */
hipError_t hms_hipHostRegister(void *memory, size_t bytes, unsigned flags)
{
	__typeof__(&hipHostRegister) real = HMS_REAL(hipHostRegister);
	const uintptr_t page = hms_sys_page_size() - 1;
	const uintptr_t start = (uintptr_t)memory;
	hipError_t rc;

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	/* Managed memory cannot be pinned: as if it had never been that. */
	if (hms_reach_any() && hms_reach_touches(start, start + bytes) &&
		LIVE && hms_hip_refused() != HMS_REFUSED_CAPTURE &&
		!hms_reach_plain(start, start + bytes))
		hms_reach_drain(HMS_FAMILY_HIP);
	rc = real(memory, bytes, flags);
	if (!rc && LIVE)
		hms_range_strike(start & ~page, (start + bytes + page) & ~page);
	return rc;
}
HMS_EXPORT_HOOK(hipHostRegister);

static bool find_host(const void *memory, struct hms_tracked *what)
{
	return LIVE &&
	       hms_track_find(HMS_FAMILY_HIP, (uintptr_t)memory, what) &&
	       what->kind == HMS_TRACKED_HOST;
}

/* Ours is registered, but the program does not know, and must not undo it. */
hipError_t hms_hipHostUnregister(void *memory)
{
	__typeof__(&hipHostUnregister) real = HMS_REAL(hipHostUnregister);
	struct hms_tracked what;

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (find_host(memory, &what))
		return HMS_HIP_HOST_NOT_REGISTERED;
	return real(memory);
}
HMS_EXPORT_HOOK(hipHostUnregister);

/* The flags that it was asked for with, not those we registered it with. */
hipError_t hms_hipHostGetFlags(unsigned *out, void *memory)
{
	__typeof__(&hipHostGetFlags) real = HMS_REAL(hipHostGetFlags);
	struct hms_tracked what;

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!out || !find_host(memory, &what))
		return real(out, memory);
	*out = what.flags;
	return HMS_HIP_SUCCESS;
}
HMS_EXPORT_HOOK(hipHostGetFlags);

/* Registered pages are whole; the program asked for so many bytes. */
hipError_t hms_hipMemGetAddressRange(
	hipDeviceptr_t *base, size_t *bytes, hipDeviceptr_t memory)
{
	__typeof__(&hipMemGetAddressRange) real =
		HMS_REAL(hipMemGetAddressRange);
	struct hms_tracked what;

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!LIVE ||
		!hms_track_within(HMS_FAMILY_HIP, (uintptr_t)memory, &what) ||
		what.kind != HMS_TRACKED_HOST)
		return real(base, bytes, memory);
	if (base)
		*base = (void *)what.start;
	if (bytes)
		*bytes = what.size;
	return HMS_HIP_SUCCESS;
}
HMS_EXPORT_HOOK(hipMemGetAddressRange);

/* ---- Hints: forwarded as they are; then the program's word holds ---- */

static hipError_t told(hipError_t rc, const void *memory, size_t bytes)
{
	if (rc || !LIVE)
		return rc;
	hms_device_count(&hms_status->hints, NULL, 1);
	hms_track_hint(HMS_FAMILY_HIP, (uintptr_t)memory,
		(uintptr_t)memory + (bytes ? bytes : 1));
	return rc;
}

hipError_t hms_hipMemAdvise(
	const void *memory, size_t bytes, hipMemoryAdvise advice, int device)
{
	__typeof__(&hipMemAdvise) real = HMS_REAL(hipMemAdvise);

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	return told(real(memory, bytes, advice, device), memory, bytes);
}
HMS_EXPORT_HOOK(hipMemAdvise);

hipError_t hms_hipMemPrefetchAsync(
	const void *memory, size_t bytes, int device, hipStream_t stream)
{
	__typeof__(&hipMemPrefetchAsync) real = HMS_REAL(hipMemPrefetchAsync);

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	return told(real(memory, bytes, device, stream), memory, bytes);
}
HMS_EXPORT_HOOK(hipMemPrefetchAsync);

/*
 * HIP has one ABI per name; versions of it begin with the release.  The
 * runtime's answer and status are kept.
 */
hipError_t hms_hipGetProcAddress(const char *symbol, void **out, int version,
	uint64_t flags, void *status)
{
	__typeof__(&hipGetProcAddress) real = HMS_REAL(hipGetProcAddress);
	hipError_t rc;

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	rc = real(symbol, out, version, flags, status);
	if (!rc && symbol && out && *out && LIVE)
		*out = hms_hook_versioned(HMS_FAMILY_HIP, symbol, version, 0,
			HMS_STREAM_LEGACY, *out);
	return rc;
}
HMS_EXPORT_HOOK(hipGetProcAddress);
