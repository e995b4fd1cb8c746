/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenCL, as a layer of the program's own loader (cl_loader_layers): the
 * loader calls clInitLayer() with the table of the next functions, and gets
 * one with ours in it.  Nothing else is interposed, so that programs which
 * load OpenCL by dlopen(3) are seen as those that are linked with it.
 *
 * SVM memory and buffers that a rule sends somewhere are memory of our own,
 * where every device of the context is a CPU or reads all of the system's
 * memory (CL_DEVICE_SVM_FINE_GRAIN_SYSTEM); elsewhere calls pass through.
 * What the program asks about its buffers looks as without us.
 *
 * Sources: OpenCL 3.0 API specification; extension specifications
 * cl_loader_layers, cl_arm_shared_virtual_memory,
 * cl_intel_unified_shared_memory.
 */
#ifndef HMS_SHIMS_OPENCL_H
#define HMS_SHIMS_OPENCL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/guard.h"
#include "config/call.h"
#include "engine/engine.h"
#include "shims/track.h"

struct _cl_command_queue;
struct _cl_context;
struct _cl_device_id;
struct _cl_event;
struct _cl_icd_dispatch; /* so many pointers to functions */
struct _cl_mem;
struct _cl_platform_id;

enum hms_cl_error {
	HMS_CL_SUCCESS = 0,
	HMS_CL_MEM_OBJECT_ALLOCATION_FAILURE = -4,
	HMS_CL_OUT_OF_HOST_MEMORY = -6,
	HMS_CL_INVALID_VALUE = -30,
	HMS_CL_INVALID_CONTEXT = -34,
	HMS_CL_INVALID_COMMAND_QUEUE = -36,
	HMS_CL_INVALID_OPERATION = -59,
};

/* cl_mem_flags and cl_svm_mem_flags */
enum hms_cl_flag {
	HMS_CL_READ_WRITE = 1 << 0,
	HMS_CL_WRITE_ONLY = 1 << 1,
	HMS_CL_READ_ONLY = 1 << 2,
	HMS_CL_USE_HOST_PTR = 1 << 3,
	HMS_CL_ALLOC_HOST_PTR = 1 << 4,
	HMS_CL_COPY_HOST_PTR = 1 << 5,
	HMS_CL_HOST_WRITE_ONLY = 1 << 7,
	HMS_CL_HOST_READ_ONLY = 1 << 8,
	HMS_CL_HOST_NO_ACCESS = 1 << 9,
	HMS_CL_SVM_FINE_GRAIN_BUFFER = 1 << 10,
	HMS_CL_SVM_ATOMICS = 1 << 11,
};

/* cl_device_svm_capabilities */
enum hms_cl_svm_has {
	HMS_CL_SVM_HAS_FINE_GRAIN_BUFFER = 1 << 1,
	HMS_CL_SVM_HAS_FINE_GRAIN_SYSTEM = 1 << 2,
	HMS_CL_SVM_HAS_ATOMICS = 1 << 3,
};

/* What is asked of a device, context, queue or memory object. */
enum hms_cl_info {
	HMS_CL_DEVICE_TYPE = 0x1000,
	HMS_CL_DEVICE_MAX_MEM_ALLOC_SIZE = 0x1010,
	HMS_CL_DEVICE_PLATFORM = 0x1031,
	HMS_CL_DEVICE_SVM_CAPABILITIES = 0x1053,
	HMS_CL_CONTEXT_DEVICES = 0x1081,
	HMS_CL_QUEUE_CONTEXT = 0x1090,
	HMS_CL_QUEUE_DEVICE = 0x1091,
	HMS_CL_MEM_FLAGS = 0x1101,
	HMS_CL_MEM_HOST_PTR = 0x1103,
	HMS_CL_MEM_ASSOCIATED_MEMOBJECT = 0x1107,
	HMS_CL_MEM_USES_SVM_POINTER = 0x1109,
	HMS_CL_DEVICE_SVM_CAPABILITIES_ARM = 0x40B6,
};

#define HMS_CL_TYPE_CPU (1u << 1)
#define HMS_CL_TYPE_ALL 0xFFFFFFFFu
#define HMS_CL_MIGRATE_HOST (1u << 0)

/* What the loader calls. */
int32_t clGetLayerInfo(uint32_t what, size_t size, void *out, size_t *size_ret);
int32_t clInitLayer(uint32_t count, const struct _cl_icd_dispatch *target,
	uint32_t *count_ret, const struct _cl_icd_dispatch **table_ret);

/* The next functions; a loader may lack some. */
struct hms_cl_next {
#define HMS_CL_NEXT(index, name, result, params) result(*name) params;
#define HMS_CL_HOOK(index, name, result, params, ours) result(*name) params;
#include "shims/opencl.def"
#undef HMS_CL_NEXT
#undef HMS_CL_HOOK
};
extern struct hms_cl_next hms_cl_next __attribute__((visibility("hidden")));

/* Our functions. */
#define HMS_CL_NEXT(index, name, result, params)
#define HMS_CL_HOOK(index, name, result, params, ours) result ours params;
#include "shims/opencl.def"
#undef HMS_CL_NEXT
#undef HMS_CL_HOOK

/*
 * What is remembered of memory of ours: SVM memory by its address, kind HOST;
 * buffers by their handle, kind HANDLE.  start, mapping, kind and context are
 * to be filled in.
 */
struct hms_tracked hms_cl_record(const struct hms_call *call,
	const struct hms_decision *to, uint64_t flags);
/* SVM memory of ours that holds an address. */
bool hms_cl_find(const void *address, struct hms_tracked *out);

/*
 * Does a rule send this call somewhere?  Counts it.  False: none does, or we
 * are called from within HMS.
 */
bool hms_cl_decide(const struct hms_call *call, struct hms_decision *to);

/*
 * Around a driver's own way to memory that a rule of ours decided on: what it
 * allocates for that is not for rules about the heap.
 */
static inline void hms_cl_enter(const struct hms_decision *to)
{
	if (to->rule >= 0)
		hms_guard_enter();
}
static inline void hms_cl_leave(const struct hms_decision *to)
{
	if (to->rule >= 0)
		hms_guard_leave();
}

/* Through all platforms, as `hms list` counts them; how many. */
unsigned hms_cl_all_devices(struct _cl_device_id **out, unsigned most);

/* What all devices of a context have in common. */
struct hms_cl_devices {
	bool system; /* memory of the system is theirs to use */
	uint64_t svm; /* enum hms_cl_svm_has */
	uint64_t most; /* bytes of one allocation */
};
/* capabilities: DEVICE_SVM_CAPABILITIES or ARM's.  False: it does not say. */
bool hms_cl_devices(struct _cl_context *context, uint32_t capabilities,
	struct hms_cl_devices *out);
/* The platform of a context; NULL: it does not say. */
struct _cl_platform_id *hms_cl_platform(struct _cl_context *context);
/* Is it something else than a CPU that a queue belongs to? */
bool hms_cl_queue_is_device(struct _cl_command_queue *queue);
/* A rule cannot be followed there: said once. */
void hms_cl_pass(const struct hms_decision *to);
/* A call was served by memory of ours. */
void hms_cl_redirected(enum hms_api api);

#endif
