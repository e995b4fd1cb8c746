/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What readers share: the objects that several of them speak of, by node
 * number, found or added under the names that all agreed on.  Indexes of the
 * builder, -1 if there is none or no memory.  As thread-safe as a builder.
 */
#ifndef HMS_ENGINE_TOPOLOGY_READ_H
#define HMS_ENGINE_TOPOLOGY_READ_H

#include "engine/topology/builder.h"
#include "engine/topology/readers.h"

/* "cpu:N": the CPUs of a node; looks only. */
int hms_reader_cpu(const struct hms_builder *b, unsigned node);
/* The same, or "gi:N", the generic initiator of a node; looks only. */
int hms_reader_initiator(const struct hms_builder *b, unsigned node);
/* "memory:N": a node's memory and what is nearest to it; found or added. */
int hms_reader_memory(struct hms_builder *b, unsigned node);
/*
 * "fabric:N": what the CPUs and generic initiators of a node reach the rest
 * by; found or added, -1 if it has neither.
 */
int hms_reader_fabric(struct hms_builder *b, unsigned node);
/* Whether the builder has memory nodes without CPUs. */
bool hms_reader_apart(struct hms_builder *b);

#endif
