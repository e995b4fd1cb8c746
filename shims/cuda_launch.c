/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernels that the program launches: moves that were planned go before them, in
 * the same stream.
 *
 * Source: CUDA Driver API 13.0, "Execution Control".
 */
#include "shims/cuda.h"

CUresult hms_cuLaunchKernel(CUfunction function, unsigned grid_x,
	unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
	unsigned block_z, unsigned shared, CUstream stream, void **params,
	void **extra);
CUresult hms_cuLaunchKernel_ptsz(CUfunction function, unsigned grid_x,
	unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
	unsigned block_z, unsigned shared, CUstream stream, void **params,
	void **extra);

CUresult hms_cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function,
	void **params, void **extra);
CUresult hms_cuLaunchKernelEx_ptsz(const CUlaunchConfig *config,
	CUfunction function, void **params, void **extra);

CUresult hms_cuLaunchKernel(CUfunction function, unsigned grid_x,
	unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
	unsigned block_z, unsigned shared, CUstream stream, void **params,
	void **extra)
{
	__typeof__(&cuLaunchKernel) real = HMS_REAL(cuLaunchKernel);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	hms_cuda_stream(stream, false);
	return real(function, grid_x, grid_y, grid_z, block_x, block_y, block_z,
		shared, stream, params, extra);
}
HMS_EXPORT_HOOK(cuLaunchKernel);

CUresult hms_cuLaunchKernel_ptsz(CUfunction function, unsigned grid_x,
	unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
	unsigned block_z, unsigned shared, CUstream stream, void **params,
	void **extra)
{
	__typeof__(&cuLaunchKernel_ptsz) real = HMS_REAL(cuLaunchKernel_ptsz);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	hms_cuda_stream(stream, true);
	return real(function, grid_x, grid_y, grid_z, block_x, block_y, block_z,
		shared, stream, params, extra);
}
HMS_EXPORT_HOOK(cuLaunchKernel_ptsz);

/* A configuration that is not there is the driver's to refuse. */
CUresult hms_cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function,
	void **params, void **extra)
{
	__typeof__(&cuLaunchKernelEx) real = HMS_REAL(cuLaunchKernelEx);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	hms_cuda_stream(config ? config->hStream : NULL, false);
	return real(config, function, params, extra);
}
HMS_EXPORT_HOOK(cuLaunchKernelEx);

CUresult hms_cuLaunchKernelEx_ptsz(const CUlaunchConfig *config,
	CUfunction function, void **params, void **extra)
{
	__typeof__(&cuLaunchKernelEx_ptsz) real =
		HMS_REAL(cuLaunchKernelEx_ptsz);

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	hms_cuda_stream(config ? config->hStream : NULL, true);
	return real(config, function, params, extra);
}
HMS_EXPORT_HOOK(cuLaunchKernelEx_ptsz);
