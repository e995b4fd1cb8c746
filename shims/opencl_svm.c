/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared virtual memory. */
#include "shims/opencl_svm.h"

#include <string.h>
#include <sys/mman.h>

#include "base/guard.h"
#include "base/sys.h"
#include "shims/map.h"
#include "shims/opencl.h"

struct hms_cl_svm hms_cl_svm_core;

#define ACCESS (HMS_CL_READ_WRITE | HMS_CL_WRITE_ONLY | HMS_CL_READ_ONLY)
#define SVM (HMS_CL_SVM_FINE_GRAIN_BUFFER | HMS_CL_SVM_ATOMICS)

/* Would the driver take it?  What we are not sure of is the driver's to say. */
static bool is_plain(const struct hms_call *call, uint64_t flags)
{
	const uint64_t access = flags & ACCESS;

	return call->size && !(flags & ~(uint64_t)(ACCESS | SVM)) &&
	       !(access & (access - 1)) &&
	       (!(flags & HMS_CL_SVM_ATOMICS) ||
		       (flags & HMS_CL_SVM_FINE_GRAIN_BUFFER)) &&
	       !(call->align & (call->align - 1)) &&
	       call->align <= hms_sys_page_size();
}

static bool may_be_ours(struct _cl_context *context, uint64_t flags,
	const struct hms_call *call, const struct hms_decision *to,
	const struct hms_cl_svm *kind)
{
	struct hms_cl_devices devices;

	if (!is_plain(call, flags) ||
		!hms_cl_devices(context, kind->capabilities, &devices) ||
		call->size > devices.most)
		return false;
	if (flags & HMS_CL_SVM_FINE_GRAIN_BUFFER &&
		!(devices.svm & HMS_CL_SVM_HAS_FINE_GRAIN_BUFFER))
		return false;
	if (flags & HMS_CL_SVM_ATOMICS &&
		!(devices.svm & HMS_CL_SVM_HAS_ATOMICS))
		return false;
	if (devices.svm && !devices.system)
		hms_cl_pass(to);
	return devices.svm && devices.system;
}

static void *own(const struct hms_call *call, const struct hms_decision *to,
	struct _cl_context *context, uint64_t flags)
{
	struct hms_tracked what = hms_cl_record(call, to, flags);

	what.kind = HMS_TRACKED_HOST;
	what.context = context;
	what.mapping = hms_map_own(call, to);
	if (!what.mapping)
		return NULL;
	what.start = (uintptr_t)what.mapping;
	if (!hms_track_add(&what))
		return what.mapping;
	hms_map_disown(what.mapping, call->size);
	return NULL;
}

void *hms_cl_svm_alloc_by(const struct hms_cl_svm *kind,
	struct _cl_context *context, uint64_t flags, size_t size,
	uint32_t alignment, const void *caller)
{
	const struct hms_call call = {
		.api = HMS_API_CL_SVM_ALLOC,
		.size = size,
		.align = alignment,
		.caller = caller,
	};
	struct hms_decision to = { .rule = -1 };
	void *p;

	if (hms_cl_decide(&call, &to) &&
		may_be_ours(context, flags, &call, &to, kind)) {
		p = own(&call, &to, context, flags);
		if (p)
			hms_cl_redirected(call.api);
		if (p || (to.options & HMS_OPT_STRICT))
			return p;
	}
	hms_cl_enter(&to);
	p = kind->alloc(context, flags, size, alignment);
	hms_cl_leave(&to);
	return p;
}

void hms_cl_svm_free_by(
	const struct hms_cl_svm *kind, struct _cl_context *context, void *p)
{
	struct hms_tracked what;

	if (hms_track_take(HMS_FAMILY_OPENCL, (uintptr_t)p, &what))
		hms_map_disown(what.mapping, what.size);
	else
		kind->free(context, p);
}

/* ---- clEnqueueSVMFree ---- */

/*
 * A command that frees memory of ours, and others' with it.  In a mapping of
 * its own: it lives until a driver's thread has carried it out.
 */
struct order {
	size_t len; /* of the mapping */
	const struct hms_cl_svm *kind;
	struct _cl_context *context;
	uint32_t count;
	void *pointers[];
};

static void carry_out(struct _cl_command_queue *queue, uint32_t count,
	void **pointers, void *arg)
{
	struct order *order = arg;

	for (uint32_t i = 0; i < order->count; i++)
		hms_cl_svm_free_by(
			order->kind, order->context, order->pointers[i]);
	hms_sys_munmap(order, order->len);
}

/* The first of ours, if there is one. */
static bool any_ours(
	uint32_t count, const void *const *pointers, struct hms_tracked *what)
{
	for (uint32_t i = 0; pointers && i < count; i++)
		if (hms_cl_find(pointers[i], what))
			return true;
	return false;
}

static struct order *new_order(const struct hms_cl_svm *kind,
	struct _cl_context *context, uint32_t count, void **pointers)
{
	const size_t len = hms_page_up(
		sizeof(struct order) + (size_t)count * sizeof(*pointers));
	struct order *order = hms_sys_mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (hms_sys_failed(order))
		return NULL;
	*order = (struct order){ len, kind, context, count };
	memcpy(order->pointers, pointers, (size_t)count * sizeof(*pointers));
	return order;
}

/*
 * A callback of the program's frees by itself, and comes by here again.  The
 * driver's own way of freeing would meet pointers that it does not know.
 */
int32_t hms_cl_enqueue_svm_free_by(const struct hms_cl_svm *kind,
	struct _cl_command_queue *queue, uint32_t count, void **pointers,
	hms_cl_freed_fn freed, void *arg, uint32_t nwaits,
	struct _cl_event *const *waits, struct _cl_event **event)
{
	struct hms_tracked what;
	struct order *order;
	int32_t rc;

	if (freed || !any_ours(count, (const void *const *)pointers, &what))
		return kind->enqueue_free(queue, count, pointers, freed, arg,
			nwaits, waits, event);
	order = new_order(kind, what.context, count, pointers);
	if (!order)
		return HMS_CL_OUT_OF_HOST_MEMORY;
	rc = kind->enqueue_free(
		queue, count, pointers, carry_out, order, nwaits, waits, event);
	if (rc != HMS_CL_SUCCESS)
		hms_sys_munmap(order, order->len);
	return rc;
}

/* ---- The functions of OpenCL itself ---- */

void *hms_cl_svm_alloc(struct _cl_context *context, uint64_t flags, size_t size,
	uint32_t alignment)
{
	return hms_cl_svm_alloc_by(&hms_cl_svm_core, context, flags, size,
		alignment, __builtin_return_address(0));
}

void hms_cl_svm_free(struct _cl_context *context, void *p)
{
	hms_cl_svm_free_by(&hms_cl_svm_core, context, p);
}

int32_t hms_cl_enqueue_svm_free(struct _cl_command_queue *queue, uint32_t count,
	void **pointers, hms_cl_freed_fn freed, void *arg, uint32_t nwaits,
	struct _cl_event *const *waits, struct _cl_event **event)
{
	return hms_cl_enqueue_svm_free_by(&hms_cl_svm_core, queue, count,
		pointers, freed, arg, nwaits, waits, event);
}

/* The addresses of a migration that only the driver knows of. */
static uint32_t pick_foreign(uint32_t count, const void **pointers,
	const size_t *sizes, const void **foreign, size_t *lengths)
{
	struct hms_tracked what;
	uint32_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (hms_cl_find(pointers[i], &what))
			continue;
		foreign[n] = pointers[i];
		lengths[n++] = sizes ? sizes[i] : 0;
	}
	return n;
}

/*
 * A driver that knows nothing of memory of ours may refuse the whole command;
 * then it gets what is left of it, or none but the event.
 */
static int32_t migrate_foreign(struct _cl_command_queue *queue, uint32_t count,
	const void **pointers, const size_t *sizes, uint64_t flags,
	uint32_t nwaits, struct _cl_event *const *waits,
	struct _cl_event **event)
{
	const size_t len = hms_page_up(
		(size_t)count * (sizeof(*pointers) + sizeof(*sizes)));
	const void **foreign = hms_sys_mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t *lengths;
	uint32_t n;
	int32_t rc;

	if (hms_sys_failed(foreign))
		return HMS_CL_OUT_OF_HOST_MEMORY;
	lengths = (size_t *)(foreign + count);
	n = pick_foreign(count, pointers, sizes, foreign, lengths);
	if (n)
		rc = hms_cl_next.clEnqueueSVMMigrateMem(queue, n, foreign,
			lengths, flags, nwaits, waits, event);
	else if (hms_cl_next.clEnqueueMarkerWithWaitList)
		rc = hms_cl_next.clEnqueueMarkerWithWaitList(
			queue, nwaits, waits, event);
	else
		rc = HMS_CL_INVALID_VALUE;
	hms_sys_munmap(foreign, len);
	return rc;
}

/* The program put it on a device itself: it is no longer ours to move. */
static void strike(uint32_t count, const void **pointers)
{
	struct hms_tracked what;

	for (uint32_t i = 0; i < count; i++)
		if (hms_cl_find(pointers[i], &what))
			hms_range_strike(what.start,
				what.start + hms_page_up(what.size));
}

int32_t hms_cl_migrate_svm(struct _cl_command_queue *queue, uint32_t count,
	const void **pointers, const size_t *sizes, uint64_t flags,
	uint32_t nwaits, struct _cl_event *const *waits,
	struct _cl_event **event)
{
	struct hms_tracked what;
	int32_t rc = hms_cl_next.clEnqueueSVMMigrateMem(
		queue, count, pointers, sizes, flags, nwaits, waits, event);

	if (!any_ours(count, pointers, &what))
		return rc;
	if (rc == HMS_CL_INVALID_VALUE)
		rc = migrate_foreign(queue, count, pointers, sizes, flags,
			nwaits, waits, event);
	if (rc == HMS_CL_SUCCESS && !(flags & HMS_CL_MIGRATE_HOST) &&
		hms_cl_queue_is_device(queue))
		strike(count, pointers);
	return rc;
}
