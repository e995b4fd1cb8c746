/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers' libraries said on a recorded machine: ROOT/hms/devices. */
#include "engine/topology/builder.h"
#include "engine/topology/readers.h"

#include "base/text.h"
#include "engine/topology/text.h"

void hms_read_recorded(struct hms_builder *b)
{
	const char *root = hms_builder_root(b);
	char path[512];
	struct hms_text text = HMS_TEXT(path);

	if (!*root)
		return;
	hms_text_add(&text, "%s/hms/devices", root);
	hms_topology_parse_file(b, path, HMS_DRIVER, true);
}
