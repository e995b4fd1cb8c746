/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The double's contexts and memory: a device's memory is the host's, copies
 * are memcpy.  What was not given back is said at the end, on the file that
 * HMS_FAKES_LEFT names.
 * Source: CUDA Driver API 13.0.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakes/fake.h"

enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_CONTEXT = 201 };

static int context, current, memories, registered;

static void note(void)
{
	const char *path = getenv("HMS_FAKES_LEFT");
	FILE *out = path ? fopen(path, "a") : NULL;

	if (!out)
		return;
	fprintf(out, "contexts %d memories %d registered %d\n", context,
		memories, registered);
	fclose(out);
}

static int begin(const char *function)
{
	long result = fake_call("cuda", function);

	if (result)
		return (int)result;
	return context && current ? OK : INVALID_CONTEXT;
}

int cuDevicePrimaryCtxRetain(void **out, int device);
int cuDevicePrimaryCtxRelease_v2(int device);
int cuCtxSetCurrent(void *to);
int cuCtxSynchronize(void);
int cuMemAlloc_v2(uint64_t *out, size_t bytes);
int cuMemFree_v2(uint64_t memory);
int cuMemHostRegister_v2(void *host, size_t bytes, unsigned flags);
int cuMemHostUnregister(void *host);
int cuMemcpyHtoD_v2(uint64_t to, const void *host, size_t bytes);
int cuMemcpyDtoH_v2(void *host, uint64_t from, size_t bytes);
int cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t bytes);

int cuDevicePrimaryCtxRetain(void **out, int device)
{
	long result = fake_call("cuda", "cuDevicePrimaryCtxRetain");

	if (result)
		return (int)result;
	*out = &context;
	context++;
	return OK;
}

int cuDevicePrimaryCtxRelease_v2(int device)
{
	context--;
	note();
	return OK;
}

int cuCtxSetCurrent(void *to)
{
	current = to == &context;
	return current ? OK : INVALID_CONTEXT;
}

int cuCtxSynchronize(void)
{
	return begin("cuCtxSynchronize");
}

int cuMemAlloc_v2(uint64_t *out, size_t bytes)
{
	int rc = begin("cuMemAlloc_v2");
	void *memory = rc ? NULL : malloc(bytes);

	if (rc)
		return rc;
	if (!memory)
		return OUT_OF_MEMORY;
	memories++;
	*out = (uintptr_t)memory;
	return OK;
}

int cuMemFree_v2(uint64_t memory)
{
	memories--;
	free((void *)(uintptr_t)memory);
	return OK;
}

int cuMemHostRegister_v2(void *host, size_t bytes, unsigned flags)
{
	int rc = begin("cuMemHostRegister_v2");

	if (!rc)
		registered++;
	return rc;
}

int cuMemHostUnregister(void *host)
{
	registered--;
	return OK;
}

int cuMemcpyHtoD_v2(uint64_t to, const void *host, size_t bytes)
{
	int rc = begin("cuMemcpyHtoD_v2");

	if (!rc)
		memcpy((void *)(uintptr_t)to, host, bytes);
	return rc;
}

int cuMemcpyDtoH_v2(void *host, uint64_t from, size_t bytes)
{
	int rc = begin("cuMemcpyDtoH_v2");

	if (!rc)
		memcpy(host, (const void *)(uintptr_t)from, bytes);
	return rc;
}

int cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t bytes)
{
	int rc = begin("cuMemcpyDtoD_v2");

	if (!rc)
		memcpy((void *)(uintptr_t)to, (const void *)(uintptr_t)from,
			bytes);
	return rc;
}
