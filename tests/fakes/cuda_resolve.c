/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The double's resolvers.  The newest function that is not newer than the
 * version asked for is meant; of each thread's own stream, if it is asked for
 * and there is one.  Written from cudaTypedefs.h of CUDA 13.0, and not from
 * shims/hooks.def, which it tests.
 */
#include "tests/fakes/cuda.h"

#define OWN 1

static const struct {
	const char *base;
	int version, own;
	void *function;
} table[] = {
	{ "cuInit", 2000, 0, (void *)cuInit },
	{ "cuDriverGetVersion", 2020, 0, (void *)cuDriverGetVersion },
	{ "cuDeviceGetCount", 2000, 0, (void *)cuDeviceGetCount },
	{ "cuDeviceGet", 2000, 0, (void *)cuDeviceGet },
	{ "cuDeviceGetName", 2000, 0, (void *)cuDeviceGetName },
	{ "cuDeviceGetPCIBusId", 4010, 0, (void *)cuDeviceGetPCIBusId },
	{ "cuDeviceGetAttribute", 2000, 0, (void *)cuDeviceGetAttribute },
	{ "cuDeviceCanAccessPeer", 4000, 0, (void *)cuDeviceCanAccessPeer },
	{ "cuCtxSetCurrent", 4000, 0, (void *)cuCtxSetCurrent },
	{ "cuCtxGetCurrent", 4000, 0, (void *)cuCtxGetCurrent },
	{ "cuCtxGetDevice", 2000, 0, (void *)cuCtxGetDevice },
	{ "cuCtxSynchronize", 2000, 0, (void *)cuCtxSynchronize },
	{ "cuCtxEnablePeerAccess", 4000, 0, (void *)cuCtxEnablePeerAccess },
	{ "cuDevicePrimaryCtxRetain", 7000, 0,
		(void *)cuDevicePrimaryCtxRetain },
	{ "cuDevicePrimaryCtxReset", 11000, 0,
		(void *)cuDevicePrimaryCtxReset_v2 },
	{ "cuMemAllocManaged", 6000, 0, (void *)cuMemAllocManaged },
	{ "cuMemHostAlloc", 2020, 0, (void *)cuMemHostAlloc },
	{ "cuMemFreeHost", 2000, 0, (void *)cuMemFreeHost },
	{ "cuMemHostUnregister", 4000, 0, (void *)cuMemHostUnregister },
	{ "cuMemHostGetFlags", 2030, 0, (void *)cuMemHostGetFlags },
	{ "cuPointerGetAttribute", 4000, 0, (void *)cuPointerGetAttribute },
	{ "cuPointerGetAttributes", 7000, 0, (void *)cuPointerGetAttributes },
	{ "cuPointerSetAttribute", 6000, 0, (void *)cuPointerSetAttribute },
	{ "cuIpcGetMemHandle", 4010, 0, (void *)cuIpcGetMemHandle },
	{ "cuIpcCloseMemHandle", 4010, 0, (void *)cuIpcCloseMemHandle },
	{ "cuMemRangeGetAttribute", 8000, 0, (void *)cuMemRangeGetAttribute },
	{ "cuMemRangeGetAttributes", 8000, 0, (void *)cuMemRangeGetAttributes },
	{ "cuMemCreate", 10020, 0, (void *)cuMemCreate },
	{ "cuMemRelease", 10020, 0, (void *)cuMemRelease },
	{ "cuMemMap", 10020, 0, (void *)cuMemMap },
	{ "cuMemUnmap", 10020, 0, (void *)cuMemUnmap },
	{ "cuMemAddressReserve", 10020, 0, (void *)cuMemAddressReserve },
	{ "cuMemAddressFree", 10020, 0, (void *)cuMemAddressFree },
	{ "cuMemSetAccess", 10020, 0, (void *)cuMemSetAccess },
	{ "cuMemPoolCreate", 11020, 0, (void *)cuMemPoolCreate },
	{ "cuMemPoolDestroy", 11020, 0, (void *)cuMemPoolDestroy },
	{ "cuMemPoolSetAccess", 11020, 0, (void *)cuMemPoolSetAccess },
	{ "cuGraphAddMemAllocNode", 11040, 0, (void *)cuGraphAddMemAllocNode },
	{ "cuGraphAddMemFreeNode", 11040, 0, (void *)cuGraphAddMemFreeNode },
	{ "cuImportExternalMemory", 10000, 0, (void *)cuImportExternalMemory },
	{ "cuStreamCreate", 2000, 0, (void *)cuStreamCreate },
	{ "cuMemAlloc", 3020, 0, (void *)cuMemAlloc_v2 },
	{ "cuMemAllocPitch", 3020, 0, (void *)cuMemAllocPitch_v2 },
	{ "cuMemAllocHost", 3020, 0, (void *)cuMemAllocHost_v2 },
	{ "cuMemFree", 3020, 0, (void *)cuMemFree_v2 },
	{ "cuMemHostRegister", 6050, 0, (void *)cuMemHostRegister_v2 },
	{ "cuMemHostGetDevicePointer", 3020, 0,
		(void *)cuMemHostGetDevicePointer_v2 },
	{ "cuMemGetInfo", 3020, 0, (void *)cuMemGetInfo_v2 },
	{ "cuDeviceTotalMem", 3020, 0, (void *)cuDeviceTotalMem_v2 },
	{ "cuMemGetAddressRange", 3020, 0, (void *)cuMemGetAddressRange_v2 },
	{ "cuDevicePrimaryCtxRelease", 11000, 0,
		(void *)cuDevicePrimaryCtxRelease_v2 },
	{ "cuCtxPushCurrent", 4000, 0, (void *)cuCtxPushCurrent_v2 },
	{ "cuCtxPopCurrent", 4000, 0, (void *)cuCtxPopCurrent_v2 },
	{ "cuStreamDestroy", 4000, 0, (void *)cuStreamDestroy_v2 },
	{ "cuMemcpyHtoD", 3020, 0, (void *)cuMemcpyHtoD_v2 },
	{ "cuMemcpyDtoH", 3020, 0, (void *)cuMemcpyDtoH_v2 },
	{ "cuMemcpyDtoD", 3020, 0, (void *)cuMemcpyDtoD_v2 },
	{ "cuMemAllocAsync", 11020, 0, (void *)cuMemAllocAsync },
	{ "cuMemAllocAsync", 11020, OWN, (void *)cuMemAllocAsync_ptsz },
	{ "cuMemAllocFromPoolAsync", 11020, 0,
		(void *)cuMemAllocFromPoolAsync },
	{ "cuMemAllocFromPoolAsync", 11020, OWN,
		(void *)cuMemAllocFromPoolAsync_ptsz },
	{ "cuMemFreeAsync", 11020, 0, (void *)cuMemFreeAsync },
	{ "cuMemFreeAsync", 11020, OWN, (void *)cuMemFreeAsync_ptsz },
	{ "cuStreamAttachMemAsync", 6000, 0, (void *)cuStreamAttachMemAsync },
	{ "cuStreamAttachMemAsync", 7000, OWN,
		(void *)cuStreamAttachMemAsync_ptsz },
	{ "cuMemPrefetchBatchAsync", 13000, 0,
		(void *)cuMemPrefetchBatchAsync },
	{ "cuMemPrefetchBatchAsync", 13000, OWN,
		(void *)cuMemPrefetchBatchAsync_ptsz },
	{ "cuMemDiscardBatchAsync", 13000, 0, (void *)cuMemDiscardBatchAsync },
	{ "cuMemDiscardBatchAsync", 13000, OWN,
		(void *)cuMemDiscardBatchAsync_ptsz },
	{ "cuMemDiscardAndPrefetchBatchAsync", 13000, 0,
		(void *)cuMemDiscardAndPrefetchBatchAsync },
	{ "cuMemDiscardAndPrefetchBatchAsync", 13000, OWN,
		(void *)cuMemDiscardAndPrefetchBatchAsync_ptsz },
	{ "cuStreamBeginCapture", 10000, 0, (void *)cuStreamBeginCapture },
	{ "cuStreamBeginCapture", 10000, OWN,
		(void *)cuStreamBeginCapture_ptsz },
	{ "cuStreamBeginCaptureToGraph", 12030, 0,
		(void *)cuStreamBeginCaptureToGraph },
	{ "cuStreamBeginCaptureToGraph", 12030, OWN,
		(void *)cuStreamBeginCaptureToGraph_ptsz },
	{ "cuStreamEndCapture", 10000, 0, (void *)cuStreamEndCapture },
	{ "cuStreamEndCapture", 10000, OWN, (void *)cuStreamEndCapture_ptsz },
	{ "cuLaunchKernel", 4000, 0, (void *)cuLaunchKernel },
	{ "cuLaunchKernel", 7000, OWN, (void *)cuLaunchKernel_ptsz },
	{ "cuLaunchKernelEx", 11060, 0, (void *)cuLaunchKernelEx },
	{ "cuLaunchKernelEx", 11060, OWN, (void *)cuLaunchKernelEx_ptsz },
	{ "cuMemPrefetchAsync", 8000, 0, (void *)cuMemPrefetchAsync },
	{ "cuMemPrefetchAsync", 8000, OWN, (void *)cuMemPrefetchAsync_ptsz },
	{ "cuMemPrefetchAsync", 12020, 0, (void *)cuMemPrefetchAsync_v2 },
	{ "cuMemPrefetchAsync", 12020, OWN,
		(void *)cuMemPrefetchAsync_v2_ptsz },
	{ "cuStreamBeginCapture", 10010, 0, (void *)cuStreamBeginCapture_v2 },
	{ "cuStreamBeginCapture", 10010, OWN,
		(void *)cuStreamBeginCapture_v2_ptsz },
	{ "cuMemAdvise", 8000, 0, (void *)cuMemAdvise },
	{ "cuMemAdvise", 12020, 0, (void *)cuMemAdvise_v2 },
	{ "cuIpcOpenMemHandle", 4010, 0, (void *)cuIpcOpenMemHandle },
	{ "cuIpcOpenMemHandle", 11000, 0, (void *)cuIpcOpenMemHandle_v2 },
	{ "cuGetProcAddress", 11030, 0, (void *)cuGetProcAddress },
	{ "cuGetProcAddress", 12000, 0, (void *)cuGetProcAddress_v2 },
};
#define ROWS (sizeof(table) / sizeof(table[0]))

static void *find(const char *base, int version, int own)
{
	void *found = NULL;
	int newest = -1;

	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(table[i].base, base) && table[i].own == own &&
			table[i].version <= version &&
			table[i].version > newest) {
			found = table[i].function;
			newest = table[i].version;
		}
	return found;
}

static CUresult resolve(
	const char *base, void **out, int version, cuuint64_t flags)
{
	*out = NULL;
	if (flags & 2)
		*out = find(base, version, OWN);
	if (!*out)
		*out = find(base, version, 0);
	return OK;
}

/* Of four arguments: a fifth is whatever the caller left in its register. */
CUresult cuGetProcAddress(
	const char *symbol, void **pfn, int version, cuuint64_t flags)
{
	long result = fake_call("cuda", "cuGetProcAddress");

	fake_say("cuGetProcAddress %s %d %llu", symbol, version,
		(unsigned long long)flags);
	if (result)
		return (CUresult)result;
	return resolve(symbol, pfn, version, flags);
}

CUresult cuGetProcAddress_v2(const char *symbol, void **pfn, int version,
	cuuint64_t flags, CUdriverProcAddressQueryResult *status)
{
	long result = fake_call("cuda", "cuGetProcAddress_v2");

	fake_say("cuGetProcAddress_v2 %s %d %llu", symbol, version,
		(unsigned long long)flags);
	if (result)
		return (CUresult)result;
	resolve(symbol, pfn, version, flags);
	if (status)
		*status = *pfn ? 0 : find(symbol, 1 << 30, 0) ? 2 : 1;
	return OK;
}
