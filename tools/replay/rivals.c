/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "tools/replay/replay.h"

#define REPLAY_RIVAL(name) extern const struct hms_planner replay_rival_##name;
#include "tools/replay/rivals.def"
#undef REPLAY_RIVAL

const struct hms_planner *const replay_rivals[] = {
#define REPLAY_RIVAL(name) &replay_rival_##name,
#include "tools/replay/rivals.def"
#undef REPLAY_RIVAL
	NULL
};

const struct hms_planner *replay_planner(const char *name)
{
	for (unsigned i = 0; replay_rivals[i]; i++)
		if (!strcmp(replay_rivals[i]->name, name))
			return replay_rivals[i];
	return hms_planner_find(name);
}
