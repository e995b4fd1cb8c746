/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A double of a driver of Level Zero, for the real loader
 * (ZE_ENABLE_ALT_DRIVERS).  Its devices are those of HMS_FAKES; their memory
 * is memory of the host.  tables=1: they read the system's memory as it is;
 * apart=1: no concurrent access to shared memory.
 * Source: oneAPI Level Zero specification 1.5; the loader wants every table,
 * empty or not.
 */
#include <level_zero/ze_api.h>
#include <level_zero/ze_ddi.h>
#include <level_zero/zes_api.h>
#include <level_zero/zes_ddi.h>
#include <level_zero/zet_api.h>
#include <level_zero/zet_ddi.h>

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/fakes/fake.h"

#define PIECES 4096

static struct piece {
	char *start;
	size_t size;
	ze_memory_type_t type; /* UNKNOWN: free */
	ze_device_handle_t device;
	uint64_t id; /* where shared memory was to be first */
} pieces[PIECES];
static int lock;
/* Only addresses of these are looked at. */
static char driver, context, list, handles[FAKE_DEVICES];

#define BEGIN(name)                                                            \
	do {                                                                   \
		long rc_ = fake_call("ze", name);                              \
		if (rc_)                                                       \
			return (ze_result_t)rc_;                               \
	} while (0)

static unsigned devices(const struct fake_device **out)
{
	return fake_devices("ze", out);
}

static const struct fake_device *at(ze_device_handle_t device)
{
	const struct fake_device *all;
	unsigned n = devices(&all);
	size_t i = (size_t)((char *)device - handles);

	return device && i < n ? &all[i] : NULL;
}

static void enter(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		;
}

static void leave(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

/* The piece that holds an address, locked; NULL: unlocked. */
static struct piece *find(const void *p)
{
	enter();
	for (size_t i = 0; i < PIECES; i++)
		if (pieces[i].type && (char *)p >= pieces[i].start &&
			(char *)p < pieces[i].start + pieces[i].size)
			return &pieces[i];
	leave();
	return NULL;
}

static ze_result_t get(void **out, size_t size, ze_memory_type_t type,
	ze_device_handle_t device, uint64_t id)
{
	void *p;

	if (!out)
		return ZE_RESULT_ERROR_INVALID_NULL_POINTER;
	if (!size)
		return ZE_RESULT_ERROR_UNSUPPORTED_SIZE;
	if (device && !at(device))
		return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
	if (type == ZE_MEMORY_TYPE_DEVICE && size > at(device)->memory)
		return ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY;
	enter();
	for (size_t i = 0; i < PIECES; i++) {
		if (pieces[i].type)
			continue;
		pieces[i] = (struct piece){ p, size, type, device, id };
		break;
	}
	leave();
	*out = p;
	return ZE_RESULT_SUCCESS;
}

static ze_result_t init(ze_init_flags_t flags)
{
	const struct fake_device *all;

	BEGIN("zeInit");
	return devices(&all) ? ZE_RESULT_SUCCESS
			     : ZE_RESULT_ERROR_UNINITIALIZED;
}

static ze_result_t get_driver(uint32_t *n, ze_driver_handle_t *out)
{
	BEGIN("zeDriverGet");
	if (*n && out)
		out[0] = (ze_driver_handle_t)&driver;
	*n = 1;
	return ZE_RESULT_SUCCESS;
}

static ze_result_t get_devices(
	ze_driver_handle_t from, uint32_t *n, ze_device_handle_t *out)
{
	const struct fake_device *all;
	unsigned count = devices(&all);

	BEGIN("zeDeviceGet");
	if (!*n || *n > count)
		*n = count;
	for (uint32_t i = 0; out && i < *n; i++)
		out[i] = (ze_device_handle_t)&handles[i];
	return ZE_RESULT_SUCCESS;
}

static ze_result_t get_memory(ze_device_handle_t device, uint32_t *n,
	ze_device_memory_properties_t *out)
{
	BEGIN("zeDeviceGetMemoryProperties");
	*n = 1;
	if (out)
		out->totalSize = at(device)->memory;
	return ZE_RESULT_SUCCESS;
}

static ze_result_t get_access(
	ze_device_handle_t device, ze_device_memory_access_properties_t *out)
{
	const uint32_t shared =
		ZE_MEMORY_ACCESS_CAP_FLAG_RW |
		(at(device)->apart ? 0 : ZE_MEMORY_ACCESS_CAP_FLAG_CONCURRENT);

	BEGIN("zeDeviceGetMemoryAccessProperties");
	out->hostAllocCapabilities = out->deviceAllocCapabilities =
		ZE_MEMORY_ACCESS_CAP_FLAG_RW;
	out->sharedSingleDeviceAllocCapabilities = shared;
	out->sharedCrossDeviceAllocCapabilities = shared;
	out->sharedSystemAllocCapabilities =
		at(device)->tables ? ZE_MEMORY_ACCESS_CAP_FLAG_RW : 0;
	return ZE_RESULT_SUCCESS;
}

static ze_result_t can_access(
	ze_device_handle_t device, ze_device_handle_t peer, ze_bool_t *can)
{
	BEGIN("zeDeviceCanAccessPeer");
	*can = at(device)->peers >> ((char *)peer - handles) & 1;
	return ZE_RESULT_SUCCESS;
}

static ze_result_t create_context(ze_driver_handle_t from,
	const ze_context_desc_t *desc, ze_context_handle_t *out)
{
	*out = (ze_context_handle_t)&context;
	return ZE_RESULT_SUCCESS;
}

static ze_result_t destroy_context(ze_context_handle_t which)
{
	BEGIN("zeContextDestroy");
	return ZE_RESULT_SUCCESS;
}

static ze_result_t alloc_shared(ze_context_handle_t in,
	const ze_device_mem_alloc_desc_t *device_desc,
	const ze_host_mem_alloc_desc_t *host_desc, size_t size, size_t align,
	ze_device_handle_t device, void **out)
{
	BEGIN("zeMemAllocShared");
	return get(out, size, ZE_MEMORY_TYPE_SHARED, device,
		device_desc->flags << 8 | host_desc->flags);
}

static ze_result_t alloc_device(ze_context_handle_t in,
	const ze_device_mem_alloc_desc_t *desc, size_t size, size_t align,
	ze_device_handle_t device, void **out)
{
	BEGIN("zeMemAllocDevice");
	if (!device)
		return ZE_RESULT_ERROR_INVALID_NULL_HANDLE;
	return get(out, size, ZE_MEMORY_TYPE_DEVICE, device, 0);
}

static ze_result_t alloc_host(ze_context_handle_t in,
	const ze_host_mem_alloc_desc_t *desc, size_t size, size_t align,
	void **out)
{
	BEGIN("zeMemAllocHost");
	return get(out, size, ZE_MEMORY_TYPE_HOST, NULL, 0);
}

static ze_result_t release(void *p)
{
	struct piece *piece = find(p);
	size_t size;

	if (!piece)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	size = piece->size;
	piece->type = ZE_MEMORY_TYPE_UNKNOWN;
	leave();
	munmap(p, size);
	return ZE_RESULT_SUCCESS;
}

static ze_result_t free_memory(ze_context_handle_t in, void *p)
{
	BEGIN("zeMemFree");
	return release(p);
}

static ze_result_t free_ext(
	ze_context_handle_t in, const ze_memory_free_ext_desc_t *desc, void *p)
{
	BEGIN("zeMemFreeExt");
	return release(p);
}

/* Unknown memory is no error. */
static ze_result_t get_properties(ze_context_handle_t in, const void *p,
	ze_memory_allocation_properties_t *out, ze_device_handle_t *device)
{
	struct piece *piece;

	BEGIN("zeMemGetAllocProperties");
	piece = find(p);
	out->type = piece ? piece->type : ZE_MEMORY_TYPE_UNKNOWN;
	out->id = piece ? piece->id : 0;
	out->pageSize = 4096;
	if (device)
		*device = piece ? piece->device : NULL;
	if (piece)
		leave();
	return ZE_RESULT_SUCCESS;
}

static ze_result_t get_range(
	ze_context_handle_t in, const void *p, void **base, size_t *size)
{
	struct piece *piece;

	BEGIN("zeMemGetAddressRange");
	piece = find(p);
	if (!piece)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	if (base)
		*base = piece->start;
	if (size)
		*size = piece->size;
	leave();
	return ZE_RESULT_SUCCESS;
}

static ze_result_t get_handle(
	ze_context_handle_t in, const void *p, ze_ipc_mem_handle_t *out)
{
	struct piece *piece;
	ze_result_t rc;

	BEGIN("zeMemGetIpcHandle");
	piece = find(p);
	if (!piece)
		return ZE_RESULT_ERROR_INVALID_ARGUMENT;
	rc = piece->type == ZE_MEMORY_TYPE_DEVICE
		     ? ZE_RESULT_SUCCESS
		     : ZE_RESULT_ERROR_INVALID_ARGUMENT;
	leave();
	memset(out, 7, sizeof(*out));
	return rc;
}

static ze_result_t create_list(ze_context_handle_t in,
	ze_device_handle_t device, const ze_command_list_desc_t *desc,
	ze_command_list_handle_t *out)
{
	*out = (ze_command_list_handle_t)&list;
	return ZE_RESULT_SUCCESS;
}

static ze_result_t prefetch(
	ze_command_list_handle_t which, const void *p, size_t size)
{
	BEGIN("zeCommandListAppendMemoryPrefetch");
	return ZE_RESULT_SUCCESS;
}

static ze_result_t advise(ze_command_list_handle_t which,
	ze_device_handle_t device, const void *p, size_t size,
	ze_memory_advice_t advice)
{
	BEGIN("zeCommandListAppendMemAdvise");
	return ZE_RESULT_SUCCESS;
}

/* What the loader asks for. */

ZE_APIEXPORT ze_result_t ZE_APICALL zeGetGlobalProcAddrTable(
	ze_api_version_t version, ze_global_dditable_t *table)
{
	table->pfnInit = init;
	return ZE_RESULT_SUCCESS;
}

ZE_APIEXPORT ze_result_t ZE_APICALL zeGetDriverProcAddrTable(
	ze_api_version_t version, ze_driver_dditable_t *table)
{
	table->pfnGet = get_driver;
	return ZE_RESULT_SUCCESS;
}

ZE_APIEXPORT ze_result_t ZE_APICALL zeGetDeviceProcAddrTable(
	ze_api_version_t version, ze_device_dditable_t *table)
{
	table->pfnGet = get_devices;
	table->pfnGetMemoryProperties = get_memory;
	table->pfnGetMemoryAccessProperties = get_access;
	table->pfnCanAccessPeer = can_access;
	return ZE_RESULT_SUCCESS;
}

ZE_APIEXPORT ze_result_t ZE_APICALL zeGetContextProcAddrTable(
	ze_api_version_t version, ze_context_dditable_t *table)
{
	table->pfnCreate = create_context;
	table->pfnDestroy = destroy_context;
	return ZE_RESULT_SUCCESS;
}

ZE_APIEXPORT ze_result_t ZE_APICALL zeGetCommandListProcAddrTable(
	ze_api_version_t version, ze_command_list_dditable_t *table)
{
	table->pfnCreate = create_list;
	table->pfnAppendMemoryPrefetch = prefetch;
	table->pfnAppendMemAdvise = advise;
	return ZE_RESULT_SUCCESS;
}

ZE_APIEXPORT ze_result_t ZE_APICALL zeGetMemProcAddrTable(
	ze_api_version_t version, ze_mem_dditable_t *table)
{
	table->pfnAllocShared = alloc_shared;
	table->pfnAllocDevice = alloc_device;
	table->pfnAllocHost = alloc_host;
	table->pfnFree = free_memory;
	table->pfnFreeExt = free_ext;
	table->pfnGetAllocProperties = get_properties;
	table->pfnGetAddressRange = get_range;
	table->pfnGetIpcHandle = get_handle;
	return ZE_RESULT_SUCCESS;
}

#define EMPTY(name, type)                                                      \
	ZE_APIEXPORT ze_result_t ZE_APICALL name(                              \
		ze_api_version_t version, type *table)                         \
	{                                                                      \
		return ZE_RESULT_SUCCESS;                                      \
	}

EMPTY(zeGetDeviceExpProcAddrTable, ze_device_exp_dditable_t)
EMPTY(zeGetCommandQueueProcAddrTable, ze_command_queue_dditable_t)
EMPTY(zeGetImageProcAddrTable, ze_image_dditable_t)
EMPTY(zeGetImageExpProcAddrTable, ze_image_exp_dditable_t)
EMPTY(zeGetFenceProcAddrTable, ze_fence_dditable_t)
EMPTY(zeGetEventPoolProcAddrTable, ze_event_pool_dditable_t)
EMPTY(zeGetEventProcAddrTable, ze_event_dditable_t)
EMPTY(zeGetEventExpProcAddrTable, ze_event_exp_dditable_t)
EMPTY(zeGetModuleProcAddrTable, ze_module_dditable_t)
EMPTY(zeGetModuleBuildLogProcAddrTable, ze_module_build_log_dditable_t)
EMPTY(zeGetKernelProcAddrTable, ze_kernel_dditable_t)
EMPTY(zeGetKernelExpProcAddrTable, ze_kernel_exp_dditable_t)
EMPTY(zeGetSamplerProcAddrTable, ze_sampler_dditable_t)
EMPTY(zeGetPhysicalMemProcAddrTable, ze_physical_mem_dditable_t)
EMPTY(zeGetVirtualMemProcAddrTable, ze_virtual_mem_dditable_t)
EMPTY(zeGetFabricVertexExpProcAddrTable, ze_fabric_vertex_exp_dditable_t)
EMPTY(zeGetFabricEdgeExpProcAddrTable, ze_fabric_edge_exp_dditable_t)
EMPTY(zetGetDeviceProcAddrTable, zet_device_dditable_t)
EMPTY(zetGetContextProcAddrTable, zet_context_dditable_t)
EMPTY(zetGetCommandListProcAddrTable, zet_command_list_dditable_t)
EMPTY(zetGetModuleProcAddrTable, zet_module_dditable_t)
EMPTY(zetGetKernelProcAddrTable, zet_kernel_dditable_t)
EMPTY(zetGetMetricGroupProcAddrTable, zet_metric_group_dditable_t)
EMPTY(zetGetMetricGroupExpProcAddrTable, zet_metric_group_exp_dditable_t)
EMPTY(zetGetMetricProcAddrTable, zet_metric_dditable_t)
EMPTY(zetGetMetricStreamerProcAddrTable, zet_metric_streamer_dditable_t)
EMPTY(zetGetMetricQueryPoolProcAddrTable, zet_metric_query_pool_dditable_t)
EMPTY(zetGetMetricQueryProcAddrTable, zet_metric_query_dditable_t)
EMPTY(zetGetTracerExpProcAddrTable, zet_tracer_exp_dditable_t)
EMPTY(zetGetDebugProcAddrTable, zet_debug_dditable_t)
EMPTY(zesGetDriverProcAddrTable, zes_driver_dditable_t)
EMPTY(zesGetDeviceProcAddrTable, zes_device_dditable_t)
EMPTY(zesGetSchedulerProcAddrTable, zes_scheduler_dditable_t)
EMPTY(zesGetPerformanceFactorProcAddrTable, zes_performance_factor_dditable_t)
EMPTY(zesGetPowerProcAddrTable, zes_power_dditable_t)
EMPTY(zesGetFrequencyProcAddrTable, zes_frequency_dditable_t)
EMPTY(zesGetEngineProcAddrTable, zes_engine_dditable_t)
EMPTY(zesGetStandbyProcAddrTable, zes_standby_dditable_t)
EMPTY(zesGetFirmwareProcAddrTable, zes_firmware_dditable_t)
EMPTY(zesGetMemoryProcAddrTable, zes_memory_dditable_t)
EMPTY(zesGetFabricPortProcAddrTable, zes_fabric_port_dditable_t)
EMPTY(zesGetTemperatureProcAddrTable, zes_temperature_dditable_t)
EMPTY(zesGetPsuProcAddrTable, zes_psu_dditable_t)
EMPTY(zesGetFanProcAddrTable, zes_fan_dditable_t)
EMPTY(zesGetLedProcAddrTable, zes_led_dditable_t)
EMPTY(zesGetRasProcAddrTable, zes_ras_dditable_t)
EMPTY(zesGetDiagnosticsProcAddrTable, zes_diagnostics_dditable_t)
