/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of the host for devices: ordinary memory of ours, bound to the rule's
 * nodes before anything touches it, then registered.  Its pages are pinned by
 * that and never move again, so this is decided once.
 */
#include "shims/cuda.h"

#include <errno.h>

#include "base/sys.h"
#include "engine/range.h"
#include "shims/reach.h"

CUresult hms_cuMemAllocHost_v2(void **out, size_t bytes);
CUresult hms_cuMemHostAlloc(void **out, size_t bytes, unsigned flags);
CUresult hms_cuMemFreeHost(void *memory);
CUresult hms_cuMemHostRegister_v2(void *memory, size_t bytes, unsigned flags);
CUresult hms_cuMemHostUnregister(void *memory);
CUresult hms_cuMemHostGetDevicePointer_v2(
	CUdeviceptr *out, void *memory, unsigned flags);
CUresult hms_cuMemHostGetFlags(unsigned *out, void *memory);
CUresult hms_cuDevicePrimaryCtxReset_v2(CUdevice device);

static bool is_pinned(enum hms_api api)
{
	return api == HMS_API_CUDA_MALLOC_HOST;
}

/* What the program gets for it: the address, as host or as device has it. */
static CUresult address_of(
	const struct hms_cuda_ask *ask, void *mapping, CUdeviceptr *out)
{
	__typeof__(&cuMemHostGetDevicePointer_v2) get =
		HMS_REAL(cuMemHostGetDevicePointer_v2);

	*out = (uintptr_t)mapping;
	if (is_pinned(ask->call.api))
		return HMS_CUDA_SUCCESS;
	return get ? get(out, mapping, 0) : HMS_CUDA_ERROR_STUB_LIBRARY;
}

static CUresult keep(const struct hms_cuda_ask *ask, CUdeviceptr start,
	void *mapping, size_t mapped, unsigned flags)
{
	const struct hms_tracked what = {
		.start = (uintptr_t)start,
		.size = ask->call.bytes,
		.vendor = HMS_FAMILY_CUDA,
		.kind = HMS_TRACKED_HOST,
		.api = ask->call.api,
		.device = -1,
		.asked = is_pinned(ask->call.api) ? -1
						  : (int)ask->current->number,
		.rule = ask->call.to.rule,
		/* The range table has the charges of the mapping. */
		.step = -1,
		.flags = flags,
		.hinted = 1,
		.mapping = mapping,
		.mapped = mapped,
	};

	return hms_vendor_keep(&what) ? HMS_CUDA_SKIP : HMS_CUDA_SUCCESS;
}

CUresult hms_cuda_host(struct hms_cuda_ask *ask, unsigned flags)
{
	__typeof__(&cuMemHostRegister_v2) pin = HMS_REAL(cuMemHostRegister_v2);
	__typeof__(&cuMemHostUnregister) unpin = HMS_REAL(cuMemHostUnregister);
	CUdeviceptr start;
	void *mapping;
	size_t mapped;
	CUresult rc;

	if (!pin || !unpin)
		return HMS_CUDA_SKIP;
	mapping = hms_vendor_map(&ask->call, &mapped);
	if (!mapping)
		return ask->call.to.options & HMS_OPT_STRICT ? HMS_CUDA_FULL
							     : HMS_CUDA_SKIP;
	rc = pin(mapping, mapped,
		HMS_CU_MEMHOSTREGISTER_PORTABLE |
			HMS_CU_MEMHOSTREGISTER_DEVICEMAP);
	if (rc) {
		hms_vendor_refused(
			HMS_REFUSED_DRIVER, ask->call.to.place->text, rc);
		hms_vendor_unmap(mapping, mapped);
		return HMS_CUDA_SKIP;
	}
	rc = address_of(ask, mapping, &start);
	if (rc == HMS_CUDA_SUCCESS)
		rc = keep(ask, start, mapping, mapped, flags);
	if (rc) {
		/* While it is registered, it must not be unmapped. */
		if (unpin(mapping) == HMS_CUDA_SUCCESS)
			hms_vendor_unmap(mapping, mapped);
		return HMS_CUDA_SKIP;
	}
	*ask->out = start;
	if (ask->pitch)
		*ask->pitch = ask->padded;
	return HMS_CUDA_SUCCESS;
}

static CUresult free_host(const struct hms_tracked *what)
{
	__typeof__(&cuMemHostUnregister) unpin = HMS_REAL(cuMemHostUnregister);
	__typeof__(&cuCtxSynchronize) wait = HMS_CUDA(cuCtxSynchronize);
	CUresult rc;

	/* cuMemFree waits for what still uses the memory; unmapping must. */
	if (!is_pinned(what->api) && wait)
		wait();
	rc = unpin(what->mapping);
	if (rc == HMS_CUDA_SUCCESS)
		hms_vendor_unmap(what->mapping, what->mapped);
	return rc;
}

CUresult hms_cuda_free(const struct hms_tracked *what)
{
	__typeof__(&cuDevicePrimaryCtxRelease_v2) release =
		HMS_CUDA(cuDevicePrimaryCtxRelease_v2);
	CUresult rc;

	if (what->kind == HMS_TRACKED_HOST)
		rc = free_host(what);
	else if (what->kind == HMS_TRACKED_PINNED)
		rc = HMS_REAL(cuMemFreeHost)((void *)what->start);
	else
		rc = HMS_REAL(cuMemFree_v2)(what->start);
	if (rc) {
		hms_track_add(what);
		return rc;
	}
	if (what->kind == HMS_TRACKED_PEER && release)
		release(hms_cuda_device((unsigned)what->device)->handle);
	hms_vendor_drop(what);
	if (what->device >= 0)
		hms_cuda_freed();
	return rc;
}

/* Was it of that device's context, and has gone with it? */
static bool is_gone(const struct hms_tracked *what, void *arg)
{
	const int device = *(const int *)arg;

	switch (what->kind) {
	case HMS_TRACKED_PEER:
		return what->device == device;
	case HMS_TRACKED_HANDLE:
		return false;
	default:
		return (what->asked < 0 ? what->device : what->asked) == device;
	}
}

/* What limits were charged is to be had again; handles are numbers. */
static void forget_all(CUdevice device)
{
	__typeof__(&cuDevicePrimaryCtxRelease_v2) release =
		HMS_CUDA(cuDevicePrimaryCtxRelease_v2);
	int number = device;
	struct hms_tracked what;
	size_t from = 0;

	while (hms_track_take_next(
		HMS_FAMILY_CUDA, is_gone, &number, &from, &what)) {
		if (what.kind == HMS_TRACKED_HOST)
			hms_vendor_unmap(what.mapping, what.mapped);
		if (what.kind == HMS_TRACKED_PEER && release)
			release(device);
		hms_vendor_drop(&what);
	}
}

/* All memory of the device's context goes, whatever it was to the program. */
CUresult hms_cuDevicePrimaryCtxReset_v2(CUdevice device)
{
	__typeof__(&cuDevicePrimaryCtxReset_v2) real =
		HMS_REAL(cuDevicePrimaryCtxReset_v2);
	CUresult rc;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	rc = real(device);
	if (rc != HMS_CUDA_SUCCESS || !hms_vendor_live(HMS_FAMILY_CUDA))
		return rc;
	hms_vendor_depth++;
	forget_all(device);
	hms_vendor_depth--;
	return rc;
}
HMS_EXPORT_HOOK(cuDevicePrimaryCtxReset_v2);

static CUresult plain_host(struct hms_cuda_ask *ask)
{
	void *memory;
	CUresult rc = HMS_REAL(cuMemHostAlloc)(
		&memory, ask->call.bytes, ask->element);

	if (rc == HMS_CUDA_SUCCESS)
		*ask->out = (uintptr_t)memory;
	return rc;
}

static CUresult plain_host_v2(struct hms_cuda_ask *ask)
{
	void *memory;
	CUresult rc = HMS_REAL(cuMemAllocHost_v2)(&memory, ask->call.bytes);

	if (rc == HMS_CUDA_SUCCESS)
		*ask->out = (uintptr_t)memory;
	return rc;
}

static CUresult keep_pinned(struct hms_cuda_ask *ask)
{
	CUresult rc = ask->plain(ask);
	struct hms_tracked what = {
		.start = (uintptr_t)*ask->out,
		.size = ask->call.bytes,
		.vendor = HMS_FAMILY_CUDA,
		.kind = HMS_TRACKED_PINNED,
		.api = ask->call.api,
		.device = ask->current ? (int)ask->current->number : -1,
		.asked = -1,
		.rule = ask->call.to.rule,
		.step = -1,
		.flags = ask->element,
	};

	if (rc == HMS_CUDA_SUCCESS)
		hms_vendor_keep(&what);
	return rc;
}

/* A place has nodes, or it is not for pinned memory. */
static bool has_nodes(const struct hms_place *place)
{
	for (unsigned i = 0; i < place->nsteps; i++)
		if (place->steps[i].ntargets &&
			!place->steps[i].targets[0]->ops->maps)
			return true;
	return false;
}

static CUresult pinned(struct hms_cuda_ask *ask)
{
	const struct hms_place *place;
	CUresult rc;

	ask->current = hms_cuda_current();
	if (!hms_vendor_decide(&ask->call) || !ask->current)
		return keep_pinned(ask);
	place = ask->call.to.place;
	if (ask->element & HMS_CU_MEMHOSTALLOC_WRITECOMBINED) {
		hms_vendor_refused(HMS_REFUSED_COMBINED, place->text, 0);
		return keep_pinned(ask);
	}
	if (hms_cuda_capturing()) {
		hms_vendor_refused(HMS_REFUSED_CAPTURE, place->text, 0);
		return keep_pinned(ask);
	}
	if (!has_nodes(place))
		return keep_pinned(ask);
	rc = hms_cuda_host(ask, ask->element);
	if (rc == HMS_CUDA_SUCCESS)
		hms_vendor_redirected(&ask->call);
	if (rc == HMS_CUDA_FULL && ask->call.to.options & HMS_OPT_STRICT)
		return HMS_CUDA_ERROR_OUT_OF_MEMORY;
	return rc >= 0 ? rc : keep_pinned(ask);
}

static CUresult begin(struct hms_cuda_ask *ask, void **out)
{
	CUdeviceptr memory = 0;
	CUresult rc;

	ask->out = &memory;
	hms_vendor_depth++;
	rc = pinned(ask);
	hms_vendor_depth--;
	if (rc == HMS_CUDA_SUCCESS)
		*out = (void *)(uintptr_t)memory;
	return rc;
}

CUresult hms_cuMemAllocHost_v2(void **out, size_t bytes)
{
	__typeof__(&cuMemAllocHost_v2) real = HMS_REAL(cuMemAllocHost_v2);
	struct hms_cuda_ask ask = {
		.call = { HMS_API_CUDA_MALLOC_HOST, bytes,
			__builtin_return_address(0) },
		.plain = plain_host_v2,
	};

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (!hms_vendor_live(HMS_FAMILY_CUDA) || !out || !bytes)
		return real(out, bytes);
	return begin(&ask, out);
}
HMS_EXPORT_HOOK(cuMemAllocHost_v2);

CUresult hms_cuMemHostAlloc(void **out, size_t bytes, unsigned flags)
{
	__typeof__(&cuMemHostAlloc) real = HMS_REAL(cuMemHostAlloc);
	struct hms_cuda_ask ask = {
		.call = { HMS_API_CUDA_MALLOC_HOST, bytes,
			__builtin_return_address(0) },
		.plain = plain_host,
		.element = flags,
	};

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (!hms_vendor_live(HMS_FAMILY_CUDA) || !out || !bytes)
		return real(out, bytes, flags);
	return begin(&ask, out);
}
HMS_EXPORT_HOOK(cuMemHostAlloc);

CUresult hms_cuMemFreeHost(void *memory)
{
	__typeof__(&cuMemFreeHost) real = HMS_REAL(cuMemFreeHost);
	struct hms_tracked what;
	CUresult rc;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (!hms_vendor_live(HMS_FAMILY_CUDA) ||
		!hms_track_take(HMS_FAMILY_CUDA, (uintptr_t)memory, &what))
		return real(memory);
	hms_vendor_depth++;
	rc = hms_cuda_free(&what);
	hms_vendor_depth--;
	return rc;
}
HMS_EXPORT_HOOK(cuMemFreeHost);

/*
 * The program pins memory that a rule may have placed: it must never be moved
 * or replaced from now on, which is what binding it itself means.
 */
CUresult hms_cuMemHostRegister_v2(void *memory, size_t bytes, unsigned flags)
{
	__typeof__(&cuMemHostRegister_v2) real = HMS_REAL(cuMemHostRegister_v2);
	const uintptr_t page = hms_sys_page_size() - 1;
	const uintptr_t start = (uintptr_t)memory;
	CUresult rc;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	/* Managed memory cannot be pinned: as if it had never been that. */
	if (hms_reach_any() && hms_reach_touches(start, start + bytes) &&
		hms_vendor_live(HMS_FAMILY_CUDA) && !hms_cuda_capturing() &&
		!hms_reach_plain(start, start + bytes))
		hms_reach_drain(HMS_FAMILY_CUDA);
	rc = real(memory, bytes, flags);
	if (rc == HMS_CUDA_SUCCESS && hms_vendor_live(HMS_FAMILY_CUDA))
		hms_range_strike(start & ~page, (start + bytes + page) & ~page);
	return rc;
}
HMS_EXPORT_HOOK(cuMemHostRegister_v2);

/* Ours is registered, but the program does not know, and must not undo it. */
CUresult hms_cuMemHostUnregister(void *memory)
{
	__typeof__(&cuMemHostUnregister) real = HMS_REAL(cuMemHostUnregister);
	struct hms_tracked what;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (hms_vendor_live(HMS_FAMILY_CUDA) &&
		hms_track_find(HMS_FAMILY_CUDA, (uintptr_t)memory, &what) &&
		what.kind == HMS_TRACKED_HOST)
		return HMS_CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
	return real(memory);
}
HMS_EXPORT_HOOK(cuMemHostUnregister);

/* The driver knows it, since it is registered for devices. */
CUresult hms_cuMemHostGetDevicePointer_v2(
	CUdeviceptr *out, void *memory, unsigned flags)
{
	__typeof__(&cuMemHostGetDevicePointer_v2) real =
		HMS_REAL(cuMemHostGetDevicePointer_v2);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	return real(out, memory, flags);
}
HMS_EXPORT_HOOK(cuMemHostGetDevicePointer_v2);

/* The flags that it was asked for with, not those we registered it with. */
CUresult hms_cuMemHostGetFlags(unsigned *out, void *memory)
{
	__typeof__(&cuMemHostGetFlags) real = HMS_REAL(cuMemHostGetFlags);
	struct hms_tracked what;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (out && hms_vendor_live(HMS_FAMILY_CUDA) &&
		hms_track_find(HMS_FAMILY_CUDA, (uintptr_t)memory, &what) &&
		what.kind == HMS_TRACKED_HOST) {
		*out = what.flags;
		return HMS_CUDA_SUCCESS;
	}
	return real(out, memory);
}
HMS_EXPORT_HOOK(cuMemHostGetFlags);
