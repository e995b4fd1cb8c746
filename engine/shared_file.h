/* SPDX-License-Identifier: BSD-2-Clause */
/* The file behind a shared limit; engine/shared.h. 0 or -errno. */
#ifndef HMS_ENGINE_SHARED_FILE_H
#define HMS_ENGINE_SHARED_FILE_H

#include "engine/shared.h"

/*
 * Fills s->path, in runtime folder number `folder`, which is there then.
 * Other arguments as hms_shared_open().
 */
int hms_shared_name(struct hms_shared *s, unsigned folder, const char *runtime,
	const char *name, const char *what);
/* Maps the file of that name; a descriptor, or -EINVAL if it is none of ours.
 */
int hms_shared_map(struct hms_shared *s);
/*
 * Makes it, under another name until it is complete; all its blocks reserved,
 * because a full disk would otherwise be a SIGBUS in the program.  0 as well
 * if another process was faster.
 */
int hms_shared_make(const char *path);

/* Takes a row's lock for the open file; -EAGAIN: another one has it. */
int hms_shared_lock(int fd, unsigned row);
int hms_shared_unlock(int fd, unsigned row);
/* Has another open file than this one the lock? */
bool hms_shared_locked(int fd, unsigned row);

#endif
