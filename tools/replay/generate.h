/* SPDX-License-Identifier: BSD-2-Clause */
/* The generators' bodies; see cases.def. */
#ifndef HMS_TOOLS_REPLAY_GENERATE_H
#define HMS_TOOLS_REPLAY_GENERATE_H

#include "tools/replay/replay.h"

#define REPLAY_CASE(name, text)                                                \
	struct replay_case *replay_make_##name(                                \
		const struct replay_ask *ask, uint64_t *random);
#include "tools/replay/cases.def"
#undef REPLAY_CASE

#define REPLAY_PARALLELISM 32 /* eight threads, four accesses each */

#endif
