/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/builder.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "base/text.h"
#include "engine/target/target.h"
#include "engine/topology/state.h"

/* What a table starts with: enough for machines with a few nodes. */
#define FIRST_ROOM 8
#define FIRST_SLOTS 64
#define MAPPED_MIN ((size_t)16 << 10)

static void *map(size_t size)
{
	void *p = hms_sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return hms_sys_failed(p) ? NULL : p;
}

struct hms_builder *hms_builder_new(const char *root, enum hms_depth depth)
{
	struct hms_arena arena = { 0 };
	struct hms_builder *b = hms_arena_alloc(&arena, sizeof(*b));

	if (!b)
		return NULL;
	b->arena = arena;
	b->root = root;
	b->depth = depth;
	return b;
}

void hms_table_free(struct hms_table *table)
{
	if (table->mapped)
		hms_sys_munmap(table->data, table->mapped);
	*table = (struct hms_table){ 0 };
}

void hms_index_free(struct hms_index *index)
{
	if (index->mapped)
		hms_sys_munmap(index->slots, index->mapped);
	*index = (struct hms_index){ 0 };
}

void hms_builder_free(struct hms_builder *b)
{
	struct hms_arena arena;

	if (!b)
		return;
	hms_table_free(&b->targets);
	hms_table_free(&b->initiators);
	hms_table_free(&b->links);
	hms_table_free(&b->bridges);
	hms_table_free(&b->names);
	hms_index_free(&b->by_name);
	hms_index_free(&b->by_ends);
	/* The builder itself lies in it. */
	arena = b->arena;
	hms_arena_free(&arena);
}

const char *hms_builder_root(const struct hms_builder *b)
{
	return b->root;
}

enum hms_depth hms_builder_depth(const struct hms_builder *b)
{
	return b->depth;
}

bool hms_builder_may_load(const struct hms_builder *b)
{
	return b->may_load;
}

void hms_builder_set_load(struct hms_builder *b, bool may)
{
	b->may_load = may;
}

const char *hms_builder_text(struct hms_builder *b, const char *text)
{
	const char *copy = hms_arena_strdup(&b->arena, text);

	if (!copy)
		b->failed = true;
	return copy ? copy : "";
}

void hms_builder_complain(struct hms_builder *b, const char *file,
	unsigned line, const char *format, ...)
{
	char buf[512], message[384];
	struct hms_text text = HMS_TEXT(buf);
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	hms_text_add(&text, "%s:", file);
	if (line)
		hms_text_add(&text, "%u:", line);
	hms_text_add(&text, " %s", message);
	/* Some files are read twice, some lists are wrong in many places. */
	for (unsigned i = b->nfindings; i > 0; i--)
		if (!strcmp(b->findings[i - 1], buf))
			return;
	if (b->nfindings == HMS_FINDINGS_MAX) {
		b->nlost++;
		return;
	}
	b->findings[b->nfindings++] = hms_builder_text(b, buf);
}

/* Room for one more, in the arena first, then in a mapping that may move. */
static bool make_room(
	struct hms_builder *b, struct hms_table *table, size_t element)
{
	size_t size;
	void *data;

	if (table->count < table->room)
		return true;
	if (!table->room) {
		table->data = hms_arena_alloc(&b->arena, FIRST_ROOM * element);
		table->room = table->data ? FIRST_ROOM : 0;
		return table->data;
	}
	if (table->room > INT_MAX / 2)
		return false;
	size = table->mapped ? table->mapped * 2 : MAPPED_MIN;
	if (table->mapped)
		data = hms_sys_mremap(
			table->data, table->mapped, size, MREMAP_MAYMOVE, NULL);
	else
		data = map(size);
	if (!data || hms_sys_failed(data))
		return false;
	if (!table->mapped)
		memcpy(data, table->data, table->count * element);
	table->data = data;
	table->mapped = size;
	table->room =
		size / element < INT_MAX ? (unsigned)(size / element) : INT_MAX;
	return true;
}

/* Index of a new, zeroed element; -1: no memory. */
static int add(struct hms_builder *b, struct hms_table *table, size_t element)
{
	if (b->failed || !make_room(b, table, element)) {
		b->failed = true;
		return -1;
	}
	return (int)table->count++;
}

uint32_t hms_name_hash(enum hms_named what, const char *text)
{
	uint32_t hash = 2166136261u + (uint32_t)what; /* FNV-1a */

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash ^ hash >> 15;
}

bool hms_name_is(const struct hms_name *name, uint32_t hash,
	enum hms_named what, const char *text)
{
	return name->hash == hash && name->what == what &&
	       !strcmp(name->text, text);
}

static uint32_t hash_ends(unsigned from, unsigned to)
{
	uint64_t both = (uint64_t)from << 32 | to;

	both *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(both >> 32);
}

static uint32_t hash_of_name(const struct hms_builder *b, uint32_t i)
{
	return ((const struct hms_name *)b->names.data)[i].hash;
}

static uint32_t hash_of_bridge(const struct hms_builder *b, uint32_t i)
{
	const struct hms_bridge *bridge = &hms_state_bridges(b)[i];

	return hash_ends(bridge->from, bridge->to);
}

typedef uint32_t (*hash_fn)(const struct hms_builder *b, uint32_t i);

static void put(struct hms_index *index, uint32_t hash, uint32_t i)
{
	uint32_t at = hash & (index->size - 1);

	while (index->slots[at])
		at = (at + 1) & (index->size - 1);
	index->slots[at] = i + 1;
	index->used++;
}

/* Twice the slots when three quarters are taken. */
static bool widen(struct hms_builder *b, struct hms_index *index, hash_fn hash)
{
	struct hms_index wide = { .size = index->size * 2 };

	if (index->used < index->size / 4 * 3)
		return true;
	if (!index->size) {
		wide.size = FIRST_SLOTS;
		wide.slots = hms_arena_alloc(
			&b->arena, FIRST_SLOTS * sizeof(*wide.slots));
	} else {
		wide.mapped = (size_t)wide.size * sizeof(*wide.slots);
		wide.slots = map(wide.mapped);
	}
	if (!wide.slots)
		return false;
	for (unsigned i = 0; i < index->size; i++)
		if (index->slots[i])
			put(&wide, hash(b, index->slots[i] - 1),
				index->slots[i] - 1);
	hms_index_free(index);
	*index = wide;
	return true;
}

int hms_builder_named(
	const struct hms_builder *b, enum hms_named what, const char *id)
{
	const struct hms_index *index = &b->by_name;
	const struct hms_name *names = b->names.data;
	uint32_t hash = hms_name_hash(what, id), at;

	if (!index->size)
		return -1;
	for (at = hash & (index->size - 1); index->slots[at];
		at = (at + 1) & (index->size - 1)) {
		const struct hms_name *name = &names[index->slots[at] - 1];

		if (hms_name_is(name, hash, what, id))
			return (int)name->index;
	}
	return -1;
}

bool hms_builder_remember(struct hms_builder *b, enum hms_named what,
	const char *text, unsigned index)
{
	int i = add(b, &b->names, sizeof(struct hms_name));

	if (i < 0)
		return false;
	if (!widen(b, &b->by_name, hash_of_name)) {
		b->failed = true;
		return false;
	}
	((struct hms_name *)b->names.data)[i] = (struct hms_name){
		.text = text,
		.hash = hms_name_hash(what, text),
		.what = what,
		.index = index,
	};
	put(&b->by_name, hash_of_name(b, (uint32_t)i), (uint32_t)i);
	return true;
}

/*
 * A new object with a name; -1 if there is no memory.  *copy: the name, as
 * long as the graph.
 */
static int add_named(struct hms_builder *b, struct hms_table *table,
	size_t element, enum hms_named what, const char *id, const char **copy)
{
	int i = add(b, table, element);

	if (i < 0)
		return -1;
	memset((char *)table->data + (size_t)i * element, 0, element);
	*copy = hms_builder_text(b, id);
	if (b->failed || !hms_builder_remember(b, what, *copy, (unsigned)i)) {
		table->count--;
		return -1;
	}
	return i;
}

int hms_builder_target(struct hms_builder *b, const char *id)
{
	int i = hms_builder_named(b, HMS_NAMED_TARGET, id);
	const char *copy;

	if (i >= 0)
		return i;
	i = add_named(b, &b->targets, sizeof(struct hms_memory),
		HMS_NAMED_TARGET, id, &copy);
	if (i >= 0)
		hms_state_targets(b)[i] = (struct hms_memory){
			.id = copy,
			.kind = HMS_KIND_DRAM,
			.manager = HMS_MANAGED_BY_KERNEL,
			.node = -1,
			.tier = -1,
			.allowed = true,
		};
	return i;
}

int hms_builder_initiator(
	struct hms_builder *b, const char *id, enum hms_initiator_kind kind)
{
	int i = hms_builder_named(b, HMS_NAMED_INITIATOR, id);
	const char *copy;

	if (i >= 0)
		return i;
	i = add_named(b, &b->initiators, sizeof(struct hms_initiator),
		HMS_NAMED_INITIATOR, id, &copy);
	if (i >= 0)
		hms_state_initiators(b)[i] = (struct hms_initiator){
			.id = copy,
			.kind = kind,
			.node = -1,
		};
	return i;
}

int hms_builder_link(struct hms_builder *b, const char *id)
{
	int i = hms_builder_named(b, HMS_NAMED_LINK, id);
	const char *copy;

	if (i >= 0)
		return i;
	i = add_named(b, &b->links, sizeof(struct hms_link), HMS_NAMED_LINK, id,
		&copy);
	if (i >= 0)
		hms_state_links(b)[i] =
			(struct hms_link){ .id = copy, .coherent = true };
	return i;
}

/* A bridge without an id, from here to there. */
static bool joins(const struct hms_bridge *bridge, int from, int to)
{
	return bridge->from == (unsigned)from && bridge->to == (unsigned)to &&
	       !bridge->id;
}

static void set_bridge(
	struct hms_builder *b, int i, const char *id, int from, int to)
{
	hms_state_bridges(b)[i] = (struct hms_bridge){
		.id = id,
		.from = (unsigned)from,
		.to = (unsigned)to,
		.coherent = true,
	};
}

int hms_builder_find_bridge(
	const struct hms_builder *b, const char *id, int from, int to)
{
	const struct hms_bridge *bridges = hms_state_bridges(b);
	const struct hms_index *index = &b->by_ends;
	uint32_t at, hash;

	if (id)
		return hms_builder_named(b, HMS_NAMED_BRIDGE, id);
	if (from < 0 || to < 0)
		return -1;
	hash = hash_ends((unsigned)from, (unsigned)to);
	for (at = hash & (index->size - 1); index->size && index->slots[at];
		at = (at + 1) & (index->size - 1)) {
		unsigned i = index->slots[at] - 1;

		if (joins(&bridges[i], from, to))
			return (int)i;
	}
	for (unsigned i = b->indexed; i < b->bridges.count; i++)
		if (joins(&bridges[i], from, to))
			return (int)i;
	return -1;
}

/* Bridges get into the index when one is looked for, which may be never. */
static void index_bridges(struct hms_builder *b)
{
	for (; !b->failed && b->indexed < b->bridges.count; b->indexed++) {
		if (hms_state_bridges(b)[b->indexed].id)
			continue;
		if (!widen(b, &b->by_ends, hash_of_bridge))
			b->failed = true;
		else
			put(&b->by_ends, hash_of_bridge(b, b->indexed),
				b->indexed);
	}
}

int hms_builder_bridge(struct hms_builder *b, const char *id, int from, int to)
{
	const char *copy;
	int i;

	index_bridges(b);
	i = hms_builder_find_bridge(b, id, from, to);
	if (i >= 0 || from < 0 || to < 0 || from == to)
		return i;
	if (!id)
		return hms_builder_new_bridge(b, from, to);
	i = add_named(b, &b->bridges, sizeof(struct hms_bridge),
		HMS_NAMED_BRIDGE, id, &copy);
	if (i >= 0)
		set_bridge(b, i, copy, from, to);
	return i;
}

int hms_builder_new_bridge(struct hms_builder *b, int from, int to)
{
	int i = from < 0 || to < 0 || from == to
			? -1
			: add(b, &b->bridges, sizeof(struct hms_bridge));

	if (i >= 0)
		set_bridge(b, i, NULL, from, to);
	return i;
}
