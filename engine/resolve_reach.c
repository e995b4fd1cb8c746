/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that the memory of a place is to be reachable by. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/words.h"
#include "engine/resolving.h"
#include "engine/target/device.h"

/* "cuda:0"; false: it is no device of a vendor's run-time. */
static bool is_device(const char *name, struct hms_device_id *out)
{
	const char *colon = strchr(name, ':');
	const size_t len = colon ? (size_t)(colon - name) : 0;

	for (unsigned f = 0; colon && f < HMS_FAMILIES; f++) {
		const char *family = hms_family_name(f);

		if (!hms_family_vendor(f) || strncmp(name, family, len) ||
			family[len])
			continue;
		out->vendor = f;
		out->number = (unsigned)strtoul(colon + 1, NULL, 10);
		return true;
	}
	return false;
}

int resolve_reach(struct resolving *r, const struct hms_term *term,
	struct hms_place *place)
{
	struct hms_device_id *ids;
	unsigned n = 0;
	bool cpu = false;

	if (term->type != HMS_TERM_BEST || !term->ninitiators)
		return 0;
	ids = hms_arena_alloc(r->spec.arena, term->ninitiators * sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	for (unsigned i = 0; i < term->ninitiators; i++) {
		const char *name = term->initiators[i];

		if (is_device(name, &ids[n]))
			n++;
		cpu |= !strncmp(name, "cpu", 3) || !strncmp(name, "node:", 5);
	}
	if (!cpu)
		return 0;
	place->nreach = n;
	place->reach = ids;
	for (unsigned i = 0; i < n; i++)
		r->out->reaches |= UINT32_C(1) << ids[i].vendor;
	return 0;
}
