/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small part of CUDA's run-time API that tests use, and that
 * minicudart.c has.  Names and numbers are the vendor's; returned are the
 * driver's codes, which are the same for what matters here.
 */
#ifndef TESTS_VENDOR_MINICUDART_H
#define TESTS_VENDOR_MINICUDART_H

#include <stddef.h>

enum {
	cudaSuccess = 0,
	cudaErrorMemoryAllocation = 2,
	cudaErrorInsufficientDriver = 35,
	cudaErrorNoDevice = 100
};

typedef struct CUstream_st *cudaStream_t;
typedef struct {
	char reserved[64];
} cudaIpcMemHandle_t;

int cudaGetDeviceCount(int *out);
int cudaSetDevice(int device);
int cudaMalloc(void **out, size_t bytes);
int cudaMallocPitch(void **out, size_t *pitch, size_t width, size_t height);
int cudaMallocManaged(void **out, size_t bytes, unsigned flags);
int cudaMallocHost(void **out, size_t bytes);
int cudaHostAlloc(void **out, size_t bytes, unsigned flags);
int cudaHostGetFlags(unsigned *out, void *memory);
int cudaHostRegister(void *memory, size_t bytes, unsigned flags);
int cudaHostUnregister(void *memory);
int cudaMallocAsync(void **out, size_t bytes, cudaStream_t stream);
int cudaFree(void *memory);
int cudaFreeHost(void *memory);
int cudaFreeAsync(void *memory, cudaStream_t stream);
int cudaMemcpyIn(void *to, const void *from, size_t bytes);
int cudaMemcpyOut(void *to, const void *from, size_t bytes);
int cudaMemcpyDevice(void *to, const void *from, size_t bytes);
int cudaDeviceReset(void);
int cudaMemGetInfo(size_t *free, size_t *total);
int cudaStreamCreate(cudaStream_t *out);
int cudaStreamBeginCapture(cudaStream_t stream);
int cudaStreamEndCapture(cudaStream_t stream);
int cudaIpcGetMemHandle(cudaIpcMemHandle_t *out, void *memory);
int cudaMemPrefetchAsync(
	void *memory, size_t bytes, int device, cudaStream_t stream);
int cudaLaunch(cudaStream_t stream);
int cudaRange(void *memory, void **base, size_t *bytes);
int cudaManaged(void *memory, unsigned *is);

#endif
