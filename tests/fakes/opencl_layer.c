/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A layer of OpenCL for tests, put beneath HMS's: between it and the driver.
 * FAKE_CL holds words:
 *
 *	count		at exit, a line "layer: clSVMAlloc 3 ..."
 *	gpu		devices say that they are GPUs
 *	coarse		with coarse-grained SVM only
 *	system		with SVM of the system's memory
 *	strict		memory that is not of clSVMAlloc is not migrated
 *	arm		there is cl_arm_shared_virtual_memory
 *	usm		there is cl_intel_unified_shared_memory
 *	apart		but no concurrent access to it
 *	fail=NAME	that function fails, as it may
 *	fail=use	buffers over host memory cannot be made
 */
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl_ext.h>
#include <CL/cl_layer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cl_icd_dispatch table;
static const cl_icd_dispatch *next;
static int allocated, created, armed;

static int told(const char *word)
{
	const char *list = getenv("FAKE_CL");
	size_t len = strlen(word);

	for (; list && *list; list += strcspn(list, " "), list += *list == ' ')
		if (!strncmp(list, word, len) &&
			(!list[len] || list[len] == ' '))
			return 1;
	return 0;
}

static void CL_API_CALL my_svm_free(cl_context context, void *p);

/* What clSVMAlloc gave; tests hold few at a time. */
static struct {
	void *start;
	size_t size;
} svm[4096];
static int lock;

static void note(void *start, size_t size, void *was)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		;
	for (size_t i = 0; i < sizeof(svm) / sizeof(*svm); i++) {
		if (svm[i].start != was)
			continue;
		svm[i].start = start;
		svm[i].size = size;
		break;
	}
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static int is_svm(const void *p)
{
	for (size_t i = 0; i < sizeof(svm) / sizeof(*svm); i++)
		if (svm[i].start && (const char *)p >= (char *)svm[i].start &&
			(const char *)p < (char *)svm[i].start + svm[i].size)
			return 1;
	return 0;
}

static void *CL_API_CALL my_svm_alloc(
	cl_context context, cl_svm_mem_flags flags, size_t size, cl_uint align)
{
	void *p;

	allocated++;
	if (told("fail=clSVMAlloc"))
		return NULL;
	p = next->clSVMAlloc(context, flags, size, align);
	if (p)
		note(p, size, NULL);
	return p;
}

static void CL_API_CALL my_svm_free(cl_context context, void *p)
{
	if (p)
		note(NULL, 0, p);
	next->clSVMFree(context, p);
}

static cl_int CL_API_CALL my_enqueue_free(cl_command_queue queue, cl_uint n,
	void **pointers,
	void(CL_CALLBACK *done)(cl_command_queue, cl_uint, void **, void *),
	void *arg, cl_uint nwaits, const cl_event *waits, cl_event *event)
{
	if (told("fail=clEnqueueSVMFree"))
		return CL_OUT_OF_RESOURCES;
	return next->clEnqueueSVMFree(
		queue, n, pointers, done, arg, nwaits, waits, event);
}

static cl_int CL_API_CALL my_migrate(cl_command_queue queue, cl_uint n,
	const void **pointers, const size_t *sizes,
	cl_mem_migration_flags flags, cl_uint nwaits, const cl_event *waits,
	cl_event *event)
{
	if (told("fail=clEnqueueSVMMigrateMem"))
		return CL_OUT_OF_RESOURCES;
	for (cl_uint i = 0; told("strict") && i < n; i++)
		if (!is_svm(pointers[i]))
			return CL_INVALID_VALUE;
	return next->clEnqueueSVMMigrateMem(
		queue, n, pointers, sizes, flags, nwaits, waits, event);
}

static cl_mem CL_API_CALL my_create(cl_context context, cl_mem_flags flags,
	size_t size, void *host, cl_int *error)
{
	created++;
	if (told("fail=clCreateBuffer") ||
		(told("fail=use") && (flags & CL_MEM_USE_HOST_PTR))) {
		if (error)
			*error = CL_MEM_OBJECT_ALLOCATION_FAILURE;
		return NULL;
	}
	return next->clCreateBuffer(context, flags, size, host, error);
}

static cl_int CL_API_CALL my_callback(
	cl_mem object, void(CL_CALLBACK *done)(cl_mem, void *), void *arg)
{
	if (told("fail=clSetMemObjectDestructorCallback"))
		return CL_OUT_OF_HOST_MEMORY;
	return next->clSetMemObjectDestructorCallback(object, done, arg);
}

static cl_int CL_API_CALL my_context_info(cl_context context,
	cl_context_info what, size_t size, void *out, size_t *size_ret)
{
	if (told("fail=clGetContextInfo"))
		return CL_OUT_OF_HOST_MEMORY;
	return next->clGetContextInfo(context, what, size, out, size_ret);
}

static cl_int CL_API_CALL my_queue_info(cl_command_queue queue,
	cl_command_queue_info what, size_t size, void *out, size_t *size_ret)
{
	if (told("fail=clGetCommandQueueInfo"))
		return CL_OUT_OF_HOST_MEMORY;
	return next->clGetCommandQueueInfo(queue, what, size, out, size_ret);
}

static cl_int CL_API_CALL my_device_info(cl_device_id device,
	cl_device_info what, size_t size, void *out, size_t *size_ret)
{
	cl_int rc;

	if (what == CL_DEVICE_TYPE && told("fail=clGetDeviceInfo"))
		return CL_OUT_OF_HOST_MEMORY;
	if (what == CL_DEVICE_SVM_CAPABILITIES_ARM)
		what = CL_DEVICE_SVM_CAPABILITIES;
	if (told("usm") && what >= CL_DEVICE_HOST_MEM_CAPABILITIES_INTEL &&
		what <= CL_DEVICE_SHARED_SYSTEM_MEM_CAPABILITIES_INTEL) {
		*(cl_bitfield *)out = told("apart") ? 1 : 1 | 4;
		return CL_SUCCESS;
	}
	rc = next->clGetDeviceInfo(device, what, size, out, size_ret);
	if (rc || !out)
		return rc;
	if (what == CL_DEVICE_TYPE && told("gpu"))
		*(cl_device_type *)out = CL_DEVICE_TYPE_GPU;
	if (what == CL_DEVICE_SVM_CAPABILITIES && told("coarse"))
		*(cl_device_svm_capabilities *)out =
			CL_DEVICE_SVM_COARSE_GRAIN_BUFFER;
	if (what == CL_DEVICE_SVM_CAPABILITIES && told("system"))
		*(cl_device_svm_capabilities *)out |=
			CL_DEVICE_SVM_FINE_GRAIN_SYSTEM;
	return rc;
}

static void *CL_API_CALL arm_alloc(
	cl_context context, cl_svm_mem_flags flags, size_t size, cl_uint align)
{
	armed++;
	return my_svm_alloc(context, flags, size, align);
}

/* What USM memory plays; its memory is the driver's SVM. */
static struct {
	void *start;
	cl_unified_shared_memory_type_intel type;
} usm[64];

static void *usm_get(cl_context context,
	cl_unified_shared_memory_type_intel type, size_t size, cl_int *error)
{
	void *p = next->clSVMAlloc(context, 0, size, 0);

	for (size_t i = 0; p && i < sizeof(usm) / sizeof(*usm); i++) {
		if (usm[i].start)
			continue;
		usm[i].start = p;
		usm[i].type = type;
		break;
	}
	if (error)
		*error = p ? CL_SUCCESS : CL_OUT_OF_RESOURCES;
	return p;
}

static void *CL_API_CALL usm_device(cl_context context, cl_device_id device,
	const cl_mem_properties_intel *properties, size_t size, cl_uint align,
	cl_int *error)
{
	return usm_get(context, CL_MEM_TYPE_DEVICE_INTEL, size, error);
}

static void *CL_API_CALL usm_shared(cl_context context, cl_device_id device,
	const cl_mem_properties_intel *properties, size_t size, cl_uint align,
	cl_int *error)
{
	if (told("fail=clSharedMemAllocINTEL")) {
		*error = CL_OUT_OF_RESOURCES;
		return NULL;
	}
	return usm_get(context, CL_MEM_TYPE_SHARED_INTEL, size, error);
}

static cl_int CL_API_CALL usm_free(cl_context context, void *p)
{
	for (size_t i = 0; i < sizeof(usm) / sizeof(*usm); i++)
		if (usm[i].start == p)
			usm[i].start = NULL;
	next->clSVMFree(context, p);
	return CL_SUCCESS;
}

static cl_int CL_API_CALL usm_info(cl_context context, const void *p,
	cl_mem_info_intel what, size_t size, void *out, size_t *size_ret)
{
	cl_unified_shared_memory_type_intel type = CL_MEM_TYPE_UNKNOWN_INTEL;

	if (what != CL_MEM_ALLOC_TYPE_INTEL)
		return CL_INVALID_VALUE;
	for (size_t i = 0; i < sizeof(usm) / sizeof(*usm); i++)
		if (usm[i].start == p)
			type = usm[i].type;
	memcpy(out, &type, sizeof(type));
	return CL_SUCCESS;
}

static void *CL_API_CALL my_extension(cl_platform_id platform, const char *name)
{
	if (told("arm") && !strcmp(name, "clSVMAllocARM"))
		return (void *)arm_alloc;
	if (told("arm") && !strcmp(name, "clSVMFreeARM"))
		return (void *)my_svm_free;
	if (told("arm") && !strcmp(name, "clEnqueueSVMFreeARM"))
		return (void *)my_enqueue_free;
	if (told("usm") && !strcmp(name, "clDeviceMemAllocINTEL"))
		return (void *)usm_device;
	if (told("usm") && !strcmp(name, "clSharedMemAllocINTEL"))
		return (void *)usm_shared;
	if (told("usm") && !strcmp(name, "clMemFreeINTEL"))
		return (void *)usm_free;
	if (told("usm") && !strcmp(name, "clMemBlockingFreeINTEL"))
		return (void *)usm_free;
	if (told("usm") && !strcmp(name, "clGetMemAllocInfoINTEL"))
		return (void *)usm_info;
	return next->clGetExtensionFunctionAddressForPlatform(platform, name);
}

CL_API_ENTRY cl_int CL_API_CALL clGetLayerInfo(
	cl_layer_info what, size_t size, void *out, size_t *size_ret)
{
	if (what != CL_LAYER_API_VERSION || (out && size < sizeof(cl_uint)))
		return CL_INVALID_VALUE;
	if (out)
		*(cl_uint *)out = CL_LAYER_API_VERSION_100;
	if (size_ret)
		*size_ret = sizeof(cl_uint);
	return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clInitLayer(cl_uint count,
	const cl_icd_dispatch *target, cl_uint *count_ret,
	const cl_icd_dispatch **table_ret)
{
	if (count < sizeof(table) / sizeof(void *))
		return CL_INVALID_VALUE;
	next = target;
	table = *target;
	table.clSVMAlloc = my_svm_alloc;
	table.clSVMFree = my_svm_free;
	table.clEnqueueSVMFree = my_enqueue_free;
	table.clEnqueueSVMMigrateMem = my_migrate;
	table.clCreateBuffer = my_create;
	table.clSetMemObjectDestructorCallback = my_callback;
	table.clGetContextInfo = my_context_info;
	table.clGetCommandQueueInfo = my_queue_info;
	table.clGetDeviceInfo = my_device_info;
	table.clGetExtensionFunctionAddressForPlatform = my_extension;
	*count_ret = sizeof(table) / sizeof(void *);
	*table_ret = &table;
	return CL_SUCCESS;
}

__attribute__((destructor)) static void say(void)
{
	if (next && told("count"))
		fprintf(stderr,
			"layer: clSVMAlloc %d clCreateBuffer %d ARM %d\n",
			allocated, created, armed);
}
