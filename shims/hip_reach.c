/* SPDX-License-Identifier: BSD-2-Clause */
/* Managed memory of HIP for malloc and mmap; see shims/reach.h. */
#include "shims/hip.h"
#include "shims/reach.h"

static bool has(unsigned device, unsigned attribute)
{
	__typeof__(&hipDeviceGetAttribute) get = HMS_HIP(hipDeviceGetAttribute);
	int value = 0;

	return get && get(&value, attribute, (int)device) == HMS_HIP_SUCCESS &&
	       value;
}

static int look(const struct hms_device_id *ids, unsigned n)
{
	const int refused = hms_hip_refused();
	bool system = true, managed = true;

	for (unsigned i = 0; i < n; i++) {
		if (!hms_hip_placer.present(ids[i].number))
			return HMS_REFUSED_ABSENT;
		system = system && has(ids[i].number, HMS_HIP_PAGEABLE);
		managed = managed && has(ids[i].number, HMS_HIP_MANAGED) &&
			  has(ids[i].number, HMS_HIP_CONCURRENT_MANAGED);
	}
	if (system)
		return HMS_REACH_SYSTEM;
	if (refused >= 0)
		return refused;
	return managed ? HMS_REACH_CAN : HMS_REFUSED_CONCURRENT;
}

static int possible(const struct hms_device_id *ids, unsigned n)
{
	const bool none = hms_hip_no_error();
	const int rc = look(ids, n);

	hms_hip_forget_error(none);
	return rc;
}

/* Launches are not seen. */
static bool idle(void)
{
	return false;
}

static void *alloc(size_t bytes, void **context)
{
	__typeof__(&hipMallocManaged) real = HMS_REAL(hipMallocManaged);
	const bool none = hms_hip_no_error();
	void *memory = NULL;

	if (!real || real(&memory, bytes, HMS_HIP_ATTACH_GLOBAL)) {
		hms_hip_forget_error(none);
		return NULL;
	}
	*context = NULL;
	return memory;
}

static void advise(void *memory, size_t bytes, int node,
	const struct hms_device_id *ids, unsigned n)
{
	__typeof__(&hipMemAdvise) real = HMS_REAL(hipMemAdvise);
	const bool none = hms_hip_no_error();

	if (!real)
		return;
	real(memory, bytes, HMS_HIP_ADVISE_PREFERRED, HMS_HIP_CPU);
	for (unsigned i = 0; i < n; i++)
		real(memory, bytes, HMS_HIP_ADVISE_ACCESSED_BY,
			(int)ids[i].number);
	hms_hip_forget_error(none);
}

/* Whichever device is current: memory is found by its address. */
static int64_t release(void *memory, void *context)
{
	__typeof__(&hipFree) real = HMS_REAL(hipFree);
	const bool none = hms_hip_no_error();
	const int64_t rc = real ? real(memory) : HMS_HIP_NOT_INITIALIZED;

	hms_hip_forget_error(none);
	return rc;
}

static const void *code(void)
{
	return (const void *)HMS_REAL(hipMallocManaged);
}

const struct hms_reach_vendor hms_hip_reach = {
	.family = HMS_FAMILY_HIP,
	.possible = possible,
	.idle = idle,
	.alloc = alloc,
	.advise = advise,
	.free = release,
	.code = code,
};
