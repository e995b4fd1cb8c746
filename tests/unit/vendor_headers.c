/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our own declarations of vendors' interfaces against the vendors' headers,
 * where those are installed.  Catches a wrong place in a table, and a
 * prototype that passes an argument in another way.
 */
#include <criterion/criterion.h>
#include <stddef.h>

#include "shims/opencl.h"
#include "shims/opencl_svm.h"
#include "shims/opencl_usm.h"

#if __has_include(<CL/cl_layer.h>)
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl_ext.h>
#include <CL/cl_layer.h>

#define SAME(ours, theirs)                                                     \
	_Static_assert(__builtin_types_compatible_p(                           \
			       __typeof__(ours), __typeof__(theirs)),          \
		#theirs)

/* Each function: its index in the table, its type. */
#define HMS_CL_NEXT(index, name, result, params)                               \
	_Static_assert(                                                        \
		offsetof(cl_icd_dispatch, name) == (index) * sizeof(void *),   \
		#name);                                                        \
	SAME(((struct hms_cl_next *)0)->name, ((cl_icd_dispatch *)0)->name);
#define HMS_CL_HOOK(index, name, result, params, ours)                         \
	HMS_CL_NEXT(index, name, result, params)
#include "shims/opencl.def"
#undef HMS_CL_NEXT
#undef HMS_CL_HOOK

SAME(((struct hms_cl_svm *)0)->alloc, &clSVMAllocARM);
SAME(((struct hms_cl_svm *)0)->free, &clSVMFreeARM);
SAME(((struct hms_cl_svm *)0)->enqueue_free, &clEnqueueSVMFreeARM);

SAME((hms_cl_usm_alloc_fn *)0, (clDeviceMemAllocINTEL_fn)0);
SAME((hms_cl_usm_alloc_fn *)0, (clSharedMemAllocINTEL_fn)0);
SAME((hms_cl_usm_free_fn *)0, (clMemFreeINTEL_fn)0);
SAME((hms_cl_usm_free_fn *)0, (clMemBlockingFreeINTEL_fn)0);

#define VALUE(ours, theirs) cr_expect_eq((uint64_t)(ours), (uint64_t)(theirs))

Test(vendor_headers, opencl)
{
	VALUE(HMS_CL_SUCCESS, CL_SUCCESS);
	VALUE(HMS_CL_MEM_OBJECT_ALLOCATION_FAILURE,
		CL_MEM_OBJECT_ALLOCATION_FAILURE);
	VALUE(HMS_CL_OUT_OF_HOST_MEMORY, CL_OUT_OF_HOST_MEMORY);
	VALUE(HMS_CL_INVALID_VALUE, CL_INVALID_VALUE);
	VALUE(HMS_CL_INVALID_CONTEXT, CL_INVALID_CONTEXT);
	VALUE(HMS_CL_INVALID_COMMAND_QUEUE, CL_INVALID_COMMAND_QUEUE);
	VALUE(HMS_CL_INVALID_OPERATION, CL_INVALID_OPERATION);
	VALUE(HMS_CL_READ_WRITE, CL_MEM_READ_WRITE);
	VALUE(HMS_CL_WRITE_ONLY, CL_MEM_WRITE_ONLY);
	VALUE(HMS_CL_READ_ONLY, CL_MEM_READ_ONLY);
	VALUE(HMS_CL_USE_HOST_PTR, CL_MEM_USE_HOST_PTR);
	VALUE(HMS_CL_ALLOC_HOST_PTR, CL_MEM_ALLOC_HOST_PTR);
	VALUE(HMS_CL_COPY_HOST_PTR, CL_MEM_COPY_HOST_PTR);
	VALUE(HMS_CL_HOST_WRITE_ONLY, CL_MEM_HOST_WRITE_ONLY);
	VALUE(HMS_CL_HOST_READ_ONLY, CL_MEM_HOST_READ_ONLY);
	VALUE(HMS_CL_HOST_NO_ACCESS, CL_MEM_HOST_NO_ACCESS);
	VALUE(HMS_CL_SVM_FINE_GRAIN_BUFFER, CL_MEM_SVM_FINE_GRAIN_BUFFER);
	VALUE(HMS_CL_SVM_FINE_GRAIN_BUFFER, CL_MEM_SVM_FINE_GRAIN_BUFFER_ARM);
	VALUE(HMS_CL_SVM_ATOMICS, CL_MEM_SVM_ATOMICS);
	VALUE(HMS_CL_SVM_ATOMICS, CL_MEM_SVM_ATOMICS_ARM);
	VALUE(HMS_CL_SVM_HAS_FINE_GRAIN_BUFFER,
		CL_DEVICE_SVM_FINE_GRAIN_BUFFER);
	VALUE(HMS_CL_SVM_HAS_FINE_GRAIN_SYSTEM,
		CL_DEVICE_SVM_FINE_GRAIN_SYSTEM);
	VALUE(HMS_CL_SVM_HAS_FINE_GRAIN_SYSTEM,
		CL_DEVICE_SVM_FINE_GRAIN_SYSTEM_ARM);
	VALUE(HMS_CL_SVM_HAS_ATOMICS, CL_DEVICE_SVM_ATOMICS);
	VALUE(HMS_CL_DEVICE_TYPE, CL_DEVICE_TYPE);
	VALUE(HMS_CL_DEVICE_MAX_MEM_ALLOC_SIZE, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
	VALUE(HMS_CL_DEVICE_PLATFORM, CL_DEVICE_PLATFORM);
	VALUE(HMS_CL_DEVICE_SVM_CAPABILITIES, CL_DEVICE_SVM_CAPABILITIES);
	VALUE(HMS_CL_DEVICE_SVM_CAPABILITIES_ARM,
		CL_DEVICE_SVM_CAPABILITIES_ARM);
	VALUE(HMS_CL_CONTEXT_DEVICES, CL_CONTEXT_DEVICES);
	VALUE(HMS_CL_QUEUE_CONTEXT, CL_QUEUE_CONTEXT);
	VALUE(HMS_CL_QUEUE_DEVICE, CL_QUEUE_DEVICE);
	VALUE(HMS_CL_MEM_FLAGS, CL_MEM_FLAGS);
	VALUE(HMS_CL_MEM_HOST_PTR, CL_MEM_HOST_PTR);
	VALUE(HMS_CL_MEM_ASSOCIATED_MEMOBJECT, CL_MEM_ASSOCIATED_MEMOBJECT);
	VALUE(HMS_CL_MEM_USES_SVM_POINTER, CL_MEM_USES_SVM_POINTER);
	VALUE(HMS_CL_TYPE_CPU, CL_DEVICE_TYPE_CPU);
	VALUE(HMS_CL_MIGRATE_HOST, CL_MIGRATE_MEM_OBJECT_HOST);
}
#else
Test(vendor_headers, opencl)
{
	cr_skip_test("CL/cl_layer.h is not installed "
		     "(apt-get install opencl-c-headers)");
}
#endif
