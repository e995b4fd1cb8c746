/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits over all processes of one user on a host: `limit NAME SIZE shared`.
 *
 * A file in the runtime folder (base/runtime.h), mapped by all of them, has a
 * row for each process that says how much it holds.  To claim, a process adds
 * to its own row, and only then adds all rows up: if that is beyond its limit,
 * it takes the claim back.  Of two that claim at once the later one sees the
 * other's, so what is claimed for good is never beyond the limit, whatever
 * moment a process is killed at; both may see each other and go without.
 *
 * A row is in use as long as its byte of the file is locked (F_OFD_SETLK,
 * fcntl(2)).  The lock belongs to the open file that the process maps the table
 * from, so it goes with the mapping: at the process's end, however it ends, and
 * at exec.  No descriptor is needed for that, nor a PID, so processes of
 * different PID namespaces see each other.  Whoever looks for room takes the
 * locks of rows that nobody has, and frees them.  Nobody waits for anybody.
 * Where the mapping does not keep the file open (overlayfs maps another one)
 * the next runtime folder is taken.
 *
 * Which limit is meant: the file's name is a hash of the limit's name and of
 * what the name stands for as written.  Its size is not in it: policies of
 * different sizes count together, and each keeps to its own.
 *
 * fork: child and parent share pages until one writes, and the copies are then
 * new memory.  So the child claims for itself what it inherits.  What it does
 * not get it lets go: its policy, so that copies are the system's matter.  The
 * pages themselves stay charged to the parent, even when it frees them or
 * ends, until such children are gone: rows name the one they inherited from.
 * For a second after a fork the parent's charges stay in any case, in which
 * the child gets its row.
 *
 * A child that forked without our knowledge keeps its parent's row in use, as
 * it has its memory.
 *
 * A file that was removed is made again by those who use it; until all have
 * noticed, which they do when they look for room, the sum is too small.  One
 * that was truncated is left, before it is touched.  If anything fails the
 * limit is the process's own, and that is said once.
 *
 * Thread-safe, one lock each, under which nothing else is locked.  errno is
 * never touched, no descriptor stays open, nothing is allocated but mappings.
 */
#ifndef HMS_ENGINE_SHARED_H
#define HMS_ENGINE_SHARED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/runtime.h"

#define HMS_SHARED_MAGIC UINT64_C(0x32544d494c534d48) /* "HMSLIMT2" */
#define HMS_SHARED_ROWS 1023

/* Of one process; its own cache line.  Others write only with its lock. */
struct hms_shared_row {
	uint64_t owner; /* its PID, where it lives; 0: free */
	uint64_t held; /* bytes claimed */
	uint64_t kept; /* bytes given back that a child may have still */
	uint64_t forked_ns; /* CLOCK_MONOTONIC of the last fork; 0: never */
	uint64_t parent; /* 1 + the row it inherited from; 0: none */
	uint64_t pad[3];
};

struct hms_shared_table {
	uint64_t magic;
	uint64_t high; /* rows from here on were never used */
	uint64_t pad[6];
	struct hms_shared_row row[HMS_SHARED_ROWS];
};

/* One limit as this process sees it. */
struct hms_shared {
	const char *name;
	uint64_t most; /* bytes */
	char path[HMS_RUNTIME_PATH];
	dev_t dev;
	ino_t ino;
	struct hms_shared_table *table; /* NULL: it is not shared */
	unsigned row;
	uint64_t owner;
	uint64_t held; /* as in the row */
	bool lent; /* the row is an ancestor's */
	pthread_mutex_t lock;
	uint64_t settled_ns, settle_took_ns;
};

/*
 * Joins the others under limit `name`, which stands for `what`.  runtime:
 * XDG_RUNTIME_DIR's value or NULL.  0 or -errno: then it is not shared, as if
 * the calls below had no others to ask.
 */
int hms_shared_open(struct hms_shared *s, const char *runtime, const char *name,
	const char *what, uint64_t most);
/* false: there is not so much left; nothing is claimed. */
bool hms_shared_claim(struct hms_shared *s, uint64_t bytes);
/* Whether there is room or not. */
void hms_shared_force(struct hms_shared *s, uint64_t bytes);
void hms_shared_give(struct hms_shared *s, uint64_t bytes);
/* Bytes of all processes now. */
uint64_t hms_shared_sum(struct hms_shared *s);
/* Bytes that nobody holds, after rows of the dead have been looked for. */
uint64_t hms_shared_left(struct hms_shared *s);

void hms_shared_before_fork(struct hms_shared *s);
/* In the child its row is a new one that holds nothing. */
void hms_shared_after_fork(struct hms_shared *s, bool child);
/* In the child: all that it inherited has been claimed by now. */
void hms_shared_covered(struct hms_shared *s);

#endif
