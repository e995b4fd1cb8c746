/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/sites_fill.h"

#include <string.h>

#include "engine/site/frame.h"
#include "engine/site/walk.h"

/* By their numbers; records of modules are never freed. */
static const struct site_module *known[HMS_SITES_MODULES];

/* The end of a path says more than its beginning. */
static void copy_module(
	struct hms_sites_module *to, const struct site_module *from)
{
	const char *path = from->path ? from->path : "";
	size_t len = strlen(path);

	if (len >= sizeof(to->path))
		path += len - sizeof(to->path) + 1;
	strcpy(to->path, path);
	to->build_id_len = from->build_id_len;
	memcpy(to->build_id, from->build_id, sizeof(to->build_id));
	to->base = from->base;
}

static unsigned module_number(
	struct hms_sites *sites, const struct site_module *module)
{
	unsigned n = 0;

	while (n < sites->nmodules && known[n] != module)
		n++;
	if (n < sites->nmodules)
		return n;
	if (n == HMS_SITES_MODULES - 1)
		strcpy(sites->modules[n].path, "(others)");
	if (n >= HMS_SITES_MODULES - 1)
		n = HMS_SITES_MODULES - 1;
	else
		copy_module(&sites->modules[n], module);
	known[n] = module;
	__atomic_store_n(&sites->nmodules, n + 1, __ATOMIC_RELEASE);
	return n;
}

void hms_sites_frames(const void *caller, struct hms_frames *found)
{
	const struct site_module *verified = NULL;
	const struct site_frame *frame;

	found->n = hms_walk_addresses(caller, found->address, HMS_SITES_FRAMES);
	for (unsigned i = 0; i < found->n; i++) {
		frame = site_frame_find(found->address[i], &verified);
		found->module[i] = frame ? frame->module : NULL;
	}
}

void hms_sites_fill(struct hms_sites *sites, struct hms_sites_row *row,
	const struct hms_frames *from)
{
	row->nframes = (uint16_t)from->n;
	for (unsigned i = 0; i < from->n; i++) {
		const struct site_module *module = from->module[i];
		uint64_t number = HMS_SITES_NOWHERE;
		uint64_t offset = from->address[i];

		if (module) {
			number = module_number(sites, module);
			offset -= module->base;
		}
		row->frame[i] =
			number << 48 | (offset & ((UINT64_C(1) << 48) - 1));
	}
}
