/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Level Zero, by symbols: the loader's tracing layer can look at a call, but
 * not answer it.
 */
#include <stdatomic.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "shims/level_zero_place.h"

ze_result_t hms_zeMemAllocShared(ze_context_handle_t context,
	const ze_device_mem_alloc_desc_t *device_desc,
	const ze_host_mem_alloc_desc_t *host_desc, size_t size,
	size_t alignment, ze_device_handle_t device, void **out);
ze_result_t hms_zeMemAllocDevice(ze_context_handle_t context,
	const ze_device_mem_alloc_desc_t *desc, size_t size, size_t alignment,
	ze_device_handle_t device, void **out);
ze_result_t hms_zeMemAllocHost(ze_context_handle_t context,
	const ze_host_mem_alloc_desc_t *desc, size_t size, size_t alignment,
	void **out);
ze_result_t hms_zeMemFree(ze_context_handle_t context, void *memory);
ze_result_t hms_zeMemFreeExt(ze_context_handle_t context,
	const ze_memory_free_ext_desc_t *desc, void *memory);
ze_result_t hms_zeMemGetAllocProperties(ze_context_handle_t context,
	const void *memory, ze_memory_allocation_properties_t *properties,
	ze_device_handle_t *device);
ze_result_t hms_zeMemGetAddressRange(ze_context_handle_t context,
	const void *memory, void **base, size_t *size);
ze_result_t hms_zeMemGetIpcHandle(ze_context_handle_t context,
	const void *memory, ze_ipc_mem_handle_t *handle);
ze_result_t hms_zeCommandListAppendMemoryPrefetch(
	ze_command_list_handle_t list, const void *memory, size_t size);
ze_result_t hms_zeCommandListAppendMemAdvise(ze_command_list_handle_t list,
	ze_device_handle_t device, const void *memory, size_t size,
	ze_memory_advice_t advice);
ze_result_t hms_zeContextDestroy(ze_context_handle_t context);

#define LIVE hms_vendor_live(HMS_FAMILY_ZE)
#define CALL(which, size)                                                      \
	.call = { .api = HMS_API_##which,                                      \
		.bytes = (size),                                               \
		.caller = __builtin_return_address(0) }

static ze_result_t serve(struct hms_ze_ask *ask, void **out)
{
	int refused = -1;
	int64_t rc;

	ask->placing.device = hms_ze_number(ask->device);
	/* A part of a device, which no rule can name. */
	if (ask->device && ask->placing.device < 0)
		refused = HMS_REFUSED_ABSENT;
	ask->placing.context = ask->context;
	if (hms_vendor_shares())
		refused = HMS_REFUSED_IPC;
	rc = hms_placing_serve(&ask->placing, refused);
	if (!rc)
		*out = ask->placing.memory;
	return (ze_result_t)rc;
}

/* Memory to be exported, imported or compressed is the driver's alone. */
static bool is_plain(const void *device_next, const void *host_next)
{
	return !device_next && !host_next;
}

ze_result_t hms_zeMemAllocDevice(ze_context_handle_t context,
	const ze_device_mem_alloc_desc_t *desc, size_t size, size_t alignment,
	ze_device_handle_t device, void **out)
{
	__typeof__(&zeMemAllocDevice) real = HMS_REAL(zeMemAllocDevice);
	struct hms_ze_ask ask = {
		.placing = { CALL(ZE_ALLOC_DEVICE, size),
			.by = &hms_ze_device },
		.context = context,
		.device_desc = desc,
		.alignment = alignment,
		.device = device,
	};

	if (!real)
		return HMS_ZE_UNINITIALIZED;
	if (!LIVE || !out || !size || !desc || !device ||
		!is_plain(desc->pNext, NULL))
		return real(context, desc, size, alignment, device, out);
	return serve(&ask, out);
}
HMS_EXPORT_HOOK(zeMemAllocDevice);

ze_result_t hms_zeMemAllocShared(ze_context_handle_t context,
	const ze_device_mem_alloc_desc_t *device_desc,
	const ze_host_mem_alloc_desc_t *host_desc, size_t size,
	size_t alignment, ze_device_handle_t device, void **out)
{
	__typeof__(&zeMemAllocShared) real = HMS_REAL(zeMemAllocShared);
	struct hms_ze_ask ask = {
		.placing = { CALL(ZE_ALLOC_SHARED, size), .by = &hms_ze_shared,
			.is_managed = true },
		.context = context,
		.device_desc = device_desc,
		.host_desc = host_desc,
		.alignment = alignment,
		.device = device,
	};

	if (!real)
		return HMS_ZE_UNINITIALIZED;
	/* Without a device it is host memory, as the program meant it. */
	if (!LIVE || !out || !size || !device || !device_desc || !host_desc ||
		!is_plain(device_desc->pNext, host_desc->pNext))
		return real(context, device_desc, host_desc, size, alignment,
			device, out);
	return serve(&ask, out);
}
HMS_EXPORT_HOOK(zeMemAllocShared);

ze_result_t hms_zeMemAllocHost(ze_context_handle_t context,
	const ze_host_mem_alloc_desc_t *desc, size_t size, size_t alignment,
	void **out)
{
	__typeof__(&zeMemAllocHost) real = HMS_REAL(zeMemAllocHost);
	struct hms_ze_ask ask = {
		.placing = { CALL(ZE_ALLOC_HOST, size), .by = &hms_ze_host,
			.is_pinned = true },
		.context = context,
		.host_desc = desc,
		.alignment = alignment,
	};

	if (!real)
		return HMS_ZE_UNINITIALIZED;
	if (!LIVE || !out || !size || !desc || !is_plain(NULL, desc->pNext) ||
		(desc->flags & HMS_ZE_HOST_COMBINED))
		return real(context, desc, size, alignment, out);
	return serve(&ask, out);
}
HMS_EXPORT_HOOK(zeMemAllocHost);

/* ---- Giving back ---- */

/*
 * Memory of ours that was freed while commands may still use it.  Nobody tells
 * us when they are done but the end of their context.
 */
struct kept {
	struct kept *next;
	ze_context_handle_t context;
	void *mapping;
	size_t mapped;
};

static struct kept *_Atomic kept;

static void push(struct kept *one)
{
	struct kept *head = atomic_load(&kept);

	do
		one->next = head;
	while (!atomic_compare_exchange_weak(&kept, &head, one));
}

/* Without memory for the note, it stays for good. */
static void keep(ze_context_handle_t context, const struct hms_tracked *what)
{
	struct kept *one = hms_sys_mmap(NULL, sizeof(*one),
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (hms_sys_failed(one))
		return;
	*one = (struct kept){ NULL, context, what->mapping, what->mapped };
	push(one);
}

static void release_kept(ze_context_handle_t context)
{
	struct kept *one = atomic_exchange(&kept, NULL), *next;

	for (; one; one = next) {
		next = one->next;
		if (one->context != context) {
			push(one);
			continue;
		}
		hms_vendor_unmap(one->mapping, one->mapped);
		hms_sys_munmap(one, sizeof(*one));
	}
}

ze_result_t hms_zeContextDestroy(ze_context_handle_t context)
{
	__typeof__(&zeContextDestroy) real = HMS_REAL(zeContextDestroy);
	ze_result_t rc;

	if (!real)
		return HMS_ZE_UNINITIALIZED;
	rc = real(context);
	if (rc == HMS_ZE_SUCCESS && atomic_load(&kept))
		release_kept(context);
	return rc;
}
HMS_EXPORT_HOOK(zeContextDestroy);

/* desc NULL: zeMemFree. */
static ze_result_t give_back(ze_context_handle_t context,
	const ze_memory_free_ext_desc_t *desc, void *memory)
{
	ze_result_t rc = HMS_ZE_SUCCESS;
	struct hms_tracked what;
	bool ours =
		LIVE && hms_track_take(HMS_FAMILY_ZE, (uintptr_t)memory, &what);

	hms_vendor_depth++;
	if (!ours || what.kind != HMS_TRACKED_HOST)
		rc = desc ? HMS_REAL(zeMemFreeExt)(context, desc, memory)
			  : HMS_REAL(zeMemFree)(context, memory);
	else if (desc && desc->freePolicy)
		keep(context, &what);
	else
		hms_vendor_unmap(what.mapping, what.mapped);
	hms_vendor_depth--;
	if (ours && rc)
		hms_track_add(&what);
	else if (ours)
		hms_vendor_drop(&what);
	return rc;
}

ze_result_t hms_zeMemFree(ze_context_handle_t context, void *memory)
{
	if (!HMS_REAL(zeMemFree))
		return HMS_ZE_UNINITIALIZED;
	return give_back(context, NULL, memory);
}
HMS_EXPORT_HOOK(zeMemFree);

ze_result_t hms_zeMemFreeExt(ze_context_handle_t context,
	const ze_memory_free_ext_desc_t *desc, void *memory)
{
	__typeof__(&zeMemFreeExt) real = HMS_REAL(zeMemFreeExt);

	if (!real)
		return HMS_ZE_UNINITIALIZED;
	return desc ? give_back(context, desc, memory)
		    : real(context, desc, memory);
}
HMS_EXPORT_HOOK(zeMemFreeExt);

/* ---- What the program asks and says ---- */

/* The driver does not know memory of ours. */
static bool find(const void *memory, struct hms_tracked *what)
{
	return LIVE &&
	       hms_track_within(HMS_FAMILY_ZE, (uintptr_t)memory, what) &&
	       what->kind == HMS_TRACKED_HOST;
}

ze_result_t hms_zeMemGetAllocProperties(ze_context_handle_t context,
	const void *memory, ze_memory_allocation_properties_t *properties,
	ze_device_handle_t *device)
{
	__typeof__(&zeMemGetAllocProperties) real =
		HMS_REAL(zeMemGetAllocProperties);
	struct hms_tracked what;

	if (!real)
		return HMS_ZE_UNINITIALIZED;
	if (!properties || !find(memory, &what))
		return real(context, memory, properties, device);
	properties->type = HMS_ZE_MEMORY_HOST;
	properties->id = what.start;
	properties->pageSize = hms_sys_page_size();
	if (device)
		*device = NULL;
	return HMS_ZE_SUCCESS;
}
HMS_EXPORT_HOOK(zeMemGetAllocProperties);

ze_result_t hms_zeMemGetAddressRange(ze_context_handle_t context,
	const void *memory, void **base, size_t *size)
{
	__typeof__(&zeMemGetAddressRange) real = HMS_REAL(zeMemGetAddressRange);
	struct hms_tracked what;

	if (!real)
		return HMS_ZE_UNINITIALIZED;
	if (!find(memory, &what))
		return real(context, memory, base, size);
	if (base)
		*base = (void *)what.start;
	if (size)
		*size = what.size;
	return HMS_ZE_SUCCESS;
}
HMS_EXPORT_HOOK(zeMemGetAddressRange);

/* Memory of ours has no handle, which the driver says. */
ze_result_t hms_zeMemGetIpcHandle(ze_context_handle_t context,
	const void *memory, ze_ipc_mem_handle_t *handle)
{
	__typeof__(&zeMemGetIpcHandle) real = HMS_REAL(zeMemGetIpcHandle);

	if (!real)
		return HMS_ZE_UNINITIALIZED;
	if (LIVE)
		hms_vendor_shared();
	return real(context, memory, handle);
}
HMS_EXPORT_HOOK(zeMemGetIpcHandle);

/* Lists are executed more than once; what they say is the program's word. */
static ze_result_t told(ze_result_t rc, const void *memory, size_t size)
{
	if (rc != HMS_ZE_SUCCESS || !LIVE)
		return rc;
	hms_device_count(&hms_status->hints, NULL, 1);
	hms_track_hint(HMS_FAMILY_ZE, (uintptr_t)memory,
		(uintptr_t)memory + (size ? size : 1));
	return rc;
}

ze_result_t hms_zeCommandListAppendMemoryPrefetch(
	ze_command_list_handle_t list, const void *memory, size_t size)
{
	__typeof__(&zeCommandListAppendMemoryPrefetch) real =
		HMS_REAL(zeCommandListAppendMemoryPrefetch);

	if (!real)
		return HMS_ZE_UNINITIALIZED;
	return told(real(list, memory, size), memory, size);
}
HMS_EXPORT_HOOK(zeCommandListAppendMemoryPrefetch);

ze_result_t hms_zeCommandListAppendMemAdvise(ze_command_list_handle_t list,
	ze_device_handle_t device, const void *memory, size_t size,
	ze_memory_advice_t advice)
{
	__typeof__(&zeCommandListAppendMemAdvise) real =
		HMS_REAL(zeCommandListAppendMemAdvise);

	if (!real)
		return HMS_ZE_UNINITIALIZED;
	return told(real(list, device, memory, size, advice), memory, size);
}
HMS_EXPORT_HOOK(zeCommandListAppendMemAdvise);
