/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of devices, as places name it: `cuda:0`, `managed(cuda:0 then
 * node:0)`.  The engine never allocates it: the vendor's driver owns it, and
 * the vendor's shim asks the driver.  What the engine does is to keep the
 * accounts: limits of rules and names, and bytes by device.
 *
 * Such targets stand only in places of rules for vendors' calls, which
 * config/devices.c sees to.
 */
#ifndef HMS_ENGINE_TARGET_DEVICE_H
#define HMS_ENGINE_TARGET_DEVICE_H

#include "engine/place.h"
#include "report/status.h"

extern const struct hms_target_ops hms_target_device, hms_target_managed;

/* State of a target of hms_target_device. */
struct hms_device_id {
	enum hms_family vendor;
	unsigned number; /* as its run-time library counts */
};

/* State of a target of hms_target_managed: where it may be, in order. */
struct hms_managed_targets {
	unsigned n;
	struct hms_target **targets; /* devices and nodes */
};

/* NULL: it is none. */
static inline const struct hms_device_id *hms_target_device_id(
	const struct hms_target *target)
{
	return target->ops == &hms_target_device ? target->state : NULL;
}

static inline const struct hms_managed_targets *hms_target_managed_in(
	const struct hms_target *target)
{
	return target->ops == &hms_target_managed ? target->state : NULL;
}

/*
 * Charges bytes to a step of a place that has one target, a device or managed
 * memory: limits of the target's name and of the rule, and the status page.
 * 0; -ENOSPC: a limit does not allow it, and nothing is charged.  Lock-free;
 * two calls that are too much together may both be refused.
 */
int hms_device_charge(const struct hms_places *places, struct hms_place *place,
	int rule, int step, size_t bytes);
/* Takes that back. */
void hms_device_release(const struct hms_places *places,
	struct hms_place *place, int rule, int step, size_t bytes);

/*
 * The row of a device in the status page, made when it is first asked for;
 * NULL: there are too many.  Lock-free.
 */
struct hms_status_device *hms_device_row(
	enum hms_family vendor, unsigned number);
/* Adds to a counter of a row, and raises its peak; peak may be NULL. */
void hms_device_count(uint64_t *counter, uint64_t *peak, int64_t bytes);

#endif
