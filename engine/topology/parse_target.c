/* SPDX-License-Identifier: BSD-2-Clause */
/* What a target's properties may say, in text.h's form. */
#include <limits.h>
#include <string.h>

#include "engine/target/target.h"
#include "engine/topology/parse.h"

static void set_kind(const struct hms_setting *set)
{
	const char *names[HMS_KINDS];

	for (unsigned i = 0; i < HMS_KINDS; i++) {
		names[i] = hms_kind_name((enum hms_kind)i);
		if (!strcmp(set->text, names[i])) {
			hms_builder_kind(set->line->b, set->index,
				(enum hms_kind)i, set->origin);
			return;
		}
	}
	hms_setting_meant(set->line, "kind", set->text, names, HMS_KINDS);
}

static void set_size(const struct hms_setting *set)
{
	struct hms_builder *b = set->line->b;
	uint64_t bytes;

	if (hms_text_size(set->text, strlen(set->text), &bytes))
		hms_setting_wrong(set, "size");
	else if (set->arg)
		hms_builder_granularity(b, set->index, bytes, set->origin);
	else
		hms_builder_size(b, set->index, bytes, set->origin);
}

static void set_free(const struct hms_setting *set)
{
	uint64_t bytes;

	if (hms_text_size(set->text, strlen(set->text), &bytes))
		hms_setting_wrong(set, "size");
	else
		hms_builder_memory(set->line->b, set->index)->free = bytes;
}

static void set_node(const struct hms_setting *set)
{
	unsigned node;

	if (!strcmp(set->text, "none"))
		hms_builder_node(set->line->b, set->index, -1, set->origin);
	else if (hms_setting_number(set, HMS_MAX_NODES - 1, &node))
		hms_builder_node(
			set->line->b, set->index, (int)node, set->origin);
	else
		hms_setting_wrong(set, "number of a node, nor none");
}

static void set_tier(const struct hms_setting *set)
{
	unsigned tier;

	if (hms_setting_number(set, INT_MAX / 2, &tier))
		hms_builder_memory(set->line->b, set->index)->tier = (int)tier;
	else
		hms_setting_wrong(set, "number of a tier");
}

static void set_manager(const struct hms_setting *set)
{
	bool kernel = !strcmp(set->text, "kernel");

	if (kernel || !strcmp(set->text, "driver"))
		hms_builder_manager(set->line->b, set->index,
			kernel ? HMS_MANAGED_BY_KERNEL : HMS_MANAGED_BY_DRIVER,
			set->origin);
	else
		hms_setting_wrong(set, "manager: kernel or driver");
}

static void set_property(const struct hms_setting *set)
{
	bool value;

	if (hms_setting_bool(set, &value))
		hms_builder_property(set->line->b, set->index,
			(enum hms_property)set->arg, value, set->origin);
}

static void set_allowed(const struct hms_setting *set)
{
	bool value;

	if (hms_setting_bool(set, &value))
		hms_builder_memory(set->line->b, set->index)->allowed = value;
}

enum { NAME, DEVICE };

static void set_text(const struct hms_setting *set)
{
	struct hms_builder *b = set->line->b;
	const char *copy = hms_builder_text(b, set->text);

	if (set->arg == DEVICE)
		hms_builder_memory(b, set->index)->device = copy;
	else
		hms_builder_memory(b, set->index)->name = copy;
}

const struct hms_key hms_target_keys[] = {
	{ "kind", set_kind, 0, true, false },
	{ "size", set_size, false, true, false },
	{ "granularity", set_size, true, true, false },
	{ "node", set_node, 0, true, false },
	{ "manager", set_manager, 0, true, false },
	{ "coherent", set_property, HMS_COHERENT, true, false },
	{ "persistent", set_property, HMS_PERSISTENT, true, false },
	{ "cpu-access", set_property, HMS_CPU_ACCESS, true, false },
	{ "hotplug", set_property, HMS_HOTPLUG, true, false },
	{ "free", set_free, 0, false, false },
	{ "tier", set_tier, 0, false, false },
	{ "allowed", set_allowed, 0, false, false },
	{ "name", set_text, NAME, false, false },
	{ "device", set_text, DEVICE, false, false },
	{ NULL, NULL, 0, false, false },
};
