/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of the CUDA driver API that we use, declared by ourselves so that
 * nothing of the vendor's is needed to build.  Names and types are the
 * vendor's: with its own header included first, HMS_CUDA_TYPES_GIVEN defined,
 * the compiler holds every declaration here against it, which a test does.
 *
 * Functions whose name has no suffix where another has _v2 are the older ABI:
 * cuMemAdvise and cuMemPrefetchAsync take a device, their _v2 a location.
 *
 * Source: CUDA Driver API 13.0; cudaTypedefs.h for the older ABIs.
 */
#ifndef HMS_SHIMS_CUDA_DRIVER_H
#define HMS_SHIMS_CUDA_DRIVER_H

#include <stddef.h>
#include <stdint.h>

enum {
#define HMS_CU(name, value) HMS_##name = (value),
#include "shims/cuda_names.def"
#undef HMS_CU
};

#ifndef HMS_CUDA_TYPES_GIVEN
typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef uint64_t cuuint64_t;
typedef unsigned long long CUmemGenericAllocationHandle;
typedef struct CUctx_st *CUcontext;
typedef struct CUstream_st *CUstream;
typedef struct CUmemPoolHandle_st *CUmemoryPool;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphNode_st *CUgraphNode;
typedef struct CUextMemory_st *CUexternalMemory;
typedef struct CUfunc_st *CUfunction;
typedef struct CUgraphEdgeData_st CUgraphEdgeData; /* never looked into */
typedef unsigned CUmem_advise;
typedef unsigned CUmem_range_attribute;
typedef unsigned CUpointer_attribute;
typedef unsigned CUdevice_attribute;
typedef unsigned CUstreamCaptureStatus;
typedef unsigned CUstreamCaptureMode;
typedef unsigned CUdriverProcAddressQueryResult;
typedef struct CUmemLocation_st {
	int type, id;
} CUmemLocation;
typedef struct CUipcMemHandle_st {
	char reserved[64];
} CUipcMemHandle;
typedef struct CUmemAllocationProp_st {
	int type;
	int handle_types;
	CUmemLocation location;
	void *win32;
	unsigned char flags[8];
} CUmemAllocationProp;
typedef struct CUmemAccessDesc_st {
	CUmemLocation location;
	int flags;
} CUmemAccessDesc;
typedef struct CUmemPoolProps_st {
	int type;
	int handle_types;
	CUmemLocation location;
	void *win32;
	size_t max;
	unsigned short usage;
	unsigned char reserved[54];
} CUmemPoolProps;
typedef struct CUlaunchConfig_st {
	unsigned gridDimX, gridDimY, gridDimZ;
	unsigned blockDimX, blockDimY, blockDimZ;
	unsigned sharedMemBytes;
	CUstream hStream;
	void *attrs; /* never looked into */
	unsigned numAttrs;
} CUlaunchConfig;
/* Never looked into. */
typedef struct CUDA_MEM_ALLOC_NODE_PARAMS_st CUDA_MEM_ALLOC_NODE_PARAMS;
typedef struct CUDA_EXTERNAL_MEMORY_HANDLE_DESC_st
	CUDA_EXTERNAL_MEMORY_HANDLE_DESC;
#endif

/* Resolvers. */
CUresult cuGetProcAddress(
	const char *symbol, void **pfn, int version, cuuint64_t flags);
CUresult cuGetProcAddress_v2(const char *symbol, void **pfn, int version,
	cuuint64_t flags, CUdriverProcAddressQueryResult *status);

/* Redirected. */
CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t bytes);
CUresult cuMemAllocPitch_v2(CUdeviceptr *out, size_t *pitch, size_t width,
	size_t height, unsigned element);
CUresult cuMemAllocManaged(CUdeviceptr *out, size_t bytes, unsigned flags);
CUresult cuMemAllocHost_v2(void **out, size_t bytes);
CUresult cuMemHostAlloc(void **out, size_t bytes, unsigned flags);
CUresult cuMemAllocAsync(CUdeviceptr *out, size_t bytes, CUstream stream);
CUresult cuMemAllocAsync_ptsz(CUdeviceptr *out, size_t bytes, CUstream stream);
CUresult cuMemAllocFromPoolAsync(
	CUdeviceptr *out, size_t bytes, CUmemoryPool pool, CUstream stream);
CUresult cuMemAllocFromPoolAsync_ptsz(
	CUdeviceptr *out, size_t bytes, CUmemoryPool pool, CUstream stream);

/* Freed. */
CUresult cuMemFree_v2(CUdeviceptr memory);
CUresult cuMemFreeAsync(CUdeviceptr memory, CUstream stream);
CUresult cuMemFreeAsync_ptsz(CUdeviceptr memory, CUstream stream);
CUresult cuMemFreeHost(void *memory);

/* Told about, or answered for. */
CUresult cuMemHostRegister_v2(void *memory, size_t bytes, unsigned flags);
CUresult cuMemHostUnregister(void *memory);
CUresult cuMemHostGetDevicePointer_v2(
	CUdeviceptr *out, void *memory, unsigned flags);
CUresult cuMemHostGetFlags(unsigned *out, void *memory);
CUresult cuDevicePrimaryCtxReset_v2(CUdevice device);
CUresult cuMemGetInfo_v2(size_t *free, size_t *total);
CUresult cuDeviceTotalMem_v2(size_t *out, CUdevice device);
CUresult cuMemGetAddressRange_v2(
	CUdeviceptr *base, size_t *bytes, CUdeviceptr memory);
CUresult cuPointerGetAttribute(
	void *out, CUpointer_attribute attribute, CUdeviceptr memory);
CUresult cuPointerGetAttributes(unsigned n, CUpointer_attribute *attributes,
	void **out, CUdeviceptr memory);
CUresult cuPointerSetAttribute(
	const void *value, CUpointer_attribute attribute, CUdeviceptr memory);
CUresult cuIpcGetMemHandle(CUipcMemHandle *out, CUdeviceptr memory);
CUresult cuIpcOpenMemHandle(
	CUdeviceptr *out, CUipcMemHandle handle, unsigned flags);
CUresult cuIpcOpenMemHandle_v2(
	CUdeviceptr *out, CUipcMemHandle handle, unsigned flags);
CUresult cuIpcCloseMemHandle(CUdeviceptr memory);
CUresult cuStreamAttachMemAsync(
	CUstream stream, CUdeviceptr memory, size_t bytes, unsigned flags);
CUresult cuStreamAttachMemAsync_ptsz(
	CUstream stream, CUdeviceptr memory, size_t bytes, unsigned flags);

/* Hints. */
CUresult cuMemAdvise(
	CUdeviceptr memory, size_t bytes, CUmem_advise advice, CUdevice device);
CUresult cuMemAdvise_v2(CUdeviceptr memory, size_t bytes, CUmem_advise advice,
	CUmemLocation location);
CUresult cuMemPrefetchAsync(
	CUdeviceptr memory, size_t bytes, CUdevice device, CUstream stream);
CUresult cuMemPrefetchAsync_ptsz(
	CUdeviceptr memory, size_t bytes, CUdevice device, CUstream stream);
CUresult cuMemPrefetchAsync_v2(CUdeviceptr memory, size_t bytes,
	CUmemLocation location, unsigned flags, CUstream stream);
CUresult cuMemPrefetchAsync_v2_ptsz(CUdeviceptr memory, size_t bytes,
	CUmemLocation location, unsigned flags, CUstream stream);
CUresult cuMemPrefetchBatchAsync(CUdeviceptr *memories, size_t *bytes, size_t n,
	CUmemLocation *locations, size_t *indices, size_t nlocations,
	unsigned long long flags, CUstream stream);
CUresult cuMemPrefetchBatchAsync_ptsz(CUdeviceptr *memories, size_t *bytes,
	size_t n, CUmemLocation *locations, size_t *indices, size_t nlocations,
	unsigned long long flags, CUstream stream);
CUresult cuMemDiscardBatchAsync(CUdeviceptr *memories, size_t *bytes, size_t n,
	unsigned long long flags, CUstream stream);
CUresult cuMemDiscardBatchAsync_ptsz(CUdeviceptr *memories, size_t *bytes,
	size_t n, unsigned long long flags, CUstream stream);
CUresult cuMemDiscardAndPrefetchBatchAsync(CUdeviceptr *memories, size_t *bytes,
	size_t n, CUmemLocation *locations, size_t *indices, size_t nlocations,
	unsigned long long flags, CUstream stream);
CUresult cuMemDiscardAndPrefetchBatchAsync_ptsz(CUdeviceptr *memories,
	size_t *bytes, size_t n, CUmemLocation *locations, size_t *indices,
	size_t nlocations, unsigned long long flags, CUstream stream);
CUresult cuMemRangeGetAttribute(void *out, size_t size,
	CUmem_range_attribute attribute, CUdeviceptr memory, size_t bytes);
CUresult cuMemRangeGetAttributes(void **out, size_t *sizes,
	CUmem_range_attribute *attributes, size_t n, CUdeviceptr memory,
	size_t bytes);

/* Between these nothing of ours is to happen. */
CUresult cuStreamBeginCapture(CUstream stream);
CUresult cuStreamBeginCapture_ptsz(CUstream stream);
CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode);
CUresult cuStreamBeginCapture_v2_ptsz(
	CUstream stream, CUstreamCaptureMode mode);
CUresult cuStreamBeginCaptureToGraph(CUstream stream, CUgraph graph,
	const CUgraphNode *after, const CUgraphEdgeData *edges, size_t n,
	CUstreamCaptureMode mode);
CUresult cuStreamBeginCaptureToGraph_ptsz(CUstream stream, CUgraph graph,
	const CUgraphNode *after, const CUgraphEdgeData *edges, size_t n,
	CUstreamCaptureMode mode);
CUresult cuStreamEndCapture(CUstream stream, CUgraph *out);
CUresult cuStreamEndCapture_ptsz(CUstream stream, CUgraph *out);

/* The program's streams, at a moment when they are there. */
CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y,
	unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z,
	unsigned shared, CUstream stream, void **params, void **extra);
CUresult cuLaunchKernel_ptsz(CUfunction function, unsigned grid_x,
	unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
	unsigned block_z, unsigned shared, CUstream stream, void **params,
	void **extra);
CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function,
	void **params, void **extra);
CUresult cuLaunchKernelEx_ptsz(const CUlaunchConfig *config,
	CUfunction function, void **params, void **extra);

/* Observed. */
CUresult cuMemCreate(CUmemGenericAllocationHandle *out, size_t bytes,
	const CUmemAllocationProp *prop, unsigned long long flags);
CUresult cuMemRelease(CUmemGenericAllocationHandle handle);
CUresult cuMemMap(CUdeviceptr at, size_t bytes, size_t offset,
	CUmemGenericAllocationHandle handle, unsigned long long flags);
CUresult cuMemUnmap(CUdeviceptr at, size_t bytes);
CUresult cuMemAddressReserve(CUdeviceptr *out, size_t bytes, size_t alignment,
	CUdeviceptr at, unsigned long long flags);
CUresult cuMemAddressFree(CUdeviceptr at, size_t bytes);
CUresult cuMemSetAccess(
	CUdeviceptr at, size_t bytes, const CUmemAccessDesc *access, size_t n);
CUresult cuMemPoolCreate(CUmemoryPool *out, const CUmemPoolProps *props);
CUresult cuMemPoolDestroy(CUmemoryPool pool);
CUresult cuGraphAddMemAllocNode(CUgraphNode *out, CUgraph graph,
	const CUgraphNode *after, size_t n, CUDA_MEM_ALLOC_NODE_PARAMS *params);
CUresult cuGraphAddMemFreeNode(CUgraphNode *out, CUgraph graph,
	const CUgraphNode *after, size_t n, CUdeviceptr memory);
CUresult cuImportExternalMemory(
	CUexternalMemory *out, const CUDA_EXTERNAL_MEMORY_HANDLE_DESC *desc);

/* Called by us, not stood in for. */
CUresult cuCtxGetDevice(CUdevice *out);
CUresult cuCtxGetCurrent(CUcontext *out);
CUresult cuCtxSynchronize(void);
CUresult cuStreamSynchronize(CUstream stream);
CUresult cuCtxPushCurrent_v2(CUcontext context);
CUresult cuCtxPopCurrent_v2(CUcontext *out);
CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned flags);
CUresult cuDeviceGet(CUdevice *out, int ordinal);
CUresult cuDeviceGetCount(int *out);
CUresult cuDeviceGetAttribute(
	int *out, CUdevice_attribute attribute, CUdevice device);
CUresult cuDeviceCanAccessPeer(int *out, CUdevice device, CUdevice peer);
CUresult cuDevicePrimaryCtxRetain(CUcontext *out, CUdevice device);
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device);
CUresult cuMemPoolSetAccess(
	CUmemoryPool pool, const CUmemAccessDesc *access, size_t n);
CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus *out);
CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode);

#endif
