/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine as a graph: targets (memories), initiators (what accesses
 * them), links and bridges (the ways between).  Immutable once built, so it
 * is read without locks from any thread; plain data, in one arena.
 *
 * An initiator reaches a target through a link that both are on, or through
 * bridges, each from one link to another, that it may use.  One physical way
 * may be many links, or many ways one; links are never merged because their
 * numbers agree.  A path's bandwidth is the least along it, its latency the
 * sum: a link that only leads somewhere (a socket's fabric, a PCIe slot) has
 * the latency of passing it, a link with a target that of an access.
 *
 * Source: J. Glisse, "Heterogeneous Memory System (HMS) and hbind()",
 * linux-mm, 3 Dec 2018, and its discussion.
 */
#ifndef HMS_ENGINE_TOPOLOGY_GRAPH_H
#define HMS_ENGINE_TOPOLOGY_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/policy.h"

/*
 * Who says so.  Ascending trust: a value is replaced only by one whose origin
 * is not lower.
 */
enum hms_origin {
	HMS_UNKNOWN, /* nobody: the value means nothing */
	HMS_GUESSED, /* from kinds, distances, built-in quirks */
	HMS_FIRMWARE, /* ACPI tables, through sysfs or raw; PCI registers */
	HMS_DRIVER, /* the device's driver or run-time library */
	HMS_MEASURED, /* `hms measure` */
	HMS_USER, /* hms.conf */
	HMS_ORIGINS,
};

/* What is known of an access: nanoseconds, and MB/s of 10^6 bytes. */
enum hms_measure {
	HMS_READ_LATENCY,
	HMS_WRITE_LATENCY,
	HMS_READ_BANDWIDTH,
	HMS_WRITE_BANDWIDTH,
	HMS_MEASURES,
};

/*
 * A value whose origin is HMS_UNKNOWN is 0.  As part of a path an unknown
 * latency adds nothing, an unknown bandwidth limits nothing.
 */
struct hms_perf {
	uint32_t value[HMS_MEASURES];
	uint8_t origin[HMS_MEASURES]; /* enum hms_origin */
};

enum hms_property {
	HMS_COHERENT = 1 << 0, /* with the CPUs' caches */
	HMS_PERSISTENT = 1 << 1,
	HMS_CPU_ACCESS = 1 << 2, /* CPUs can load and store */
	HMS_HOTPLUG = 1 << 3, /* can come and go */
	HMS_PROPERTIES = 4, /* how many */
};

/* Fields with an origin of their own; properties follow the last one. */
enum hms_field {
	HMS_FIELD_KIND,
	HMS_FIELD_SIZE,
	HMS_FIELD_GRANULARITY,
	HMS_FIELD_NODE,
	HMS_FIELD_MANAGER,
	HMS_FIELD_PROPERTY, /* + the property's bit number */
	HMS_FIELDS = HMS_FIELD_PROPERTY + HMS_PROPERTIES,
};

enum hms_manager {
	HMS_MANAGED_BY_KERNEL, /* a NUMA node: mbind and move_pages work */
	HMS_MANAGED_BY_DRIVER, /* DAX device, GPU: the driver hands it out */
};

/* A pool of huge pages of one size; counts are pages. */
struct hms_huge_pages {
	uint64_t size; /* bytes of each */
	uint64_t total, free;
};

struct hms_memory {
	const char *id; /* "node:0", "dax:0.0", "cuda:0", "file:/mnt" */
	const char *name; /* for people ("NVIDIA H200"), or NULL */
	const char *device; /* its parent: "0000:41:00.0", "region0"; NULL */
	enum hms_kind kind;
	enum hms_manager manager;
	int node; /* NUMA node it is, or would be; -1: none */
	int tier; /* the kernel's memory_tierN; -1: none */
	uint64_t size; /* bytes */
	uint64_t free; /* bytes when it was read; 0 if not asked */
	uint64_t granularity; /* bytes of an access or allocation; 0: unknown */
	uint32_t properties; /* enum hms_property */
	uint8_t origin[HMS_FIELDS]; /* enum hms_origin */
	bool allowed; /* this process may use it (cpuset.mems) */
	/* Sizes ascend; none if it was not asked (HMS_DEPTH_DETAILS). */
	unsigned nhuge;
	struct hms_huge_pages *huge;
};

enum hms_initiator_kind {
	HMS_INITIATOR_CPU, /* the CPUs of one node */
	HMS_INITIATOR_GPU,
	HMS_INITIATOR_NIC,
	HMS_INITIATOR_GENERIC, /* an ACPI generic initiator's node */
	HMS_INITIATOR_OTHER,
	HMS_INITIATOR_KINDS,
};

struct hms_initiator {
	const char *id; /* "cpu:0" (of node 0), "pci:0000:41:00.0" */
	const char **aliases; /* "cuda:0", "opencl:1", "nic:eth0"; NULL last */
	unsigned naliases;
	const char *name; /* for people, or NULL */
	enum hms_initiator_kind kind;
	int node; /* nearest NUMA node; -1: unknown */
	const char *cpus; /* CPU: its list, "0-31,64-95"; else NULL */
};

struct hms_link {
	const char *id;
	struct hms_perf perf;
	bool coherent;
	unsigned ntargets, *targets; /* indexes into the graph; ascend */
	unsigned ninitiators, *initiators;
};

struct hms_bridge {
	const char *id; /* or NULL: it has none, "bridge:INDEX" */
	unsigned from, to; /* links; one way */
	struct hms_perf perf;
	bool coherent;
	unsigned ninitiators; /* who may use it; 0: everyone who gets there */
	const unsigned *initiators;
};

struct hms_names; /* of the builder */

struct hms_graph {
	const char *root; /* "" or the recorded machine's folder; a copy */
	unsigned ntargets, ninitiators, nlinks, nbridges;
	struct hms_memory *targets;
	struct hms_initiator *initiators;
	struct hms_link *links;
	struct hms_bridge *bridges; /* sorted by from */
	unsigned *first; /* [nlinks + 1]: where a link's bridges begin */
	unsigned nnodes; /* highest NUMA node + 1 */
	const int *nodes; /* [nnodes]: the target that a node is, or -1 */
	const struct hms_names *names; /* for hms_graph_target() and so on */
	/* By node numbers, [from * HMS_MAX_NODES + to]; NULL: none known. */
	const uint8_t *distances;
	/*
	 * Bytes that this process's control groups allow in all; 0: no limit,
	 * or not asked.  And the file that says so, "sys/fs/..."; NULL: none.
	 */
	uint64_t memory_limit;
	const char *memory_limit_file;
	unsigned nfindings; /* what readers could not use, and why */
	const char **findings; /* "FILE:LINE: MESSAGE", at most 64 kept */
	unsigned nlost; /* findings beyond these */
	struct hms_arena arena; /* holds all of it, this struct too */
};

/* Gives everything back. */
void hms_graph_free(struct hms_graph *graph);

/* Index, or -1.  An initiator is found by its id and by its aliases. */
int hms_graph_target(const struct hms_graph *graph, const char *id);
int hms_graph_initiator(const struct hms_graph *graph, const char *id);
/* The target that is this NUMA node, or -1. */
int hms_graph_node(const struct hms_graph *graph, unsigned node);

/*
 * Has it the property?  If nobody says, what the kernel manages is coherent
 * and accessible to CPUs, and nothing has any other property.
 */
bool hms_memory_has(
	const struct hms_memory *memory, enum hms_property property);

/*
 * Firmware's distance of two nodes, by which the kernel orders its zonelists;
 * 0: unknown, which it is at depths where nobody asked.
 */
unsigned hms_graph_distance(
	const struct hms_graph *graph, unsigned from, unsigned to);

/* Names: "firmware", "read-latency", "coherent", "gpu", "hbm"; and back (-1).
 */
const char *hms_origin_name(enum hms_origin origin);
const char *hms_measure_name(enum hms_measure measure);
const char *hms_property_name(unsigned bit);
const char *hms_initiator_kind_name(enum hms_initiator_kind kind);
const char *hms_kind_name(enum hms_kind kind);
int hms_origin_find(const char *name, size_t len);

#endif
