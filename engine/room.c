/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/room.h"

#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "base/text.h"
#include "engine/range.h"
#include "engine/target/node.h"

#define READ_EVERY_NS UINT64_C(100000000)
/* Read again once this share of what was free has been bound. */
#define READ_SHARE 16
#define WALK_SHARE 10
#define WALK_PAGES 2048

/* What is known of one node.  Relaxed atomics: readings may be mixed. */
struct reading {
	uint64_t free, cache; /* as last read */
	uint64_t at_ns; /* when; 0: never */
	uint64_t spent; /* bound since */
	uint64_t walk_free, walk_cache; /* when the last walk ended */
};

static struct {
	const struct hms_places *places;
	const struct hms_nodes *nodes;
	struct reading node[HMS_MAX_NODES];
	uint64_t min_free; /* what the kernel keeps back, of all nodes */
	uint64_t total; /* bytes of memory; 0: nobody tells */
	uint64_t walked_ns, walk_took_ns;
} room;

#define GET(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define SET(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)

static uint64_t now_ns(void)
{
	struct timespec t;

	/* From the vdso; fails for no clock that exists everywhere. */
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The number in KiB behind key at the start of a file below root; bytes. */
static uint64_t kib_in(const char *root, const char *file, const char *key)
{
	char path[512], buf[64];
	struct hms_text text = HMS_TEXT(path);
	size_t n = strlen(key);
	uint64_t kib = 0;

	hms_text_add(&text, "%s/proc/%s", root, file);
	if (text.cut || hms_sys_read_file(path, buf, sizeof(buf)) <= 0 ||
		strncmp(buf, key, n) != 0)
		return 0;
	n += strspn(buf + n, " ");
	for (const char *p = buf + n; *p >= '0' && *p <= '9'; p++)
		kib = kib * 10 + (uint64_t)(*p - '0');
	return kib << 10;
}

/* By the nodes, whose sizes may not have been read, or by the kernel. */
static uint64_t memory_in_all(const struct hms_nodes *nodes)
{
	struct hms_node_memory memory;
	uint64_t total = 0;

	for (unsigned n = 0; n <= nodes->max; n++)
		total += nodes->node[n].size;
	if (!total)
		total = kib_in(nodes->root, "meminfo", "MemTotal:");
	if (total)
		return total;
	hms_node_memory(nodes->root, nodes->max, &memory);
	return memory.total;
}

/*
 * Below its low watermark a node is passed over: min_free_kbytes shared out
 * by size, a quarter or a thousandth of the node more (admin-guide/sysctl/
 * vm.rst, min_free_kbytes and watermark_scale_factor), a little for the
 * page tables of what is bound.
 */
static uint64_t kept_back(uint64_t min_free, uint64_t size, uint64_t total)
{
	uint64_t min =
		total ? (uint64_t)((unsigned __int128)min_free * size / total)
		      : 0;
	uint64_t more = min / 4 > size / 1000 ? min / 4 : size / 1000;

	return min + more + size / 512;
}

void hms_room_setup(const struct hms_places *places)
{
	const struct hms_nodes *nodes = places->nodes;

	memset(&room, 0, sizeof(room));
	room.places = places;
	room.nodes = nodes;
	room.min_free = kib_in(nodes->root, "sys/vm/min_free_kbytes", "");
	room.total = memory_in_all(nodes);
}

const char *hms_room_root(void)
{
	return room.nodes ? room.nodes->root : "";
}

static void read_node(unsigned n, uint64_t now)
{
	struct reading *r = &room.node[n];
	struct hms_node_memory memory;
	bool first = !GET(r->at_ns);
	uint64_t kept;

	hms_node_memory(room.nodes->root, n, &memory);
	kept = kept_back(room.min_free, memory.total, room.total);
	SET(r->free, memory.free > kept ? memory.free - kept : 0);
	SET(r->cache, memory.cache);
	SET(r->at_ns, now);
	SET(r->spent, 0);
	if (first) {
		SET(r->walk_free, r->free);
		SET(r->walk_cache, r->cache);
	}
}

uint64_t hms_node_room(unsigned n)
{
	struct reading *r = &room.node[n];
	uint64_t now = now_ns(), at = GET(r->at_ns);

	if (!at || now - at > READ_EVERY_NS ||
		GET(r->spent) > GET(r->free) / READ_SHARE)
		read_node(n, now);
	return GET(r->free);
}

/*
 * Where there is no other node to turn to, the kernel makes room by dropping
 * clean cache.  Else it takes a page elsewhere first, so cache is no room.
 */
static bool covers_all(const struct hms_target *target)
{
	return target->nnodes == room.nodes->count;
}

uint64_t hms_nodes_room(const struct hms_target *target)
{
	bool all = covers_all(target);
	uint64_t sum = 0;

	for (unsigned n = 0; n <= room.nodes->max; n++) {
		if (!hms_target_has_node(target, n))
			continue;
		sum += hms_node_room(n);
		if (all)
			sum += GET(room.node[n].cache);
	}
	return sum;
}

static uint64_t room_at_walk(const struct hms_target *target)
{
	bool all = covers_all(target);
	uint64_t sum = 0;

	for (unsigned n = 0; n <= room.nodes->max; n++) {
		if (!hms_target_has_node(target, n))
			continue;
		sum += GET(room.node[n].walk_free);
		if (all)
			sum += GET(room.node[n].walk_cache);
	}
	return sum;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/*
 * Bytes bound to the target's nodes that have no pages yet: at most, if all
 * that was given back since the last walk had pages, or else by what the
 * walk found.
 */
static uint64_t untouched(const struct hms_target *target, bool at_most)
{
	uint64_t sum = 0, touched;

	for (unsigned i = 0; i < room.places->ntargets; i++) {
		const struct hms_target *t = room.places->targets[i];

		if (t->ops->maps || !hms_targets_overlap(t, target))
			continue;
		touched = GET(t->touched);
		if (at_most)
			touched = less(touched, GET(t->dropped));
		sum += less(GET(t->bound), touched);
	}
	return sum;
}

static uint64_t resident_bytes(uintptr_t start, uintptr_t end)
{
	const size_t page = hms_sys_page_size();
	unsigned char vec[WALK_PAGES];
	uint64_t pages = 0;

	while (start < end) {
		size_t n = (end - start) / page;

		if (n > WALK_PAGES)
			n = WALK_PAGES;
		if (hms_sys_mincore((void *)start, n * page, vec))
			memset(vec, 0, n);
		for (size_t i = 0; i < n; i++)
			pages += vec[i] & 1;
		start += n * page;
	}
	return pages * page;
}

static void add_touched(const struct hms_range *range, void *arg)
{
	struct hms_piece piece = { range->start, range->end, range->target,
		range->step };
	const struct hms_step *step;
	uint64_t bytes;

	if (range->reserve || range->step < 0)
		return;
	step = &range->place->steps[range->step];
	if (!step->ntargets || (range->target && range->target->ops->maps))
		return;
	bytes = resident_bytes(range->start, range->end);
	for (unsigned i = 0; i < step->ntargets; i++)
		step->targets[i]->touched +=
			(uint64_t)((unsigned __int128)bytes *
				   hms_piece_share(range->place, &piece, i) /
				   (range->end - range->start));
}

static void walk(void)
{
	uint64_t start = now_ns();

	for (unsigned i = 0; i < room.places->ntargets; i++) {
		SET(room.places->targets[i]->touched, 0);
		SET(room.places->targets[i]->dropped, 0);
	}
	hms_range_each(add_touched, NULL);
	for (unsigned n = 0; n <= room.nodes->max; n++) {
		struct reading *r = &room.node[n];

		if (!room.nodes->node[n].present)
			continue;
		read_node(n, now_ns());
		SET(r->walk_free, r->free);
		SET(r->walk_cache, r->cache);
	}
	room.walked_ns = now_ns();
	room.walk_took_ns = room.walked_ns - start;
}

size_t hms_room(struct hms_target *target, size_t want)
{
	uint64_t sure, then;

	if (!target->ops->room)
		return SIZE_MAX;
	if (target->ops->maps)
		return target->ops->room(target);
	/* A machine that tells nothing about its memory limits nothing. */
	if (!room.total)
		return SIZE_MAX;
	sure = less(target->ops->room(target), untouched(target, true));
	if (sure >= want)
		return sure;
	if (now_ns() - room.walked_ns >= WALK_SHARE * room.walk_took_ns) {
		walk();
		return less(target->ops->room(target), untouched(target, true));
	}
	/* What the walk found, less what was bound since. */
	then = less(room_at_walk(target), untouched(target, false));
	sure = target->ops->room(target);
	return then < sure ? then : sure;
}

void hms_room_bound(struct hms_target *target, int64_t bytes)
{
	__atomic_fetch_add(&target->bound, (uint64_t)bytes, __ATOMIC_RELAXED);
	if (bytes < 0) {
		__atomic_fetch_add(
			&target->dropped, (uint64_t)-bytes, __ATOMIC_RELAXED);
		return;
	}
	if (target->ops->maps)
		return;
	for (unsigned n = 0; n <= room.nodes->max; n++)
		if (hms_target_has_node(target, n))
			__atomic_fetch_add(&room.node[n].spent, (uint64_t)bytes,
				__ATOMIC_RELAXED);
}

void hms_room_moved(struct hms_target *target, uint64_t bytes)
{
	if (target->ops->maps)
		return;
	__atomic_fetch_add(&target->touched, bytes, __ATOMIC_RELAXED);
	for (unsigned n = 0; n <= room.nodes->max; n++)
		if (hms_target_has_node(target, n))
			SET(room.node[n].at_ns, 0);
}
