/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What users know better than firmware, drivers and measurements: hms.conf,
 * the system's first, so that the user's has the last word.
 */
#include "engine/topology/builder.h"
#include "engine/topology/readers.h"

#include "engine/topology/text.h"
#include "engine/topology/where.h"

static void read_of(struct hms_builder *b, enum hms_whose whose)
{
	char path[HMS_WHERE_BYTES];

	if (!hms_where_conf(hms_builder_root(b), whose, path, sizeof(path)))
		hms_topology_parse_file(b, path, HMS_USER, false);
}

void hms_read_conf(struct hms_builder *b)
{
	read_of(b, HMS_OF_SYSTEM);
	read_of(b, HMS_OF_USER);
}
