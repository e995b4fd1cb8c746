/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources: the kernel's ABI/stable/sysfs-devices-node (has_cpu, has_memory,
 * cpulist, meminfo), admin-guide/mm/numaperf.rst (access classes, units),
 * ABI/testing/sysfs-bus-nvdimm and sysfs-bus-dax (target_node).
 */
#include "engine/topology/nodes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"

#define PATH_BYTES 512
#define NODE_DIR "/sys/devices/system/node"

/* The directory entry as getdents64(2) writes it. */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static ssize_t read_at(const char *root, const char *dir, const char *name,
	char *buf, size_t size)
{
	char path[PATH_BYTES];
	struct hms_text text = HMS_TEXT(path);

	hms_text_add(&text, "%s%s/%s", root, dir, name);
	return text.cut ? -ENAMETOOLONG : hms_sys_read_file(path, buf, size);
}

static ssize_t read_node(const char *root, unsigned node, const char *name,
	char *buf, size_t size)
{
	char path[64];
	struct hms_text text = HMS_TEXT(path);

	hms_text_add(&text, "node%u/%s", node, name);
	return read_at(root, NODE_DIR, path, buf, size);
}

/* A decimal number at *p, which moves behind it; 0 if there is none. */
static uint64_t number(const char **p)
{
	uint64_t n = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++)
		n = n * 10 + (uint64_t)(**p - '0');
	return n;
}

static uint64_t read_number(const char *root, unsigned node, const char *name)
{
	char buf[32];
	const char *p = buf;

	if (read_node(root, node, name, buf, sizeof(buf)) <= 0)
		return 0;
	return number(&p);
}

/* Calls fn for each node of a list such as "0-1,4"; 0 or -errno. */
static int each_listed(const char *root, const char *file,
	void (*fn)(struct hms_nodes *nodes, unsigned node),
	struct hms_nodes *nodes)
{
	char buf[4096];
	ssize_t len = read_at(root, NODE_DIR, file, buf, sizeof(buf));
	const char *p = buf;

	if (len < 0)
		return (int)len;
	while (*p >= '0' && *p <= '9') {
		uint64_t first = number(&p), last = first;

		if (*p == '-') {
			p++;
			last = number(&p);
		}
		for (; first <= last && first < HMS_MAX_NODES; first++)
			fn(nodes, (unsigned)first);
		if (*p == ',')
			p++;
	}
	return 0;
}

/* "Node 0 MemFree:   123 kB" -> bytes; 0 if the line is not there. */
static uint64_t meminfo(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	if (!p)
		return 0;
	p += strlen(key);
	while (*p == ' ')
		p++;
	return number(&p) << 10;
}

void hms_node_memory(
	const char *root, unsigned node, struct hms_node_memory *memory)
{
	/*
	 * The lines that are looked at are among the first 700 bytes.  Threads
	 * with the smallest stacks come by here.
	 */
	char buf[1024];
	uint64_t files, unclean;

	memset(memory, 0, sizeof(*memory));
	if (read_node(root, node, "meminfo", buf, sizeof(buf)) <= 0)
		return;
	memory->total = meminfo(buf, " MemTotal:");
	memory->free = meminfo(buf, " MemFree:");
	files = meminfo(buf, " Active(file):") +
		meminfo(buf, " Inactive(file):");
	unclean = meminfo(buf, " Dirty:") + meminfo(buf, " Writeback:") +
		  meminfo(buf, " Mapped:");
	memory->cache = files > unclean ? files - unclean : 0;
}

static void add_memory(struct hms_nodes *nodes, unsigned n)
{
	struct hms_node *node = &nodes->node[n];
	struct hms_node_memory memory;

	hms_node_memory(nodes->root, n, &memory);
	/* A node may be online with all of its memory offline. */
	if (!memory.total || node->present)
		return;
	node->present = true;
	node->size = memory.total;
	node->latency = (unsigned)read_number(
		nodes->root, n, "access0/initiators/read_latency");
	node->bandwidth = (unsigned)read_number(
		nodes->root, n, "access0/initiators/read_bandwidth");
	nodes->count++;
	if (n > nodes->max)
		nodes->max = n;
}

static void add_cpu(struct hms_nodes *nodes, unsigned n)
{
	nodes->node[n].has_cpu = true;
}

/* What a device of a bus says is its memory's node is of this kind. */
static void mark_kind(struct hms_nodes *nodes, const char *bus,
	const char *device, enum hms_kind kind)
{
	char name[PATH_BYTES], buf[32];
	struct hms_text text = HMS_TEXT(name);
	const char *p = buf;
	uint64_t n;

	hms_text_add(&text, "%s/target_node", device);
	if (read_at(nodes->root, bus, name, buf, sizeof(buf)) <= 0)
		return;
	if (*p < '0' || *p > '9')
		return;
	n = number(&p);
	if (n < HMS_MAX_NODES && !nodes->node[n].has_cpu)
		nodes->node[n].kind = kind;
}

/* Regions of non-volatile memory; their nodes may be onlined by kmem. */
static void mark_pmem(struct hms_nodes *nodes)
{
	static const char bus[] = "/sys/bus/nd/devices";
	char path[PATH_BYTES], buf[2048] __attribute__((aligned(8)));
	struct hms_text text = HMS_TEXT(path);
	ssize_t len, at;
	int fd;

	hms_text_add(&text, "%s%s", nodes->root, bus);
	fd = hms_sys_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return;
	while ((len = hms_sys_getdents(fd, buf, sizeof(buf))) > 0) {
		const struct entry *e;

		for (at = 0; at < len; at += e->reclen) {
			e = (const void *)(buf + at);
			if (!strncmp(e->name, "region", 6))
				mark_kind(nodes, bus, e->name, HMS_KIND_PMEM);
		}
	}
	hms_sys_close(fd);
}

static void find_kinds(struct hms_nodes *nodes)
{
	unsigned fastest = 0, apart = 0;

	for (unsigned n = 0; n <= nodes->max; n++) {
		struct hms_node *node = &nodes->node[n];

		if (!node->present)
			continue;
		node->kind = HMS_KIND_DRAM;
		if (!node->has_cpu)
			apart++;
		else if (node->bandwidth > fastest)
			fastest = node->bandwidth;
	}
	/* Most machines have CPUs on every node; nothing more to read. */
	if (!apart || apart == nodes->count)
		return;
	for (unsigned n = 0; n <= nodes->max; n++) {
		struct hms_node *node = &nodes->node[n];

		if (!node->present || node->has_cpu)
			continue;
		node->kind = fastest && node->bandwidth > fastest
				     ? HMS_KIND_HBM
				     : HMS_KIND_CXL;
	}
	mark_pmem(nodes);
}

static void pretend_one(struct hms_nodes *nodes)
{
	nodes->count = 1;
	nodes->max = 0;
	nodes->node[0] = (struct hms_node){
		.present = true,
		.has_cpu = true,
		.kind = HMS_KIND_DRAM,
	};
}

int hms_nodes_read(const char *root, struct hms_nodes *nodes)
{
	memset(nodes, 0, sizeof(*nodes));
	nodes->root = root;
	if (strlen(root) > PATH_BYTES / 2)
		return -ENAMETOOLONG;
	if (!each_listed(root, "has_memory", add_memory, nodes))
		each_listed(root, "has_cpu", add_cpu, nodes);
	if (!nodes->count)
		pretend_one(nodes);
	find_kinds(nodes);
	return 0;
}
