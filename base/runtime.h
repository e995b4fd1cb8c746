/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that processes of one user share while they run, in the first of these
 * folders that can be used:
 *
 *	$XDG_RUNTIME_DIR/hms	/run/user/UID/hms
 *	/tmp/hms-UID		/dev/shm/hms-UID
 *
 * The folder is made with mode 0700 and used only if it belongs to this user,
 * is no symbolic link and nobody else may enter it (the rules of the XDG
 * base directory specification; /tmp is everybody's).
 *
 * Nothing here allocates, locks, or touches errno.
 */
#ifndef HMS_BASE_RUNTIME_H
#define HMS_BASE_RUNTIME_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/text.h"

#define HMS_RUNTIME_FOLDERS 4
#define HMS_RUNTIME_PATH 512

/*
 * Folder number i of a user; runtime is XDG_RUNTIME_DIR's value or NULL.
 * false: there is no such folder to try.
 */
bool hms_runtime_folder(
	unsigned i, const char *runtime, uid_t uid, struct hms_text *out);
/* Makes the folder if need be; a descriptor if it is ours alone, or -errno. */
int hms_runtime_open(const char *path);
/*
 * Reserves the blocks of a file's bytes [from, to), from being its end, where a
 * descriptor of it writes to; within `ulimit -f`.  0 or -errno.
 */
int hms_runtime_reserve(int fd, size_t from, size_t to);

/* /proc/PID/stat's start time in clock ticks; 0: no such process, or ended. */
uint64_t hms_process_ticks(pid_t pid);
/* Is the process that started then still there, under this number? */
bool hms_process_alive(pid_t pid, uint64_t start_ticks);

#endif
