/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a builder is made of: for builder.c, values.c and finish.c only.
 *
 * The builder lies in the arena that becomes the graph's, and so do texts and
 * lists, which never move again.  The tables of objects start there too, and
 * get mappings of their own when they outgrow it, since they move as they
 * grow.  So a small machine costs one mapping, a large one no copies of lists.
 */
#ifndef HMS_ENGINE_TOPOLOGY_STATE_H
#define HMS_ENGINE_TOPOLOGY_STATE_H

#include "engine/topology/builder.h"

#define HMS_FINDINGS_MAX 64

/* A table that grows.  data is in the arena as long as mapped is 0. */
struct hms_table {
	void *data;
	unsigned count, room; /* elements */
	size_t mapped; /* bytes */
};

/* A hash table of indexes into a table, plus one; 0: free. */
struct hms_index {
	uint32_t *slots;
	unsigned size; /* power of two, or 0 */
	unsigned used;
	size_t mapped; /* bytes; 0: in the arena */
};

enum hms_named {
	HMS_NAMED_TARGET,
	HMS_NAMED_INITIATOR, /* by id or alias */
	HMS_NAMED_LINK,
	HMS_NAMED_BRIDGE,
};

/* An id or alias, and what has it. */
struct hms_name {
	const char *text;
	uint32_t hash;
	enum hms_named what;
	unsigned index;
};

struct hms_builder {
	const char *root;
	enum hms_depth depth;
	bool may_load;
	bool failed; /* out of memory once: nothing is added from then on */
	struct hms_table targets; /* struct hms_memory */
	struct hms_table initiators; /* struct hms_initiator */
	struct hms_table links; /* struct hms_link */
	struct hms_table bridges; /* struct hms_bridge */
	struct hms_table names; /* struct hms_name */
	struct hms_index by_name; /* into names */
	struct hms_index by_ends; /* into bridges, those without id */
	unsigned indexed; /* bridges; those from here on are not in it */
	uint8_t *distances; /* [HMS_MAX_NODES][HMS_MAX_NODES], or NULL */
	uint64_t memory_limit;
	const char *memory_limit_file;
	unsigned nfindings, nlost;
	const char *findings[HMS_FINDINGS_MAX];
	struct hms_arena arena;
};

static inline struct hms_memory *hms_state_targets(const struct hms_builder *b)
{
	return b->targets.data;
}

static inline struct hms_initiator *hms_state_initiators(
	const struct hms_builder *b)
{
	return b->initiators.data;
}

static inline struct hms_link *hms_state_links(const struct hms_builder *b)
{
	return b->links.data;
}

static inline struct hms_bridge *hms_state_bridges(const struct hms_builder *b)
{
	return b->bridges.data;
}

/* What a graph finds targets and initiators by. */
struct hms_names {
	const struct hms_name *names;
	const uint32_t *slots; /* index into names, plus one; 0: none */
	uint32_t mask; /* slots - 1, a power of two less one */
};

uint32_t hms_name_hash(enum hms_named what, const char *text);
bool hms_name_is(const struct hms_name *name, uint32_t hash,
	enum hms_named what, const char *text);
/* Gives a table's or index's own mapping back. */
void hms_table_free(struct hms_table *table);
void hms_index_free(struct hms_index *index);

/* What has this name, as an index of its kind; -1: nothing. */
int hms_builder_named(
	const struct hms_builder *b, enum hms_named what, const char *id);
/* Remembers a name; text lives as long as the graph.  False: no memory. */
bool hms_builder_remember(struct hms_builder *b, enum hms_named what,
	const char *text, unsigned index);

#endif
