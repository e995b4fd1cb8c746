/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NUMA nodes.  Sources: the kernel's ABI/stable/sysfs-devices-node (has_cpu,
 * has_memory, has_normal_memory, has_generic_initiator, cpulist, meminfo,
 * hugepages) and include/linux/nodemask.h: a node that has memory but no
 * normal memory has all of it in ZONE_MOVABLE, so it can be taken offline.
 */
#include "engine/topology/read/read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/target/target.h"
#include "engine/topology/nodes.h"
#include "engine/topology/sysfs.h"

#define DIR "sys/devices/system/node"

/* False, and said in the name of the file, for nodes that do not exist. */
static bool node_fits(struct hms_builder *b, unsigned node, const char *file)
{
	char path[64];

	if (node < HMS_MAX_NODES)
		return true;
	snprintf(path, sizeof(path), DIR "/%s", file);
	hms_sysfs_complain(
		b, path, 0, "nodes from %u on are left out", HMS_MAX_NODES);
	return false;
}

static void set_property(
	struct hms_builder *b, int target, enum hms_property property)
{
	hms_builder_property(b, target, property, true, HMS_FIRMWARE);
}

static void add_memory(struct hms_builder *b, unsigned node, void *arg)
{
	char id[32];
	int target;

	if (!node_fits(b, node, arg))
		return;
	snprintf(id, sizeof(id), "node:%u", node);
	target = hms_builder_target(b, id);
	hms_builder_node(b, target, (int)node, HMS_FIRMWARE);
	hms_builder_manager(b, target, HMS_MANAGED_BY_KERNEL, HMS_FIRMWARE);
	/* The kernel hands out only what caches may hold. */
	set_property(b, target, HMS_COHERENT);
	set_property(b, target, HMS_CPU_ACCESS);
}

static void add_cpu(struct hms_builder *b, unsigned node, void *arg)
{
	char id[32], alias[32];
	int cpu;

	if (!node_fits(b, node, arg))
		return;
	snprintf(id, sizeof(id), "cpu:%u", node);
	snprintf(alias, sizeof(alias), "node:%u", node);
	cpu = hms_builder_initiator(b, id, HMS_INITIATOR_CPU);
	if (cpu < 0)
		return;
	hms_builder_alias(b, cpu, alias);
	hms_builder_at(b, cpu)->node = (int)node;
}

static void add_generic(struct hms_builder *b, unsigned node, void *arg)
{
	char id[32], alias[32];
	bool cpus;
	int gi;

	if (!node_fits(b, node, arg))
		return;
	cpus = hms_reader_cpu(b, node) >= 0;
	snprintf(id, sizeof(id), "gi:%u", node);
	snprintf(alias, sizeof(alias), "node:%u", node);
	gi = hms_builder_initiator(b, id, HMS_INITIATOR_GENERIC);
	if (gi < 0)
		return;
	if (!cpus)
		hms_builder_alias(b, gi, alias);
	hms_builder_at(b, gi)->node = (int)node;
}

struct normal {
	unsigned long nodes[HMS_MASK_WORDS];
};

static void note_normal(struct hms_builder *b, unsigned node, void *arg)
{
	const unsigned bits = 8 * sizeof(unsigned long);
	struct normal *normal = arg;

	(void)b;
	if (node < HMS_MAX_NODES)
		normal->nodes[node / bits] |= 1UL << node % bits;
}

static void find_movable(struct hms_builder *b)
{
	const unsigned bits = 8 * sizeof(unsigned long);
	struct normal normal = { 0 };
	unsigned n = hms_builder_targets(b);

	if (hms_sysfs_list(b, note_normal, &normal, DIR "/has_normal_memory"))
		return;
	for (unsigned i = 0; i < n; i++) {
		int node = hms_builder_memory(b, (int)i)->node;

		if (node >= 0 && node < HMS_MAX_NODES &&
			!(normal.nodes[(unsigned)node / bits] >>
					(unsigned)node % bits &
				1))
			set_property(b, (int)i, HMS_HOTPLUG);
	}
}

/* "Node 0 MemFree:   123 kB" -> bytes; false, and said, if it is not so. */
static bool meminfo(struct hms_builder *b, const char *path, const char *text,
	const char *key, uint64_t *out)
{
	const char *p = strstr(text, key), *end;
	unsigned line = 1;

	if (!p) {
		hms_sysfs_complain(b, path, 0, "has no line \"%s\"", key + 1);
		return false;
	}
	for (const char *c = text; c < p; c++)
		line += *c == '\n';
	p += strlen(key);
	p += strspn(p, " ");
	end = hms_sysfs_digits(p, out);
	if (!end || strncmp(end, " kB", 3) != 0 || *out >> 54) {
		hms_sysfs_complain(b, path, line, "\"%.*s\" is no size in kB",
			(int)strcspn(p, "\n"), p);
		return false;
	}
	*out <<= 10;
	return true;
}

static void read_size(struct hms_builder *b, int target, unsigned node)
{
	/* The lines that are looked at are the first ones. */
	char path[64], buf[512];
	uint64_t bytes;
	ssize_t len;

	snprintf(path, sizeof(path), DIR "/node%u/meminfo", node);
	len = hms_sysfs_read(b, buf, sizeof(buf), "%s", path);
	if (len < 0) {
		hms_sysfs_complain(b, path, 0,
			"cannot be read, so the node's size is unknown: error %d",
			(int)-len);
		return;
	}
	if (!meminfo(b, path, buf, " MemTotal:", &bytes))
		return;
	hms_builder_size(b, target, bytes, HMS_FIRMWARE);
	if (meminfo(b, path, buf, " MemFree:", &bytes))
		hms_builder_memory(b, target)->free = bytes;
}

static void read_cpus(struct hms_builder *b, int cpu, unsigned node)
{
	char path[64], buf[4097];
	const char *text;
	ssize_t len;

	snprintf(path, sizeof(path), DIR "/node%u/cpulist", node);
	len = hms_sysfs_read(b, buf, sizeof(buf), "%s", path);
	/* Old recordings lack it; nothing depends on it. */
	if (len < 0 && len != -ENOENT)
		hms_sysfs_complain(
			b, path, 0, "cannot be read: error %d", (int)-len);
	if (len <= 0)
		return;
	text = hms_builder_text(b, buf);
	hms_builder_at(b, cpu)->cpus = text;
}

static void read_details(struct hms_builder *b)
{
	unsigned n = hms_builder_targets(b);

	for (unsigned i = 0; i < n; i++) {
		int node = hms_builder_memory(b, (int)i)->node;

		if (node >= 0)
			read_size(b, (int)i, (unsigned)node);
	}
	n = hms_builder_initiators(b);
	for (unsigned i = 0; i < n; i++) {
		const struct hms_initiator *at = hms_builder_at(b, (int)i);

		if (at->kind == HMS_INITIATOR_CPU && at->node >= 0)
			read_cpus(b, (int)i, (unsigned)at->node);
	}
}

void hms_read_nodes(struct hms_builder *b)
{
	static char has_memory[] = "has_memory", online[] = "online",
		    has_cpu[] = "has_cpu", generic[] = "has_generic_initiator";

	hms_sysfs_list(b, add_memory, has_memory, DIR "/has_memory");
	/* A file of later kernels than 3.9; before, all were thought to. */
	if (!hms_builder_targets(b))
		hms_sysfs_list(b, add_memory, online, DIR "/online");
	hms_sysfs_list(b, add_cpu, has_cpu, DIR "/has_cpu");
	if (hms_builder_depth(b) < HMS_DEPTH_PATHS)
		return;
	hms_sysfs_list(b, add_generic, generic, DIR "/has_generic_initiator");
	find_movable(b);
	read_details(b);
}
