/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors of the mover's, open for a batch at most, out of the way of
 * programs that count on low numbers.  A program may close what it finds, and
 * be given the number for a file of its own: whoever uses one looks first.
 */
#ifndef HMS_ENGINE_MOVER_OWN_H
#define HMS_ENGINE_MOVER_OWN_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/sys.h"

struct hms_own {
	int fd; /* -1: none */
	dev_t dev;
	ino_t ino;
};

/* Is it what it was? */
static inline bool hms_own_is(const struct hms_own *own)
{
	struct stat st;

	return own->fd >= 0 && hms_sys_fstat(own->fd, &st) == 0 &&
	       st.st_dev == own->dev && st.st_ino == own->ino;
}

/* fd: as a call that opens has answered; 0 or -errno. */
static inline int hms_own_take(struct hms_own *own, int fd)
{
	struct stat st;
	int rc;

	if (fd < 0)
		return fd;
	fd = hms_sys_move_up(fd);
	rc = hms_sys_fstat(fd, &st);
	if (rc < 0) {
		hms_sys_close(fd);
		return rc;
	}
	own->dev = st.st_dev;
	own->ino = st.st_ino;
	own->fd = fd;
	return 0;
}

/* Forgotten first: a child of a fork now must not close what has its number. */
static inline void hms_own_close(struct hms_own *own)
{
	int fd = hms_own_is(own) ? own->fd : -1;

	own->fd = -1;
	if (fd >= 0)
		hms_sys_close(fd);
}

#endif
