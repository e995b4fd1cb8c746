/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/policy/planner.h"

#include <string.h>

#define HMS_PLANNER(name) extern const struct hms_planner hms_planner_##name;
#include "engine/policy/planners.def"
#undef HMS_PLANNER

const struct hms_planner *const hms_planners[] = {
#define HMS_PLANNER(name) &hms_planner_##name,
#include "engine/policy/planners.def"
#undef HMS_PLANNER
	NULL
};

const struct hms_planner *hms_planner_find(const char *name)
{
	for (unsigned i = 0; hms_planners[i]; i++)
		if (!strcmp(hms_planners[i]->name, name))
			return hms_planners[i];
	return NULL;
}
