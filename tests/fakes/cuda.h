/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of the double of libcuda.so.1.  Prototypes are our own header's,
 * which a test holds against the vendor's.
 *
 * The file that HMS_FAKES_CALLS names gets a line for each call, with its
 * arguments but for addresses.
 */
#ifndef TESTS_FAKES_CUDA_H
#define TESTS_FAKES_CUDA_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shims/cuda_driver.h"
#include "tests/fakes/fake.h"

enum {
	OK = 0,
	INVALID_VALUE = 1,
	OUT_OF_MEMORY = 2,
	NOT_INITIALIZED = 3,
	NO_DEVICE = 100,
	INVALID_DEVICE = 101,
	INVALID_CONTEXT = 201
};

enum fake_kind { FAKE_DEVICE, FAKE_MANAGED, FAKE_HOST, FAKE_ORDERED };

struct fake_memory {
	struct fake_memory *next;
	uintptr_t start;
	size_t size;
	enum fake_kind kind;
	int device; /* -1: the host */
	int node; /* HOST: its flags */
	int sent; /* last prefetch; -2: none */
	void *view; /* MANAGED: as devices see it */
};

/* Not of the part that the shims use. */
CUresult cuInit(unsigned flags);
CUresult cuDriverGetVersion(int *version);
CUresult cuDeviceGetName(char *name, int len, CUdevice device);
CUresult cuDeviceGetPCIBusId(char *address, int len, CUdevice device);
CUresult cuDeviceGetP2PAttribute(int *value, int attribute, int from, int to);
CUresult cuCtxSetCurrent(CUcontext to);
CUresult cuDevicePrimaryCtxReset_v2(CUdevice device);
CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *host, size_t bytes);
CUresult cuMemcpyDtoH_v2(void *host, CUdeviceptr from, size_t bytes);
CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes);
CUresult cuStreamCreate(CUstream *out, unsigned flags);
CUresult cuStreamDestroy_v2(CUstream stream);

CUresult fake_begin(const char *function);
CUresult fake_begin_with(const char *function, int device);
CUresult fake_in_context(const char *function);
void fake_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
size_t fake_memory_of(int device);
bool fake_hides(int device);
int fake_device_now(void);
CUresult fake_alloc(CUdeviceptr *out, size_t bytes, enum fake_kind kind,
	int device, int node);
CUresult fake_free(CUdeviceptr start, unsigned kinds);
struct fake_memory *fake_find(CUdeviceptr address);

#endif
