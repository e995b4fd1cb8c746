/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Level Zero can do for a place.  Device memory that may be elsewhere is
 * shared memory of the driver's.  Memory of ours serves only where every
 * device reaches the system's memory as it is: there is no way to register it.
 */
#include "shims/level_zero_place.h"

#include "base/sys.h"

#define MOST_DRIVERS 16
#define MOST_DEVICES 64
#define MOST_MEMORIES 16

/* All devices in the loader's order; their number. */
static unsigned list(ze_device_handle_t devices[MOST_DEVICES])
{
	__typeof__(&zeDriverGet) get_drivers = HMS_ZE(zeDriverGet);
	__typeof__(&zeDeviceGet) get_devices = HMS_ZE(zeDeviceGet);
	ze_driver_handle_t drivers[MOST_DRIVERS];
	uint32_t ndrivers = MOST_DRIVERS, n;
	unsigned count = 0;

	if (!get_drivers || !get_devices ||
		get_drivers(&ndrivers, drivers) != HMS_ZE_SUCCESS)
		return 0;
	for (uint32_t i = 0; i < ndrivers && i < MOST_DRIVERS; i++) {
		n = MOST_DEVICES - count;
		/* 0 would ask how many there are. */
		if (n && get_devices(drivers[i], &n, devices + count) ==
				 HMS_ZE_SUCCESS)
			count += n;
	}
	return count;
}

int hms_ze_number(ze_device_handle_t device)
{
	ze_device_handle_t devices[MOST_DEVICES];
	unsigned n = device ? list(devices) : 0;

	for (unsigned i = 0; i < n; i++)
		if (devices[i] == device)
			return (int)i;
	return -1;
}

static ze_device_handle_t handle(unsigned device)
{
	ze_device_handle_t devices[MOST_DEVICES];

	return device < list(devices) ? devices[device] : NULL;
}

static bool access_of(
	ze_device_handle_t device, ze_device_memory_access_properties_t *out)
{
	__typeof__(&zeDeviceGetMemoryAccessProperties) get =
		HMS_ZE(zeDeviceGetMemoryAccessProperties);

	*out = (ze_device_memory_access_properties_t){
		.stype = HMS_ZE_TYPE_ACCESS_PROPERTIES
	};
	return get && device && get(device, out) == HMS_ZE_SUCCESS;
}

bool hms_ze_system(void)
{
	ze_device_memory_access_properties_t access;
	ze_device_handle_t devices[MOST_DEVICES];
	unsigned n = list(devices);

	for (unsigned i = 0; i < n; i++)
		if (!access_of(devices[i], &access) ||
			!(access.sharedSystemAllocCapabilities &
				HMS_ZE_ACCESS_RW))
			return false;
	return n != 0;
}

static bool present(unsigned device)
{
	return handle(device) != NULL;
}

static size_t memory_of(unsigned device)
{
	__typeof__(&zeDeviceGetMemoryProperties) get =
		HMS_ZE(zeDeviceGetMemoryProperties);
	struct hms_status_device *row = hms_device_row(HMS_FAMILY_ZE, device);
	ze_device_memory_properties_t memory[MOST_MEMORIES] = { 0 };
	uint32_t n = MOST_MEMORIES;
	size_t sum = 0;

	for (unsigned i = 0; i < MOST_MEMORIES; i++)
		memory[i].stype = HMS_ZE_TYPE_MEMORY_PROPERTIES;
	if (!get || get(handle(device), &n, memory) != HMS_ZE_SUCCESS)
		n = 0;
	for (unsigned i = 0; i < n && i < MOST_MEMORIES; i++)
		sum += memory[i].totalSize;
	if (row)
		__atomic_store_n(&row->memory, sum, __ATOMIC_RELAXED);
	return sum;
}

static bool manages(const struct hms_placing *p, unsigned device)
{
	const uint32_t wanted = HMS_ZE_ACCESS_RW | HMS_ZE_ACCESS_CONCURRENT;
	ze_device_memory_access_properties_t access;
	uint32_t has;

	if (!access_of(handle(device), &access))
		return false;
	has = (int)device == p->device
		      ? access.sharedSingleDeviceAllocCapabilities
		      : access.sharedCrossDeviceAllocCapabilities;
	return (has & wanted) == wanted;
}

static int64_t plain_device(struct hms_placing *p)
{
	const struct hms_ze_ask *ask = (struct hms_ze_ask *)p;

	return HMS_REAL(zeMemAllocDevice)(ask->context, ask->device_desc,
		p->call.bytes, ask->alignment, ask->device, &p->memory);
}

static int64_t plain_shared(struct hms_placing *p)
{
	const struct hms_ze_ask *ask = (struct hms_ze_ask *)p;

	return HMS_REAL(zeMemAllocShared)(ask->context, ask->device_desc,
		ask->host_desc, p->call.bytes, ask->alignment, ask->device,
		&p->memory);
}

static int64_t plain_host(struct hms_placing *p)
{
	const struct hms_ze_ask *ask = (struct hms_ze_ask *)p;

	return HMS_REAL(zeMemAllocHost)(ask->context, ask->host_desc,
		p->call.bytes, ask->alignment, &p->memory);
}

/* Where it is at first is all that can be said without a command list. */
static int64_t managed(struct hms_placing *p,
	const struct hms_managed_targets *in, int preferred)
{
	__typeof__(&zeMemAllocShared) real = HMS_REAL(zeMemAllocShared);
	const struct hms_ze_ask *ask = (struct hms_ze_ask *)p;
	ze_device_mem_alloc_desc_t device = {
		.stype = HMS_ZE_TYPE_DEVICE_DESC,
	};
	ze_host_mem_alloc_desc_t host = { .stype = HMS_ZE_TYPE_HOST_DESC };

	if (!real)
		return HMS_ZE_UNINITIALIZED;
	if (ask->device_desc)
		device = *ask->device_desc;
	if (ask->host_desc)
		host = *ask->host_desc;
	device.flags &= ~(uint32_t)HMS_ZE_DEVICE_PLACED;
	host.flags &= ~(uint32_t)HMS_ZE_HOST_PLACED;
	if (preferred == p->device)
		device.flags |= HMS_ZE_DEVICE_PLACED;
	else if (preferred < 0)
		host.flags |= HMS_ZE_HOST_PLACED;
	return real(ask->context, &device, &host, p->call.bytes, ask->alignment,
		ask->device, &p->memory);
}

static int64_t peer(struct hms_placing *p, unsigned device)
{
	__typeof__(&zeDeviceCanAccessPeer) can_access =
		HMS_ZE(zeDeviceCanAccessPeer);
	const struct hms_ze_ask *ask = (struct hms_ze_ask *)p;
	ze_device_handle_t other = handle(device);
	ze_bool_t can = 0;

	if (!can_access || !other ||
		can_access(ask->device, other, &can) != HMS_ZE_SUCCESS || !can)
		return HMS_PLACED_NOT;
	return HMS_REAL(zeMemAllocDevice)(ask->context, ask->device_desc,
		p->call.bytes, ask->alignment, other, &p->memory);
}

static bool reaches(const struct hms_placing *p)
{
	const struct hms_ze_ask *ask = (const struct hms_ze_ask *)p;

	return ask->alignment <= hms_sys_page_size() && hms_ze_system();
}

static int64_t host(struct hms_placing *p, void *mapping, size_t mapped)
{
	p->memory = mapping;
	return HMS_ZE_SUCCESS;
}

#define COMMON                                                                 \
	.vendor = HMS_FAMILY_ZE, .present = present, .memory = memory_of,      \
	.manages = manages, .managed = managed, .peer = peer,                  \
	.reaches = reaches, .host = host

const struct hms_placer hms_ze_device = {
	COMMON,
	.out_of_memory = HMS_ZE_OUT_OF_DEVICE_MEMORY,
	.plain = plain_device,
};
const struct hms_placer hms_ze_shared = {
	COMMON,
	.out_of_memory = HMS_ZE_OUT_OF_DEVICE_MEMORY,
	.plain = plain_shared,
};
const struct hms_placer hms_ze_host = {
	COMMON,
	.out_of_memory = HMS_ZE_OUT_OF_HOST_MEMORY,
	.plain = plain_host,
};
