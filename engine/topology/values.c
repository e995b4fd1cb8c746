/* SPDX-License-Identifier: BSD-2-Clause */
/* What a builder's objects are given once they are there. */
#include <string.h>

#include "base/text.h"
#include "engine/target/target.h"
#include "engine/topology/builder.h"
#include "engine/topology/state.h"

/* Lists start with this many, and double. */
#define FIRST_LIST 4

int hms_builder_find_target(const struct hms_builder *b, const char *id)
{
	return hms_builder_named(b, HMS_NAMED_TARGET, id);
}

int hms_builder_find_initiator(const struct hms_builder *b, const char *id)
{
	return hms_builder_named(b, HMS_NAMED_INITIATOR, id);
}

int hms_builder_find_link(const struct hms_builder *b, const char *id)
{
	return hms_builder_named(b, HMS_NAMED_LINK, id);
}

static bool is_node(const struct hms_memory *memory, unsigned node)
{
	return memory->node == (int)node &&
	       memory->manager == HMS_MANAGED_BY_KERNEL;
}

int hms_builder_find_node(const struct hms_builder *b, unsigned node)
{
	char id[24];
	struct hms_text text = HMS_TEXT(id);
	int i;

	hms_text_add(&text, "node:%u", node);
	i = hms_builder_find_target(b, id);
	if (i >= 0 && is_node(&hms_state_targets(b)[i], node))
		return i;
	for (unsigned t = 0; t < b->targets.count; t++)
		if (is_node(&hms_state_targets(b)[t], node))
			return (int)t;
	return -1;
}

unsigned hms_builder_targets(const struct hms_builder *b)
{
	return b->targets.count;
}

unsigned hms_builder_initiators(const struct hms_builder *b)
{
	return b->initiators.count;
}

unsigned hms_builder_links(const struct hms_builder *b)
{
	return b->links.count;
}

unsigned hms_builder_bridges(const struct hms_builder *b)
{
	return b->bridges.count;
}

struct hms_memory *hms_builder_memory(struct hms_builder *b, int target)
{
	return target < 0 ? NULL : &hms_state_targets(b)[target];
}

struct hms_initiator *hms_builder_at(struct hms_builder *b, int initiator)
{
	return initiator < 0 ? NULL : &hms_state_initiators(b)[initiator];
}

struct hms_link *hms_builder_link_at(struct hms_builder *b, int link)
{
	return link < 0 ? NULL : &hms_state_links(b)[link];
}

struct hms_bridge *hms_builder_bridge_at(struct hms_builder *b, int bridge)
{
	return bridge < 0 ? NULL : &hms_state_bridges(b)[bridge];
}

/* The target, if the origin of its field lets the value in. */
static struct hms_memory *open_field(struct hms_builder *b, int target,
	unsigned field, enum hms_origin origin)
{
	struct hms_memory *memory = hms_builder_memory(b, target);

	if (!memory || origin == HMS_UNKNOWN || origin < memory->origin[field])
		return NULL;
	memory->origin[field] = (uint8_t)origin;
	return memory;
}

bool hms_builder_kind(struct hms_builder *b, int target, enum hms_kind kind,
	enum hms_origin origin)
{
	struct hms_memory *memory =
		open_field(b, target, HMS_FIELD_KIND, origin);

	if (memory)
		memory->kind = kind;
	return memory;
}

bool hms_builder_size(struct hms_builder *b, int target, uint64_t bytes,
	enum hms_origin origin)
{
	struct hms_memory *memory =
		open_field(b, target, HMS_FIELD_SIZE, origin);

	if (memory)
		memory->size = bytes;
	return memory;
}

bool hms_builder_granularity(struct hms_builder *b, int target, uint64_t bytes,
	enum hms_origin origin)
{
	struct hms_memory *memory =
		open_field(b, target, HMS_FIELD_GRANULARITY, origin);

	if (memory)
		memory->granularity = bytes;
	return memory;
}

bool hms_builder_node(
	struct hms_builder *b, int target, int node, enum hms_origin origin)
{
	struct hms_memory *memory =
		open_field(b, target, HMS_FIELD_NODE, origin);

	if (memory)
		memory->node = node;
	return memory;
}

bool hms_builder_manager(struct hms_builder *b, int target,
	enum hms_manager manager, enum hms_origin origin)
{
	struct hms_memory *memory =
		open_field(b, target, HMS_FIELD_MANAGER, origin);

	if (memory)
		memory->manager = manager;
	return memory;
}

bool hms_builder_property(struct hms_builder *b, int target,
	enum hms_property property, bool value, enum hms_origin origin)
{
	struct hms_memory *memory = open_field(b, target,
		HMS_FIELD_PROPERTY + (unsigned)__builtin_ctz(property), origin);

	if (!memory)
		return false;
	memory->properties &= ~(uint32_t)property;
	if (value)
		memory->properties |= property;
	return true;
}

static bool set_perf(struct hms_perf *perf, enum hms_measure measure,
	uint32_t value, enum hms_origin origin)
{
	if (!value || origin == HMS_UNKNOWN || origin < perf->origin[measure])
		return false;
	perf->value[measure] = value;
	perf->origin[measure] = (uint8_t)origin;
	return true;
}

bool hms_builder_link_perf(struct hms_builder *b, int link,
	enum hms_measure measure, uint32_t value, enum hms_origin origin)
{
	return link >= 0 &&
	       set_perf(&hms_state_links(b)[link].perf, measure, value, origin);
}

bool hms_builder_bridge_perf(struct hms_builder *b, int bridge,
	enum hms_measure measure, uint32_t value, enum hms_origin origin)
{
	return bridge >= 0 && set_perf(&hms_state_bridges(b)[bridge].perf,
				      measure, value, origin);
}

/* Is a list of n full?  Its room is a power of two. */
static bool full(unsigned n)
{
	return !n || (n >= FIRST_LIST && !(n & (n - 1)));
}

/* A list with room for one more than n of size bytes; NULL: no memory. */
static void *longer(
	struct hms_builder *b, const void *list, unsigned n, size_t size)
{
	void *copy = hms_arena_alloc(
		&b->arena, (n ? (size_t)n * 2 : FIRST_LIST) * size);

	if (!copy)
		b->failed = true;
	else if (n)
		memcpy(copy, list, n * size);
	return copy;
}

/* Lists ascend, so that looking for what is there already stays cheap. */
static void list_add(
	struct hms_builder *b, unsigned **list, unsigned *n, unsigned value)
{
	unsigned low = 0, high = *n;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if ((*list)[mid] < value)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < *n && (*list)[low] == value)
		return;
	if (full(*n)) {
		unsigned *copy = longer(b, *list, *n, sizeof(**list));

		if (!copy)
			return;
		*list = copy;
	}
	memmove(*list + low + 1, *list + low, (*n - low) * sizeof(**list));
	(*list)[low] = value;
	(*n)++;
}

void hms_builder_alias(struct hms_builder *b, int initiator, const char *name)
{
	struct hms_initiator *at = hms_builder_at(b, initiator);
	const char *copy;

	if (!at || hms_builder_find_initiator(b, name) >= 0)
		return;
	/* One more than its aliases: the NULL at the end. */
	if (!at->aliases || full(at->naliases + 1)) {
		const char **list = longer(b, at->aliases,
			at->aliases ? at->naliases + 1 : 0, sizeof(*list));

		if (!list)
			return;
		at->aliases = list;
	}
	copy = hms_builder_text(b, name);
	if (!hms_builder_remember(
		    b, HMS_NAMED_INITIATOR, copy, (unsigned)initiator))
		return;
	at->aliases[at->naliases++] = copy;
	at->aliases[at->naliases] = NULL;
}

void hms_builder_link_target(struct hms_builder *b, int link, int target)
{
	struct hms_link *at = hms_builder_link_at(b, link);

	if (at && target >= 0)
		list_add(b, &at->targets, &at->ntargets, (unsigned)target);
}

void hms_builder_link_initiator(struct hms_builder *b, int link, int initiator)
{
	struct hms_link *at = hms_builder_link_at(b, link);

	if (at && initiator >= 0)
		list_add(b, &at->initiators, &at->ninitiators,
			(unsigned)initiator);
}

void hms_builder_bridge_initiator(
	struct hms_builder *b, int bridge, int initiator)
{
	struct hms_bridge *at = hms_builder_bridge_at(b, bridge);
	unsigned *list;

	if (!at || initiator < 0)
		return;
	list = (unsigned *)at->initiators;
	list_add(b, &list, &at->ninitiators, (unsigned)initiator);
	at->initiators = list;
}

int hms_builder_pair(struct hms_builder *b, int initiator, int target)
{
	char id[512];
	struct hms_text text = HMS_TEXT(id);
	int link;

	if (initiator < 0 || target < 0)
		return -1;
	hms_text_add(&text, "%s-%s", hms_state_initiators(b)[initiator].id,
		hms_state_targets(b)[target].id);
	link = hms_builder_link(b, id);
	hms_builder_link_initiator(b, link, initiator);
	hms_builder_link_target(b, link, target);
	return link;
}

void hms_builder_distance(
	struct hms_builder *b, unsigned from, unsigned to, unsigned distance)
{
	const size_t n = HMS_MAX_NODES;

	if (from >= n || to >= n || distance > UINT8_MAX)
		return;
	/* Only the rows that are written become pages. */
	if (!b->distances)
		b->distances = hms_arena_alloc(&b->arena, n * n);
	if (b->distances)
		b->distances[from * n + to] = (uint8_t)distance;
	else
		b->failed = true;
}

void hms_builder_huge_pages(
	struct hms_builder *b, int target, const struct hms_huge_pages *pages)
{
	struct hms_memory *memory = hms_builder_memory(b, target);
	struct hms_huge_pages *list;
	unsigned at = 0, n;

	if (!memory)
		return;
	n = memory->nhuge;
	while (at < n && memory->huge[at].size < pages->size)
		at++;
	if (at < n && memory->huge[at].size == pages->size) {
		memory->huge[at] = *pages;
		return;
	}
	/* Processors have two or three sizes. */
	list = hms_arena_alloc(&b->arena, (n + 1) * sizeof(*list));
	if (!list) {
		b->failed = true;
		return;
	}
	for (unsigned i = 0; i <= n; i++)
		list[i] = i == at ? *pages : memory->huge[i - (i > at)];
	memory->huge = list;
	memory->nhuge = n + 1;
}

void hms_builder_limit(struct hms_builder *b, uint64_t bytes, const char *file)
{
	if (!bytes || (b->memory_limit && b->memory_limit <= bytes))
		return;
	b->memory_limit = bytes;
	b->memory_limit_file = hms_builder_text(b, file);
}
