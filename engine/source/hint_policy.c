/* SPDX-License-Identifier: BSD-2-Clause */
/* NUMA hint faults: which policy makes the kernel balance memory. */
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "engine/source/hint.h"

/* Not in every kernel's headers: Linux 5.12, 5.15. */
#ifndef MPOL_F_NUMA_BALANCING
#define MPOL_F_NUMA_BALANCING (1 << 13)
#endif
#define PREFERRED_MANY 5
#define MASK_BITS (HMS_MAX_NODES + 1)
#define WORD_BITS (8 * sizeof(unsigned long))
#define MODE(policy)                                                           \
	((policy)->mode & ~MPOL_MODE_FLAGS & ~MPOL_F_NUMA_BALANCING)
#define GIB (UINT64_C(1) << 30)

static bool any(const unsigned long *nodes)
{
	for (size_t i = 0; i < HMS_POLICY_WORDS; i++)
		if (nodes[i])
			return true;
	return false;
}

/* "0-1,4": those nodes are no longer in the mask. */
static void take_out(const char *list, unsigned long *nodes)
{
	while (*list >= '0' && *list <= '9') {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (; from <= to && from < HMS_MAX_NODES; from++)
			nodes[from / WORD_BITS] &= ~(1ul << from % WORD_BITS);
		list = *end == ',' ? end + 1 : "";
	}
}

int hms_balance_look(struct hms_balance *balance)
{
	char list[1024];
	ssize_t n;
	int rc;

	memset(balance->all, 0, sizeof(balance->all));
	memset(balance->calm, 0, sizeof(balance->calm));
	rc = hms_sys_get_mempolicy(
		NULL, balance->all, MASK_BITS, NULL, MPOL_F_MEMS_ALLOWED);
	if (rc < 0)
		return rc;
	n = hms_sys_read_file(
		"/sys/devices/system/node/has_cpu", list, sizeof(list));
	/* Where nobody tells, any node may be one. */
	if (n <= 0)
		return 0;
	memcpy(balance->calm, balance->all, sizeof(balance->calm));
	take_out(list, balance->calm);
	return 0;
}

bool hms_balance_has_calm(const struct hms_balance *balance)
{
	return any(balance->calm);
}

bool hms_balance_roomy(const struct hms_balance *balance, uint64_t bytes)
{
	uint64_t need = bytes / 4 + GIB, free = 0;

	for (unsigned n = 0; n < HMS_MAX_NODES; n++) {
		struct hms_node_memory memory;

		if (!(balance->calm[n / WORD_BITS] >> n % WORD_BITS & 1))
			continue;
		hms_node_memory("", n, &memory);
		free += memory.free + memory.cache;
	}
	return free >= (bytes < need ? bytes : need);
}

/* Nodes that the policy names, of which none has CPUs. */
static bool is_calm(
	const struct hms_balance *balance, const struct hms_mempolicy *policy)
{
	for (size_t i = 0; i < HMS_POLICY_WORDS; i++)
		if (policy->nodes[i] & ~balance->calm[i])
			return false;
	return any(policy->nodes);
}

int hms_balanced(const struct hms_balance *balance,
	const struct hms_mempolicy *had, struct hms_mempolicy *out)
{
	const bool calm = !balance->crowded && any(balance->calm);
	const bool local = MODE(had) == MPOL_LOCAL || MODE(had) == MPOL_DEFAULT;

	*out = *had;
	if (!local && MODE(had) != MPOL_PREFERRED &&
		MODE(had) != PREFERRED_MANY)
		return -EOPNOTSUPP;
	if (local && !calm) {
		memset(out, 0, sizeof(*out));
		out->mode = MPOL_DEFAULT;
		return 0;
	}
	out->mode = (balance->bind_only ? MPOL_BIND : PREFERRED_MANY) |
		    MPOL_F_NUMA_BALANCING;
	if (calm && (balance->bind_only || !is_calm(balance, had)))
		memcpy(out->nodes, balance->calm, sizeof(out->nodes));
	else if (balance->bind_only)
		memcpy(out->nodes, balance->all, sizeof(out->nodes));
	return 0;
}

bool hms_balanced_strays(
	const struct hms_mempolicy *had, const struct hms_mempolicy *now)
{
	return MODE(now) == MPOL_BIND ||
	       (MODE(now) == PREFERRED_MANY &&
		       memcmp(had->nodes, now->nodes, sizeof(now->nodes)) != 0);
}

int hms_balance_try(const struct hms_balance *balance, void *addr)
{
	struct hms_mempolicy had = { .mode = MPOL_PREFERRED }, wanted;
	uintptr_t start = (uintptr_t)addr, end = start + HMS_SOURCE_BLOCK;
	int rc;

	memcpy(had.nodes, balance->all, sizeof(had.nodes));
	rc = hms_balanced(balance, &had, &wanted);
	return rc < 0 ? rc : hms_mempolicy_set(start, end, &wanted);
}
