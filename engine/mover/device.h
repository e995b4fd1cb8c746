/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Managed memory of vendors, which the driver moves: how the worker plans for
 * it without knowing any vendor.  A vendor's shim registers what it offers
 * when it first hands such memory out.
 *
 * A move is wanted, and done later: on a stream that the program itself has
 * in hand, before its next kernel there, never while one is being captured.
 * What the program gave hints about is the program's to place.
 */
#ifndef HMS_ENGINE_MOVER_DEVICE_H
#define HMS_ENGINE_MOVER_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/place.h"

/* A piece that may move, by its rule; copied, never kept. */
struct hms_device_memory {
	uintptr_t start, end;
	int rule;
	int place, step; /* whose target is managed() */
	int device; /* where it was last sent, "cuda:N"; -1: the host */
};

struct hms_device_mover {
	enum hms_family vendor;
	/* Calls fn for each piece that may move now.  No lock is held. */
	void (*each)(
		void (*fn)(const struct hms_device_memory *piece, void *arg),
		void *arg);
	/*
	 * Wants a whole piece on a device or node, one of its place's.
	 * 0: it will be tried; -ENOENT: it is gone; -EPERM: the program placed
	 * it; -ENOSPC: there is no room; -EBUSY: too much is wanted already,
	 * or a stream is being captured; -EINVAL: no such memory.
	 */
	int (*move)(
		uintptr_t start, uintptr_t end, const struct hms_target *to);
	/* Bytes wanted and not sent yet. */
	size_t (*waiting)(void);
	/* Bytes that could come to a device now. */
	size_t (*room)(unsigned device);
};

/* Once per vendor; mover stays valid.  Lock-free. */
void hms_device_mover_register(const struct hms_device_mover *mover);
/* The nth that is registered, or NULL. */
const struct hms_device_mover *hms_device_mover(unsigned n);

/*
 * Wants every piece on the first target of its place that has room: what was
 * put further back when the device was full comes forward when it no longer
 * is.  Any thread, no lock held.
 */
void hms_device_settle(void);

struct hms_planner;

/*
 * Plans by what devices access.  setup: once, before threads; rate in bytes per
 * second, every in ns.
 *
 * seen: a device fetched bytes at an address, or faulted there (here), or they
 * left it for the host; plan: moves what that asks for, at most once per
 * interval, waiting for nobody.  Both by any thread, no lock held.
 */
void hms_device_plan_setup(
	const struct hms_planner *planner, uint64_t rate, uint64_t every);
void hms_device_seen(enum hms_family vendor, unsigned device, uintptr_t address,
	uint64_t bytes, bool here);
void hms_device_plan(uint64_t now_ns);
/* Does anybody say what devices access?  Then plans say what comes forward. */
bool hms_device_planned(void);

#endif
