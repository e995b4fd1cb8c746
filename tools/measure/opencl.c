/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Source: the OpenCL 3.0 API specification.  Devices are counted through all
 * platforms, in the loader's order, as the reader of devices does.
 */
#include "tools/measure/device.h"

enum { MOST_PLATFORMS = 16, MOST_DEVICES = 64 };

#define TYPE_ALL 0xFFFFFFFFu
#define READ_WRITE (1u << 0)
#define USE_HOST_PTR (1u << 3)
#define MAP_BOTH 3u /* CL_MAP_READ | CL_MAP_WRITE */

static struct {
	int (*platforms)(uint32_t max, void **out, uint32_t *count);
	int (*devices)(void *platform, uint64_t type, uint32_t max, void **out,
		uint32_t *count);
	void *(*context)(const intptr_t *properties, uint32_t n,
		void *const *devices, void *notify, void *arg, int *rc);
	void *(*queue)(
		void *context, void *device, uint64_t properties, int *rc);
	void *(*buffer)(void *context, uint64_t flags, size_t bytes, void *host,
		int *rc);
	void *(*map)(void *queue, void *buffer, uint32_t blocking,
		uint64_t flags, size_t offset, size_t bytes, uint32_t nwait,
		const void *wait, void *event, int *rc);
	int (*unmap)(void *queue, void *buffer, void *at, uint32_t nwait,
		const void *wait, void *event);
	int (*write)(void *queue, void *buffer, uint32_t blocking,
		size_t offset, size_t bytes, const void *host, uint32_t nwait,
		const void *wait, void *event);
	int (*read)(void *queue, void *buffer, uint32_t blocking, size_t offset,
		size_t bytes, void *host, uint32_t nwait, const void *wait,
		void *event);
	int (*copy)(void *queue, void *from, void *to, size_t from_offset,
		size_t to_offset, size_t bytes, uint32_t nwait,
		const void *wait, void *event);
	int (*finish)(void *queue);
	int (*release_buffer)(void *buffer);
	int (*release_queue)(void *queue);
	int (*release_context)(void *context);
} cl;

static const struct measure_function functions[] = {
	{ "clGetPlatformIDs", &cl.platforms },
	{ "clGetDeviceIDs", &cl.devices },
	{ "clCreateContext", &cl.context },
	{ "clCreateCommandQueue", &cl.queue },
	{ "clCreateBuffer", &cl.buffer },
	{ "clEnqueueMapBuffer", &cl.map },
	{ "clEnqueueUnmapMemObject", &cl.unmap },
	{ "clEnqueueWriteBuffer", &cl.write },
	{ "clEnqueueReadBuffer", &cl.read },
	{ "clEnqueueCopyBuffer", &cl.copy },
	{ "clFinish", &cl.finish },
	{ "clReleaseMemObject", &cl.release_buffer },
	{ "clReleaseCommandQueue", &cl.release_queue },
	{ "clReleaseContext", &cl.release_context },
	{ NULL, NULL },
};

static struct {
	void *context, *queue;
	void *host_buffer; /* over the host's memory: pinned by most drivers */
	void *host; /* where that is mapped */
	void *buffer[2];
	size_t bytes;
} now;

static int open_opencl(void *library)
{
	return measure_functions(library, functions);
}

static void *find(unsigned number)
{
	void *platforms[MOST_PLATFORMS], *devices[MOST_DEVICES];
	uint32_t nplatforms = 0, n;

	if (cl.platforms(MOST_PLATFORMS, platforms, &nplatforms))
		return NULL;
	for (uint32_t p = 0; p < nplatforms && p < MOST_PLATFORMS; p++) {
		n = 0;
		if (cl.devices(
			    platforms[p], TYPE_ALL, MOST_DEVICES, devices, &n))
			continue;
		if (n > MOST_DEVICES)
			n = MOST_DEVICES;
		if (number < n)
			return devices[number];
		number -= n;
	}
	return NULL;
}

static int begin(unsigned number, void *host, size_t bytes)
{
	void *device = find(number);
	int rc = 0;

	if (!device)
		return -1;
	now.bytes = bytes;
	now.context = cl.context(NULL, 1, &device, NULL, NULL, &rc);
	if (!rc)
		now.queue = cl.queue(now.context, device, 0, &rc);
	for (unsigned i = 0; !rc && i < 2; i++)
		now.buffer[i] =
			cl.buffer(now.context, READ_WRITE, bytes, NULL, &rc);
	if (!rc)
		now.host_buffer = cl.buffer(now.context,
			READ_WRITE | USE_HOST_PTR, bytes, host, &rc);
	if (!rc)
		now.host = cl.map(now.queue, now.host_buffer, 1, MAP_BOTH, 0,
			bytes, 0, NULL, NULL, &rc);
	return rc;
}

static int copy(enum measure_copy_job job)
{
	int rc = job == MEASURE_COPY_IN
			 ? cl.write(now.queue, now.buffer[0], 1, 0, now.bytes,
				   now.host, 0, NULL, NULL)
		 : job == MEASURE_COPY_OUT
			 ? cl.read(now.queue, now.buffer[0], 1, 0, now.bytes,
				   now.host, 0, NULL, NULL)
			 : cl.copy(now.queue, now.buffer[0], now.buffer[1], 0,
				   0, now.bytes, 0, NULL, NULL);

	return rc ? rc : cl.finish(now.queue);
}

static void end(void)
{
	if (now.host)
		cl.unmap(now.queue, now.host_buffer, now.host, 0, NULL, NULL);
	if (now.queue)
		cl.finish(now.queue);
	if (now.host_buffer)
		cl.release_buffer(now.host_buffer);
	for (unsigned i = 0; i < 2; i++)
		if (now.buffer[i])
			cl.release_buffer(now.buffer[i]);
	if (now.queue)
		cl.release_queue(now.queue);
	if (now.context)
		cl.release_context(now.context);
	now.context = now.queue = now.host = now.host_buffer = NULL;
	now.buffer[0] = now.buffer[1] = NULL;
}

const struct measure_runtime measure_opencl = {
	.name = "opencl",
	.library = "libOpenCL.so.1",
	.open = open_opencl,
	.begin = begin,
	.copy = copy,
	.end = end,
};
