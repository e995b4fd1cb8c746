/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which nodes this process may use at all, and how much memory together
 * (groups.h).  Sources: get_mempolicy(2),
 * MPOL_F_MEMS_ALLOWED; proc_pid_status(5), Mems_allowed_list: both are what
 * the control group's cpuset.mems leaves, cgroup-v2.rst.
 */
#include "engine/topology/read/read.h"

#include <linux/mempolicy.h>
#include <string.h>

#include "base/sys.h"
#include "engine/target/target.h"
#include "engine/topology/groups.h"
#include "engine/topology/sysfs.h"

#define STATUS "proc/self/status"
#define BITS (8 * sizeof(unsigned long))

static void allow(struct hms_builder *b, unsigned node, void *arg)
{
	unsigned long *allowed = arg;

	(void)b;
	if (node < HMS_MAX_NODES)
		allowed[node / BITS] |= 1UL << node % BITS;
}

static void read_allowed(struct hms_builder *b)
{
	unsigned long allowed[HMS_MASK_WORDS] = { 0 };
	unsigned n = hms_builder_targets(b), any = 0;

	if (hms_builder_root(b)[0]) {
		if (hms_sysfs_list_of(
			    b, allow, allowed, "Mems_allowed_list:", STATUS))
			return;
	} else {
		hms_sysfs_mention(HMS_SYSFS_FILE, STATUS);
		if (hms_sys_get_mempolicy(NULL, allowed, HMS_MAX_NODES + 1,
			    NULL, MPOL_F_MEMS_ALLOWED) < 0)
			return;
	}
	for (unsigned i = 0; i < HMS_MASK_WORDS; i++)
		any |= allowed[i] != 0;
	/* A process runs on something; a set of none is no answer. */
	for (unsigned i = 0; any && i < n; i++) {
		struct hms_memory *memory = hms_builder_memory(b, (int)i);

		if (memory->node >= 0 && memory->node < HMS_MAX_NODES &&
			memory->manager == HMS_MANAGED_BY_KERNEL)
			memory->allowed =
				allowed[(unsigned)memory->node / BITS] >>
					(unsigned)memory->node % BITS &
				1;
	}
}

void hms_read_cgroup(struct hms_builder *b)
{
	struct hms_groups groups;

	read_allowed(b);
	if (hms_builder_depth(b) < HMS_DEPTH_DETAILS)
		return;
	hms_groups_read(b, false, &groups);
	if (groups.limit != HMS_GROUPS_ANY)
		hms_builder_limit(b, groups.limit, groups.file);
}
