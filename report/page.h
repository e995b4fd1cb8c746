/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file behind a status page: FOLDER/PID.status, mode 0600, in the first
 * of these folders that can be used:
 *
 *	$XDG_RUNTIME_DIR/hms	/run/user/UID/hms	/tmp/hms-UID
 *
 * The folder is made with mode 0700 and used only if it belongs to this user,
 * is no symbolic link and nobody else may enter it (the rules of the XDG
 * base directory specification; /tmp is everybody's).
 *
 * Pages of processes that are gone stay for `hms report`, for an hour, and
 * at most 32 of them; making a page removes the others.
 *
 * Nothing here allocates, locks, or touches errno.
 */
#ifndef HMS_REPORT_PAGE_H
#define HMS_REPORT_PAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/text.h"
#include "report/status.h"

#define HMS_PAGE_FOLDERS 3
#define HMS_PAGE_PATH 512

/*
 * Folder number i of a user; runtime is XDG_RUNTIME_DIR's value or NULL.
 * false: there is no such folder to try.
 */
bool hms_page_folder(
	unsigned i, const char *runtime, uid_t uid, struct hms_text *out);

/*
 * Makes this process's file and maps it, MAP_SHARED, all its blocks
 * reserved, because a full disk would otherwise be a SIGBUS in the program;
 * no descriptor stays open.  path gets its name.
 * 0, or -errno of the last folder tried.
 */
int hms_page_create(
	const char *runtime, struct hms_text *path, struct hms_status **out);
void hms_page_unmap(struct hms_status *page);

/* /proc/PID/stat's start time in clock ticks; 0: no such process, or ended. */
uint64_t hms_page_start_ticks(pid_t pid);
/*
 * Is the process that made a page still there, and not another one that got
 * its number later?
 */
bool hms_page_alive(pid_t pid, uint64_t start_ticks);
/* Is this, of so many bytes, a page of a version that we can read? */
bool hms_page_valid(const struct hms_status *page, size_t bytes);

#endif
