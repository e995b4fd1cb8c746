/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The double's streams, pools, hints and the calls that HMS only looks at.
 * Nothing is asynchronous here.  Source: CUDA Driver API 13.0.
 */
#include "tests/fakes/cuda.h"

/* A stream is a number from 1 on; the null stream is 0. */
static bool capturing[64];
static unsigned streams;

static unsigned number(CUstream stream)
{
	return (unsigned)(uintptr_t)stream % 64;
}

CUresult cuStreamCreate(CUstream *out, unsigned flags)
{
	CUresult rc = fake_in_context("cuStreamCreate");

	if (!rc)
		*out = (CUstream)(uintptr_t)(++streams);
	return rc;
}

CUresult cuStreamDestroy_v2(CUstream stream)
{
	return fake_in_context("cuStreamDestroy_v2");
}

CUresult cuStreamSynchronize(CUstream stream)
{
	return fake_in_context("cuStreamSynchronize");
}

CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus *out)
{
	CUresult rc = fake_in_context("cuStreamIsCapturing");

	if (!rc)
		*out = capturing[number(stream)];
	return rc;
}

static CUresult capture(const char *name, CUstream stream, unsigned mode)
{
	CUresult rc = fake_in_context(name);

	fake_say("%s %u %u", name, number(stream), mode);
	if (!rc)
		capturing[number(stream)] = true;
	return rc;
}

static CUresult end_capture(const char *name, CUstream stream, CUgraph *out)
{
	CUresult rc = fake_in_context(name);

	fake_say("%s %u", name, number(stream));
	if (rc)
		return rc;
	if (!capturing[number(stream)])
		return 401; /* ILLEGAL_STATE */
	capturing[number(stream)] = false;
	*out = NULL;
	return OK;
}

static CUresult ordered(const char *name, CUdeviceptr *out, size_t bytes,
	unsigned pool, CUstream stream)
{
	CUresult rc = fake_in_context(name);

	fake_say("%s %zu %u %u", name, bytes, pool, number(stream));
	if (rc)
		return rc;
	if (!out || !bytes)
		return INVALID_VALUE;
	/* A pool's number says where it is; see cuMemPoolCreate(). */
	if (pool >= 100)
		return fake_alloc(
			out, bytes, FAKE_ORDERED, -1, (int)pool - 100);
	return fake_alloc(out, bytes, FAKE_ORDERED,
		pool ? (int)pool - 1 : fake_device_now(), -1);
}

static CUresult free_ordered(
	const char *name, CUdeviceptr memory, CUstream stream)
{
	CUresult rc = fake_in_context(name);

	fake_say("%s %u", name, number(stream));
	return rc ? rc
		  : fake_free(memory, 1 << FAKE_DEVICE | 1 << FAKE_ORDERED);
}

/* Of managed memory that is there; else the driver says what it says. */
static CUresult on_managed(CUdeviceptr memory, int to)
{
	struct fake_memory *m = fake_find(memory);

	if (!m || m->kind != FAKE_MANAGED)
		return INVALID_VALUE;
	if (to >= -1)
		m->sent = to;
	return OK;
}

static int location(CUmemLocation at)
{
	return (int)at.type == 1 ? at.id : -1;
}

CUresult cuStreamBeginCapture(CUstream stream)
{
	return capture("cuStreamBeginCapture", stream, 0);
}

CUresult cuStreamBeginCapture_ptsz(CUstream stream)
{
	return capture("cuStreamBeginCapture_ptsz", stream, 0);
}

CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode)
{
	return capture("cuStreamBeginCapture_v2", stream, mode);
}

CUresult cuStreamBeginCapture_v2_ptsz(CUstream stream, CUstreamCaptureMode mode)
{
	return capture("cuStreamBeginCapture_v2_ptsz", stream, mode);
}

CUresult cuStreamBeginCaptureToGraph(CUstream stream, CUgraph graph,
	const CUgraphNode *after, const CUgraphEdgeData *edges, size_t n,
	CUstreamCaptureMode mode)
{
	return capture(
		"cuStreamBeginCaptureToGraph", stream, mode + 10 * (unsigned)n);
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph *out)
{
	return end_capture("cuStreamEndCapture", stream, out);
}

CUresult cuMemAllocAsync(CUdeviceptr *out, size_t bytes, CUstream stream)
{
	return ordered("cuMemAllocAsync", out, bytes, 0, stream);
}

CUresult cuMemAllocFromPoolAsync(
	CUdeviceptr *out, size_t bytes, CUmemoryPool pool, CUstream stream)
{
	return ordered("cuMemAllocFromPoolAsync", out, bytes,
		(unsigned)(uintptr_t)pool, stream);
}

CUresult cuMemFreeAsync(CUdeviceptr memory, CUstream stream)
{
	return free_ordered("cuMemFreeAsync", memory, stream);
}

CUresult cuMemPrefetchAsync(
	CUdeviceptr memory, size_t bytes, CUdevice device, CUstream stream)
{
	CUresult rc = fake_in_context("cuMemPrefetchAsync");

	fake_say("cuMemPrefetchAsync %zu %d %u", bytes, device, number(stream));
	return rc ? rc : on_managed(memory, device);
}

CUresult cuMemPrefetchAsync_v2(CUdeviceptr memory, size_t bytes,
	CUmemLocation to, unsigned flags, CUstream stream)
{
	CUresult rc = fake_in_context("cuMemPrefetchAsync_v2");

	fake_say("cuMemPrefetchAsync_v2 %zu %d:%d %u %u", bytes, (int)to.type,
		to.id, flags, number(stream));
	return rc ? rc : on_managed(memory, location(to));
}

CUresult cuMemPrefetchBatchAsync(CUdeviceptr *memories, size_t *bytes, size_t n,
	CUmemLocation *locations, size_t *indices, size_t nlocations,
	unsigned long long flags, CUstream stream)
{
	CUresult rc = fake_in_context("cuMemPrefetchBatchAsync");

	fake_say("cuMemPrefetchBatchAsync %zu %zu %zu %llu %u", n,
		n ? bytes[0] : 0, nlocations, flags, number(stream));
	return rc  ? rc
	       : n ? on_managed(memories[0], location(locations[indices[0]]))
		   : INVALID_VALUE;
}

CUresult cuMemDiscardBatchAsync(CUdeviceptr *memories, size_t *bytes, size_t n,
	unsigned long long flags, CUstream stream)
{
	CUresult rc = fake_in_context("cuMemDiscardBatchAsync");

	fake_say("cuMemDiscardBatchAsync %zu %zu %zu %llu %u", n,
		n ? bytes[0] : 0, (size_t)0, flags, number(stream));
	return rc ? rc : n ? on_managed(memories[0], -2) : INVALID_VALUE;
}

CUresult cuMemDiscardAndPrefetchBatchAsync(CUdeviceptr *memories, size_t *bytes,
	size_t n, CUmemLocation *locations, size_t *indices, size_t nlocations,
	unsigned long long flags, CUstream stream)
{
	CUresult rc = fake_in_context("cuMemDiscardAndPrefetchBatchAsync");

	fake_say("cuMemDiscardAndPrefetchBatchAsync %zu %zu %zu %llu %u", n,
		n ? bytes[0] : 0, nlocations, flags, number(stream));
	return rc  ? rc
	       : n ? on_managed(memories[0], location(locations[indices[0]]))
		   : INVALID_VALUE;
}

CUresult cuStreamAttachMemAsync(
	CUstream stream, CUdeviceptr memory, size_t bytes, unsigned flags)
{
	CUresult rc = fake_in_context("cuStreamAttachMemAsync");

	fake_say("cuStreamAttachMemAsync %u %zu %u", number(stream), bytes,
		flags);
	return rc ? rc : on_managed(memory, -2);
}

CUresult cuLaunchKernel(CUfunction function, unsigned gx, unsigned gy,
	unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
	CUstream stream, void **params, void **extra)
{
	CUresult rc = fake_in_context("cuLaunchKernel");

	fake_say("cuLaunchKernel %u %u %u %u %u %u %u %u", gx, gy, gz, bx, by,
		bz, shared, number(stream));
	return rc;
}

CUresult cuStreamBeginCaptureToGraph_ptsz(CUstream stream, CUgraph graph,
	const CUgraphNode *after, const CUgraphEdgeData *edges, size_t n,
	CUstreamCaptureMode mode)
{
	return capture("cuStreamBeginCaptureToGraph_ptsz", stream,
		mode + 10 * (unsigned)n);
}

CUresult cuStreamEndCapture_ptsz(CUstream stream, CUgraph *out)
{
	return end_capture("cuStreamEndCapture_ptsz", stream, out);
}

CUresult cuMemAllocAsync_ptsz(CUdeviceptr *out, size_t bytes, CUstream stream)
{
	return ordered("cuMemAllocAsync_ptsz", out, bytes, 0, stream);
}

CUresult cuMemAllocFromPoolAsync_ptsz(
	CUdeviceptr *out, size_t bytes, CUmemoryPool pool, CUstream stream)
{
	return ordered("cuMemAllocFromPoolAsync_ptsz", out, bytes,
		(unsigned)(uintptr_t)pool, stream);
}

CUresult cuMemFreeAsync_ptsz(CUdeviceptr memory, CUstream stream)
{
	return free_ordered("cuMemFreeAsync_ptsz", memory, stream);
}

CUresult cuMemPrefetchAsync_ptsz(
	CUdeviceptr memory, size_t bytes, CUdevice device, CUstream stream)
{
	CUresult rc = fake_in_context("cuMemPrefetchAsync_ptsz");

	fake_say("cuMemPrefetchAsync_ptsz %zu %d %u", bytes, device,
		number(stream));
	return rc ? rc : on_managed(memory, device);
}

CUresult cuMemPrefetchAsync_v2_ptsz(CUdeviceptr memory, size_t bytes,
	CUmemLocation to, unsigned flags, CUstream stream)
{
	CUresult rc = fake_in_context("cuMemPrefetchAsync_v2_ptsz");

	fake_say("cuMemPrefetchAsync_v2_ptsz %zu %d:%d %u %u", bytes,
		(int)to.type, to.id, flags, number(stream));
	return rc ? rc : on_managed(memory, location(to));
}

CUresult cuMemPrefetchBatchAsync_ptsz(CUdeviceptr *memories, size_t *bytes,
	size_t n, CUmemLocation *locations, size_t *indices, size_t nlocations,
	unsigned long long flags, CUstream stream)
{
	CUresult rc = fake_in_context("cuMemPrefetchBatchAsync_ptsz");

	fake_say("cuMemPrefetchBatchAsync_ptsz %zu %zu %zu %llu %u", n,
		n ? bytes[0] : 0, nlocations, flags, number(stream));
	return rc  ? rc
	       : n ? on_managed(memories[0], location(locations[indices[0]]))
		   : INVALID_VALUE;
}

CUresult cuMemDiscardBatchAsync_ptsz(CUdeviceptr *memories, size_t *bytes,
	size_t n, unsigned long long flags, CUstream stream)
{
	CUresult rc = fake_in_context("cuMemDiscardBatchAsync_ptsz");

	fake_say("cuMemDiscardBatchAsync_ptsz %zu %zu %zu %llu %u", n,
		n ? bytes[0] : 0, (size_t)0, flags, number(stream));
	return rc ? rc : n ? on_managed(memories[0], -2) : INVALID_VALUE;
}

CUresult cuMemDiscardAndPrefetchBatchAsync_ptsz(CUdeviceptr *memories,
	size_t *bytes, size_t n, CUmemLocation *locations, size_t *indices,
	size_t nlocations, unsigned long long flags, CUstream stream)
{
	CUresult rc = fake_in_context("cuMemDiscardAndPrefetchBatchAsync_ptsz");

	fake_say("cuMemDiscardAndPrefetchBatchAsync_ptsz %zu %zu %zu %llu %u",
		n, n ? bytes[0] : 0, nlocations, flags, number(stream));
	return rc  ? rc
	       : n ? on_managed(memories[0], location(locations[indices[0]]))
		   : INVALID_VALUE;
}

CUresult cuStreamAttachMemAsync_ptsz(
	CUstream stream, CUdeviceptr memory, size_t bytes, unsigned flags)
{
	CUresult rc = fake_in_context("cuStreamAttachMemAsync_ptsz");

	fake_say("cuStreamAttachMemAsync_ptsz %u %zu %u", number(stream), bytes,
		flags);
	return rc ? rc : on_managed(memory, -2);
}

CUresult cuLaunchKernel_ptsz(CUfunction function, unsigned gx, unsigned gy,
	unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
	CUstream stream, void **params, void **extra)
{
	CUresult rc = fake_in_context("cuLaunchKernel_ptsz");

	fake_say("cuLaunchKernel_ptsz %u %u %u %u %u %u %u %u", gx, gy, gz, bx,
		by, bz, shared, number(stream));
	return rc;
}

static CUresult launch(const char *name, const CUlaunchConfig *c)
{
	CUresult rc = fake_in_context(name);

	fake_say("%s %u %u %u %u %u %u %u %u", name, c->gridDimX, c->gridDimY,
		c->gridDimZ, c->blockDimX, c->blockDimY, c->blockDimZ,
		c->sharedMemBytes, number(c->hStream));
	return rc;
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function,
	void **params, void **extra)
{
	return launch("cuLaunchKernelEx", config);
}

CUresult cuLaunchKernelEx_ptsz(const CUlaunchConfig *config,
	CUfunction function, void **params, void **extra)
{
	return launch("cuLaunchKernelEx_ptsz", config);
}

CUresult cuMemAdvise(
	CUdeviceptr memory, size_t bytes, CUmem_advise advice, CUdevice device)
{
	CUresult rc = fake_in_context("cuMemAdvise");

	fake_say("cuMemAdvise %zu %u %d", bytes, (unsigned)advice, device);
	return rc ? rc : on_managed(memory, -2);
}

CUresult cuMemAdvise_v2(
	CUdeviceptr memory, size_t bytes, CUmem_advise advice, CUmemLocation to)
{
	CUresult rc = fake_in_context("cuMemAdvise_v2");

	fake_say("cuMemAdvise_v2 %zu %u %d:%d", bytes, (unsigned)advice,
		(int)to.type, to.id);
	return rc ? rc : on_managed(memory, -2);
}

CUresult cuMemRangeGetAttribute(void *out, size_t size,
	CUmem_range_attribute attribute, CUdeviceptr memory, size_t bytes)
{
	CUresult rc = fake_in_context("cuMemRangeGetAttribute");
	struct fake_memory *m = fake_find(memory);

	fake_say("cuMemRangeGetAttribute %zu %u %zu", size, (unsigned)attribute,
		bytes);
	if (rc)
		return rc;
	if (!m || m->kind != FAKE_MANAGED || size != sizeof(int))
		return INVALID_VALUE;
	*(int *)out = m->sent;
	return OK;
}

CUresult cuMemRangeGetAttributes(void **out, size_t *sizes,
	CUmem_range_attribute *attributes, size_t n, CUdeviceptr memory,
	size_t bytes)
{
	CUresult rc = fake_in_context("cuMemRangeGetAttributes");

	fake_say("cuMemRangeGetAttributes %zu %zu", n, bytes);
	for (size_t i = 0; !rc && i < n; i++)
		rc = cuMemRangeGetAttribute(
			out[i], sizes[i], attributes[i], memory, bytes);
	return rc;
}
