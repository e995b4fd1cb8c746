/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "tools/symbols/symbols.h"

#define BUCKETS 8192

/* Frames come again in many sites; looking into DWARF takes microseconds. */
struct known {
	struct known *next;
	unsigned module;
	uint64_t offset;
	struct hms_names names;
};

struct namer {
	struct hms_namer namer;
	struct tool_module *modules[HMS_SITES_MODULES];
	struct known *known[BUCKETS];
};

static struct tool_module *module_of(
	struct namer *namer, const struct hms_sites *sites, unsigned i)
{
	const struct hms_sites_module *m = &sites->modules[i];

	if (!namer->modules[i])
		namer->modules[i] =
			tool_module_open(m->path, m->build_id, m->build_id_len);
	return namer->modules[i];
}

static void name(struct hms_namer *base, const struct hms_sites *sites,
	unsigned module, uint64_t offset, struct hms_names *out)
{
	struct namer *namer = (struct namer *)base;
	uint64_t key = (offset << 10 ^ module) * UINT64_C(0x9e3779b97f4a7c15);
	struct known **bucket = &namer->known[key >> 51], *k;
	struct tool_module *from;

	for (k = *bucket; k; k = k->next)
		if (k->module == module && k->offset == offset) {
			*out = k->names;
			return;
		}
	from = module < HMS_SITES_MODULES ? module_of(namer, sites, module)
					  : NULL;
	out->n = 0;
	out->changed = false;
	/* The return address is after the call. */
	if (from && offset)
		tool_module_name(from, offset - 1, out);
	k = malloc(sizeof(*k));
	if (!k)
		return;
	*k = (struct known){ *bucket, module, offset, *out };
	*bucket = k;
}

struct hms_namer *tool_namer_open(void)
{
	struct namer *namer = calloc(1, sizeof(*namer));

	if (!namer)
		return NULL;
	namer->namer.name = name;
	return &namer->namer;
}

void tool_namer_close(struct hms_namer *base)
{
	struct namer *namer = (struct namer *)base;
	struct known *next;

	if (!namer)
		return;
	for (unsigned i = 0; i < HMS_SITES_MODULES; i++)
		tool_module_close(namer->modules[i]);
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct known *k = namer->known[i]; k; k = next) {
			next = k->next;
			free(k);
		}
	free(namer);
}
