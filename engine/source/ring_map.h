/* SPDX-License-Identifier: BSD-2-Clause */
/* What ring_open.c and ring.c share. */
#ifndef HMS_ENGINE_SOURCE_RING_MAP_H
#define HMS_ENGINE_SOURCE_RING_MAP_H

#include "engine/source/ring.h"

/* Maps the ring of an event; fd may be closed afterwards.  0 or -errno. */
int hms_rings_map(struct hms_rings *rings, int fd,
	const struct hms_event *event, int kind);

#endif
