/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Source: CUDA Driver API 13.0: primary contexts, memory management.  The
 * names with _v2 are those that cuda.h gives the plain ones.
 */
#include "tools/measure/device.h"

static struct {
	int (*init)(unsigned flags);
	int (*get)(int *device, int number);
	int (*retain)(void **context, int device);
	int (*release)(int device);
	int (*current)(void *context);
	int (*alloc)(uint64_t *memory, size_t bytes);
	int (*free)(uint64_t memory);
	int (*reg)(void *host, size_t bytes, unsigned flags);
	int (*unregister)(void *host);
	int (*in)(uint64_t to, const void *host, size_t bytes);
	int (*out)(void *host, uint64_t from, size_t bytes);
	int (*inside)(uint64_t to, uint64_t from, size_t bytes);
	int (*wait)(void);
} cu;

static const struct measure_function functions[] = {
	{ "cuInit", &cu.init },
	{ "cuDeviceGet", &cu.get },
	{ "cuDevicePrimaryCtxRetain", &cu.retain },
	{ "cuDevicePrimaryCtxRelease_v2", &cu.release },
	{ "cuCtxSetCurrent", &cu.current },
	{ "cuMemAlloc_v2", &cu.alloc },
	{ "cuMemFree_v2", &cu.free },
	{ "cuMemHostRegister_v2", &cu.reg },
	{ "cuMemHostUnregister", &cu.unregister },
	{ "cuMemcpyHtoD_v2", &cu.in },
	{ "cuMemcpyDtoH_v2", &cu.out },
	{ "cuMemcpyDtoD_v2", &cu.inside },
	{ "cuCtxSynchronize", &cu.wait },
	{ NULL, NULL },
};

static struct {
	int device;
	void *context, *host;
	size_t bytes;
	uint64_t memory[2];
	bool registered;
} now;

static int open_cuda(void *library)
{
	int rc = measure_functions(library, functions);

	return rc ? rc : cu.init(0);
}

static int begin(unsigned device, void *host, size_t bytes)
{
	int rc = cu.get(&now.device, (int)device);

	now.host = host;
	now.bytes = bytes;
	if (!rc)
		rc = cu.retain(&now.context, now.device);
	if (!rc)
		rc = cu.current(now.context);
	for (unsigned i = 0; !rc && i < 2; i++)
		rc = cu.alloc(&now.memory[i], bytes);
	/* Without, the driver copies through a buffer of its own. */
	if (!rc)
		rc = cu.reg(host, bytes, 0);
	now.registered = !rc;
	return rc;
}

static int copy(enum measure_copy_job job)
{
	int rc = job == MEASURE_COPY_IN
			 ? cu.in(now.memory[0], now.host, now.bytes)
		 : job == MEASURE_COPY_OUT
			 ? cu.out(now.host, now.memory[0], now.bytes)
			 : cu.inside(now.memory[1], now.memory[0], now.bytes);

	/* Copies inside of a device return before they are done. */
	return rc ? rc : cu.wait();
}

static void end(void)
{
	if (now.registered)
		cu.unregister(now.host);
	for (unsigned i = 0; i < 2; i++)
		if (now.memory[i])
			cu.free(now.memory[i]);
	if (now.context)
		cu.release(now.device);
	now.context = NULL;
	now.memory[0] = now.memory[1] = 0;
	now.registered = false;
}

const struct measure_runtime measure_cuda = {
	.name = "cuda",
	.library = "libcuda.so.1",
	.open = open_cuda,
	.begin = begin,
	.copy = copy,
	.end = end,
};
