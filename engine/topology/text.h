/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Graphs as text, one object per line; see hms-topology(5).
 *
 *	v1 target node:2 kind=hbm size=64G node=2 coherent=yes
 *	v1 initiator cpu:0 kind=cpu cpus=0-31 node=0 aliases=node:0
 *	v1 link memory:2 initiators=cpu:0 targets=node:2 read-bandwidth=400GB/s
 *	v1 link cpu:0-node:3 initiators=cpu:0 targets=node:3 read-latency=240ns
 *	v1 bridge from=fabric:0 to=memory:3 latency=60ns bandwidth=50000
 *
 * A line without a version has version 1; lines of other versions, objects
 * and properties of unknown names are left out without a word, since a later
 * version may know them; so are kinds.  But a line of an override that says
 * no version was written by a person: a name that is nearly one of ours is a
 * mistake, and said.  A value may say where it comes from,
 * "kind=hbm@firmware"; else it has the origin that the reader was given.
 * Bandwidth is in MB/s of 10^6 bytes, or has MB/s or GB/s behind it; latency
 * in ns, or has ns or us.  latency= and bandwidth= are both read and write.
 * Sizes are as in rules.  # begins a comment.  "..." quotes; in it \\, \" and
 * \xHH stand for a byte.
 *
 * Calls allocate from the builder only; as thread-safe as it is.
 */
#ifndef HMS_ENGINE_TOPOLOGY_TEXT_H
#define HMS_ENGINE_TOPOLOGY_TEXT_H

#include "base/text.h"
#include "engine/topology/builder.h"

struct hms_topology_source {
	const char *name; /* for messages */
	const char *text; /* need not end with a 0 */
	size_t len;
	enum hms_origin origin; /* of values that do not say */
	/*
	 * What is not there is made (a recording), or is a mistake and said,
	 * with the nearest name (hms.conf, measured values): then links of a
	 * pair are still made, "link cpu:0-node:1 ...".
	 */
	bool define;
};

/*
 * What is malformed, a line or a property of it, is said with
 * hms_builder_complain() and left out; the rest is used.
 */
void hms_topology_parse(
	struct hms_builder *b, const struct hms_topology_source *source);
/*
 * The same from a file; 0, or -errno if it cannot be read, which is said
 * unless there is none.  At most 64 MiB.
 */
int hms_topology_parse_file(struct hms_builder *b, const char *path,
	enum hms_origin origin, bool define);

/*
 * One object's line, ended with '\n'; parsing those of a graph, in its order,
 * where the source defines, gives the graph again (but for its root, its
 * findings, the nodes' distances, huge pages, and this process's limit).
 * text.cut if it did not fit.
 */
void hms_topology_put_target(
	struct hms_text *text, const struct hms_graph *graph, unsigned target);
void hms_topology_put_initiator(struct hms_text *text,
	const struct hms_graph *graph, unsigned initiator);
void hms_topology_put_link(
	struct hms_text *text, const struct hms_graph *graph, unsigned link);
void hms_topology_put_bridge(
	struct hms_text *text, const struct hms_graph *graph, unsigned bridge);

#endif
