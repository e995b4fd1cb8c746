/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of Level Zero that we use, declared by ourselves so that nothing of
 * the vendor's is needed to build.  Names and types are the vendor's: with its
 * own header included first, HMS_ZE_TYPES_GIVEN defined, the compiler holds
 * every declaration here against it, which a test does.
 *
 * Source: oneAPI Level Zero specification 1.5.
 */
#ifndef HMS_SHIMS_LEVEL_ZERO_H
#define HMS_SHIMS_LEVEL_ZERO_H

#include <stddef.h>
#include <stdint.h>

enum {
	HMS_ZE_SUCCESS = 0,
	HMS_ZE_OUT_OF_HOST_MEMORY = 0x70000002,
	HMS_ZE_OUT_OF_DEVICE_MEMORY = 0x70000003,
	HMS_ZE_UNINITIALIZED = 0x78000001,

	HMS_ZE_TYPE_ACCESS_PROPERTIES = 0x8, /* ze_structure_type_t */
	HMS_ZE_TYPE_MEMORY_PROPERTIES = 0x7,
	HMS_ZE_TYPE_DEVICE_DESC = 0x15,
	HMS_ZE_TYPE_HOST_DESC = 0x16,

	HMS_ZE_DEVICE_PLACED = 1 << 2, /* ..._BIAS_INITIAL_PLACEMENT */
	HMS_ZE_HOST_COMBINED = 1 << 2, /* ..._BIAS_WRITE_COMBINED */
	HMS_ZE_HOST_PLACED = 1 << 3,
	HMS_ZE_ACCESS_RW = 1 << 0,
	HMS_ZE_ACCESS_CONCURRENT = 1 << 2,
	HMS_ZE_MEMORY_HOST = 1, /* ze_memory_type_t */
};

#ifndef HMS_ZE_TYPES_GIVEN
typedef unsigned ze_result_t;
typedef unsigned ze_structure_type_t;
typedef unsigned ze_memory_type_t;
typedef unsigned ze_memory_advice_t;
typedef uint8_t ze_bool_t;
typedef struct _ze_context_handle_t *ze_context_handle_t;
typedef struct _ze_device_handle_t *ze_device_handle_t;
typedef struct _ze_driver_handle_t *ze_driver_handle_t;
typedef struct _ze_command_list_handle_t *ze_command_list_handle_t;
typedef struct _ze_ipc_mem_handle_t ze_ipc_mem_handle_t; /* 64 bytes */
typedef struct _ze_device_mem_alloc_desc_t {
	ze_structure_type_t stype;
	const void *pNext;
	uint32_t flags;
	uint32_t ordinal;
} ze_device_mem_alloc_desc_t;
typedef struct _ze_host_mem_alloc_desc_t {
	ze_structure_type_t stype;
	const void *pNext;
	uint32_t flags;
} ze_host_mem_alloc_desc_t;
typedef struct _ze_memory_allocation_properties_t {
	ze_structure_type_t stype;
	void *pNext;
	ze_memory_type_t type;
	uint64_t id;
	uint64_t pageSize;
} ze_memory_allocation_properties_t;
typedef struct _ze_memory_free_ext_desc_t {
	ze_structure_type_t stype;
	const void *pNext;
	uint32_t freePolicy;
} ze_memory_free_ext_desc_t;
typedef struct _ze_device_memory_access_properties_t {
	ze_structure_type_t stype;
	void *pNext;
	uint32_t hostAllocCapabilities;
	uint32_t deviceAllocCapabilities;
	uint32_t sharedSingleDeviceAllocCapabilities;
	uint32_t sharedCrossDeviceAllocCapabilities;
	uint32_t sharedSystemAllocCapabilities;
} ze_device_memory_access_properties_t;
typedef struct _ze_device_memory_properties_t {
	ze_structure_type_t stype;
	void *pNext;
	uint32_t flags;
	uint32_t maxClockRate;
	uint32_t maxBusWidth;
	uint64_t totalSize;
	char name[256];
} ze_device_memory_properties_t;
#endif

/* Ours stand for these (hooks.def). */
ze_result_t zeMemAllocShared(ze_context_handle_t context,
	const ze_device_mem_alloc_desc_t *device_desc,
	const ze_host_mem_alloc_desc_t *host_desc, size_t size,
	size_t alignment, ze_device_handle_t device, void **out);
ze_result_t zeMemAllocDevice(ze_context_handle_t context,
	const ze_device_mem_alloc_desc_t *desc, size_t size, size_t alignment,
	ze_device_handle_t device, void **out);
ze_result_t zeMemAllocHost(ze_context_handle_t context,
	const ze_host_mem_alloc_desc_t *desc, size_t size, size_t alignment,
	void **out);
ze_result_t zeMemFree(ze_context_handle_t context, void *memory);
ze_result_t zeMemFreeExt(ze_context_handle_t context,
	const ze_memory_free_ext_desc_t *desc, void *memory);
ze_result_t zeMemGetAllocProperties(ze_context_handle_t context,
	const void *memory, ze_memory_allocation_properties_t *properties,
	ze_device_handle_t *device);
ze_result_t zeMemGetAddressRange(ze_context_handle_t context,
	const void *memory, void **base, size_t *size);
ze_result_t zeMemGetIpcHandle(ze_context_handle_t context, const void *memory,
	ze_ipc_mem_handle_t *handle);
ze_result_t zeCommandListAppendMemoryPrefetch(
	ze_command_list_handle_t list, const void *memory, size_t size);
ze_result_t zeCommandListAppendMemAdvise(ze_command_list_handle_t list,
	ze_device_handle_t device, const void *memory, size_t size,
	ze_memory_advice_t advice);
ze_result_t zeContextDestroy(ze_context_handle_t context);

/* We only call these. */
ze_result_t zeDriverGet(uint32_t *count, ze_driver_handle_t *drivers);
ze_result_t zeDeviceGet(ze_driver_handle_t driver, uint32_t *count,
	ze_device_handle_t *devices);
ze_result_t zeDeviceGetMemoryProperties(ze_device_handle_t device,
	uint32_t *count, ze_device_memory_properties_t *properties);
ze_result_t zeDeviceGetMemoryAccessProperties(ze_device_handle_t device,
	ze_device_memory_access_properties_t *properties);
ze_result_t zeDeviceCanAccessPeer(
	ze_device_handle_t device, ze_device_handle_t peer, ze_bool_t *can);

#endif
