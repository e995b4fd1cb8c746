/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of Level Zero.  Says of each piece of memory what the driver and
 * the kernel say of it, and that it can be used and given back.
 */
#include <level_zero/ze_api.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vendor/by_name.h"
#include "tests/vendor/where.h"

#ifdef BY_NAME
#define FIND(name)                                                             \
	((__typeof__(&(name)))by_name("libze_loader.so.1", "", #name))
#define zeCommandListAppendMemAdvise FIND(zeCommandListAppendMemAdvise)
#define zeCommandListAppendMemoryPrefetch                                      \
	FIND(zeCommandListAppendMemoryPrefetch)
#define zeCommandListCreate FIND(zeCommandListCreate)
#define zeContextCreate FIND(zeContextCreate)
#define zeContextDestroy FIND(zeContextDestroy)
#define zeDeviceGet FIND(zeDeviceGet)
#define zeDriverGet FIND(zeDriverGet)
#define zeInit FIND(zeInit)
#define zeMemAllocDevice FIND(zeMemAllocDevice)
#define zeMemAllocHost FIND(zeMemAllocHost)
#define zeMemAllocShared FIND(zeMemAllocShared)
#define zeMemFree FIND(zeMemFree)
#define zeMemFreeExt FIND(zeMemFreeExt)
#define zeMemGetAddressRange FIND(zeMemGetAddressRange)
#define zeMemGetAllocProperties FIND(zeMemGetAllocProperties)
#define zeMemGetIpcHandle FIND(zeMemGetIpcHandle)
#endif

#define SIZE ((size_t)4 << 20)

static ze_context_handle_t context;
static ze_device_handle_t devices[2];
static ze_device_mem_alloc_desc_t on_device = {
	.stype = ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC,
};
static ze_host_mem_alloc_desc_t on_host = {
	.stype = ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC,
};

static void say(const char *name, ze_result_t rc, char *p)
{
	static const char *const types[] = { "unknown", "host", "device",
		"shared" };
	ze_memory_allocation_properties_t is = {
		.stype = ZE_STRUCTURE_TYPE_MEMORY_ALLOCATION_PROPERTIES,
	};
	ze_device_handle_t device = (ze_device_handle_t)&is;
	void *base = NULL;
	size_t length = 0;

	printf("%s: 0x%x\n", name, rc);
	if (rc)
		return;
	zeMemGetAllocProperties(context, p + SIZE / 2, &is, &device);
	printf("%s is %s of %s%s", name, types[is.type & 3],
		!device		       ? "none"
		: device == devices[0] ? "0"
		: device == devices[1] ? "1"
				       : "NOBODY",
		is_bound(p) ? ", bound" : "");
	/* The double says so where shared memory was to be first. */
	if (is.type == ZE_MEMORY_TYPE_SHARED)
		printf(", placed 0x%llx", (unsigned long long)is.id);
	rc = zeMemGetAddressRange(context, p + SIZE / 2, &base, &length);
	printf("\n%s range: 0x%x, %s, %s\n", name, rc,
		base == p ? "from its start" : "FROM ELSEWHERE",
		length == SIZE ? "whole" : "ODD");
	memset(p, 0x5a, SIZE);
}

static void end(const char *name, ze_result_t rc, const void *p)
{
	printf("%s freed: 0x%x\n", name, rc);
	printf("%s is %s\n", name, is_mapped(p) ? "still there" : "gone");
}

static void device_memory(void)
{
	void *p = NULL;
	ze_result_t rc =
		zeMemAllocDevice(context, &on_device, SIZE, 64, devices[0], &p);

	say("device", rc, p);
	if (!rc)
		end("device", zeMemFree(context, p), p);
}

static void shared_memory(void)
{
	ze_command_list_handle_t list;
	ze_command_list_desc_t desc = {
		.stype = ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC,
	};
	void *p = NULL;
	ze_result_t rc = zeMemAllocShared(
		context, &on_device, &on_host, SIZE, 64, devices[0], &p);

	say("shared", rc, p);
	if (rc)
		return;
	zeCommandListCreate(context, devices[0], &desc, &list);
	printf("hints: 0x%x 0x%x\n",
		zeCommandListAppendMemoryPrefetch(list, p, SIZE),
		zeCommandListAppendMemAdvise(list, devices[0], p, SIZE,
			ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION));
	end("shared", zeMemFree(context, p), p);
	rc = zeMemAllocShared(context, &on_device, &on_host, SIZE, 0, NULL, &p);
	say("shared by the host", rc, p);
	if (!rc)
		end("shared by the host", zeMemFree(context, p), p);
}

static void host_memory(void)
{
	ze_memory_free_ext_desc_t later = {
		.stype = ZE_STRUCTURE_TYPE_MEMORY_FREE_EXT_DESC,
	};
	ze_host_mem_alloc_desc_t combined = on_host;
	void *p = NULL;
	ze_result_t rc;

	rc = zeMemAllocHost(context, &on_host, SIZE, 64, &p);
	say("host", rc, p);
	if (!rc)
		end("host", zeMemFree(context, p), p);
	combined.flags = ZE_HOST_MEM_ALLOC_FLAG_BIAS_WRITE_COMBINED;
	rc = zeMemAllocHost(context, &combined, SIZE, 64, &p);
	say("combined", rc, p);
	if (!rc)
		end("combined", zeMemFree(context, p), p);
	rc = zeMemAllocHost(context, &on_host, SIZE, 0, &p);
	say("now", rc, p);
	if (!rc)
		end("now", zeMemFreeExt(context, &later, p), p);
	later.freePolicy = ZE_DRIVER_MEMORY_FREE_POLICY_EXT_FLAG_DEFER_FREE;
	rc = zeMemAllocHost(context, &on_host, SIZE, 0, &p);
	say("later", rc, p);
	if (rc)
		return;
	end("later", zeMemFreeExt(context, &later, p), p);
	printf("context ends: 0x%x\n", zeContextDestroy(context));
	printf("later is %s\n", is_mapped(p) ? "STILL THERE" : "gone");
}

/* Calls that the driver must refuse, and does so as without us. */
static void bad_calls(void)
{
	static char own[4096];
	void *p = NULL;

	printf("no size: 0x%x\n", zeMemAllocHost(context, &on_host, 0, 0, &p));
	printf("no device: 0x%x\n",
		zeMemAllocDevice(context, &on_device, SIZE, 0, NULL, &p));
	printf("too much: 0x%x\n", zeMemAllocDevice(context, &on_device,
					   SIZE_MAX / 2, 0, devices[0], &p));
	printf("not its own: 0x%x\n", zeMemFree(context, own));
}

int main(int argc, char **argv)
{
	ze_context_desc_t desc = { .stype = ZE_STRUCTURE_TYPE_CONTEXT_DESC };
	ze_ipc_mem_handle_t handle;
	ze_driver_handle_t driver;
	uint32_t n = 1;
	void *p = NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (zeInit(0) || zeDriverGet(&n, &driver))
		return 77;
	n = 2;
	if (zeDeviceGet(driver, &n, devices) ||
		zeContextCreate(driver, &desc, &context))
		return 1;
	if (argc > 1 && !strcmp(argv[1], "room")) {
		for (int i = 0; i < 4; i++) {
			char name[16];
			ze_result_t rc = zeMemAllocDevice(
				context, &on_device, SIZE, 0, devices[0], &p);

			snprintf(name, sizeof(name), "piece %d", i);
			say(name, rc, p);
		}
		return 0;
	}
	device_memory();
	shared_memory();
	bad_calls();
	if (argc > 1 && !strcmp(argv[1], "ipc")) {
		if (!zeMemAllocDevice(
			    context, &on_device, SIZE, 0, devices[0], &p)) {
			ze_result_t rc = zeMemGetIpcHandle(context, p, &handle);

			printf("handle is %s\n", rc ? "refused" : "given");
		}
		device_memory();
	}
	host_memory();
	return 0;
}
