/* SPDX-License-Identifier: BSD-2-Clause */
#include "shims/placing.h"

int hms_placing_keep(const struct hms_placing *p, enum hms_tracked_kind kind,
	int device, int step, void *mapping, size_t mapped)
{
	const struct hms_tracked what = {
		.start = (uintptr_t)p->memory,
		.size = p->call.bytes,
		.vendor = p->by->vendor,
		.kind = kind,
		.api = p->call.api,
		.device = device,
		.asked = p->is_pinned ? -1 : p->device,
		.rule = p->call.to.rule,
		.place = p->call.to.place ? (int)p->call.to.place->index : 0,
		.step = step,
		.flags = p->flags,
		.hinted = p->call.to.options & HMS_OPT_PIN ? 1 : 0,
		.mapping = mapping,
		.mapped = mapped,
		.context = p->context,
	};
	int rc = hms_vendor_keep(&what);

	/* Nobody will give back what is not remembered. */
	if (rc && step >= 0)
		hms_vendor_uncharge(&p->call, step);
	return rc;
}

static int64_t plainly(struct hms_placing *p)
{
	int64_t rc = p->by->plain(p);

	if (!rc)
		hms_placing_keep(p,
			p->is_pinned ? HMS_TRACKED_PINNED : HMS_TRACKED_OWN,
			p->device, -1, NULL, 0);
	return rc;
}

/* Bytes that may still be sent to a device; managed memory takes any. */
static size_t room_of(const struct hms_placing *p, unsigned device)
{
	const struct hms_status_device *row =
		hms_device_row(p->by->vendor, device);
	const size_t memory = p->by->memory(device);
	uint64_t used;

	if (!row || !memory)
		return SIZE_MAX;
	used = __atomic_load_n(&row->own, __ATOMIC_RELAXED) +
	       __atomic_load_n(&row->peer, __ATOMIC_RELAXED) +
	       __atomic_load_n(&row->managed, __ATOMIC_RELAXED);
	return used < memory ? memory - used : 0;
}

/* All devices that are to reach it must be able to, with the CPUs. */
static bool possible(
	const struct hms_placing *p, const struct hms_managed_targets *in)
{
	bool can = p->device >= 0 && p->by->manages(p, (unsigned)p->device);

	for (unsigned i = 0; i < in->n; i++) {
		const struct hms_device_id *id =
			hms_target_device_id(in->targets[i]);

		if (!id)
			continue;
		if (!p->by->present(id->number)) {
			hms_vendor_refused(
				HMS_REFUSED_ABSENT, in->targets[i]->text, 0);
			return false;
		}
		can = can && p->by->manages(p, id->number);
	}
	if (!can)
		hms_vendor_refused(
			HMS_REFUSED_CONCURRENT, p->call.to.place->text, 0);
	return can;
}

/* Where it is to be at first; false: nowhere is room. */
static bool choose(const struct hms_placing *p,
	const struct hms_managed_targets *in, int *preferred)
{
	for (unsigned i = 0; i < in->n; i++) {
		const struct hms_device_id *id =
			hms_target_device_id(in->targets[i]);

		*preferred = id ? (int)id->number : -1;
		if (!id || room_of(p, id->number) >= p->call.bytes)
			return true;
	}
	return false;
}

static int64_t managed(
	struct hms_placing *p, int step, const struct hms_managed_targets *in)
{
	int preferred;
	int64_t rc;

	if (!possible(p, in))
		return HMS_PLACED_NOT;
	if (!choose(p, in, &preferred) || hms_vendor_charge(&p->call, step))
		return HMS_PLACED_FULL;
	rc = p->by->managed(p, in, preferred);
	if (rc) {
		hms_vendor_uncharge(&p->call, step);
		hms_vendor_refused(
			HMS_REFUSED_DRIVER, p->call.to.place->text, rc);
		return HMS_PLACED_NOT;
	}
	hms_placing_keep(p, HMS_TRACKED_MANAGED, preferred, step, NULL, 0);
	return 0;
}

static int64_t on_device(
	struct hms_placing *p, int step, const struct hms_device_id *id)
{
	const char *text = p->call.to.place->steps[step].targets[0]->text;
	const bool own = (int)id->number == p->device;
	const size_t charged = p->call.bytes;
	int64_t rc;

	if (!p->by->present(id->number)) {
		hms_vendor_refused(HMS_REFUSED_ABSENT, text, 0);
		return HMS_PLACED_NOT;
	}
	if (hms_vendor_charge(&p->call, step))
		return HMS_PLACED_FULL;
	rc = own ? p->by->plain(p) : p->by->peer(p, id->number);
	/* Its rows may be shorter; what was charged is what is given back. */
	p->call.bytes = charged;
	if (!rc) {
		hms_placing_keep(p, own ? HMS_TRACKED_OWN : HMS_TRACKED_PEER,
			(int)id->number, step, NULL, 0);
		return 0;
	}
	hms_vendor_uncharge(&p->call, step);
	if (rc == p->by->out_of_memory)
		return HMS_PLACED_FULL;
	if (own)
		return rc;
	hms_vendor_refused(HMS_REFUSED_PEER, text, rc > 0 ? rc : 0);
	return HMS_PLACED_NOT;
}

/* By the steps of nodes of the place, from the first one on. */
static int64_t on_host(struct hms_placing *p)
{
	void *mapping;
	size_t mapped;
	int64_t rc;

	if (p->by->reaches && !p->by->reaches(p)) {
		hms_vendor_refused(
			HMS_REFUSED_SYSTEM, p->call.to.place->text, 0);
		return HMS_PLACED_NOT;
	}
	mapping = hms_vendor_map(&p->call, &mapped);
	/* But for strict rules that is the kernel's lack, not a limit. */
	if (!mapping)
		return p->call.to.options & HMS_OPT_STRICT ? HMS_PLACED_FULL
							   : HMS_PLACED_NOT;
	rc = p->by->host(p, mapping, mapped);
	if (!rc) {
		if (!hms_placing_keep(
			    p, HMS_TRACKED_HOST, -1, -1, mapping, mapped))
			return 0;
		/* Nobody would give it back. */
		if (p->by->unhost && !p->by->unhost(p, mapping))
			return HMS_PLACED_NOT;
	} else if (rc > 0) {
		hms_vendor_refused(
			HMS_REFUSED_DRIVER, p->call.to.place->text, rc);
	}
	hms_vendor_unmap(mapping, mapped);
	return HMS_PLACED_NOT;
}

/* The program's own managed memory stays so, wherever it is to be. */
static int64_t on_step(struct hms_placing *p, int step, bool *redirected)
{
	struct hms_target *target = p->call.to.place->steps[step].targets[0];
	const struct hms_managed_targets alone = { 1, &target };
	const struct hms_device_id *id = hms_target_device_id(target);
	const struct hms_managed_targets *in = hms_target_managed_in(target);

	*redirected = true;
	if (p->is_pinned)
		return id || in ? HMS_PLACED_NOT : on_host(p);
	if (in || p->is_managed)
		return managed(p, step, in ? in : &alone);
	if (!id)
		return on_host(p);
	*redirected = p->device != (int)id->number;
	return on_device(p, step, id);
}

static int64_t place(struct hms_placing *p)
{
	const struct hms_place *place = p->call.to.place;
	const bool strict = p->call.to.options & HMS_OPT_STRICT;
	bool full = false, redirected;
	int64_t rc;

	for (unsigned i = 0; i < place->nsteps && !(strict && i); i++) {
		if (!place->steps[i].ntargets)
			return plainly(p);
		rc = on_step(p, (int)i, &redirected);
		if (!rc && redirected)
			hms_vendor_redirected(&p->call);
		if (rc >= 0)
			return rc;
		full |= rc == HMS_PLACED_FULL;
	}
	if (!full || (p->is_pinned && !strict))
		return plainly(p);
	hms_vendor_refused(HMS_REFUSED_ROOM, place->text, 0);
	return p->by->out_of_memory;
}

int64_t hms_placing_serve(struct hms_placing *p, int refused)
{
	int64_t rc;

	hms_vendor_depth++;
	if (!hms_vendor_decide(&p->call)) {
		rc = plainly(p);
	} else if (refused >= 0) {
		hms_vendor_refused(refused, p->call.to.place->text, 0);
		rc = plainly(p);
	} else {
		rc = place(p);
	}
	hms_vendor_depth--;
	return rc;
}
