/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/mover/device.h"

#include <errno.h>
#include <stdatomic.h>

#include "engine/engine.h"
#include "engine/target/device.h"

#define MOVERS 8

static const struct hms_device_mover *_Atomic movers[MOVERS];

void hms_device_mover_register(const struct hms_device_mover *mover)
{
	for (unsigned i = 0; i < MOVERS; i++) {
		const struct hms_device_mover *none = NULL;

		if (atomic_compare_exchange_strong(&movers[i], &none, mover) ||
			none == mover)
			return;
	}
}

const struct hms_device_mover *hms_device_mover(unsigned n)
{
	return n < MOVERS ? atomic_load(&movers[n]) : NULL;
}

static void settle(const struct hms_device_memory *piece, void *arg)
{
	const struct hms_device_mover *mover = arg;
	const struct hms_place *place =
		&hms_engine.places->places[piece->place];
	const struct hms_managed_targets *in =
		hms_target_managed_in(place->steps[piece->step].targets[0]);

	for (unsigned i = 0; in && i < in->n; i++) {
		const struct hms_device_id *id =
			hms_target_device_id(in->targets[i]);

		/* It is there, or as good as. */
		if ((id ? (int)id->number : -1) == piece->device)
			return;
		if (mover->move(piece->start, piece->end, in->targets[i]) !=
			-ENOSPC)
			return;
	}
}

void hms_device_settle(void)
{
	const struct hms_device_mover *mover;

	for (unsigned n = 0; (mover = hms_device_mover(n)); n++)
		mover->each(settle, (void *)mover);
}
