/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/read/read.h"

#include <stdio.h>

#define ID_BYTES 32

int hms_reader_cpu(const struct hms_builder *b, unsigned node)
{
	char id[ID_BYTES];

	snprintf(id, sizeof(id), "cpu:%u", node);
	return hms_builder_find_initiator(b, id);
}

int hms_reader_initiator(const struct hms_builder *b, unsigned node)
{
	char id[ID_BYTES];
	int initiator = hms_reader_cpu(b, node);

	if (initiator >= 0)
		return initiator;
	snprintf(id, sizeof(id), "gi:%u", node);
	return hms_builder_find_initiator(b, id);
}

int hms_reader_memory(struct hms_builder *b, unsigned node)
{
	int target = hms_builder_find_node(b, node), link;
	char id[ID_BYTES];

	if (target < 0)
		return -1;
	snprintf(id, sizeof(id), "memory:%u", node);
	link = hms_builder_link(b, id);
	hms_builder_link_target(b, link, target);
	return link;
}

int hms_reader_fabric(struct hms_builder *b, unsigned node)
{
	int cpu = hms_reader_cpu(b, node), gi, link;
	char id[ID_BYTES];

	snprintf(id, sizeof(id), "gi:%u", node);
	gi = hms_builder_find_initiator(b, id);
	if (cpu < 0 && gi < 0)
		return -1;
	snprintf(id, sizeof(id), "fabric:%u", node);
	link = hms_builder_link(b, id);
	hms_builder_link_initiator(b, link, cpu);
	hms_builder_link_initiator(b, link, gi);
	return link;
}

bool hms_reader_apart(struct hms_builder *b)
{
	unsigned n = hms_builder_targets(b);

	for (unsigned i = 0; i < n; i++) {
		const struct hms_memory *memory = hms_builder_memory(b, (int)i);

		if (memory->manager == HMS_MANAGED_BY_KERNEL &&
			memory->node >= 0 &&
			hms_reader_cpu(b, (unsigned)memory->node) < 0)
			return true;
	}
	return false;
}
