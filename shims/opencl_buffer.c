/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buffers.  One that a rule sends somewhere becomes a buffer over host memory
 * of ours (CL_MEM_USE_HOST_PTR), which goes when the driver says that it needs
 * it no more.
 */
#include "shims/opencl.h"

#include <string.h>

#include "shims/map.h"

#define HOST                                                                   \
	(HMS_CL_USE_HOST_PTR | HMS_CL_ALLOC_HOST_PTR | HMS_CL_COPY_HOST_PTR)
#define KNOWN                                                                  \
	(HMS_CL_READ_WRITE | HMS_CL_WRITE_ONLY | HMS_CL_READ_ONLY | HOST |     \
		HMS_CL_HOST_WRITE_ONLY | HMS_CL_HOST_READ_ONLY |               \
		HMS_CL_HOST_NO_ACCESS)

/* One call of either function. */
struct request {
	struct _cl_context *context;
	const uint64_t *properties;
	bool with; /* ...WithProperties */
	uint64_t flags;
	size_t size;
	void *host;
	const void *caller;
};

static struct _cl_mem *create(
	const struct request *r, uint64_t flags, void *host, int32_t *error)
{
	if (r->with)
		return hms_cl_next.clCreateBufferWithProperties(
			r->context, r->properties, flags, r->size, host, error);
	return hms_cl_next.clCreateBuffer(
		r->context, flags, r->size, host, error);
}

/* Would the driver take it?  What we are not sure of is the driver's to say. */
static bool is_plain(const struct request *r)
{
	return r->size && !(r->flags & ~(uint64_t)KNOWN) &&
	       !(r->flags & HMS_CL_USE_HOST_PTR) &&
	       !(r->flags & HMS_CL_COPY_HOST_PTR) == !r->host &&
	       !(r->properties && r->properties[0]);
}

static bool may_be_ours(const struct request *r, const struct hms_decision *to)
{
	struct hms_cl_devices devices;

	if (!is_plain(r) || !hms_cl_next.clSetMemObjectDestructorCallback ||
		!hms_cl_next.clReleaseMemObject ||
		!hms_cl_devices(
			r->context, HMS_CL_DEVICE_SVM_CAPABILITIES, &devices))
		return false;
	if (!devices.system)
		hms_cl_pass(to);
	return devices.system && r->size <= devices.most;
}

/* The driver is done with a buffer, and the program's callbacks are too. */
static void destroyed(struct _cl_mem *buffer, void *memory)
{
	struct hms_tracked what;

	if (hms_track_take(HMS_FAMILY_OPENCL, (uintptr_t)buffer, &what))
		hms_map_disown(what.mapping, what.size);
}

/* The buffer over memory of ours, or NULL: there is none, and no trace. */
static struct _cl_mem *wrap(const struct request *r, struct hms_tracked *what)
{
	const uint64_t flags =
		(r->flags & ~(uint64_t)HOST) | HMS_CL_USE_HOST_PTR;
	int32_t error = HMS_CL_SUCCESS;
	struct _cl_mem *buffer;

	if (r->flags & HMS_CL_COPY_HOST_PTR)
		memcpy(what->mapping, r->host, r->size);
	buffer = create(r, flags, what->mapping, &error);
	if (!buffer)
		return NULL;
	what->start = (uintptr_t)buffer;
	if (hms_track_add(what)) {
		hms_cl_next.clReleaseMemObject(buffer);
		return NULL;
	}
	if (hms_cl_next.clSetMemObjectDestructorCallback(
		    buffer, destroyed, what->mapping) == HMS_CL_SUCCESS)
		return buffer;
	hms_track_take(HMS_FAMILY_OPENCL, what->start, what);
	hms_cl_next.clReleaseMemObject(buffer);
	return NULL;
}

static struct _cl_mem *create_ruled(const struct request *r, int32_t *error)
{
	const struct hms_call call = {
		.api = HMS_API_CL_CREATE_BUFFER,
		.size = r->size,
		.caller = r->caller,
	};
	struct hms_decision to = { .rule = -1 };
	struct _cl_mem *buffer = NULL;
	struct hms_tracked what;

	if (hms_cl_decide(&call, &to) && may_be_ours(r, &to)) {
		what = hms_cl_record(&call, &to, r->flags);
		what.kind = HMS_TRACKED_HANDLE;
		what.context = r->context;
		what.mapping = hms_map_own(&call, &to);
		buffer = what.mapping ? wrap(r, &what) : NULL;
		if (error && buffer)
			*error = HMS_CL_SUCCESS;
		if (buffer) {
			hms_cl_redirected(call.api);
			return buffer;
		}
		if (what.mapping) {
			hms_map_disown(what.mapping, r->size);
		} else if (to.options & HMS_OPT_STRICT) {
			if (error)
				*error = HMS_CL_MEM_OBJECT_ALLOCATION_FAILURE;
			return NULL;
		}
	}
	hms_cl_enter(&to);
	buffer = create(r, r->flags, r->host, error);
	hms_cl_leave(&to);
	return buffer;
}

struct _cl_mem *hms_cl_create_buffer(struct _cl_context *context,
	uint64_t flags, size_t size, void *host, int32_t *error)
{
	const struct request r = {
		.context = context,
		.flags = flags,
		.size = size,
		.host = host,
		.caller = __builtin_return_address(0),
	};

	return create_ruled(&r, error);
}

struct _cl_mem *hms_cl_create_buffer_with(struct _cl_context *context,
	const uint64_t *properties, uint64_t flags, size_t size, void *host,
	int32_t *error)
{
	const struct request r = {
		.context = context,
		.properties = properties,
		.with = true,
		.flags = flags,
		.size = size,
		.host = host,
		.caller = __builtin_return_address(0),
	};

	return create_ruled(&r, error);
}

/* ---- What the program sees of it ---- */

static int32_t query(
	struct _cl_mem *object, uint32_t what, void *out, size_t size)
{
	return hms_cl_next.clGetMemObjectInfo(object, what, size, out, NULL);
}

/* The buffer of ours that an object is, or is a part or an image of. */
static bool find(struct _cl_mem *object, struct hms_tracked *out)
{
	struct _cl_mem *parent = NULL;

	if (hms_track_find(HMS_FAMILY_OPENCL, (uintptr_t)object, out))
		return true;
	return query(object, HMS_CL_MEM_ASSOCIATED_MEMOBJECT, &parent,
		       sizeof(parent)) == HMS_CL_SUCCESS &&
	       parent &&
	       hms_track_find(HMS_FAMILY_OPENCL, (uintptr_t)parent, out);
}

static void mask_flags(struct _cl_mem *object, uint64_t *flags)
{
	struct hms_tracked what;

	if ((*flags & HMS_CL_USE_HOST_PTR) && find(object, &what))
		*flags = (*flags & ~(uint64_t)HOST) | (what.flags & HOST);
}

static void mask_host(struct _cl_mem *object, void **host)
{
	struct hms_tracked what;

	if (*host && find(object, &what))
		*host = NULL;
}

/* Drivers know SVM memory of their own only. */
static void mask_svm(struct _cl_mem *object, uint32_t *uses)
{
	struct hms_tracked what;
	void *host = NULL;

	if (!*uses &&
		query(object, HMS_CL_MEM_HOST_PTR, &host, sizeof(host)) ==
			HMS_CL_SUCCESS &&
		host && hms_cl_find(host, &what))
		*uses = 1;
}

int32_t hms_cl_mem_object_info(struct _cl_mem *object, uint32_t what,
	size_t size, void *out, size_t *size_ret)
{
	int32_t rc = hms_cl_next.clGetMemObjectInfo(
		object, what, size, out, size_ret);

	if (rc != HMS_CL_SUCCESS || !out)
		return rc;
	if (what == HMS_CL_MEM_FLAGS)
		mask_flags(object, out);
	else if (what == HMS_CL_MEM_HOST_PTR)
		mask_host(object, out);
	else if (what == HMS_CL_MEM_USES_SVM_POINTER)
		mask_svm(object, out);
	return rc;
}

/* The program put it on a device itself: it is no longer ours to move. */
int32_t hms_cl_migrate_buffers(struct _cl_command_queue *queue, uint32_t count,
	struct _cl_mem *const *objects, uint64_t flags, uint32_t nwaits,
	struct _cl_event *const *waits, struct _cl_event **event)
{
	int32_t rc = hms_cl_next.clEnqueueMigrateMemObjects(
		queue, count, objects, flags, nwaits, waits, event);
	struct hms_tracked what;

	if (rc != HMS_CL_SUCCESS || (flags & HMS_CL_MIGRATE_HOST) ||
		!hms_cl_queue_is_device(queue))
		return rc;
	for (uint32_t i = 0; i < count; i++) {
		const uintptr_t handle = (uintptr_t)objects[i];

		if (hms_track_find(HMS_FAMILY_OPENCL, handle, &what))
			hms_range_strike((uintptr_t)what.mapping,
				(uintptr_t)what.mapping +
					hms_page_up(what.size));
	}
	return rc;
}
