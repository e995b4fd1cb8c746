/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources: mbind(2), move_pages(2), madvise(2) (MADV_HUGEPAGE), proc(5)
 * (meminfo, smaps).
 */
#include "tools/measure/measure.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "engine/topology/groups.h"

#define HUGE ((size_t)2 << 20)

static size_t lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t groups_room(void)
{
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_NODES);
	struct hms_groups groups = { .room = HMS_GROUPS_ANY };

	if (b)
		hms_groups_read(b, true, &groups);
	hms_builder_free(b);
	return lesser(groups.room, SIZE_MAX);
}

static size_t available(void)
{
	char line[128];
	FILE *in = fopen("/proc/meminfo", "re");
	size_t kib = SIZE_MAX >> 10;

	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "MemAvailable: %zu kB", &kib) == 1)
			break;
	if (in)
		fclose(in);
	return kib << 10;
}

size_t measure_room(unsigned node)
{
	struct hms_node_memory memory;
	size_t room = lesser(available(), groups_room());

	hms_node_memory("", node, &memory);
	if (memory.total)
		room = lesser(room, memory.free + memory.cache / 2);
	return room / 4;
}

/* The part of the memory that has huge pages, of whatever size. */
static double huge_share(const void *base, size_t bytes)
{
	char line[256];
	FILE *in = fopen("/proc/self/smaps", "re");
	unsigned long from, to;
	size_t kib, sum = 0;
	bool here = false;

	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from < (uintptr_t)base + bytes &&
			       to > (uintptr_t)base;
		else if (here && sscanf(line, "AnonHugePages: %zu kB", &kib))
			sum += kib << 10;
	}
	if (in)
		fclose(in);
	return sum < bytes ? (double)sum / (double)bytes : 1;
}

static size_t count_elsewhere(
	const struct measure_memory *memory, unsigned node)
{
	size_t page = hms_sys_page_size(), elsewhere = 0;
	void *pages[512];
	int status[512];

	for (size_t at = 0; at < memory->bytes;) {
		unsigned n = 0;

		for (; n < 512 && at < memory->bytes; at += page)
			pages[n++] = memory->base + at;
		if (hms_sys_move_pages(0, n, pages, NULL, status, 0) < 0)
			return 0;
		for (unsigned i = 0; i < n; i++)
			elsewhere += status[i] >= 0 && status[i] != (int)node
					     ? page
					     : 0;
	}
	return elsewhere;
}

static int bind_and_touch(struct measure_memory *memory, unsigned node)
{
	unsigned long nodes[HMS_MASK_WORDS] = { 0 };
	const unsigned bits = 8 * sizeof(nodes[0]);
	int rc;

	nodes[node / bits] = 1UL << node % bits;
	rc = hms_sys_mbind(memory->base, memory->bytes, MPOL_PREFERRED, nodes,
		HMS_MAX_NODES + 1, 0);
	/* A kernel without NUMA has one node: all is where it should be. */
	if (rc && rc != -ENOSYS)
		return rc;
	hms_sys_madvise(memory->base, memory->bytes, MADV_HUGEPAGE);
	for (size_t at = 0; at < memory->bytes; at += HUGE) {
		if (measure_stopped)
			return -EINTR;
		memset(memory->base + at, 1, lesser(HUGE, memory->bytes - at));
	}
	memory->elsewhere = count_elsewhere(memory, node);
	memory->huge = huge_share(memory->base, memory->bytes);
	return 0;
}

int measure_memory_get(
	struct measure_memory *out, unsigned node, size_t wanted, size_t most)
{
	size_t bytes = lesser(wanted, measure_room(node));
	void *map;
	int rc;

	if (most)
		bytes = lesser(bytes, most);
	bytes &= ~(HUGE - 1);
	*out = (struct measure_memory){ .wanted = wanted };
	if (bytes < MEASURE_LEAST)
		return -ENOMEM;
	map = hms_sys_mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hms_sys_failed(map))
		return -ENOMEM;
	out->map = map;
	out->mapped = bytes + HUGE;
	out->base = (void *)(((uintptr_t)map + HUGE - 1) & ~(HUGE - 1));
	out->bytes = bytes;
	rc = bind_and_touch(out, node);
	if (rc)
		measure_memory_put(out);
	return rc;
}

void measure_memory_put(struct measure_memory *memory)
{
	if (memory->map)
		hms_sys_munmap(memory->map, memory->mapped);
	memory->map = NULL;
	memory->bytes = 0;
}
