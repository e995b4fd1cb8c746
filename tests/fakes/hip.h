/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the double of libamdhip64.so.6 share. */
#ifndef TESTS_FAKES_HIP_H
#define TESTS_FAKES_HIP_H

#include <stddef.h>
#include <stdint.h>

#include "tests/fakes/fake.h"

enum {
	OK = 0,
	INVALID_VALUE = 1,
	OUT_OF_MEMORY = 2,
	NOT_FOUND = 500,
	INVALID_DEVICE = 101,
	PEER_UNSUPPORTED = 217,
	PEER_ALREADY_ENABLED = 704,
	HOST_ALREADY_REGISTERED = 712,
	HOST_NOT_REGISTERED = 713,
	CAPTURE_UNSUPPORTED = 900,
	CAPTURE_INVALID = 901,
};

enum hip_kind { NONE, DEVICE, MANAGED, HOST, REGISTERED, ORDERED };

struct piece {
	char *start;
	size_t size;
	enum hip_kind kind;
	int device, preferred;
	unsigned flags;
};

/* The piece that holds an address, locked; NULL: unlocked. */
struct piece *hip_find(const void *p);
void hip_leave(void);
int hip_add(void *start, size_t size, enum hip_kind kind, unsigned flags);
int hip_count(void); /* of devices */
extern __thread int hip_current;

/* What the program calls.  Those of HMS would be reached through the PLT. */

int hipGetDevice(int *device);
int hipSetDevice(int device);
int hipMalloc(void **out, size_t size);
int hipExtMallocWithFlags(void **out, size_t size, unsigned flags);
int hipMallocManaged(void **out, size_t size, unsigned flags);
int hipMallocPitch(void **out, size_t *pitch, size_t width, size_t height);
int hipMemAllocPitch(void **out, size_t *pitch, size_t width, size_t height,
	unsigned element);
struct pitched {
	void *ptr;
	size_t pitch, xsize, ysize;
};
struct extent {
	size_t width, height, depth;
};
int hipMalloc3D(struct pitched *out, struct extent extent);
int hipHostMalloc(void **out, size_t size, unsigned flags);
int hipHostAlloc(void **out, size_t size, unsigned flags);
int hipMallocHost(void **out, size_t size);
int hipMemAllocHost(void **out, size_t size);
int hipMallocAsync(void **out, size_t size, void *stream);
int hipMallocFromPoolAsync(void **out, size_t size, void *pool, void *stream);
int hipFree(void *p);
int hipFreeHost(void *p);
int hipHostFree(void *p);
int hipFreeAsync(void *p, void *stream);
int hipHostRegister(void *p, size_t size, unsigned flags);
int hipHostUnregister(void *p);
int hipHostGetFlags(unsigned *out, void *p);
int hipHostGetDevicePointer(void **out, void *p, unsigned flags);
int hipMemGetAddressRange(void **base, size_t *size, void *p);
int hipIpcGetMemHandle(void *handle, void *p);
int hipMemAdvise(const void *p, size_t size, unsigned advice, int device);
int hipMemPrefetchAsync(const void *p, size_t size, int device, void *stream);
int hipDeviceEnablePeerAccess(int peer, unsigned flags);
int hipDeviceSynchronize(void);
int hipStreamSynchronize(void *stream);
int hipStreamBeginCapture(void *stream, unsigned mode);
int hipStreamEndCapture(void *stream, void **graph);
int hipPointerGetAttributes(void *out, const void *p);
int hipGetProcAddress(const char *symbol, void **out, int version,
	uint64_t flags, void *status);
int hipPeekAtLastError(void);
int hipGetLastError(void);
/* The result of a call that failed: the thread's last error. */
int hip_failed(int rc);

#define BEGIN(name)                                                            \
	do {                                                                   \
		int rc_ = (int)fake_call("hip", name);                         \
		if (rc_)                                                       \
			return hip_failed(rc_);                                \
	} while (0)

#endif
