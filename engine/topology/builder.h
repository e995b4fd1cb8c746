/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A graph in the making.  Readers add what they find and set values, each
 * with its origin; a value already there is kept if its origin is higher.
 * Indexes stay valid until the graph is finished.  Memory comes from
 * mappings of its own, so this works inside of other people's processes.
 * Not thread-safe: a builder belongs to whoever made it.
 */
#ifndef HMS_ENGINE_TOPOLOGY_BUILDER_H
#define HMS_ENGINE_TOPOLOGY_BUILDER_H

#include "engine/topology/graph.h"

struct hms_builder;

/* How much is wanted; each depth includes those before it. */
enum hms_depth {
	HMS_DEPTH_NODES, /* which nodes have memory, which have CPUs */
	HMS_DEPTH_KINDS, /* what kinds of memory they are */
	HMS_DEPTH_PATHS, /* sizes, links, bridges */
	HMS_DEPTH_DEVICES, /* GPUs, network cards; what runtimes say */
	HMS_DEPTH_DETAILS, /* what only people ask for: limits, huge pages */
};

/* NULL: no memory.  root is borrowed: "" for this machine. */
struct hms_builder *hms_builder_new(const char *root, enum hms_depth depth);
/* For who gives up; a finished builder is gone already. */
void hms_builder_free(struct hms_builder *b);
/*
 * Out of memory shows here only: then NULL, and everything is freed.  Drops
 * links that nothing is on and no bridge comes from or goes to.
 */
struct hms_graph *hms_builder_finish(struct hms_builder *b);

const char *hms_builder_root(const struct hms_builder *b);
enum hms_depth hms_builder_depth(const struct hms_builder *b);
/* The tool may open vendors' libraries; the library must not. */
bool hms_builder_may_load(const struct hms_builder *b);
void hms_builder_set_load(struct hms_builder *b, bool may);

/*
 * "FILE:LINE: MESSAGE", or without the line if it is 0; remembered in the
 * graph once, printed by nobody here.
 */
void hms_builder_complain(struct hms_builder *b, const char *file,
	unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Found by id, or added; -1: no memory (all calls take -1 and do nothing).
 * Ids are copied.  New targets are allowed, dram, of no node or tier, managed
 * by the kernel; all with origin HMS_UNKNOWN.  An initiator is found by its
 * aliases too, then its kind stays.  New links and bridges are coherent.
 */
int hms_builder_target(struct hms_builder *b, const char *id);
int hms_builder_initiator(
	struct hms_builder *b, const char *id, enum hms_initiator_kind kind);
int hms_builder_link(struct hms_builder *b, const char *id);
/*
 * One way from link to link; found by id if it has one.  id NULL: found by
 * from and to among those without; give ids to parallel ones.  -1 also if
 * both ends are the same link.
 */
int hms_builder_bridge(struct hms_builder *b, const char *id, int from, int to);
/*
 * The same without id and without looking, for who adds a million and knows
 * that there is none from here to there.
 */
int hms_builder_new_bridge(struct hms_builder *b, int from, int to);

/* Looks only; -1: there is none. */
int hms_builder_find_target(const struct hms_builder *b, const char *id);
int hms_builder_find_node(const struct hms_builder *b, unsigned node);
int hms_builder_find_initiator(const struct hms_builder *b, const char *id);
int hms_builder_find_link(const struct hms_builder *b, const char *id);
int hms_builder_find_bridge(
	const struct hms_builder *b, const char *id, int from, int to);
unsigned hms_builder_targets(const struct hms_builder *b);
unsigned hms_builder_initiators(const struct hms_builder *b);
unsigned hms_builder_links(const struct hms_builder *b);
unsigned hms_builder_bridges(const struct hms_builder *b);
/*
 * To look at, and to set fields without an origin (name, device, tier, free,
 * allowed; name, kind, node, cpus; coherent).  Valid until the next call that
 * adds.  NULL for -1.
 */
struct hms_memory *hms_builder_memory(struct hms_builder *b, int target);
struct hms_initiator *hms_builder_at(struct hms_builder *b, int initiator);
/* Lists grow by the calls below. */
struct hms_link *hms_builder_link_at(struct hms_builder *b, int link);
struct hms_bridge *hms_builder_bridge_at(struct hms_builder *b, int bridge);
/* A copy that lives as long as the graph; "" if there is no memory. */
const char *hms_builder_text(struct hms_builder *b, const char *text);

/*
 * true: the value was taken; false: a higher origin's stays.  HMS_UNKNOWN is
 * never taken.
 */
bool hms_builder_kind(struct hms_builder *b, int target, enum hms_kind kind,
	enum hms_origin origin);
bool hms_builder_size(struct hms_builder *b, int target, uint64_t bytes,
	enum hms_origin origin);
bool hms_builder_granularity(struct hms_builder *b, int target, uint64_t bytes,
	enum hms_origin origin);
bool hms_builder_node(
	struct hms_builder *b, int target, int node, enum hms_origin origin);
bool hms_builder_manager(struct hms_builder *b, int target,
	enum hms_manager manager, enum hms_origin origin);
bool hms_builder_property(struct hms_builder *b, int target,
	enum hms_property property, bool value, enum hms_origin origin);
/* Value 0 is no value, and not taken. */
bool hms_builder_link_perf(struct hms_builder *b, int link,
	enum hms_measure measure, uint32_t value, enum hms_origin origin);
bool hms_builder_bridge_perf(struct hms_builder *b, int bridge,
	enum hms_measure measure, uint32_t value, enum hms_origin origin);

/*
 * Each once, however often it is said; lists ascend.  A name that another
 * initiator has already stays with that one.
 */
void hms_builder_alias(struct hms_builder *b, int initiator, const char *name);
void hms_builder_link_target(struct hms_builder *b, int link, int target);
void hms_builder_link_initiator(struct hms_builder *b, int link, int initiator);
/* From then on only those listed may use it. */
void hms_builder_bridge_initiator(
	struct hms_builder *b, int bridge, int initiator);

/*
 * Firmware's distance of two NUMA nodes (ACPI 6.5, 5.2.17: 10 to itself, at
 * most 255), as nodeN/distance has it, whatever is thought of it: the kernel
 * goes by it.
 */
void hms_builder_distance(
	struct hms_builder *b, unsigned from, unsigned to, unsigned distance);

/* In the place of what was said before of pages of this size; copied. */
void hms_builder_huge_pages(
	struct hms_builder *b, int target, const struct hms_huge_pages *pages);
/*
 * What control groups allow this process in all, as that file says, which is
 * copied: the least counts.  0 bytes are no limit.
 */
void hms_builder_limit(struct hms_builder *b, uint64_t bytes, const char *file);

/*
 * The link of exactly this initiator and this target, "ID-ID": for values
 * that were told or measured for the pair, end to end.
 */
int hms_builder_pair(struct hms_builder *b, int initiator, int target);

#endif
