/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A place's steps, one after the other: this device, another, managed memory,
 * host memory.  What cannot be had without harm to the program is not had;
 * its call then goes through as it is.
 */
#include "shims/cuda.h"

void hms_cuda_keep(const struct hms_cuda_ask *ask, enum hms_tracked_kind kind,
	int device, int step)
{
	const struct hms_tracked what = {
		.start = (uintptr_t)*ask->out,
		.size = ask->call.bytes,
		.vendor = HMS_FAMILY_CUDA,
		.kind = kind,
		.api = ask->call.api,
		.device = device,
		.asked = ask->current ? (int)ask->current->number : -1,
		.rule = ask->call.to.rule,
		.place = (int)ask->call.to.place->index,
		.step = step,
		.hinted = ask->call.to.options & HMS_OPT_PIN ? 1 : 0,
	};

	/* Nobody will give back what is not remembered. */
	if (hms_vendor_keep(&what) && step >= 0)
		hms_vendor_uncharge(&ask->call, step);
}

CUresult hms_cuda_plain(struct hms_cuda_ask *ask)
{
	CUresult rc = ask->plain(ask);

	if (rc == HMS_CUDA_SUCCESS)
		hms_cuda_keep(ask, HMS_TRACKED_OWN,
			ask->current ? (int)ask->current->number : -1, -1);
	return rc;
}

CUresult hms_cuda_advise(CUdeviceptr memory, size_t bytes, unsigned advice,
	const struct hms_cuda_device *device, int node)
{
	__typeof__(&cuMemAdvise_v2) newer = HMS_REAL(cuMemAdvise_v2);
	__typeof__(&cuMemAdvise) older = HMS_REAL(cuMemAdvise);
	CUmemLocation to = { HMS_CU_MEM_LOCATION_TYPE_HOST, 0 };
	CUresult rc;

	if (device)
		to = (CUmemLocation){ HMS_CU_MEM_LOCATION_TYPE_DEVICE,
			(int)device->number };
	else if (node >= 0)
		to = (CUmemLocation){ HMS_CU_MEM_LOCATION_TYPE_HOST_NUMA,
			node };
	if (newer) {
		rc = newer(memory, bytes, advice, to);
		/* A node that the driver does not take: the host it is. */
		if (rc == HMS_CUDA_SUCCESS || device || node < 0)
			return rc;
		to = (CUmemLocation){ HMS_CU_MEM_LOCATION_TYPE_HOST, 0 };
		return newer(memory, bytes, advice, to);
	}
	if (older)
		return older(memory, bytes, advice,
			device ? device->handle : HMS_CU_DEVICE_CPU);
	return HMS_CUDA_ERROR_STUB_LIBRARY;
}

size_t hms_cuda_room(const struct hms_cuda_device *device)
{
	const struct hms_status_device *row =
		hms_device_row(HMS_FAMILY_CUDA, device->number);
	uint64_t used;

	if (!row || !device->memory)
		return SIZE_MAX;
	used = __atomic_load_n(&row->own, __ATOMIC_RELAXED) +
	       __atomic_load_n(&row->peer, __ATOMIC_RELAXED) +
	       __atomic_load_n(&row->managed, __ATOMIC_RELAXED);
	return used < device->memory ? device->memory - used : 0;
}

static int node_of(const struct hms_target *target)
{
	const unsigned bits = 8 * sizeof(target->nodes[0]);

	if (target->local)
		return -1;
	for (unsigned n = 0; n < HMS_MAX_NODES; n++)
		if (target->nodes[n / bits] >> n % bits & 1)
			return (int)n;
	return -1;
}

/* Where it is to be at first, and as which of them; -1: nowhere is room. */
static int choose(const struct hms_managed_targets *in, size_t bytes,
	const struct hms_cuda_device **device, int *node)
{
	for (unsigned i = 0; i < in->n; i++) {
		const struct hms_device_id *id =
			hms_target_device_id(in->targets[i]);

		*device = NULL;
		if (!id) {
			*node = node_of(in->targets[i]);
			return (int)i;
		}
		*device = hms_cuda_device(id->number);
		if (*device && hms_cuda_room(*device) >= bytes)
			return (int)i;
	}
	return -1;
}

/* All devices that are to reach it must be able to, with the CPUs. */
static bool possible(
	const struct hms_cuda_ask *ask, const struct hms_managed_targets *in)
{
	bool can = ask->current->managed;

	for (unsigned i = 0; i < in->n; i++) {
		const struct hms_device_id *id =
			hms_target_device_id(in->targets[i]);
		const struct hms_cuda_device *device;

		if (!id)
			continue;
		device = hms_cuda_device(id->number);
		if (!device) {
			hms_vendor_refused(
				HMS_REFUSED_ABSENT, in->targets[i]->text, 0);
			return false;
		}
		can = can && device->managed;
	}
	if (!can)
		hms_vendor_refused(
			HMS_REFUSED_CONCURRENT, ask->call.to.place->text, 0);
	return can;
}

static void advise_all(const struct hms_cuda_ask *ask,
	const struct hms_managed_targets *in,
	const struct hms_cuda_device *preferred, int node)
{
	const CUdeviceptr memory = *ask->out;
	const size_t bytes = ask->call.bytes;

	hms_cuda_advise(memory, bytes, HMS_CU_MEM_ADVISE_SET_PREFERRED_LOCATION,
		preferred, node);
	if (ask->current != preferred)
		hms_cuda_advise(memory, bytes,
			HMS_CU_MEM_ADVISE_SET_ACCESSED_BY, ask->current, -1);
	for (unsigned i = 0; i < in->n; i++) {
		const struct hms_device_id *id =
			hms_target_device_id(in->targets[i]);
		const struct hms_cuda_device *device =
			id ? hms_cuda_device(id->number) : NULL;

		if (device && device != preferred && device != ask->current)
			hms_cuda_advise(memory, bytes,
				HMS_CU_MEM_ADVISE_SET_ACCESSED_BY, device, -1);
	}
}

CUresult hms_cuda_managed(struct hms_cuda_ask *ask, int step,
	const struct hms_managed_targets *in)
{
	__typeof__(&cuMemAllocManaged) real = HMS_REAL(cuMemAllocManaged);
	const struct hms_cuda_device *preferred = NULL;
	const char *text = ask->call.to.place->text;
	int node = -1, which;
	CUresult rc;

	if (!real || !possible(ask, in))
		return HMS_CUDA_SKIP;
	which = choose(in, ask->call.bytes, &preferred, &node);
	if (which < 0 || hms_vendor_charge(&ask->call, step))
		return HMS_CUDA_FULL;
	rc = real(ask->out, ask->call.bytes, HMS_CU_MEM_ATTACH_GLOBAL);
	if (rc != HMS_CUDA_SUCCESS) {
		hms_vendor_uncharge(&ask->call, step);
		hms_vendor_refused(HMS_REFUSED_DRIVER, text, rc);
		return HMS_CUDA_SKIP;
	}
	if (ask->pitch)
		*ask->pitch = ask->padded;
	advise_all(ask, in, preferred, node);
	hms_cuda_keep(ask, HMS_TRACKED_MANAGED,
		preferred ? (int)preferred->number : -1, step);
	hms_cuda_offer();
	if (which)
		hms_cuda_spilled();
	return rc;
}

/* The current context comes back, whatever happens in between. */
static CUresult alloc_there(
	struct hms_cuda_ask *ask, CUcontext there, CUresult *result)
{
	__typeof__(&cuCtxPushCurrent_v2) push = HMS_CUDA(cuCtxPushCurrent_v2);
	__typeof__(&cuCtxPopCurrent_v2) pop = HMS_CUDA(cuCtxPopCurrent_v2);
	__typeof__(&cuCtxEnablePeerAccess) enable =
		HMS_CUDA(cuCtxEnablePeerAccess);
	__typeof__(&cuMemAlloc_v2) real = HMS_REAL(cuMemAlloc_v2);
	CUcontext before;
	CUresult rc;

	if (!push || !pop || !enable || !real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	rc = enable(there, 0);
	if (rc != HMS_CUDA_SUCCESS &&
		rc != HMS_CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED)
		return rc;
	rc = push(there);
	if (rc != HMS_CUDA_SUCCESS)
		return rc;
	*result = real(ask->out, ask->call.bytes);
	pop(&before);
	return HMS_CUDA_SUCCESS;
}

CUresult hms_cuda_peer(
	struct hms_cuda_ask *ask, int step, const struct hms_device_id *id)
{
	__typeof__(&cuDeviceCanAccessPeer) can_access =
		HMS_CUDA(cuDeviceCanAccessPeer);
	__typeof__(&cuDevicePrimaryCtxRetain) retain =
		HMS_CUDA(cuDevicePrimaryCtxRetain);
	__typeof__(&cuDevicePrimaryCtxRelease_v2) release =
		HMS_CUDA(cuDevicePrimaryCtxRelease_v2);
	const struct hms_cuda_device *device = hms_cuda_device(id->number);
	const char *text = ask->call.to.place->text;
	CUresult rc, result = HMS_CUDA_SUCCESS;
	CUcontext there;
	int can = 0;

	if (!can_access || !retain || !release ||
		can_access(&can, ask->current->handle, device->handle) ||
		!can) {
		hms_vendor_refused(HMS_REFUSED_PEER, text, 0);
		return HMS_CUDA_SKIP;
	}
	if (hms_vendor_charge(&ask->call, step))
		return HMS_CUDA_FULL;
	rc = retain(&there, device->handle);
	if (rc == HMS_CUDA_SUCCESS) {
		rc = alloc_there(ask, there, &result);
		if (rc || result)
			release(device->handle);
	}
	if (rc || result)
		hms_vendor_uncharge(&ask->call, step);
	if (rc) {
		hms_vendor_refused(HMS_REFUSED_PEER, text, rc);
		return HMS_CUDA_SKIP;
	}
	if (result == HMS_CUDA_ERROR_OUT_OF_MEMORY)
		return HMS_CUDA_FULL;
	if (result)
		return HMS_CUDA_SKIP;
	if (ask->pitch)
		*ask->pitch = ask->padded;
	hms_cuda_keep(ask, HMS_TRACKED_PEER, (int)id->number, step);
	return HMS_CUDA_SUCCESS;
}

static CUresult on_device(
	struct hms_cuda_ask *ask, int step, const struct hms_device_id *id)
{
	const struct hms_cuda_device *device = hms_cuda_device(id->number);
	const size_t charged = ask->call.bytes;
	CUresult rc;

	if (!device) {
		hms_vendor_refused(HMS_REFUSED_ABSENT,
			ask->call.to.place->steps[step].targets[0]->text, 0);
		return HMS_CUDA_SKIP;
	}
	if (device != ask->current)
		return hms_cuda_peer(ask, step, id);
	if (hms_vendor_charge(&ask->call, step))
		return HMS_CUDA_FULL;
	rc = ask->plain(ask);
	/* Its rows may be shorter; what was charged is what is given back. */
	ask->call.bytes = charged;
	if (rc == HMS_CUDA_SUCCESS)
		hms_cuda_keep(ask, HMS_TRACKED_OWN, (int)id->number, step);
	else
		hms_vendor_uncharge(&ask->call, step);
	return rc == HMS_CUDA_ERROR_OUT_OF_MEMORY ? HMS_CUDA_FULL : rc;
}

/* The program's own managed memory stays so, wherever it is to be. */
static CUresult on_step(struct hms_cuda_ask *ask, int step, bool *redirected)
{
	const struct hms_step *s = &ask->call.to.place->steps[step];
	const bool managed = ask->call.api == HMS_API_CUDA_MALLOC_MANAGED;
	struct hms_target *target = s->targets[0];
	const struct hms_managed_targets alone = { 1, &target };
	const struct hms_device_id *id = hms_target_device_id(target);

	*redirected = true;
	if (hms_target_managed_in(target))
		return hms_cuda_managed(
			ask, step, hms_target_managed_in(target));
	if (managed)
		return hms_cuda_managed(ask, step, &alone);
	if (!id)
		return hms_cuda_host(ask, 0);
	*redirected = ask->current->number != id->number;
	return on_device(ask, step, id);
}

/* May calls of this process be served otherwise, now? */
static bool allowed(const struct hms_cuda_ask *ask)
{
	const char *text = ask->call.to.place->text;

	if (hms_cuda_capturing())
		hms_vendor_refused(HMS_REFUSED_CAPTURE, text, 0);
	else if (hms_vendor_shares())
		hms_vendor_refused(HMS_REFUSED_IPC, text, 0);
	else
		return true;
	return false;
}

CUresult hms_cuda_place(struct hms_cuda_ask *ask)
{
	const struct hms_place *place = ask->call.to.place;
	const bool strict = ask->call.to.options & HMS_OPT_STRICT;
	bool full = false, redirected;
	CUresult rc;

	if (!allowed(ask))
		return hms_cuda_plain(ask);
	for (unsigned i = 0; i < place->nsteps && !(strict && i); i++) {
		if (!place->steps[i].ntargets)
			return hms_cuda_plain(ask);
		rc = on_step(ask, (int)i, &redirected);
		if (rc == HMS_CUDA_SUCCESS && redirected)
			hms_vendor_redirected(&ask->call);
		if (rc >= 0)
			return rc;
		full |= rc == HMS_CUDA_FULL;
	}
	if (!full)
		return hms_cuda_plain(ask);
	hms_vendor_refused(HMS_REFUSED_ROOM, place->text, 0);
	return HMS_CUDA_ERROR_OUT_OF_MEMORY;
}
