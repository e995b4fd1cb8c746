/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of the HIP runtime API that we use, declared by ourselves so that
 * nothing of the vendor's is needed to build.  Names and types are the
 * vendor's: with its own header included first, HMS_HIP_TYPES_GIVEN defined,
 * the compiler holds every declaration here against it, which a test does.
 *
 * Source: HIP API reference 5.2 and 6.2.
 */
#ifndef HMS_SHIMS_HIP_RUNTIME_H
#define HMS_SHIMS_HIP_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

enum {
	HMS_HIP_SUCCESS = 0,
	HMS_HIP_OUT_OF_MEMORY = 2,
	HMS_HIP_NOT_INITIALIZED = 3,
	HMS_HIP_PEER_ALREADY_ENABLED = 704,
	HMS_HIP_HOST_NOT_REGISTERED = 713,

	HMS_HIP_ATTACH_GLOBAL = 1,
	HMS_HIP_HOST_PORTABLE = 1,
	HMS_HIP_HOST_MAPPED = 2,
	HMS_HIP_HOST_COMBINED = 4, /* hipHostMallocWriteCombined */
	HMS_HIP_HOST_NUMA_USER = 0x20000000,
	HMS_HIP_HOST_COHERENT = 0x40000000,
	HMS_HIP_REGISTER_PORTABLE = 1,
	HMS_HIP_REGISTER_MAPPED = 2,
	HMS_HIP_ADVISE_PREFERRED = 3,
	HMS_HIP_ADVISE_ACCESSED_BY = 5,
	HMS_HIP_CPU = -1, /* hipCpuDeviceId */
	HMS_HIP_CONCURRENT_MANAGED = 9, /* hipDeviceAttribute_t */
	HMS_HIP_MANAGED = 24,
	HMS_HIP_PAGEABLE = 65,
};

#ifndef HMS_HIP_TYPES_GIVEN
typedef unsigned hipError_t;
typedef unsigned hipDeviceAttribute_t;
typedef unsigned hipMemoryAdvise;
typedef unsigned hipStreamCaptureMode;
typedef void *hipDeviceptr_t;
typedef struct ihipStream_t *hipStream_t;
typedef struct ihipMemPoolHandle_t *hipMemPool_t;
typedef struct ihipGraph *hipGraph_t;
typedef struct hipIpcMemHandle_st hipIpcMemHandle_t; /* never looked into */
typedef struct hipPitchedPtr {
	void *ptr;
	size_t pitch, xsize, ysize;
} hipPitchedPtr;
typedef struct hipExtent {
	size_t width, height, depth;
} hipExtent;
#endif

/* Ours stand for these (hooks.def). */
hipError_t hipMalloc(void **out, size_t bytes);
hipError_t hipExtMallocWithFlags(void **out, size_t bytes, unsigned flags);
hipError_t hipMallocManaged(void **out, size_t bytes, unsigned flags);
hipError_t hipMallocPitch(
	void **out, size_t *pitch, size_t width, size_t height);
hipError_t hipMemAllocPitch(hipDeviceptr_t *out, size_t *pitch, size_t width,
	size_t height, unsigned element);
hipError_t hipMalloc3D(hipPitchedPtr *out, hipExtent extent);
hipError_t hipHostMalloc(void **out, size_t bytes, unsigned flags);
hipError_t hipHostAlloc(void **out, size_t bytes, unsigned flags);
hipError_t hipMallocHost(void **out, size_t bytes);
hipError_t hipMemAllocHost(void **out, size_t bytes);
hipError_t hipMallocAsync(void **out, size_t bytes, hipStream_t stream);
hipError_t hipMallocFromPoolAsync(
	void **out, size_t bytes, hipMemPool_t pool, hipStream_t stream);
hipError_t hipFree(void *memory);
hipError_t hipFreeHost(void *memory);
hipError_t hipHostFree(void *memory);
hipError_t hipFreeAsync(void *memory, hipStream_t stream);
hipError_t hipHostRegister(void *memory, size_t bytes, unsigned flags);
hipError_t hipHostUnregister(void *memory);
hipError_t hipHostGetFlags(unsigned *out, void *memory);
hipError_t hipMemGetAddressRange(
	hipDeviceptr_t *base, size_t *bytes, hipDeviceptr_t memory);
hipError_t hipIpcGetMemHandle(hipIpcMemHandle_t *handle, void *memory);
hipError_t hipMemAdvise(
	const void *memory, size_t bytes, hipMemoryAdvise advice, int device);
hipError_t hipMemPrefetchAsync(
	const void *memory, size_t bytes, int device, hipStream_t stream);
hipError_t hipStreamBeginCapture(hipStream_t stream, hipStreamCaptureMode mode);
hipError_t hipStreamEndCapture(hipStream_t stream, hipGraph_t *graph);
#ifndef HMS_HIP_TYPES_GIVEN
/* Since 6.0; the last is of an enum, which none of ours reads. */
hipError_t hipGetProcAddress(const char *symbol, void **out, int version,
	uint64_t flags, void *status);
#endif

/* We only call these. */
hipError_t hipGetDevice(int *device);
hipError_t hipSetDevice(int device);
hipError_t hipGetDeviceCount(int *count);
hipError_t hipDeviceGetAttribute(
	int *value, hipDeviceAttribute_t attribute, int device);
hipError_t hipDeviceTotalMem(size_t *bytes, int device);
hipError_t hipDeviceCanAccessPeer(int *can, int device, int peer);
hipError_t hipDeviceEnablePeerAccess(int peer, unsigned flags);
hipError_t hipDeviceSynchronize(void);
hipError_t hipStreamSynchronize(hipStream_t stream);
hipError_t hipHostGetDevicePointer(void **out, void *host, unsigned flags);
hipError_t hipPeekAtLastError(void);
hipError_t hipGetLastError(void);

#endif
