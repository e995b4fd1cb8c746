/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of a set of nodes is next to the calling thread: for kernels without
 * MPOL_PREFERRED_MANY, which chooses for itself (before Linux 5.15).
 */
#ifndef HMS_ENGINE_TARGET_NEAREST_H
#define HMS_ENGINE_TARGET_NEAREST_H

#include "engine/target/target.h"

/*
 * The nearest node of the target that has room for len bytes, by the distances
 * that firmware gives (nodeN/distance lists the nodes of `online`, in their
 * order: Documentation/ABI/stable/sysfs-devices-node); -1: no node of it has
 * room, or nothing is known.  Two small files are read each time, some 30 us,
 * in less than a page of stack; errno is kept, nothing is allocated.
 * root: as for hms_node_memory().
 */
int hms_node_nearest(
	const struct hms_target *target, size_t len, const char *root);

#endif
