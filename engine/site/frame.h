/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of one return address: its module, the way to the caller's
 * frame, which of the rules' patterns it matches.  Found once, then looked up
 * without a lock.
 */
#ifndef HMS_ENGINE_SITE_FRAME_H
#define HMS_ENGINE_SITE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "config/policy.h"
#include "engine/site/module.h"
#include "engine/site/unwind.h"

struct site_frame {
	uintptr_t address; /* the return address */
	struct site_module *module;
	struct site_rule rule;
	bool skipped; /* it allocates on behalf of its caller */
	uint8_t hint; /* engine/site/hint.h */
	uint64_t patterns; /* bit i: pattern i matches it */
	uint64_t identity; /* of module and offset; the same in every process */
};

/*
 * Patterns to match frames with; before the first look-up.  0 or -errno.
 */
int site_frames_start(const struct hms_pattern *patterns, unsigned n);
/*
 * NULL: no module's code, or no memory.  *verified is the module that the
 * caller has last seen to be there, so that it is not asked about again.
 * Async-signal-safe as far as nothing new is found; a new address takes a
 * lock, so a thread must not be interrupted into a second look-up (the guard
 * of base/guard.h sees to that).
 */
const struct site_frame *site_frame_find(
	uintptr_t address, const struct site_module **verified);
/* Bytes that frames, modules and symbols take. */
size_t site_frames_bytes(void);

void site_frames_before_fork(void);
void site_frames_after_fork(bool child);

#endif
