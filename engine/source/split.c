/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/source/split.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <string.h>

#include "base/sys.h"
#include "engine/source/hold.h"
#include "engine/source/source.h"

#define MASK_BITS (HMS_MAX_NODES + 1)

int hms_mempolicy_get(uintptr_t addr, struct hms_mempolicy *out)
{
	memset(out, 0, sizeof(*out));
	return hms_sys_get_mempolicy(
		&out->mode, out->nodes, MASK_BITS, (void *)addr, MPOL_F_ADDR);
}

int hms_mempolicy_set(
	uintptr_t start, uintptr_t end, const struct hms_mempolicy *policy)
{
	return hms_sys_mbind((void *)start, end - start, policy->mode,
		policy->nodes, MASK_BITS, 0);
}

bool hms_mempolicy_splits(const struct hms_mempolicy *policy)
{
	int mode = policy->mode & ~MPOL_MODE_FLAGS;

	if (mode == MPOL_DEFAULT || mode == MPOL_LOCAL ||
		(policy->mode & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)))
		return false;
	for (size_t i = 0; i < HMS_POLICY_WORDS; i++)
		if (policy->nodes[i])
			return true;
	return false;
}

/* Is the policy still what it was, but for our flag? */
static bool same(uintptr_t addr, const struct hms_mempolicy *policy)
{
	struct hms_mempolicy now;

	return hms_mempolicy_get(addr, &now) == 0 &&
	       (now.mode & ~MPOL_F_STATIC_NODES) == policy->mode &&
	       memcmp(now.nodes, policy->nodes, sizeof(now.nodes)) == 0;
}

/* Gives every other region the policy; a region that is gone: -ENOENT. */
static int set_regions(uintptr_t start, uintptr_t end, uintptr_t region,
	const struct hms_mempolicy *was, const struct hms_mempolicy *policy)
{
	uintptr_t from, to;
	int rc, worst = 0;

	for (from = start; from < end; from = to) {
		to = (from / region + 1) * region;
		if (to > end)
			to = end;
		if (!(from / region & 1))
			continue;
		/* The program may bind it itself meanwhile, by its own word. */
		rc = -ENOENT;
		if (hms_hold(from, to)) {
			if (same(from, was))
				rc = hms_mempolicy_set(from, to, policy);
			hms_let_go();
		}
		if (rc < 0)
			worst = rc;
	}
	return worst;
}

int hms_split(uintptr_t start, uintptr_t end, uintptr_t region,
	struct hms_mempolicy *policy)
{
	struct hms_mempolicy marked;
	int rc = hms_mempolicy_get(start, policy);

	if (rc < 0)
		return rc;
	if (!hms_mempolicy_splits(policy))
		return -EOPNOTSUPP;
	marked = *policy;
	marked.mode |= MPOL_F_STATIC_NODES;
	rc = set_regions(start, end, region, policy, &marked);
	if (rc < 0)
		hms_unsplit(start, end, region, policy);
	return rc;
}

void hms_unsplit(uintptr_t start, uintptr_t end, uintptr_t region,
	const struct hms_mempolicy *policy)
{
	set_regions(start, end, region, policy, policy);
}

bool hms_mempolicy_same(
	const struct hms_mempolicy *a, const struct hms_mempolicy *b)
{
	return a->mode == b->mode &&
	       memcmp(a->nodes, b->nodes, sizeof(a->nodes)) == 0;
}

uintptr_t hms_mempolicy_run(
	uintptr_t at, uintptr_t end, const struct hms_mempolicy *policy)
{
	struct hms_mempolicy now = *policy;

	while (at < end && hms_mempolicy_same(&now, policy)) {
		at = (at | (HMS_SOURCE_BLOCK - 1)) + 1;
		if (at < end && hms_mempolicy_get(at, &now) < 0)
			break;
	}
	return at < end ? at : end;
}

int hms_mempolicy_exchange(uintptr_t start, uintptr_t end,
	const struct hms_mempolicy *from, const struct hms_mempolicy *to)
{
	struct hms_mempolicy now;
	int rc;

	if (!hms_hold(start, end))
		return -ENOENT;
	rc = hms_mempolicy_get(start, &now);
	if (rc == 0)
		rc = hms_mempolicy_same(&now, from)
			     ? hms_mempolicy_set(start, end, to)
			     : -ENOENT;
	hms_let_go();
	return rc;
}
