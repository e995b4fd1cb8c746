/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stream-ordered memory.  It comes from pools, and only what comes from a pool
 * keeps the order: a rule can change the pool, and nothing else.
 */
#include "shims/cuda.h"

#include <stdatomic.h>

CUresult hms_cuMemAllocAsync(CUdeviceptr *out, size_t bytes, CUstream stream);
CUresult hms_cuMemAllocAsync_ptsz(
	CUdeviceptr *out, size_t bytes, CUstream stream);
CUresult hms_cuMemAllocFromPoolAsync(
	CUdeviceptr *out, size_t bytes, CUmemoryPool pool, CUstream stream);
CUresult hms_cuMemAllocFromPoolAsync_ptsz(
	CUdeviceptr *out, size_t bytes, CUmemoryPool pool, CUstream stream);
CUresult hms_cuMemFreeAsync(CUdeviceptr memory, CUstream stream);
CUresult hms_cuMemFreeAsync_ptsz(CUdeviceptr memory, CUstream stream);

#define POOLS 64

/* One per place of memory and device that it is for; they stay. */
static struct {
	atomic_uint key; /* 0: free */
	CUmemoryPool _Atomic pool; /* NULL: being made, or it cannot be */
} pools[POOLS];

static CUmemoryPool make_pool(CUmemLocation at, CUmemLocation reader)
{
	__typeof__(&cuMemPoolCreate) create = HMS_REAL(cuMemPoolCreate);
	__typeof__(&cuMemPoolDestroy) destroy = HMS_REAL(cuMemPoolDestroy);
	__typeof__(&cuMemPoolSetAccess) access = HMS_CUDA(cuMemPoolSetAccess);
	const CUmemAccessDesc read = { reader,
		HMS_CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	const CUmemPoolProps props = {
		.type = HMS_CU_MEM_ALLOCATION_TYPE_PINNED,
		.location = at,
	};
	CUmemoryPool pool;
	CUresult rc;

	if (!create || !destroy || !access)
		return NULL;
	rc = create(&pool, &props);
	if (rc == HMS_CUDA_SUCCESS) {
		rc = access(pool, &read, 1);
		if (rc == HMS_CUDA_SUCCESS)
			return pool;
		destroy(pool);
	}
	hms_vendor_refused(HMS_REFUSED_DRIVER, "a pool of memory", rc);
	return NULL;
}

static CUmemoryPool pool_for(
	CUmemLocation at, const struct hms_cuda_device *reader)
{
	const CUmemLocation to = { HMS_CU_MEM_LOCATION_TYPE_DEVICE,
		(int)reader->number };
	const unsigned key = 1u << 31 | (unsigned)at.type << 24 |
			     (unsigned)(at.id & 0xffff) << 8 |
			     (reader->number & 0xff);

	for (unsigned i = 0; i < POOLS; i++) {
		unsigned none = 0;

		if (atomic_compare_exchange_strong(&pools[i].key, &none, key))
			atomic_store(&pools[i].pool, make_pool(at, to));
		else if (none != key)
			continue;
		return atomic_load(&pools[i].pool);
	}
	return NULL;
}

/* Where a step's memory is, as pools are told; false: there is no pool. */
static bool location_of(const struct hms_cuda_ask *ask,
	const struct hms_target *target, CUmemLocation *out)
{
	const unsigned bits = 8 * sizeof(target->nodes[0]);
	const struct hms_device_id *id = hms_target_device_id(target);
	__typeof__(&cuDeviceCanAccessPeer) can_access =
		HMS_CUDA(cuDeviceCanAccessPeer);
	const struct hms_cuda_device *device;
	int can = 0;

	if (id) {
		device = hms_cuda_device(id->number);
		if (!device) {
			hms_vendor_refused(HMS_REFUSED_ABSENT, target->text, 0);
			return false;
		}
		*out = (CUmemLocation){ HMS_CU_MEM_LOCATION_TYPE_DEVICE,
			(int)id->number };
		if (can_access &&
			!can_access(
				&can, ask->current->handle, device->handle) &&
			can)
			return true;
		hms_vendor_refused(HMS_REFUSED_PEER, target->text, 0);
		return false;
	}
	for (unsigned n = 0; n < HMS_MAX_NODES && !target->local; n++) {
		if (!(target->nodes[n / bits] >> n % bits & 1))
			continue;
		*out = (CUmemLocation){ HMS_CU_MEM_LOCATION_TYPE_HOST_NUMA,
			(int)n };
		if (ask->current->host_pools)
			return true;
		break;
	}
	hms_vendor_refused(HMS_REFUSED_ORDERED, target->text, 0);
	return false;
}

static CUresult from_pool(struct hms_cuda_ask *ask, int step)
{
	const struct hms_target *target =
		ask->call.to.place->steps[step].targets[0];
	const struct hms_device_id *id = hms_target_device_id(target);
	CUmemLocation at;
	CUmemoryPool pool;
	CUresult rc;

	if (!location_of(ask, target, &at))
		return HMS_CUDA_SKIP;
	pool = pool_for(at, ask->current);
	if (!pool)
		return HMS_CUDA_SKIP;
	if (hms_vendor_charge(&ask->call, step))
		return HMS_CUDA_FULL;
	rc = ask->own_stream ? HMS_REAL(cuMemAllocFromPoolAsync_ptsz)(ask->out,
				       ask->call.bytes, pool, ask->stream)
			     : HMS_REAL(cuMemAllocFromPoolAsync)(ask->out,
				       ask->call.bytes, pool, ask->stream);
	if (rc == HMS_CUDA_SUCCESS)
		hms_cuda_keep(
			ask, HMS_TRACKED_POOL, id ? (int)id->number : -1, step);
	else
		hms_vendor_uncharge(&ask->call, step);
	return rc == HMS_CUDA_ERROR_OUT_OF_MEMORY ? HMS_CUDA_FULL : rc;
}

static CUresult on_step(struct hms_cuda_ask *ask, int step, bool *redirected)
{
	const struct hms_step *s = &ask->call.to.place->steps[step];
	const struct hms_device_id *id = hms_target_device_id(s->targets[0]);
	CUresult rc;

	*redirected = false;
	if (s->ntargets == 1 && id && id->number == ask->current->number) {
		if (hms_vendor_charge(&ask->call, step))
			return HMS_CUDA_FULL;
		rc = ask->plain(ask);
		if (rc == HMS_CUDA_SUCCESS)
			hms_cuda_keep(
				ask, HMS_TRACKED_OWN, (int)id->number, step);
		else
			hms_vendor_uncharge(&ask->call, step);
		return rc == HMS_CUDA_ERROR_OUT_OF_MEMORY ? HMS_CUDA_FULL : rc;
	}
	if (s->ntargets != 1 || hms_target_managed_in(s->targets[0])) {
		hms_vendor_refused(
			HMS_REFUSED_ORDERED, ask->call.to.place->text, 0);
		return HMS_CUDA_SKIP;
	}
	*redirected = true;
	return from_pool(ask, step);
}

/* That stream alone may be in capture, begun before we were there. */
static bool captured(CUstream stream)
{
	__typeof__(&cuStreamIsCapturing) ask = HMS_CUDA(cuStreamIsCapturing);
	CUstreamCaptureStatus status = HMS_CU_STREAM_CAPTURE_STATUS_NONE;

	return hms_cuda_capturing() || (ask && ask(stream, &status)) ||
	       status != HMS_CU_STREAM_CAPTURE_STATUS_NONE;
}

static CUresult ordered(struct hms_cuda_ask *ask)
{
	const struct hms_place *place;
	bool full = false, redirected;
	CUresult rc;

	ask->current = hms_cuda_current();
	if (!hms_vendor_decide(&ask->call) || !ask->current)
		return hms_cuda_plain(ask);
	place = ask->call.to.place;
	if (captured(ask->stream)) {
		hms_vendor_refused(HMS_REFUSED_CAPTURE, place->text, 0);
		return ask->plain(ask);
	}
	for (unsigned i = 0; i < place->nsteps; i++) {
		if (i && ask->call.to.options & HMS_OPT_STRICT)
			break;
		if (!place->steps[i].ntargets)
			return hms_cuda_plain(ask);
		rc = on_step(ask, (int)i, &redirected);
		if (rc == HMS_CUDA_SUCCESS && redirected)
			hms_vendor_redirected(&ask->call);
		if (rc >= 0)
			return rc;
		full |= rc == HMS_CUDA_FULL;
	}
	if (!full)
		return hms_cuda_plain(ask);
	hms_vendor_refused(HMS_REFUSED_ROOM, place->text, 0);
	return HMS_CUDA_ERROR_OUT_OF_MEMORY;
}

static CUresult plain_async(struct hms_cuda_ask *ask)
{
	return ask->own_stream ? HMS_REAL(cuMemAllocAsync_ptsz)(
					 ask->out, ask->call.bytes, ask->stream)
			       : HMS_REAL(cuMemAllocAsync)(ask->out,
					 ask->call.bytes, ask->stream);
}

static CUresult begin(struct hms_cuda_ask *ask)
{
	CUresult rc;

	hms_cuda_stream(ask->stream, ask->own_stream);
	hms_vendor_depth++;
	rc = ordered(ask);
	hms_vendor_depth--;
	return rc;
}

CUresult hms_cuMemAllocAsync(CUdeviceptr *out, size_t bytes, CUstream stream)
{
	__typeof__(&cuMemAllocAsync) real = HMS_REAL(cuMemAllocAsync);
	struct hms_cuda_ask ask = {
		.call = { HMS_API_CUDA_MALLOC_ASYNC, bytes,
			__builtin_return_address(0) },
		.out = out,
		.plain = plain_async,
		.stream = stream,
	};

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (!hms_vendor_live(HMS_FAMILY_CUDA) || !out || !bytes)
		return real(out, bytes, stream);
	return begin(&ask);
}
HMS_EXPORT_HOOK(cuMemAllocAsync);

CUresult hms_cuMemAllocAsync_ptsz(
	CUdeviceptr *out, size_t bytes, CUstream stream)
{
	__typeof__(&cuMemAllocAsync_ptsz) real = HMS_REAL(cuMemAllocAsync_ptsz);
	struct hms_cuda_ask ask = {
		.call = { HMS_API_CUDA_MALLOC_ASYNC, bytes,
			__builtin_return_address(0) },
		.out = out,
		.plain = plain_async,
		.stream = stream,
		.own_stream = true,
	};

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (!hms_vendor_live(HMS_FAMILY_CUDA) || !out || !bytes)
		return real(out, bytes, stream);
	return begin(&ask);
}
HMS_EXPORT_HOOK(cuMemAllocAsync_ptsz);

/* The program chose a pool: its word is followed, and counted. */
static void chosen(CUdeviceptr *out, size_t bytes, const void *caller)
{
	struct hms_cuda_ask ask = {
		.call = { HMS_API_CUDA_MALLOC_ASYNC, bytes, caller },
		.out = out,
	};

	hms_vendor_depth++;
	ask.current = hms_cuda_current();
	hms_vendor_decide(&ask.call);
	hms_cuda_keep(&ask, HMS_TRACKED_OWN,
		ask.current ? (int)ask.current->number : -1, -1);
	hms_vendor_depth--;
}

CUresult hms_cuMemAllocFromPoolAsync(
	CUdeviceptr *out, size_t bytes, CUmemoryPool pool, CUstream stream)
{
	__typeof__(&cuMemAllocFromPoolAsync) real =
		HMS_REAL(cuMemAllocFromPoolAsync);
	CUresult rc;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	rc = real(out, bytes, pool, stream);
	if (rc == HMS_CUDA_SUCCESS && hms_vendor_live(HMS_FAMILY_CUDA) &&
		!captured(stream))
		chosen(out, bytes, __builtin_return_address(0));
	return rc;
}
HMS_EXPORT_HOOK(cuMemAllocFromPoolAsync);

CUresult hms_cuMemAllocFromPoolAsync_ptsz(
	CUdeviceptr *out, size_t bytes, CUmemoryPool pool, CUstream stream)
{
	__typeof__(&cuMemAllocFromPoolAsync_ptsz) real =
		HMS_REAL(cuMemAllocFromPoolAsync_ptsz);
	CUresult rc;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	rc = real(out, bytes, pool, stream);
	if (rc == HMS_CUDA_SUCCESS && hms_vendor_live(HMS_FAMILY_CUDA) &&
		!captured(stream))
		chosen(out, bytes, __builtin_return_address(0));
	return rc;
}
HMS_EXPORT_HOOK(cuMemAllocFromPoolAsync_ptsz);

/*
 * What we made of cudaMalloc's memory the driver cannot free in order: the
 * stream is waited for.
 */
static CUresult free_ordered(const struct hms_tracked *what, CUstream stream,
	__typeof__(&cuMemFreeAsync) real)
{
	__typeof__(&cuStreamSynchronize) wait = HMS_CUDA(cuStreamSynchronize);
	CUresult rc;

	if (what->kind != HMS_TRACKED_OWN && what->kind != HMS_TRACKED_POOL) {
		if (wait)
			wait(stream);
		return hms_cuda_free(what);
	}
	rc = real(what->start, stream);
	if (rc)
		hms_track_add(what);
	else
		hms_vendor_drop(what);
	return rc;
}

/* real: of the form, per-thread streams or not, that the program called. */
static CUresult free_async(
	CUdeviceptr memory, CUstream stream, __typeof__(&cuMemFreeAsync) real)
{
	struct hms_tracked what;
	CUresult rc;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	if (!hms_vendor_live(HMS_FAMILY_CUDA) || captured(stream) ||
		!hms_track_take(HMS_FAMILY_CUDA, (uintptr_t)memory, &what))
		return real(memory, stream);
	hms_vendor_depth++;
	rc = free_ordered(&what, stream, real);
	hms_vendor_depth--;
	return rc;
}

CUresult hms_cuMemFreeAsync(CUdeviceptr memory, CUstream stream)
{
	return free_async(memory, stream, HMS_REAL(cuMemFreeAsync));
}
HMS_EXPORT_HOOK(cuMemFreeAsync);

CUresult hms_cuMemFreeAsync_ptsz(CUdeviceptr memory, CUstream stream)
{
	return free_async(memory, stream, HMS_REAL(cuMemFreeAsync_ptsz));
}
HMS_EXPORT_HOOK(cuMemFreeAsync_ptsz);
