/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the engine needs of node targets beyond the calls of target.h.
 * Nothing here touches errno or allocates; bytes throughout.
 */
#ifndef HMS_ENGINE_TARGET_NODE_H
#define HMS_ENGINE_TARGET_NODE_H

#include "engine/place.h"

extern const struct hms_target_ops hms_target_node;

static inline bool hms_target_has_node(
	const struct hms_target *target, unsigned node)
{
	const unsigned bits = 8 * sizeof(unsigned long);

	return target->nodes[node / bits] >> node % bits & 1;
}

/* Makes a zeroed target a set of nodes: HMS_MASK_WORDS words. */
void hms_node_target(struct hms_target *target, const unsigned long *nodes);

bool hms_targets_overlap(
	const struct hms_target *a, const struct hms_target *b);

/*
 * How the kernel can share memory among a step's targets by the weights that
 * the step asks for; HMS_SHARE_STRIPES if it cannot.  root: as for
 * hms_topology_read().  Read once, at start.
 */
enum hms_sharing hms_node_sharing(
	const struct hms_step *step, const char *root);
/* Lets the kernel share it; 0 or -errno, -EOPNOTSUPP: by stripes, then. */
int hms_node_interleave(struct hms_step *step, void *addr, size_t len);

/*
 * Has the calling thread, or whoever started it (numactl), chosen nodes by
 * set_mempolicy(2)?  A kernel that does not answer says no.
 */
bool hms_node_policy_set(void);

#endif
