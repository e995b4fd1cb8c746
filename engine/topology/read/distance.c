/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware's distances: who is nearest to memory that firmware says nothing
 * else of, and a guess of the ways between sockets.  Sources: ACPI 6.5,
 * 5.2.17 (SLIT: 10 is local, 0-9 mean nothing, 255 is out of reach); the
 * kernel's drivers/base/node.c (a row has a number for each online node,
 * ascending) and asm-generic's 20 for nodes whose distance nobody tells.
 */
#include "engine/topology/read/read.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "engine/target/target.h"
#include "engine/topology/sysfs.h"

#define DIR "sys/devices/system/node"
#define LOCAL 10
#define REMOTE 20
#define NEVER 255
#define UNKNOWN 0

struct list {
	unsigned n;
	uint16_t node[HMS_MAX_NODES]; /* ascending */
};

struct memory {
	unsigned node;
	int link, cpu_link; /* for anyone, for CPUs */
	unsigned nearest; /* distance of who is on the link */
	unsigned nearest_cpu;
};

struct table {
	struct list columns; /* of every row */
	struct list from; /* nodes that initiate: rows */
	int from_of[HMS_MAX_NODES]; /* node -> row, or -1 */
	int initiator[HMS_MAX_NODES]; /* CPUs, or another one, of each row */
	bool cpu[HMS_MAX_NODES]; /* which of them are CPUs */
	unsigned nmemories;
	struct memory *memories; /* ascending by node */
	int memory_of[HMS_MAX_NODES]; /* node -> memory, or -1 */
	uint8_t *distance; /* [from][memory] */
};

static void note(struct hms_builder *b, unsigned node, void *arg)
{
	struct list *list = arg;

	(void)b;
	if (list->n < HMS_MAX_NODES && node < HMS_MAX_NODES &&
		(!list->n || list->node[list->n - 1] < node))
		list->node[list->n++] = (uint16_t)node;
}

static uint8_t *at(const struct table *t, unsigned from, unsigned memory)
{
	return &t->distance[(size_t)from * t->nmemories + memory];
}

/* A distance to go by, of two nodes that reach each other. */
static unsigned known(const struct table *t, unsigned from, unsigned memory)
{
	unsigned d = *at(t, from, memory);

	if (t->from.node[from] == t->memories[memory].node)
		return LOCAL;
	return d == UNKNOWN ? REMOTE : d;
}

/*
 * What is wrong with a distance, or NULL.  That CPUs do not reach memory is
 * strange; of devices it is common.
 */
static const char *mistake(
	unsigned from, unsigned to, bool from_cpu, uint64_t d)
{
	if (from == to)
		return d == LOCAL ? NULL : "a node's distance to itself is 10";
	if (d < LOCAL)
		return "no distance is below 10";
	if (d == NEVER && from_cpu)
		return "out of reach";
	return d > NEVER ? "no distance is above 255" : NULL;
}

struct row {
	const char *path;
	unsigned from; /* node */
	unsigned mistakes;
};

static void wrong(struct hms_builder *b, struct row *row, unsigned to,
	const char *entry, const char *why)
{
	/* One firmware, one mistake: many rows, many columns. */
	if (!row->mistakes++)
		hms_sysfs_complain(b, row->path, 0,
			"distance to node %u is \"%.*s\": %s", to,
			(int)(strcspn(entry, " \n") & 31), entry, why);
}

static void take(struct hms_builder *b, struct table *t, unsigned from,
	unsigned to, uint64_t d)
{
	int memory = t->memory_of[to];

	if (d > NEVER)
		return;
	hms_builder_distance(b, t->from.node[from], to, (unsigned)d);
	if (memory >= 0)
		*at(t, from, (unsigned)memory) =
			d < LOCAL ? UNKNOWN : (uint8_t)d;
}

static void read_row(struct hms_builder *b, struct table *t, unsigned from)
{
	char path[64], buf[8192];
	struct row row = { path, t->from.node[from], 0 };
	const char *p = buf, *end, *why;
	unsigned column = 0;
	uint64_t d;

	snprintf(path, sizeof(path), DIR "/node%u/distance", row.from);
	if (hms_sysfs_read(b, buf, sizeof(buf), "%s", path) < 0) {
		/* A machine that was made up in text has no sysfs at all. */
		if (t->columns.n > 1 &&
			hms_sysfs_read(b, buf, sizeof(buf), DIR "/online") >= 0)
			hms_sysfs_complain(b, path, 0,
				"cannot be read, so distances are unknown");
		return;
	}
	for (; *(p += strspn(p, " \n")) && column < t->columns.n; column++) {
		unsigned to = t->columns.node[column];

		end = hms_sysfs_digits(p, &d);
		if (end && *end && *end != ' ' && *end != '\n')
			end = NULL;
		why = end ? mistake(row.from, to, t->cpu[from], d)
			  : "no number";
		if (why)
			wrong(b, &row, to, p, why);
		if (end)
			take(b, t, from, to, d);
		p = end ? end : p + strcspn(p, " \n");
	}
	if (row.mistakes > 1)
		hms_sysfs_complain(
			b, path, 0, "%u more are wrong", row.mistakes - 1);
	if (*p || column < t->columns.n)
		hms_sysfs_complain(b, path, 0,
			"has %s entries than the %u nodes that are online",
			*p ? "more" : "fewer", t->columns.n);
}

/* Where nobody says which nodes are online: those that are known. */
static void list_nodes(struct hms_builder *b, struct list *list)
{
	list->n = 0;
	for (unsigned node = 0; node < HMS_MAX_NODES; node++)
		if (hms_builder_find_node(b, node) >= 0 ||
			hms_reader_initiator(b, node) >= 0)
			note(b, node, list);
}

static void find_froms(struct hms_builder *b, struct table *t)
{
	unsigned n = hms_builder_initiators(b);
	int of[HMS_MAX_NODES];

	memset(of, 0xff, sizeof(of));
	memset(t->from_of, 0xff, sizeof(t->from_of));
	for (unsigned i = 0; i < n; i++) {
		const struct hms_initiator *at = hms_builder_at(b, (int)i);

		if (at->node < 0 || at->node >= HMS_MAX_NODES)
			continue;
		if (at->kind == HMS_INITIATOR_CPU ||
			(at->kind == HMS_INITIATOR_GENERIC && of[at->node] < 0))
			of[at->node] = (int)i;
	}
	for (unsigned node = 0; node < HMS_MAX_NODES; node++) {
		if (of[node] < 0)
			continue;
		t->from_of[node] = (int)t->from.n;
		t->initiator[t->from.n] = of[node];
		t->cpu[t->from.n] =
			hms_builder_at(b, of[node])->kind == HMS_INITIATOR_CPU;
		t->from.node[t->from.n++] = (uint16_t)node;
	}
}

/* False: there are none, or no memory for the table. */
static bool find_memories(
	struct hms_builder *b, struct table *t, struct hms_arena *arena)
{
	unsigned n = 0;
	char id[32];

	t->memories = hms_arena_alloc(
		arena, hms_builder_targets(b) * sizeof(*t->memories));
	if (!t->memories)
		return false;
	for (unsigned node = 0; node < HMS_MAX_NODES; node++) {
		struct memory *memory = &t->memories[n];

		t->memory_of[node] = -1;
		if (hms_builder_find_node(b, node) < 0)
			continue;
		t->memory_of[node] = (int)n++;
		memory->node = node;
		memory->link = hms_reader_memory(b, node);
		if (memory->link < 0)
			return false;
		snprintf(id, sizeof(id), "memory:%u/cpu", node);
		memory->cpu_link = hms_builder_find_link(b, id);
		if (memory->cpu_link < 0)
			memory->cpu_link = memory->link;
	}
	t->nmemories = n;
	t->distance = hms_arena_alloc(arena, (size_t)t->from.n * n + 1);
	return t->distance && n;
}

/* Memory that nobody reaches would not be online: that is no answer. */
static void forgive(struct table *t, unsigned memory)
{
	for (unsigned from = 0; from < t->from.n; from++)
		if (known(t, from, memory) != NEVER)
			return;
	for (unsigned from = 0; from < t->from.n; from++)
		*at(t, from, memory) = UNKNOWN;
}

/* Firmware told nobody who is next to this memory: the nearest CPUs are. */
static void find_nearest(
	struct hms_builder *b, struct table *t, unsigned memory)
{
	int link = t->memories[memory].link;
	unsigned least = NEVER;

	for (unsigned from = 0; from < t->from.n; from++)
		if (t->cpu[from] && known(t, from, memory) < least)
			least = known(t, from, memory);
	for (unsigned from = 0; from < t->from.n; from++)
		if (t->cpu[from] && known(t, from, memory) == least &&
			least != NEVER)
			hms_builder_link_initiator(b, link, t->initiator[from]);
}

/* The least distance of those on a link. */
static unsigned nearest_on(
	struct hms_builder *b, const struct table *t, int link, unsigned memory)
{
	const struct hms_link *l = hms_builder_link_at(b, link);
	unsigned least = NEVER;

	for (unsigned i = 0; i < l->ninitiators; i++) {
		int node = hms_builder_at(b, (int)l->initiators[i])->node;
		int from = node >= 0 && node < HMS_MAX_NODES ? t->from_of[node]
							     : -1;

		if (from >= 0 && known(t, (unsigned)from, memory) < least)
			least = known(t, (unsigned)from, memory);
	}
	return least;
}

/* The memory of the CPUs that are nearest to another one, or -1. */
static int home_of(const struct table *t, unsigned memory)
{
	for (unsigned from = 0; from < t->from.n; from++)
		if (t->cpu[from] &&
			known(t, from, memory) == t->memories[memory].nearest)
			return t->memory_of[t->from.node[from]];
	return -1;
}

/*
 * Memory without CPUs that only guesses know: what is typical of CXL must not
 * make it look nearer than firmware's distances do (POWER9 with GPUs: 40 to
 * the other socket, 80 to the GPUs').
 */
static void keep_away(struct hms_builder *b, struct table *t, unsigned i)
{
	const struct memory *memory = &t->memories[i];
	const struct hms_memory *m =
		hms_builder_memory(b, hms_builder_find_node(b, memory->node));
	int home = home_of(t, i);

	if (home < 0 || memory->nearest == NEVER || m->kind != HMS_KIND_CXL ||
		m->origin[HMS_FIELD_KIND] != HMS_GUESSED)
		return;
	for (unsigned k = 0; k < HMS_MEASURES; k++) {
		bool latency = k == HMS_READ_LATENCY || k == HMS_WRITE_LATENCY;
		const struct hms_perf *own =
			&hms_builder_link_at(b, memory->link)->perf;
		uint64_t far = hms_builder_link_at(b, t->memories[home].link)
				       ->perf.value[k];

		far = latency ? far * memory->nearest / LOCAL
			      : far * LOCAL / memory->nearest;
		if (own->origin[k] == HMS_GUESSED && far <= UINT32_MAX &&
			(latency ? far > own->value[k] : far < own->value[k]))
			hms_builder_link_perf(b, memory->link,
				(enum hms_measure)k, (uint32_t)far,
				HMS_GUESSED);
	}
}

/* A guess of the way to a link whose own initiators are near away. */
static void guess(struct hms_builder *b, int bridge, int link, unsigned near,
	unsigned far)
{
	const struct hms_link *l = hms_builder_link_at(b, link);

	for (unsigned i = 0; far > near && i < HMS_MEASURES; i++) {
		bool latency = i == HMS_READ_LATENCY || i == HMS_WRITE_LATENCY;
		uint64_t own = l->perf.value[i];

		own = latency ? own * far / near - own : own * near / far;
		if (own <= UINT32_MAX)
			hms_builder_bridge_perf(b, bridge, (enum hms_measure)i,
				(uint32_t)own, HMS_GUESSED);
	}
}

/* Another reader knows of ways from here; few have any. */
static bool has_bridges(struct hms_builder *b, int link, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (hms_builder_bridge_at(b, (int)i)->from == (unsigned)link)
			return true;
	return false;
}

static void connect(struct hms_builder *b, struct table *t)
{
	unsigned n = hms_builder_bridges(b);

	for (unsigned from = 0; from < t->from.n; from++) {
		int fabric = hms_reader_fabric(b, t->from.node[from]);
		bool look = has_bridges(b, fabric, n);

		for (unsigned i = 0; i < t->nmemories; i++) {
			const struct memory *memory = &t->memories[i];
			int link =
				t->cpu[from] ? memory->cpu_link : memory->link;
			unsigned far = known(t, from, i);
			int bridge;

			if (far == NEVER)
				continue;
			bridge =
				look ? hms_builder_bridge(b, NULL, fabric, link)
				     : hms_builder_new_bridge(b, fabric, link);
			guess(b, bridge, link,
				t->cpu[from] ? memory->nearest_cpu
					     : memory->nearest,
				far);
		}
	}
}

static void read_table(struct hms_builder *b, struct table *t)
{
	for (unsigned from = 0; from < t->from.n; from++)
		read_row(b, t, from);
	for (unsigned i = 0; i < t->nmemories; i++) {
		struct memory *memory = &t->memories[i];

		forgive(t, i);
		if (!hms_builder_link_at(b, memory->link)->ninitiators)
			find_nearest(b, t, i);
		memory->nearest = nearest_on(b, t, memory->link, i);
		memory->nearest_cpu = nearest_on(b, t, memory->cpu_link, i);
		keep_away(b, t, i);
	}
	connect(b, t);
}

void hms_read_distance(struct hms_builder *b)
{
	struct hms_arena arena = { 0 };
	struct table *t = hms_arena_alloc(&arena, sizeof(*t));

	if (t) {
		if (hms_sysfs_list(b, note, &t->columns, DIR "/online"))
			list_nodes(b, &t->columns);
		find_froms(b, t);
		if (find_memories(b, t, &arena))
			read_table(b, t);
	}
	hms_arena_free(&arena);
}
