/* SPDX-License-Identifier: BSD-2-Clause */
/* What HIP can do for a place; devices as the runtime numbers them. */
#include "shims/hip.h"
#include "shims/reach.h"

#include <errno.h>

static bool present(unsigned device)
{
	__typeof__(&hipGetDeviceCount) get = HMS_HIP(hipGetDeviceCount);
	int count = 0;

	return get && get(&count) == HMS_HIP_SUCCESS && (int)device < count;
}

static size_t memory_of(unsigned device)
{
	__typeof__(&hipDeviceTotalMem) get = HMS_HIP(hipDeviceTotalMem);
	struct hms_status_device *row = hms_device_row(HMS_FAMILY_HIP, device);
	size_t bytes = 0;

	if (!get || get(&bytes, (int)device) != HMS_HIP_SUCCESS)
		bytes = 0;
	if (row)
		__atomic_store_n(&row->memory, bytes, __ATOMIC_RELAXED);
	return bytes;
}

static int attribute(unsigned device, unsigned which)
{
	__typeof__(&hipDeviceGetAttribute) get = HMS_HIP(hipDeviceGetAttribute);
	int value = 0;

	return get && get(&value, which, (int)device) == HMS_HIP_SUCCESS ? value
									 : 0;
}

static bool manages(const struct hms_placing *p, unsigned device)
{
	return attribute(device, HMS_HIP_MANAGED) &&
	       attribute(device, HMS_HIP_CONCURRENT_MANAGED);
}

static int64_t plain(struct hms_placing *p)
{
	struct hms_hip_ask *ask = (struct hms_hip_ask *)p;

	return ask->real(ask);
}

/* What a row of ours is as long as, where the program asked for rows. */
static void give_pitch(struct hms_hip_ask *ask)
{
	if (ask->pitch)
		*ask->pitch = ask->padded;
	if (ask->pitched)
		*ask->pitched = (hipPitchedPtr){ ask->placing.memory,
			ask->padded, ask->width, ask->height };
}

static void advise(const struct hms_placing *p, unsigned advice, int device)
{
	__typeof__(&hipMemAdvise) real = HMS_REAL(hipMemAdvise);

	/* A wish: the memory serves without it. */
	if (real)
		real(p->memory, p->call.bytes, advice, device);
}

static int64_t managed(struct hms_placing *p,
	const struct hms_managed_targets *in, int preferred)
{
	__typeof__(&hipMallocManaged) real = HMS_REAL(hipMallocManaged);
	hipError_t rc;

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	rc = real(&p->memory, p->call.bytes, HMS_HIP_ATTACH_GLOBAL);
	if (rc)
		return rc;
	advise(p, HMS_HIP_ADVISE_PREFERRED,
		preferred < 0 ? HMS_HIP_CPU : preferred);
	if (p->device != preferred)
		advise(p, HMS_HIP_ADVISE_ACCESSED_BY, p->device);
	for (unsigned i = 0; i < in->n; i++) {
		const struct hms_device_id *id =
			hms_target_device_id(in->targets[i]);

		if (id && (int)id->number != preferred &&
			(int)id->number != p->device)
			advise(p, HMS_HIP_ADVISE_ACCESSED_BY, (int)id->number);
	}
	give_pitch((struct hms_hip_ask *)p);
	return 0;
}

/* The current device comes back, whatever happens in between. */
static int64_t peer(struct hms_placing *p, unsigned device)
{
	__typeof__(&hipDeviceCanAccessPeer) reaches =
		HMS_HIP(hipDeviceCanAccessPeer);
	__typeof__(&hipDeviceEnablePeerAccess) enable =
		HMS_HIP(hipDeviceEnablePeerAccess);
	__typeof__(&hipSetDevice) use = HMS_HIP(hipSetDevice);
	__typeof__(&hipMalloc) real = HMS_REAL(hipMalloc);
	int can = 0;
	hipError_t rc;

	if (!reaches || !enable || !use || !real || p->device < 0 ||
		reaches(&can, p->device, (int)device) || !can)
		return HMS_PLACED_NOT;
	rc = enable((int)device, 0);
	if (rc && rc != HMS_HIP_PEER_ALREADY_ENABLED)
		return rc;
	rc = use((int)device);
	if (!rc)
		rc = real(&p->memory, p->call.bytes);
	use(p->device);
	if (!rc)
		give_pitch((struct hms_hip_ask *)p);
	return rc;
}

static int64_t host(struct hms_placing *p, void *mapping, size_t mapped)
{
	__typeof__(&hipHostRegister) pin = HMS_REAL(hipHostRegister);
	__typeof__(&hipHostUnregister) unpin = HMS_REAL(hipHostUnregister);
	__typeof__(&hipHostGetDevicePointer) address =
		HMS_HIP(hipHostGetDevicePointer);
	hipError_t rc;

	if (!pin || !unpin || !address)
		return HMS_PLACED_NOT;
	rc = pin(mapping, mapped,
		HMS_HIP_REGISTER_PORTABLE | HMS_HIP_REGISTER_MAPPED);
	if (rc)
		return rc;
	p->memory = mapping;
	if (!p->is_pinned)
		rc = address(&p->memory, mapping, 0);
	if (rc)
		unpin(mapping);
	else
		give_pitch((struct hms_hip_ask *)p);
	return rc;
}

static bool unhost(struct hms_placing *p, void *mapping)
{
	return HMS_REAL(hipHostUnregister)(mapping) == HMS_HIP_SUCCESS;
}

const struct hms_placer hms_hip_placer = {
	.vendor = HMS_FAMILY_HIP,
	.out_of_memory = HMS_HIP_OUT_OF_MEMORY,
	.present = present,
	.memory = memory_of,
	.manages = manages,
	.plain = plain,
	.managed = managed,
	.peer = peer,
	.host = host,
	.unhost = unhost,
};

bool hms_hip_no_error(void)
{
	__typeof__(&hipPeekAtLastError) peek = HMS_HIP(hipPeekAtLastError);

	return peek && peek() == HMS_HIP_SUCCESS;
}

void hms_hip_forget_error(bool none_before)
{
	__typeof__(&hipGetLastError) get = HMS_HIP(hipGetLastError);

	if (none_before && get)
		get();
}

hipError_t hms_hip_serve(struct hms_hip_ask *ask, void **out)
{
	__typeof__(&hipGetDevice) current = HMS_HIP(hipGetDevice);
	const bool none = hms_hip_no_error();
	struct hms_placing *p = &ask->placing;
	int64_t rc;

	p->by = &hms_hip_placer;
	p->device = -1;
	if (current && current(&p->device) != HMS_HIP_SUCCESS)
		p->device = -1;
	rc = hms_placing_serve(p, hms_hip_refused());
	if (!rc)
		hms_hip_forget_error(none);
	if (!rc && out)
		*out = p->memory;
	return (hipError_t)rc;
}

static hipError_t free_host(const struct hms_tracked *what)
{
	__typeof__(&hipHostUnregister) unpin = HMS_REAL(hipHostUnregister);
	__typeof__(&hipDeviceSynchronize) wait = HMS_HIP(hipDeviceSynchronize);
	hipError_t rc;

	/* hipFree and hipHostFree wait for what still uses the memory. */
	if (wait)
		wait();
	rc = unpin(what->mapping);
	if (!rc)
		hms_vendor_unmap(what->mapping, what->mapped);
	return rc;
}

hipError_t hms_hip_free(hipError_t (*real)(void *memory), void *memory)
{
	struct hms_tracked what;
	hipError_t rc;

	if (!real)
		return HMS_HIP_NOT_INITIALIZED;
	if (!hms_vendor_live(HMS_FAMILY_HIP))
		return real(memory);
	/* This call waits for the device, as ours will. */
	if (hms_hip_refused() != HMS_REFUSED_CAPTURE)
		hms_reach_drain(HMS_FAMILY_HIP);
	if (!hms_track_take(HMS_FAMILY_HIP, (uintptr_t)memory, &what))
		return real(memory);
	hms_vendor_depth++;
	rc = what.kind == HMS_TRACKED_HOST ? free_host(&what) : real(memory);
	if (rc)
		hms_track_add(&what);
	else
		hms_vendor_drop(&what);
	hms_vendor_depth--;
	return rc;
}
