/* SPDX-License-Identifier: BSD-2-Clause */
/* The shipped policies, as text in the library; each is a .hms file here. */
#include <stddef.h>
#include <string.h>

#include "config/policy.h"

static const struct {
	const char *name, *text;
} presets[] = {
#include "config/presets.inc"
};

#define NPRESETS (sizeof(presets) / sizeof(presets[0]))

const char *hms_preset_text(const char *name)
{
	for (size_t i = 0; i < NPRESETS; i++)
		if (!strcmp(presets[i].name, name))
			return presets[i].text;
	return NULL;
}

const char *hms_preset_name(unsigned index)
{
	return index < NPRESETS ? presets[index].name : NULL;
}
