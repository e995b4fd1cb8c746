/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small CUDA run-time of our own, for tests: finds the driver as NVIDIA's
 * does (dlopen of the bare name, dlsym of one resolver, everything else from
 * that), and calls it.  Built as a library and as an archive, for each thread's
 * own stream (OWN), and as an older one (OLD), which knows the resolver of four
 * arguments and the devices' numbers of CUDA 11.
 *
 * Without a driver it says 35, with a driver that has no device 100.
 */
#include "tests/vendor/minicudart.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>

#include "shims/cuda_driver.h"

#ifdef OWN
#define FLAGS 2
#else
#define FLAGS 0
#endif

static struct {
	CUresult (*init)(unsigned flags);
	CUresult (*count)(int *out);
	CUresult (*set)(CUcontext context);
	CUresult (*stream)(CUstream *out, unsigned flags);
	CUresult (*in)(CUdeviceptr to, const void *from, size_t bytes);
	CUresult (*out)(void *to, CUdeviceptr from, size_t bytes);
	CUresult (*device)(CUdeviceptr to, CUdeviceptr from, size_t bytes);
	CUresult (*reset)(CUdevice device);
	__typeof__(&cuDevicePrimaryCtxRetain) retain;
	__typeof__(&cuMemAlloc_v2) alloc;
	__typeof__(&cuMemAllocPitch_v2) pitch;
	__typeof__(&cuMemAllocManaged) managed;
	__typeof__(&cuMemAllocHost_v2) alloc_host;
	__typeof__(&cuMemHostAlloc) host_alloc;
	__typeof__(&cuMemHostGetFlags) host_flags;
	__typeof__(&cuMemHostRegister_v2) pin;
	__typeof__(&cuMemHostUnregister) unpin;
	__typeof__(&cuMemAllocAsync) async;
	__typeof__(&cuMemFree_v2) free;
	__typeof__(&cuMemFreeHost) free_host;
	__typeof__(&cuMemFreeAsync) free_async;
	__typeof__(&cuMemGetInfo_v2) info;
	__typeof__(&cuStreamBeginCapture_v2) begin;
	__typeof__(&cuStreamEndCapture) end;
	__typeof__(&cuIpcGetMemHandle) ipc;
	__typeof__(&cuLaunchKernel) launch;
	__typeof__(&cuMemGetAddressRange_v2) range;
	__typeof__(&cuPointerGetAttribute) attribute;
#ifdef OLD
	__typeof__(&cuMemPrefetchAsync) prefetch;
#else
	__typeof__(&cuMemPrefetchAsync_v2) prefetch;
#endif
} cu;

static const struct {
	const char *base;
	int version;
	void *at;
} wanted[] = {
	{ "cuInit", 2000, &cu.init },
	{ "cuDeviceGetCount", 2000, &cu.count },
	{ "cuCtxSetCurrent", 4000, &cu.set },
	{ "cuStreamCreate", 2000, &cu.stream },
	{ "cuMemcpyHtoD", 3020, &cu.in },
	{ "cuMemcpyDtoH", 3020, &cu.out },
	{ "cuMemcpyDtoD", 3020, &cu.device },
	{ "cuDevicePrimaryCtxReset", 11000, &cu.reset },
	{ "cuDevicePrimaryCtxRetain", 7000, &cu.retain },
	{ "cuMemAlloc", 3020, &cu.alloc },
	{ "cuMemAllocPitch", 3020, &cu.pitch },
	{ "cuMemAllocManaged", 6000, &cu.managed },
	{ "cuMemAllocHost", 3020, &cu.alloc_host },
	{ "cuMemHostAlloc", 2020, &cu.host_alloc },
	{ "cuMemHostGetFlags", 2030, &cu.host_flags },
	{ "cuMemHostRegister", 6050, &cu.pin },
	{ "cuMemHostUnregister", 4000, &cu.unpin },
	{ "cuMemAllocAsync", 11020, &cu.async },
	{ "cuMemFree", 3020, &cu.free },
	{ "cuMemFreeHost", 2000, &cu.free_host },
	{ "cuMemFreeAsync", 11020, &cu.free_async },
	{ "cuMemGetInfo", 3020, &cu.info },
	{ "cuStreamBeginCapture", 10010, &cu.begin },
	{ "cuStreamEndCapture", 10000, &cu.end },
	{ "cuIpcGetMemHandle", 4010, &cu.ipc },
	{ "cuLaunchKernel", 7000, &cu.launch },
	{ "cuMemGetAddressRange", 3020, &cu.range },
	{ "cuPointerGetAttribute", 4000, &cu.attribute },
#ifdef OLD
	{ "cuMemPrefetchAsync", 8000, &cu.prefetch },
#else
	{ "cuMemPrefetchAsync", 12020, &cu.prefetch },
#endif
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int state; /* 0: ready */
static int ndevices;
static __thread int current;
static __thread int bound = -1;

static int find(void *driver)
{
#ifdef OLD
	__typeof__(&cuGetProcAddress) resolve =
		(__typeof__(&cuGetProcAddress))dlsym(
			driver, "cuGetProcAddress");
#else
	__typeof__(&cuGetProcAddress_v2) resolve =
		(__typeof__(&cuGetProcAddress_v2))dlsym(
			driver, "cuGetProcAddress_v2");
#endif
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
#ifdef OLD
		if (!resolve || resolve(wanted[i].base, wanted[i].at,
					wanted[i].version, FLAGS))
			return cudaErrorInsufficientDriver;
#else
		if (!resolve || resolve(wanted[i].base, wanted[i].at,
					wanted[i].version, FLAGS, NULL))
			return cudaErrorInsufficientDriver;
#endif
	}
	return 0;
}

static void start(void)
{
	void *driver = dlopen("libcuda.so.1", RTLD_NOW);

	state = driver ? find(driver) : cudaErrorInsufficientDriver;
	if (!state)
		state = cu.init(0);
	if (!state)
		state = cu.count(&ndevices);
}

static int ready(void)
{
	CUcontext context;
	int rc;

	pthread_once(&once, start);
	if (state || bound == current)
		return state;
	rc = cu.retain(&context, current);
	if (!rc)
		rc = cu.set(context);
	if (!rc)
		bound = current;
	return rc;
}

#define ON_DRIVER(call)                                                        \
	do {                                                                   \
		int rc_ = ready();                                             \
		return rc_ ? rc_ : (int)(call);                                \
	} while (0)

static CUdeviceptr ptr(const void *memory)
{
	return (uintptr_t)memory;
}

int cudaGetDeviceCount(int *out)
{
	int rc = ready();

	*out = ndevices;
	return rc;
}

int cudaSetDevice(int device)
{
	current = device;
	return ready();
}

int cudaMalloc(void **out, size_t bytes)
{
	ON_DRIVER(cu.alloc((CUdeviceptr *)out, bytes));
}

int cudaMallocPitch(void **out, size_t *pitch, size_t width, size_t height)
{
	ON_DRIVER(cu.pitch((CUdeviceptr *)out, pitch, width, height, 4));
}

int cudaMallocManaged(void **out, size_t bytes, unsigned flags)
{
	ON_DRIVER(cu.managed((CUdeviceptr *)out, bytes, flags));
}

int cudaMallocHost(void **out, size_t bytes)
{
	ON_DRIVER(cu.alloc_host(out, bytes));
}

int cudaHostAlloc(void **out, size_t bytes, unsigned flags)
{
	ON_DRIVER(cu.host_alloc(out, bytes, flags));
}

int cudaHostGetFlags(unsigned *out, void *memory)
{
	ON_DRIVER(cu.host_flags(out, memory));
}

int cudaHostRegister(void *memory, size_t bytes, unsigned flags)
{
	ON_DRIVER(cu.pin(memory, bytes, flags));
}

int cudaHostUnregister(void *memory)
{
	ON_DRIVER(cu.unpin(memory));
}

int cudaMallocAsync(void **out, size_t bytes, cudaStream_t stream)
{
	ON_DRIVER(cu.async((CUdeviceptr *)out, bytes, stream));
}

int cudaFree(void *memory)
{
	ON_DRIVER(cu.free(ptr(memory)));
}

int cudaFreeHost(void *memory)
{
	ON_DRIVER(cu.free_host(memory));
}

int cudaFreeAsync(void *memory, cudaStream_t stream)
{
	ON_DRIVER(cu.free_async(ptr(memory), stream));
}

int cudaMemcpyIn(void *to, const void *from, size_t bytes)
{
	ON_DRIVER(cu.in(ptr(to), from, bytes));
}

int cudaMemcpyOut(void *to, const void *from, size_t bytes)
{
	ON_DRIVER(cu.out(to, ptr(from), bytes));
}

int cudaMemcpyDevice(void *to, const void *from, size_t bytes)
{
	ON_DRIVER(cu.device(ptr(to), ptr(from), bytes));
}

int cudaDeviceReset(void)
{
	int rc = ready();

	if (!rc)
		rc = cu.reset(current);
	bound = -1;
	return rc;
}

int cudaMemGetInfo(size_t *free, size_t *total)
{
	ON_DRIVER(cu.info(free, total));
}

int cudaStreamCreate(cudaStream_t *out)
{
	ON_DRIVER(cu.stream(out, 0));
}

int cudaStreamBeginCapture(cudaStream_t stream)
{
	ON_DRIVER(cu.begin(stream, 0));
}

int cudaStreamEndCapture(cudaStream_t stream)
{
	CUgraph graph;

	ON_DRIVER(cu.end(stream, &graph));
}

int cudaIpcGetMemHandle(cudaIpcMemHandle_t *out, void *memory)
{
	ON_DRIVER(cu.ipc((CUipcMemHandle *)out, ptr(memory)));
}

int cudaMemPrefetchAsync(
	void *memory, size_t bytes, int device, cudaStream_t stream)
{
#ifdef OLD
	ON_DRIVER(cu.prefetch(ptr(memory), bytes, device, stream));
#else
	const CUmemLocation to = { device < 0 ? 2 : 1, device };

	ON_DRIVER(cu.prefetch(ptr(memory), bytes, to, 0, stream));
#endif
}

int cudaLaunch(cudaStream_t stream)
{
	ON_DRIVER(cu.launch(NULL, 1, 1, 1, 32, 1, 1, 0, stream, NULL, NULL));
}

int cudaRange(void *memory, void **base, size_t *bytes)
{
	ON_DRIVER(cu.range((CUdeviceptr *)base, bytes, ptr(memory)));
}

int cudaManaged(void *memory, unsigned *is)
{
	ON_DRIVER(cu.attribute(is, 8, ptr(memory)));
}
