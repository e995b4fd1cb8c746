/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI tables speak of proximity domains, the kernel of nodes, which it
 * numbers as it meets domains in the SRAT: those of enabled processors and
 * generic initiators in the table's order, then those of enabled memory (its
 * drivers/acpi/numa/srat.c).  Mostly both numbers are the same, and behind a
 * generic initiator they are not.  Layout: ACPI 6.4, section 5.2.16.
 * Pure; thread-safe.
 */
#ifndef HMS_ENGINE_TOPOLOGY_READ_PROXIMITY_H
#define HMS_ENGINE_TOPOLOGY_READ_PROXIMITY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/target/target.h"

struct hms_proximity {
	unsigned count; /* of nodes; 0: no table, domains are node numbers */
	uint32_t domain[HMS_MAX_NODES]; /* of each node */
};

/* What of the table is whole is used.  0; -EINVAL: it is no SRAT, count 0. */
int hms_proximity_parse(
	const void *srat, size_t len, struct hms_proximity *out);

/* The node of a domain; -1: it has none. */
int hms_proximity_node(const struct hms_proximity *proximity, uint32_t domain);

#endif
