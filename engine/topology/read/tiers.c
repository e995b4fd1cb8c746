/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own order of memories, fastest first.  Source: the kernel's
 * ABI/testing/sysfs-kernel-mm-memory-tiers (memory_tierN/nodelist; a smaller
 * N is faster).
 */
#include "engine/topology/read/read.h"

#include <string.h>

#include "engine/topology/sysfs.h"

#define DIR "sys/devices/virtual/memory_tiering"
#define TIER "memory_tier"

static void set_tier(struct hms_builder *b, unsigned node, void *arg)
{
	int target = hms_builder_find_node(b, node);

	if (target >= 0)
		hms_builder_memory(b, target)->tier = *(const int *)arg;
}

static void read_tier(struct hms_builder *b, const char *name, void *arg)
{
	const char *end;
	uint64_t number;
	int tier;

	(void)arg;
	if (strncmp(name, TIER, strlen(TIER)) != 0)
		return;
	end = hms_sysfs_digits(name + strlen(TIER), &number);
	if (!end || *end || number > INT32_MAX)
		return;
	tier = (int)number;
	hms_sysfs_list(b, set_tier, &tier, DIR "/%s/nodelist", name);
}

void hms_read_tiers(struct hms_builder *b)
{
	hms_sysfs_dir(b, read_tier, NULL, DIR);
}
