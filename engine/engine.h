/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine as shims see it: is HMS at work here, and where does a call go?
 * preload/ sets it up; shims only read it.
 */
#ifndef HMS_ENGINE_ENGINE_H
#define HMS_ENGINE_ENGINE_H

#include <stdbool.h>

#include "config/call.h"
#include "engine/place.h"

/* Where a call goes. */
struct hms_decision {
	int rule; /* -1: none matched */
	struct hms_place *place; /* never NULL; index 0: leave it alone */
	uint32_t options; /* enum hms_option */
};

/*
 * The state shims read; written by preload/ before `live` is set, immutable
 * after.  All zero means: pass everything through.
 */
struct hms_engine {
	bool live; /* rules are to be followed */
	bool has_map_rules; /* some rule can match a mapping call */
	bool has_brk_rules;
	uint32_t ruled; /* bit per family: some rule can match its calls */
	const struct hms_policy *policy;
	const struct hms_places *places;
	const struct hms_witness *witness;
};

extern struct hms_engine hms_engine __attribute__((visibility("hidden")));

/*
 * Which rule, which place; counts the call (report/status.h).  Lock-free.
 * May be called only when hms_engine.live, and not under the guard.
 */
void hms_decide(const struct hms_call *call, struct hms_decision *out);

#endif
