/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regions of non-volatile memory, whose node kmem may have onlined.  Source:
 * the kernel's ABI/testing/sysfs-bus-nvdimm (target_node).
 */
#include "engine/topology/read/read.h"

#include <string.h>

#include "engine/topology/sysfs.h"

#define DIR "sys/bus/nd/devices"

static void add_region(struct hms_builder *b, const char *name, void *arg)
{
	uint64_t node;
	int target;

	(void)arg;
	if (strncmp(name, "region", 6) != 0 ||
		hms_sysfs_number(b, &node, DIR "/%s/target_node", name) ||
		node > UINT32_MAX)
		return;
	/* A region next to CPUs is told to be of their node; it is not. */
	if (hms_reader_cpu(b, (unsigned)node) >= 0)
		return;
	target = hms_builder_find_node(b, (unsigned)node);
	hms_builder_kind(b, target, HMS_KIND_PMEM, HMS_DRIVER);
	/* As memory, the kernel forgets what was in it. */
	hms_builder_property(b, target, HMS_HOTPLUG, true, HMS_DRIVER);
	if (target >= 0 && !hms_builder_memory(b, target)->device)
		hms_builder_memory(b, target)->device =
			hms_builder_text(b, name);
}

void hms_read_nvdimm(struct hms_builder *b)
{
	if (hms_reader_apart(b))
		hms_sysfs_dir(b, add_region, NULL, DIR);
}
