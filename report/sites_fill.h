/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frames of a row of report/sites.h: found on the stack, then stored.
 */
#ifndef HMS_REPORT_SITES_FILL_H
#define HMS_REPORT_SITES_FILL_H

#include <stdint.h>

#include "engine/site/module.h"
#include "report/sites.h"

/* Return addresses, the nearest first. */
struct hms_frames {
	uintptr_t address[HMS_SITES_FRAMES];
	const struct site_module *module[HMS_SITES_FRAMES]; /* NULL: none */
	unsigned n;
};

/*
 * The stack of the call that returns to caller.  Takes the lock of frames;
 * under the guard.
 */
void hms_sites_frames(const void *caller, struct hms_frames *found);
/* Stores them, modules by number.  Under the lock of report/account.c. */
void hms_sites_fill(struct hms_sites *sites, struct hms_sites_row *row,
	const struct hms_frames *from);

#endif
