/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams being captured.  Calls made meanwhile become nodes of a graph, or
 * break the capture; so none of ours is made, and none is served otherwise.
 *
 * Source: CUDA Driver API 13.0, cuStreamBeginCapture, cuStreamEndCapture,
 * cuThreadExchangeStreamCaptureMode.
 */
#include "shims/cuda.h"

#include <stdatomic.h>

CUresult hms_cuStreamBeginCapture(CUstream stream);
CUresult hms_cuStreamBeginCapture_ptsz(CUstream stream);
CUresult hms_cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode);
CUresult hms_cuStreamBeginCapture_v2_ptsz(
	CUstream stream, CUstreamCaptureMode mode);
CUresult hms_cuStreamBeginCaptureToGraph(CUstream stream, CUgraph graph,
	const CUgraphNode *after, const CUgraphEdgeData *edges, size_t n,
	CUstreamCaptureMode mode);
CUresult hms_cuStreamBeginCaptureToGraph_ptsz(CUstream stream, CUgraph graph,
	const CUgraphNode *after, const CUgraphEdgeData *edges, size_t n,
	CUstreamCaptureMode mode);
CUresult hms_cuStreamEndCapture(CUstream stream, CUgraph *out);
CUresult hms_cuStreamEndCapture_ptsz(CUstream stream, CUgraph *out);

/* Captures under way.  One whose stream was destroyed counts for ever. */
static atomic_uint captures;

bool hms_cuda_capturing(void)
{
	return atomic_load_explicit(&captures, memory_order_relaxed) != 0;
}

/*
 * It counts before it begins: another thread's call of ours must not come in
 * between.
 */
static void before(void)
{
	atomic_fetch_add(&captures, 1);
}

static CUresult begun(CUresult rc)
{
	if (rc)
		atomic_fetch_sub(&captures, 1);
	return rc;
}

/*
 * An invalid capture ends with an error, but it ends.  What the driver refuses
 * it goes on with: a stream or thread that did not begin it, bad arguments.
 * One that was begun before we looked is not counted.
 */
static CUresult ended(CUresult rc)
{
	unsigned n = atomic_load(&captures);

	switch (rc) {
	case HMS_CUDA_ERROR_INVALID_VALUE:
	case HMS_CUDA_ERROR_NOT_INITIALIZED:
	case HMS_CUDA_ERROR_INVALID_CONTEXT:
	case HMS_CUDA_ERROR_INVALID_HANDLE:
	case HMS_CUDA_ERROR_ILLEGAL_STATE:
	case HMS_CUDA_ERROR_STREAM_CAPTURE_UNMATCHED:
	case HMS_CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD:
		return rc;
	default:
		break;
	}
	while (n && !atomic_compare_exchange_weak(&captures, &n, n - 1))
		;
	return rc;
}

CUresult hms_cuStreamBeginCapture(CUstream stream)
{
	__typeof__(&cuStreamBeginCapture) real = HMS_REAL(cuStreamBeginCapture);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	before();
	return begun(real(stream));
}
HMS_EXPORT_HOOK(cuStreamBeginCapture);

CUresult hms_cuStreamBeginCapture_ptsz(CUstream stream)
{
	__typeof__(&cuStreamBeginCapture_ptsz) real =
		HMS_REAL(cuStreamBeginCapture_ptsz);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	before();
	return begun(real(stream));
}
HMS_EXPORT_HOOK(cuStreamBeginCapture_ptsz);

CUresult hms_cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode)
{
	__typeof__(&cuStreamBeginCapture_v2) real =
		HMS_REAL(cuStreamBeginCapture_v2);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	before();
	return begun(real(stream, mode));
}
HMS_EXPORT_HOOK(cuStreamBeginCapture_v2);

CUresult hms_cuStreamBeginCapture_v2_ptsz(
	CUstream stream, CUstreamCaptureMode mode)
{
	__typeof__(&cuStreamBeginCapture_v2_ptsz) real =
		HMS_REAL(cuStreamBeginCapture_v2_ptsz);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	before();
	return begun(real(stream, mode));
}
HMS_EXPORT_HOOK(cuStreamBeginCapture_v2_ptsz);

CUresult hms_cuStreamBeginCaptureToGraph(CUstream stream, CUgraph graph,
	const CUgraphNode *after, const CUgraphEdgeData *edges, size_t n,
	CUstreamCaptureMode mode)
{
	__typeof__(&cuStreamBeginCaptureToGraph) real =
		HMS_REAL(cuStreamBeginCaptureToGraph);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	before();
	return begun(real(stream, graph, after, edges, n, mode));
}
HMS_EXPORT_HOOK(cuStreamBeginCaptureToGraph);

CUresult hms_cuStreamBeginCaptureToGraph_ptsz(CUstream stream, CUgraph graph,
	const CUgraphNode *after, const CUgraphEdgeData *edges, size_t n,
	CUstreamCaptureMode mode)
{
	__typeof__(&cuStreamBeginCaptureToGraph_ptsz) real =
		HMS_REAL(cuStreamBeginCaptureToGraph_ptsz);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	before();
	return begun(real(stream, graph, after, edges, n, mode));
}
HMS_EXPORT_HOOK(cuStreamBeginCaptureToGraph_ptsz);

CUresult hms_cuStreamEndCapture(CUstream stream, CUgraph *out)
{
	__typeof__(&cuStreamEndCapture) real = HMS_REAL(cuStreamEndCapture);

	return real ? ended(real(stream, out)) : HMS_CUDA_ERROR_STUB_LIBRARY;
}
HMS_EXPORT_HOOK(cuStreamEndCapture);

CUresult hms_cuStreamEndCapture_ptsz(CUstream stream, CUgraph *out)
{
	__typeof__(&cuStreamEndCapture_ptsz) real =
		HMS_REAL(cuStreamEndCapture_ptsz);

	return real ? ended(real(stream, out)) : HMS_CUDA_ERROR_STUB_LIBRARY;
}
HMS_EXPORT_HOOK(cuStreamEndCapture_ptsz);
