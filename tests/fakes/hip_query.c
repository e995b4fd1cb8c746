/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A double of libamdhip64.so.6: what is asked and said of memory, and the
 * rest.  Source: HIP API reference 5.2 and 6.2.
 */
#include <string.h>

#include "tests/fakes/hip.h"

static int peers[FAKE_DEVICES][FAKE_DEVICES];
static int capturing;
static __thread int last_error;

int hip_failed(int rc)
{
	return last_error = rc;
}

int hipPeekAtLastError(void)
{
	return last_error;
}

int hipGetLastError(void)
{
	int rc = last_error;

	last_error = OK;
	return rc;
}

int hipHostRegister(void *p, size_t size, unsigned flags)
{
	BEGIN("hipHostRegister");
	if (!p || !size)
		return INVALID_VALUE;
	if (hip_find(p)) {
		hip_leave();
		return HOST_ALREADY_REGISTERED;
	}
	return hip_add(p, size, REGISTERED, flags);
}

int hipHostUnregister(void *p)
{
	struct piece *piece;
	int rc = HOST_NOT_REGISTERED;

	BEGIN("hipHostUnregister");
	piece = hip_find(p);
	if (!piece)
		return rc;
	if (piece->kind == REGISTERED && piece->start == p) {
		piece->kind = NONE;
		rc = OK;
	}
	hip_leave();
	return rc;
}

int hipHostGetFlags(unsigned *out, void *p)
{
	struct piece *piece;

	BEGIN("hipHostGetFlags");
	piece = hip_find(p);
	if (!piece)
		return INVALID_VALUE;
	*out = piece->flags;
	hip_leave();
	return OK;
}

int hipHostGetDevicePointer(void **out, void *p, unsigned flags)
{
	struct piece *piece;

	BEGIN("hipHostGetDevicePointer");
	piece = hip_find(p);
	if (!piece)
		return INVALID_VALUE;
	*out = p;
	hip_leave();
	return OK;
}

int hipMemGetAddressRange(void **base, size_t *size, void *p)
{
	struct piece *piece;

	BEGIN("hipMemGetAddressRange");
	piece = hip_find(p);
	if (!piece)
		return NOT_FOUND;
	*base = piece->start;
	*size = piece->size;
	hip_leave();
	return OK;
}

int hipIpcGetMemHandle(void *handle, void *p)
{
	struct piece *piece;
	int rc;

	BEGIN("hipIpcGetMemHandle");
	piece = hip_find(p);
	if (!piece)
		return INVALID_VALUE;
	rc = piece->kind == DEVICE ? OK : INVALID_VALUE;
	hip_leave();
	memset(handle, 7, 64);
	return rc;
}

int hipMemAdvise(const void *p, size_t size, unsigned advice, int device)
{
	struct piece *piece;
	int rc = INVALID_VALUE;

	BEGIN("hipMemAdvise");
	piece = hip_find(p);
	if (!piece)
		return rc;
	if (piece->kind == MANAGED && device >= -1 && device < hip_count()) {
		rc = OK;
		if (advice == 3)
			piece->preferred = device;
	}
	hip_leave();
	return rc;
}

int hipMemPrefetchAsync(const void *p, size_t size, int device, void *stream)
{
	struct piece *piece;
	int rc;

	BEGIN("hipMemPrefetchAsync");
	piece = hip_find(p);
	if (!piece)
		return INVALID_VALUE;
	rc = piece->kind == MANAGED ? OK : INVALID_VALUE;
	hip_leave();
	return rc;
}

int hipDeviceEnablePeerAccess(int peer, unsigned flags)
{
	const struct fake_device *devices;

	BEGIN("hipDeviceEnablePeerAccess");
	fake_devices("hip", &devices);
	if (!(devices[hip_current].peers >> peer & 1))
		return PEER_UNSUPPORTED;
	if (peers[hip_current][peer]++)
		return hip_failed(PEER_ALREADY_ENABLED);
	return OK;
}

int hipDeviceSynchronize(void)
{
	return (int)fake_call("hip", "hipDeviceSynchronize");
}

int hipStreamSynchronize(void *stream)
{
	return (int)fake_call("hip", "hipStreamSynchronize");
}

int hipStreamBeginCapture(void *stream, unsigned mode)
{
	BEGIN("hipStreamBeginCapture");
	capturing = 1;
	return OK;
}

int hipStreamEndCapture(void *stream, void **graph)
{
	BEGIN("hipStreamEndCapture");
	if (!capturing)
		return CAPTURE_INVALID;
	capturing = 0;
	*graph = &capturing;
	return OK;
}

/* hipPointerAttribute_t of 5.2; preferred is the double's own. */
int hipPointerGetAttributes(void *out, const void *p)
{
	struct {
		int type, device;
		void *on_device, *on_host;
		int managed;
		unsigned flags;
	} attributes = { 0 };
	struct piece *piece;

	BEGIN("hipPointerGetAttributes");
	piece = hip_find(p);
	if (!piece)
		return INVALID_VALUE;
	attributes.type = piece->kind == HOST || piece->kind == REGISTERED ? 0
			  : piece->kind == MANAGED			   ? 4
									   : 1;
	attributes.device = piece->kind == MANAGED && piece->preferred > -2
				    ? piece->preferred
				    : piece->device;
	attributes.managed = piece->kind == MANAGED;
	attributes.flags = piece->flags;
	hip_leave();
	memcpy(out, &attributes, sizeof(attributes));
	return OK;
}

int hipGetProcAddress(const char *symbol, void **out, int version,
	uint64_t flags, void *status)
{
	static const struct {
		const char *name;
		void *function;
	} all[] = {
#define ONE(name) { #name, (void *)name },
		ONE(hipMalloc) ONE(hipExtMallocWithFlags) ONE(hipMallocManaged) ONE(
			hipMallocPitch) ONE(hipMemAllocPitch) ONE(hipMalloc3D)
			ONE(hipHostMalloc) ONE(hipHostAlloc) ONE(hipMallocHost) ONE(
				hipMemAllocHost) ONE(hipMallocAsync) ONE(hipMallocFromPoolAsync)
				ONE(hipFree) ONE(hipFreeHost) ONE(hipHostFree) ONE(
					hipFreeAsync) ONE(hipHostRegister) ONE(hipHostUnregister)
					ONE(hipHostGetFlags) ONE(hipMemGetAddressRange) ONE(
						hipIpcGetMemHandle) ONE(hipMemAdvise)
						ONE(hipMemPrefetchAsync) ONE(
							hipStreamBeginCapture)
							ONE(hipStreamEndCapture) ONE(
								hipGetProcAddress)
								ONE(hipGetLastError)
#undef ONE
	};

	BEGIN("hipGetProcAddress");
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(all[i].name, symbol)) {
			*out = all[i].function;
			if (status)
				*(int *)status = 0;
			return OK;
		}
	*out = NULL;
	if (status)
		*(int *)status = 1;
	return NOT_FOUND;
}
