/* SPDX-License-Identifier: BSD-2-Clause */
/* Source: the kernel's drivers/base/node.c, node_read_meminfo(). */
#include "engine/topology/nodes.h"

#include <string.h>

#include "base/sys.h"
#include "base/text.h"

#define PATH_BYTES 512

/* "Node 0 MemFree:   123 kB" -> bytes; 0 if the line is not there. */
static uint64_t meminfo(const char *text, const char *key)
{
	const char *p = strstr(text, key);
	uint64_t kib = 0;

	if (!p)
		return 0;
	p += strlen(key);
	while (*p == ' ')
		p++;
	for (; *p >= '0' && *p <= '9'; p++)
		kib = kib * 10 + (uint64_t)(*p - '0');
	return kib << 10;
}

void hms_node_memory(
	const char *root, unsigned node, struct hms_node_memory *memory)
{
	/*
	 * The lines that are looked at are among the first 700 bytes.  Threads
	 * with the smallest stacks come by here.
	 */
	char buf[1024], path[PATH_BYTES];
	struct hms_text name = HMS_TEXT(path);
	uint64_t files, unclean;

	memset(memory, 0, sizeof(*memory));
	hms_text_add(
		&name, "%s/sys/devices/system/node/node%u/meminfo", root, node);
	if (name.cut || hms_sys_read_file(path, buf, sizeof(buf)) <= 0)
		return;
	memory->total = meminfo(buf, " MemTotal:");
	memory->free = meminfo(buf, " MemFree:");
	files = meminfo(buf, " Active(file):") +
		meminfo(buf, " Inactive(file):");
	unclean = meminfo(buf, " Dirty:") + meminfo(buf, " Writeback:") +
		  meminfo(buf, " Mapped:");
	memory->cache = files > unclean ? files - unclean : 0;
}
