/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much more can be bound to a target.
 *
 * The kernel tells how much of a node is free, but memory that was bound and
 * not touched yet is still free there.  How much that is takes a walk over
 * all that is bound (mincore), so bounds are tried first, and walks are spaced
 * so that they take at most a tenth of the time.
 *
 * Called with the lock of place.c held, but for hms_node_room().  errno is
 * never touched, nothing is allocated.
 */
#ifndef HMS_ENGINE_ROOM_H
#define HMS_ENGINE_ROOM_H

#include "engine/place.h"

/* Once, before the first bind. */
void hms_room_setup(const struct hms_places *places);
/* What hms_room_setup() was given: "" or a recorded machine's folder. */
const char *hms_room_root(void);
/*
 * Bytes that can be bound to target now.  Exactness is worth the effort only
 * as far as want bytes.  SIZE_MAX: not known, or not limited.
 */
size_t hms_room(struct hms_target *target, size_t want);
/* bytes more or, if negative, less are bound to target.  Lock-free. */
void hms_room_bound(struct hms_target *target, int64_t bytes);
/* Pages have moved to target: they are touched there, and no longer free. */
void hms_room_moved(struct hms_target *target, uint64_t bytes);
/*
 * Free bytes of a node as last read, without the pages that the kernel keeps
 * back; cached for 100 ms or until much was bound since.  Lock-free.
 */
uint64_t hms_node_room(unsigned node);
/* The same of all nodes of a target, with clean cache if that may help. */
uint64_t hms_nodes_room(const struct hms_target *target);

#endif
