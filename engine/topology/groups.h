/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What control groups let this process have of all memory together: the least
 * of its own group and those above it.  Of version 2, and of version 1 where
 * the memory controller is mounted at sys/fs/cgroup/memory.  Allocates only
 * what it complains of; as thread-safe as the builder.
 *
 * Sources: cgroups(7) and cgroup_namespaces(7) (/proc/self/cgroup), the
 * kernel's admin-guide/cgroup-v2.rst (memory.max, memory.current) and
 * cgroup-v1/memory.rst (limit_in_bytes, usage_in_bytes).
 */
#ifndef HMS_ENGINE_TOPOLOGY_GROUPS_H
#define HMS_ENGINE_TOPOLOGY_GROUPS_H

#include "engine/topology/sysfs.h"

#define HMS_GROUPS_ANY UINT64_MAX /* no group limits it */

struct hms_groups {
	uint64_t limit; /* bytes, or HMS_GROUPS_ANY */
	uint64_t room; /* bytes that are left of the limits, or likewise */
	char file[HMS_SYSFS_PATH]; /* that has it: "sys/fs/..."; "": none */
};

/* room: the use of each group is read too; else out->room has no meaning. */
void hms_groups_read(struct hms_builder *b, bool room, struct hms_groups *out);

#endif
