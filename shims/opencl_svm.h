/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared virtual memory comes in kinds that differ in name only: OpenCL's own,
 * and that of cl_arm_shared_virtual_memory, whose functions each platform has
 * for itself.
 */
#ifndef HMS_SHIMS_OPENCL_SVM_H
#define HMS_SHIMS_OPENCL_SVM_H

#include "shims/opencl.h"

typedef void (*hms_cl_freed_fn)(
	struct _cl_command_queue *, uint32_t, void **, void *);

/* Lives as long as the process: commands under way refer to it. */
struct hms_cl_svm {
	uint32_t capabilities; /* what to ask of a device */
	/* The driver's. */
	void *(*alloc)(struct _cl_context *, uint64_t, size_t, uint32_t);
	void (*free)(struct _cl_context *, void *);
	int32_t (*enqueue_free)(struct _cl_command_queue *, uint32_t, void **,
		hms_cl_freed_fn, void *, uint32_t, struct _cl_event *const *,
		struct _cl_event **);
};

/* OpenCL's own; filled by clInitLayer(). */
extern struct hms_cl_svm hms_cl_svm_core __attribute__((visibility("hidden")));

/* What the three functions do; caller: return address of the program's call. */
void *hms_cl_svm_alloc_by(const struct hms_cl_svm *kind,
	struct _cl_context *context, uint64_t flags, size_t size,
	uint32_t alignment, const void *caller);
void hms_cl_svm_free_by(
	const struct hms_cl_svm *kind, struct _cl_context *context, void *p);
int32_t hms_cl_enqueue_svm_free_by(const struct hms_cl_svm *kind,
	struct _cl_command_queue *queue, uint32_t count, void **pointers,
	hms_cl_freed_fn freed, void *arg, uint32_t nwaits,
	struct _cl_event *const *waits, struct _cl_event **event);

#endif
