/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The environment of HMS, read once (config/options.def is the table).
 *
 * Texts are copied: programs that write over their own environment to change
 * their title (nginx, postgres, redis) do so after we looked.
 */
#ifndef HMS_CONFIG_OPTIONS_H
#define HMS_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/log.h"
#include "config/policy.h"

enum hms_option_id {
#define HMS_OPTION(id, name, type, standard, help) HMS_OPTION_##id,
#include "config/options.def"
#undef HMS_OPTION
	HMS_OPTIONS,
};

#define HMS_BUDGET_STANDARD 100 /* 1/10,000 of a core */
#define HMS_BUDGET_MOST 300
#define HMS_SITES_STANDARD (UINT64_C(512) << 10) /* bytes */

struct hms_options {
	/* As given, default where unset or empty; never NULL. */
	const char *text[HMS_OPTIONS];
	const char *policy; /* HMS_POLICY, NULL: none given */
	const char *report; /* HMS_REPORT, NULL: none wanted */
	const char *topology; /* HMS_TOPOLOGY, "" for this machine */
	/* HMS_SITES: mean bytes between samples; 0: off, 1: exact. */
	uint64_t sites;
	const char *source; /* HMS_SOURCE, NULL: the best that works */
	const char *trace; /* HMS_TRACE, NULL: none is kept */
	/* HMS_BUDGET: of one core, in 1/10,000; and bytes per second, 0: as
	 * the policy says. */
	unsigned budget_share;
	uint64_t budget_rate;
	bool disable;
	bool strict;
	bool here; /* HMS_PROCESSES lists this program */
	bool drop; /* HMS_CHILDREN=drop */
	bool trusted; /* false: set-user-id, the environment was ignored */
	uint32_t shims; /* 1 << enum hms_family: families to intercept */
	enum hms_log_level log_level;
	const char *log_path; /* NULL: standard error */
};

/*
 * Reads envp (NULL: an empty environment) for the program of this base name.
 * secure: AT_SECURE of getauxval(3); then envp is not looked at.
 * With HMS_DISABLE on, nothing else is read and nothing is allocated.
 *
 * 0; -EINVAL if a value makes no sense: diag holds the first such error, and
 * every other option is as its value says (strict among them); -ENOMEM.
 * With 0, a diag->text that is not empty is a warning: a variable HMS_...
 * that is none of ours.  Never touches errno, takes no lock.
 */
int hms_options_read(struct hms_options *out, char *const *envp,
	const char *program, bool secure, struct hms_arena *arena,
	struct hms_diag *diag);

/*
 * Does one of a comma's list of globs match the program's base name?
 * Blanks around commas do not count.  An empty list matches nothing.
 */
bool hms_program_listed(const char *globs, const char *program);

#endif
