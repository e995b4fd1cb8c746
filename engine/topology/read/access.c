/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What firmware says of a node's memory for the initiators nearest to it.
 * Sources: the kernel's admin-guide/mm/numaperf.rst (nanoseconds, MB/s; class
 * 0: any initiators, class 1: CPUs only) and drivers/base/node.c: a folder
 * accessN/initiators has one link nodeM for each of them.
 */
#include "engine/topology/read/read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/topology/sysfs.h"

#define DIR "sys/devices/system/node"

struct class
{
	unsigned node, number; /* accessNUMBER of this node's memory */
	int link;
	unsigned found; /* initiators of it */
};

/* The initiator that an entry of accessN/initiators stands for, or -1. */
static int initiator_of(
	struct hms_builder *b, const struct class *class, const char *name)
{
	const char *end;
	int initiator;
	uint64_t node;
	char path[96];

	if (strncmp(name, "node", 4) != 0)
		return -1;
	end = hms_sysfs_digits(name + 4, &node);
	if (!end || *end)
		return -1;
	initiator = node < UINT32_MAX ? hms_reader_initiator(b, (unsigned)node)
				      : -1;
	/* Said when they are added, not when they are counted. */
	if (initiator < 0 && class->link >= 0) {
		snprintf(path, sizeof(path), DIR "/node%u/access%u/initiators",
			class->node, class->number);
		hms_sysfs_complain(b, path, 0,
			"%.40s has neither CPUs nor another initiator", name);
	}
	return initiator;
}

static void count_initiator(struct hms_builder *b, const char *name, void *arg)
{
	struct class *class = arg;

	if (initiator_of(b, class, name) >= 0)
		class->found++;
}

static void add_initiator(struct hms_builder *b, const char *name, void *arg)
{
	const struct class *class = arg;

	hms_builder_link_initiator(
		b, class->link, initiator_of(b, class, name));
}

static void read_perf(struct hms_builder *b, const struct class *class)
{
	static const struct {
		enum hms_measure measure;
		const char *file;
	} files[] = {
		{ HMS_READ_BANDWIDTH, "read_bandwidth" },
		{ HMS_READ_LATENCY, "read_latency" },
		{ HMS_WRITE_BANDWIDTH, "write_bandwidth" },
		{ HMS_WRITE_LATENCY, "write_latency" },
	};
	char path[96];
	uint64_t value;
	size_t n = sizeof(files) / sizeof(files[0]);

	/* To tell kinds apart, reads will do. */
	if (hms_builder_depth(b) < HMS_DEPTH_PATHS)
		n = 2;
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path),
			DIR "/node%u/access%u/initiators/%s", class->node,
			class->number, files[i].file);
		if (hms_sysfs_number(b, &value, "%s", path))
			/* Firmware that says one of them says the others. */
			continue;
		if (value > UINT32_MAX)
			hms_sysfs_complain(b, path, 0,
				"%llu is too much to be true",
				(unsigned long long)value);
		else
			hms_builder_link_perf(b, class->link, files[i].measure,
				(uint32_t)value, HMS_FIRMWARE);
	}
}

/* What CPUs see, as far as kinds need it; nobody asks for paths then. */
static void read_briefly(struct hms_builder *b, unsigned node)
{
	struct class class = { node, 1, hms_reader_memory(b, node), 0 };
	const struct hms_link *link;

	read_perf(b, &class);
	link = hms_builder_link_at(b, class.link);
	if (link && !link->perf.value[HMS_READ_BANDWIDTH]) {
		class.number = 0;
		read_perf(b, &class);
	}
}

static int list(struct hms_builder *b, struct class *class,
	void (*fn)(struct hms_builder *b, const char *name, void *arg))
{
	return hms_sysfs_dir(b, fn, class, DIR "/node%u/access%u/initiators",
		class->node, class->number);
}

static bool has_cpus(struct hms_builder *b, const struct hms_link *link)
{
	for (unsigned i = 0; i < link->ninitiators; i++)
		if (hms_builder_at(b, (int)link->initiators[i])->kind ==
			HMS_INITIATOR_CPU)
			return true;
	return false;
}

static void read_fully(struct hms_builder *b, unsigned node)
{
	struct class nearest = { node, 0, hms_reader_memory(b, node), 0 };
	struct class cpus = { node, 1, -1, 0 };
	char id[32];

	if (nearest.link < 0)
		return;
	if (list(b, &nearest, add_initiator) != -ENOENT)
		read_perf(b, &nearest);
	/* The best of all have CPUs: then these are the best of the CPUs. */
	if (has_cpus(b, hms_builder_link_at(b, nearest.link)))
		return;
	if (list(b, &cpus, count_initiator) || !cpus.found)
		return;
	/* A device is nearer than the CPUs, which have a way of their own. */
	snprintf(id, sizeof(id), "memory:%u/cpu", node);
	cpus.link = hms_builder_link(b, id);
	hms_builder_link_target(b, cpus.link, hms_builder_find_node(b, node));
	list(b, &cpus, add_initiator);
	read_perf(b, &cpus);
}

void hms_read_access(struct hms_builder *b)
{
	bool fully = hms_builder_depth(b) >= HMS_DEPTH_PATHS;
	unsigned n = hms_builder_targets(b);

	if (!fully && !hms_reader_apart(b))
		return;
	for (unsigned i = 0; i < n; i++) {
		int node = hms_builder_memory(b, (int)i)->node;

		if (node < 0)
			continue;
		if (fully)
			read_fully(b, (unsigned)node);
		else
			read_briefly(b, (unsigned)node);
	}
}
