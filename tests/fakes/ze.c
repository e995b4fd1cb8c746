/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A double of libze_loader.so.1 with one driver.
 * Source: oneAPI Level Zero specification 1.5.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tests/fakes/fake.h"

#define OK 0u
#define UNINITIALIZED 0x78000001u
#define INVALID_NULL_HANDLE 0x78000005u
#define INVALID_ENUMERATION 0x7800000cu

static bool live;
static const struct fake_device *devices;
static unsigned count;

static unsigned begin(const char *function)
{
	long result = fake_call("ze", function);

	if (result)
		return (unsigned)result;
	return live ? OK : UNINITIALIZED;
}

/* Handles are numbers from 1. */
static unsigned begin_with(const char *function, void *device)
{
	unsigned rc = begin(function);

	if (rc)
		return rc;
	return (uintptr_t)device - 1 < count ? OK : INVALID_NULL_HANDLE;
}

static const struct fake_device *at(void *device)
{
	return &devices[(uintptr_t)device - 1];
}

unsigned zeInit(unsigned flags);
unsigned zeDriverGet(uint32_t *n, void **drivers);
unsigned zeDeviceGet(void *driver, uint32_t *n, void **out);
unsigned zeDeviceGetProperties(void *device, void *out);
unsigned zeDeviceGetMemoryProperties(void *device, uint32_t *n, void *out);
unsigned zeDevicePciGetPropertiesExt(void *device, void *out);
unsigned zeDeviceCanAccessPeer(void *device, void *peer, uint8_t *can);

/* The loader says so too where no driver is installed. */
unsigned zeInit(unsigned flags)
{
	long result = fake_call("ze", "zeInit");

	(void)flags;
	if (result)
		return (unsigned)result;
	count = fake_devices("ze", &devices);
	live = count > 0;
	return live ? OK : UNINITIALIZED;
}

unsigned zeDriverGet(uint32_t *n, void **drivers)
{
	unsigned rc = begin("zeDriverGet");

	if (rc)
		return rc;
	if (*n && drivers)
		drivers[0] = (void *)1;
	*n = 1;
	return OK;
}

unsigned zeDeviceGet(void *driver, uint32_t *n, void **out)
{
	unsigned rc = begin("zeDeviceGet");

	if (rc)
		return rc;
	if (!driver)
		return INVALID_NULL_HANDLE;
	if (!*n || *n > count)
		*n = count;
	for (uint32_t i = 0; out && i < *n; i++)
		out[i] = (void *)(uintptr_t)(i + 1);
	return OK;
}

/* Structures by their documented offsets on 64-bit machines. */
static void put(void *base, size_t offset, const void *value, size_t size)
{
	memcpy((char *)base + offset, value, size);
}

static void put32(void *base, size_t offset, uint32_t value)
{
	put(base, offset, &value, sizeof(value));
}

static bool is_type(const void *base, uint32_t type)
{
	return !memcmp(base, &type, sizeof(type));
}

/* ze_device_properties_t: type at 16, flags at 28, name at 112. */
unsigned zeDeviceGetProperties(void *device, void *out)
{
	unsigned rc = begin_with("zeDeviceGetProperties", device);
	const struct fake_device *d;
	char name[256] = "";

	if (rc)
		return rc;
	if (!is_type(out, 0x3))
		return INVALID_ENUMERATION;
	d = at(device);
	put32(out, 16, !strcmp(d->type, "cpu") ? 2 : 1);
	put32(out, 28, d->integrated ? 1 : 0);
	snprintf(name, sizeof(name), "%s", d->name);
	put(out, 112, name, sizeof(name));
	return OK;
}

/* ze_device_memory_properties_t: size at 32; two tiles of half each. */
unsigned zeDeviceGetMemoryProperties(void *device, uint32_t *n, void *out)
{
	unsigned rc = begin_with("zeDeviceGetMemoryProperties", device);
	uint64_t half;

	if (rc)
		return rc;
	half = at(device)->memory / 2;
	if (!*n || *n > 2)
		*n = 2;
	for (uint32_t i = 0; out && i < *n; i++) {
		char *one = (char *)out + (size_t)i * 296;

		if (!is_type(one, 0x7))
			return INVALID_ENUMERATION;
		put(one, 32, &half, sizeof(half));
	}
	return OK;
}

/* ze_pci_ext_properties_t: the address's four numbers at 16. */
unsigned zeDevicePciGetPropertiesExt(void *device, void *out)
{
	unsigned rc = begin_with("zeDevicePciGetPropertiesExt", device);
	unsigned address[4];

	if (rc)
		return rc;
	if (!is_type(out, 0x10008))
		return INVALID_ENUMERATION;
	fake_pci(at(device), address);
	put(out, 16, address, sizeof(address));
	return OK;
}

unsigned zeDeviceCanAccessPeer(void *device, void *peer, uint8_t *can)
{
	unsigned rc = begin_with("zeDeviceCanAccessPeer", device);

	if (!rc)
		*can = at(device)->peers >> ((uintptr_t)peer - 1) & 1;
	return rc;
}
