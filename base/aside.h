/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks of our own, for what needs more of one than a program may have: for
 * a coroutine some lay out 8 KiB, for a signal handler MINSIGSTKSZ.
 *
 * Signals are to be blocked during a call aside: handlers would run there too,
 * and what jumps out of one leaves it behind.  The job must return.
 */
#ifndef HMS_BASE_ASIDE_H
#define HMS_BASE_ASIDE_H

#include <stddef.h>

/*
 * Sanitized builds need the most, some 60 KiB.  Untouched pages cost nothing.
 */
#define HMS_ASIDE_SIZE ((size_t)256 << 10)

struct hms_aside {
	char *stack; /* its lowest byte, above a guard page; NULL: none */
	unsigned id; /* valgrind's */
};

/* Maps a stack; 0 or -errno. */
int hms_aside_open(struct hms_aside *aside);
void hms_aside_close(struct hms_aside *aside);
/*
 * Calls job(arg) there; here, if there is none.  Not for two threads at once,
 * nor from a job.
 */
void hms_aside_call(
	const struct hms_aside *aside, void (*job)(void *arg), void *arg);
/* The same once: opens, blocks signals, calls, closes. */
void hms_aside_once(void (*job)(void *arg), void *arg);
/* Most bytes that were ever in use, for tests. */
size_t hms_aside_depth(const struct hms_aside *aside);

#endif
