/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report of a process: asked for by HMS_REPORT, written once, when the
 * process ends orderly.  If it ends otherwise, the status page stays and
 * `hms report` reads that (report/status.h).
 *
 * All functions are called under the guard, allocate nothing, take no lock,
 * leave errno alone, and do nothing if no report was asked for.
 */
#ifndef HMS_REPORT_REPORT_H
#define HMS_REPORT_REPORT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/text.h"
#include "config/policy.h"
#include "engine/place.h"

/*
 * spec: HMS_REPORT's value, "stderr" or a path, or NULL for no report.
 * A path may hold %p (pid), %e (program), %h (host), %r (MPI rank, 0 if
 * there is none), %% (a percent sign); ending in .json it gets JSON.  What
 * is a plain file, or not there yet, is replaced atomically; anything else (a
 * device, a FIFO, a symbolic link) is opened and appended to.
 *
 * Standard error is duplicated here, because many programs close it before
 * libraries end.  A path that cannot be written is said here, once, and leaves
 * nothing behind.  Starts counting.  Called once, before threads.
 */
void hms_report_setup(const char *spec, const char *program);

/*
 * Names of the rules and targets; places may be NULL.  Before `live`, whether
 * calls are counted or not.
 */
void hms_report_describe(
	const struct hms_policy *policy, const struct hms_places *places);
/*
 * Asks the kernel where the pages of every range are.  Without force at most
 * every 20 ms and for at most 1 % of the time: for slow paths to call as they
 * pass by, so that the page of a process that is killed is recent.
 * Thread-safe; if another thread is at it returns at once, or with force waits
 * for it, a second at most.
 */
void hms_report_refresh(bool force);

/*
 * The process ends: writes the report and removes the status page.  Called by
 * the destructor and by _exit; only the first call acts, and never one in a
 * vfork child, which still is on its parent's memory.  A forked child writes a
 * report of its own (hms_status_after_fork()).
 */
void hms_report_finish(void);

/* What the escapes of a path stand for. */
struct hms_report_names {
	pid_t pid;
	const char *program, *host, *rank;
};

/*
 * The same for this process, as it is now; program: its base name.  0 or
 * -errno.
 */
int hms_report_path(
	const char *spec, const char *program, struct hms_text *out);

/*
 * Expands the escapes of spec.  0; -EINVAL: an escape that is none, *bad is
 * where it starts; -ENAMETOOLONG: out is too small.
 */
int hms_report_expand(const char *spec, const struct hms_report_names *names,
	struct hms_text *out, const char **bad);

#endif
