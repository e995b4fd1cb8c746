/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings cut into regions without changing what they mean: smaps counts by
 * mapping, and the kernel joins neighbours that are alike.  Every other region
 * gets its own memory policy again, but with MPOL_F_STATIC_NODES: the same
 * nodes, of which the kernel would only not make others if the administrator
 * changed the cpuset.  Memory that has no policy of its own is not cut.
 *
 * Regions begin at multiples of huge pages, so none is split.
 * Source: mbind(2), numa(7).
 */
#ifndef HMS_ENGINE_SOURCE_SPLIT_H
#define HMS_ENGINE_SOURCE_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/topology/nodes.h"

/* One more bit than nodes: mbind takes it so. */
#define HMS_POLICY_WORDS (HMS_MAX_NODES / (8 * sizeof(unsigned long)) + 1)

/* A mapping's policy, as get_mempolicy(2) tells it. */
struct hms_mempolicy {
	int mode; /* with MPOL_F_* flags */
	unsigned long nodes[HMS_POLICY_WORDS];
};

/* 0 or -errno. */
int hms_mempolicy_get(uintptr_t addr, struct hms_mempolicy *out);
int hms_mempolicy_set(
	uintptr_t start, uintptr_t end, const struct hms_mempolicy *policy);
bool hms_mempolicy_same(
	const struct hms_mempolicy *a, const struct hms_mempolicy *b);
/* The end of the blocks from at on, at most end, that have the same. */
uintptr_t hms_mempolicy_run(
	uintptr_t at, uintptr_t end, const struct hms_mempolicy *policy);
/* If it still has `from`; -ENOENT: it has not, or is no more ours. */
int hms_mempolicy_exchange(uintptr_t start, uintptr_t end,
	const struct hms_mempolicy *from, const struct hms_mempolicy *to);
/* Has it nodes, so that flags mean something? */
bool hms_mempolicy_splits(const struct hms_mempolicy *policy);

/*
 * Cuts [start, end) into regions of `region` bytes, a multiple of 2 MiB;
 * *policy: what it had, for hms_unsplit().  0; -EOPNOTSUPP: has no policy
 * that can be told apart; or -errno.
 */
int hms_split(uintptr_t start, uintptr_t end, uintptr_t region,
	struct hms_mempolicy *policy);
/* Makes it one again; memory that is gone is no error. */
void hms_unsplit(uintptr_t start, uintptr_t end, uintptr_t region,
	const struct hms_mempolicy *policy);

#endif
