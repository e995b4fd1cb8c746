/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenCL for test programs that know nothing of HMS.  With -DBY_DLOPEN every
 * function is looked up at run time, as Python's bindings do.
 */
#ifndef TESTS_REAL_OPENCL_H
#define TESTS_REAL_OPENCL_H

#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef BY_DLOPEN
#include <dlfcn.h>

#define FUNCTIONS(X)                                                           \
	X(clGetPlatformIDs)                                                    \
	X(clGetDeviceIDs)                                                      \
	X(clGetDeviceInfo)                                                     \
	X(clCreateContext)                                                     \
	X(clReleaseContext)                                                    \
	X(clCreateCommandQueueWithProperties)                                  \
	X(clReleaseCommandQueue)                                               \
	X(clCreateProgramWithSource)                                           \
	X(clBuildProgram)                                                      \
	X(clReleaseProgram)                                                    \
	X(clCreateKernel)                                                      \
	X(clReleaseKernel)                                                     \
	X(clSetKernelArg)                                                      \
	X(clSetKernelArgSVMPointer)                                            \
	X(clEnqueueNDRangeKernel)                                              \
	X(clFinish)                                                            \
	X(clFlush)                                                             \
	X(clWaitForEvents)                                                     \
	X(clGetEventInfo)                                                      \
	X(clReleaseEvent)                                                      \
	X(clCreateUserEvent)                                                   \
	X(clSetUserEventStatus)                                                \
	X(clSVMAlloc)                                                          \
	X(clSVMFree)                                                           \
	X(clEnqueueSVMFree)                                                    \
	X(clEnqueueSVMMap)                                                     \
	X(clEnqueueSVMUnmap)                                                   \
	X(clEnqueueSVMMemcpy)                                                  \
	X(clEnqueueSVMMigrateMem)                                              \
	X(clEnqueueMigrateMemObjects)                                          \
	X(clCreateBuffer)                                                      \
	X(clCreateBufferWithProperties)                                        \
	X(clCreateSubBuffer)                                                   \
	X(clRetainMemObject)                                                   \
	X(clReleaseMemObject)                                                  \
	X(clGetMemObjectInfo)                                                  \
	X(clSetMemObjectDestructorCallback)                                    \
	X(clEnqueueMapBuffer)                                                  \
	X(clEnqueueUnmapMemObject)                                             \
	X(clEnqueueReadBuffer)                                                 \
	X(clGetExtensionFunctionAddressForPlatform)

#define DECLARE(name) static __typeof__(name) *at_##name;
FUNCTIONS(DECLARE)
#undef DECLARE

__attribute__((constructor(65535))) static void look_up(void)
{
	void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);

#define FIND(name)                                                             \
	at_##name =                                                            \
		library ? (__typeof__(at_##name))dlsym(library, #name) : NULL; \
	if (!at_##name)                                                        \
		exit(77);
	FUNCTIONS(FIND)
#undef FIND
}

#define clGetPlatformIDs at_clGetPlatformIDs
#define clGetDeviceIDs at_clGetDeviceIDs
#define clGetDeviceInfo at_clGetDeviceInfo
#define clCreateContext at_clCreateContext
#define clReleaseContext at_clReleaseContext
#define clCreateCommandQueueWithProperties at_clCreateCommandQueueWithProperties
#define clReleaseCommandQueue at_clReleaseCommandQueue
#define clCreateProgramWithSource at_clCreateProgramWithSource
#define clBuildProgram at_clBuildProgram
#define clReleaseProgram at_clReleaseProgram
#define clCreateKernel at_clCreateKernel
#define clReleaseKernel at_clReleaseKernel
#define clSetKernelArg at_clSetKernelArg
#define clSetKernelArgSVMPointer at_clSetKernelArgSVMPointer
#define clEnqueueNDRangeKernel at_clEnqueueNDRangeKernel
#define clFinish at_clFinish
#define clFlush at_clFlush
#define clWaitForEvents at_clWaitForEvents
#define clGetEventInfo at_clGetEventInfo
#define clReleaseEvent at_clReleaseEvent
#define clCreateUserEvent at_clCreateUserEvent
#define clSetUserEventStatus at_clSetUserEventStatus
#define clSVMAlloc at_clSVMAlloc
#define clSVMFree at_clSVMFree
#define clEnqueueSVMFree at_clEnqueueSVMFree
#define clEnqueueSVMMap at_clEnqueueSVMMap
#define clEnqueueSVMUnmap at_clEnqueueSVMUnmap
#define clEnqueueSVMMemcpy at_clEnqueueSVMMemcpy
#define clEnqueueSVMMigrateMem at_clEnqueueSVMMigrateMem
#define clEnqueueMigrateMemObjects at_clEnqueueMigrateMemObjects
#define clCreateBuffer at_clCreateBuffer
#define clCreateBufferWithProperties at_clCreateBufferWithProperties
#define clCreateSubBuffer at_clCreateSubBuffer
#define clRetainMemObject at_clRetainMemObject
#define clReleaseMemObject at_clReleaseMemObject
#define clGetMemObjectInfo at_clGetMemObjectInfo
#define clSetMemObjectDestructorCallback at_clSetMemObjectDestructorCallback
#define clEnqueueMapBuffer at_clEnqueueMapBuffer
#define clEnqueueUnmapMemObject at_clEnqueueUnmapMemObject
#define clEnqueueReadBuffer at_clEnqueueReadBuffer
#define clGetExtensionFunctionAddressForPlatform                               \
	at_clGetExtensionFunctionAddressForPlatform
#endif

/* Does the kernel say that somebody bound this page?  mbind(2) */
static inline bool is_bound(const void *p)
{
	int mode = 0;

	return !syscall(SYS_get_mempolicy, &mode, NULL, 0, p, 2) && mode != 0;
}

/* Is there memory at all?  mincore(2) */
static inline bool is_mapped(const void *p)
{
	unsigned char there;

	return !mincore(
		(void *)((uintptr_t)p & ~(uintptr_t)4095), 4096, &there);
}

/* One device, one queue, one kernel that reads and writes every element. */
struct machine {
	cl_platform_id platform;
	cl_device_id device;
	cl_context context;
	cl_command_queue queue;
	cl_program program;
	cl_kernel kernel;
};

static inline void must(cl_int rc, const char *what)
{
	if (rc == CL_SUCCESS)
		return;
	printf("%s says %d\n", what, rc);
	exit(1);
}

static inline void machine_open(struct machine *m)
{
	static const char source[] =
		"kernel void advance(global uint *a)"
		"{ size_t i = get_global_id(0); a[i] = a[i] * 3 + (uint)i; }";
	const char *text = source;
	cl_uint count = 0;
	cl_int rc;

	/* Exit status 77: no driver here. */
	if (clGetPlatformIDs(1, &m->platform, &count) || !count)
		exit(77);
	must(clGetDeviceIDs(
		     m->platform, CL_DEVICE_TYPE_ALL, 1, &m->device, NULL),
		"clGetDeviceIDs");
	m->context = clCreateContext(NULL, 1, &m->device, NULL, NULL, &rc);
	must(rc, "clCreateContext");
	m->queue = clCreateCommandQueueWithProperties(
		m->context, m->device, NULL, &rc);
	must(rc, "clCreateCommandQueueWithProperties");
	m->program = clCreateProgramWithSource(m->context, 1, &text, NULL, &rc);
	must(rc, "clCreateProgramWithSource");
	must(clBuildProgram(m->program, 1, &m->device, "", NULL, NULL),
		"clBuildProgram");
	m->kernel = clCreateKernel(m->program, "advance", &rc);
	must(rc, "clCreateKernel");
}

static inline void machine_close(struct machine *m)
{
	clReleaseKernel(m->kernel);
	clReleaseProgram(m->program);
	clReleaseCommandQueue(m->queue);
	clReleaseContext(m->context);
}

/* The kernel over n elements; its argument is set. */
static inline void machine_run(struct machine *m, size_t n)
{
	must(clEnqueueNDRangeKernel(
		     m->queue, m->kernel, 1, NULL, &n, NULL, 0, NULL, NULL),
		"clEnqueueNDRangeKernel");
	must(clFinish(m->queue), "clFinish");
}

static inline void elements_fill(cl_uint *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i] = (cl_uint)(i * 7 + 1);
}

/* Did the kernel run over what elements_fill() wrote, once? */
static inline bool elements_right(const cl_uint *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != (cl_uint)(i * 7 + 1) * 3 + (cl_uint)i)
			return false;
	return true;
}

#endif
