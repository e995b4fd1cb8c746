/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/shared_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "base/sys.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#define TRIES 8
/* A child that has no row a second after the fork is not counted. */
#define GRACE_NS UINT64_C(1000000000)
/* Rows are looked at once in so many times what that takes. */
#define SETTLE_SHARE 100
#define SETTLE_NS UINT64_C(1000000)

#define GET(field) __atomic_load_n(&(field), __ATOMIC_SEQ_CST)
#define SET(field, value) __atomic_store_n(&(field), (value), __ATOMIC_SEQ_CST)
#define ADD(field, value)                                                      \
	((void)__atomic_fetch_add(&(field), (value), __ATOMIC_SEQ_CST))
#define SUB(field, value)                                                      \
	((void)__atomic_fetch_sub(&(field), (value), __ATOMIC_SEQ_CST))

static uint64_t now_ns(void)
{
	return hms_sys_clock(CLOCK_MONOTONIC);
}

static bool has_heir(const struct hms_shared_table *table, unsigned row)
{
	uint64_t high = GET(table->high);

	for (unsigned i = 0; i < high && i < HMS_SHARED_ROWS; i++)
		if (GET(table->row[i].owner) &&
			GET(table->row[i].parent) == row + 1)
			return true;
	return false;
}

/* May some child still have what this row's process gave back? */
static bool may_have_heirs(const struct hms_shared_table *table, unsigned row)
{
	uint64_t forked = GET(table->row[row].forked_ns);

	return forked && (now_ns() - forked < GRACE_NS || has_heir(table, row));
}

/* With the row's lock; false: it cannot be free yet. */
static bool clear(struct hms_shared *s, unsigned i)
{
	struct hms_shared_row *row = &s->table->row[i];

	if (GET(row->owner) && may_have_heirs(s->table, i))
		return false;
	SET(row->held, 0);
	SET(row->kept, 0);
	SET(row->forked_ns, 0);
	SET(row->parent, 0);
	SET(row->owner, 0);
	return true;
}

/* Frees the row if its process is gone. */
static bool bury(struct hms_shared *s, int fd, unsigned i)
{
	bool cleared;

	if (i == s->row || !GET(s->table->row[i].owner) ||
		hms_shared_lock(fd, i))
		return false;
	cleared = clear(s, i);
	hms_shared_unlock(fd, i);
	return cleared;
}

static void bury_all(struct hms_shared *s, int fd)
{
	uint64_t high = GET(s->table->high);
	bool more = true;

	/* One that goes may have been the last heir of another. */
	for (unsigned pass = 0; pass < TRIES && more; pass++) {
		more = false;
		for (unsigned i = 0; i < high && i < HMS_SHARED_ROWS; i++)
			more |= bury(s, fd, i);
	}
}

static void raise_high(struct hms_shared_table *table, uint64_t to)
{
	uint64_t high = GET(table->high);

	while (high < to &&
		!__atomic_compare_exchange_n(&table->high, &high, to, false,
			__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

/* A row of this process's own. */
static int join(struct hms_shared *s, int fd)
{
	s->row = HMS_SHARED_ROWS;
	/* What this process had before exec, first of all. */
	bury_all(s, fd);
	for (unsigned i = 0; i < HMS_SHARED_ROWS; i++) {
		int err = hms_shared_lock(fd, i);

		if (err == -EAGAIN)
			continue;
		if (err)
			return err;
		if (clear(s, i)) {
			s->owner = (uint64_t)hms_sys_getpid();
			s->held = 0;
			SET(s->table->row[i].owner, s->owner);
			raise_high(s->table, i + 1);
			s->row = i;
			return 0;
		}
		hms_shared_unlock(fd, i);
	}
	return -EUSERS;
}

/* The mapping alone must keep the lock: seen by another open file. */
static int check_lock(const struct hms_shared *s)
{
	int fd = hms_sys_open(s->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
	struct stat st;
	int err = fd < 0 ? fd : hms_sys_fstat(fd, &st);

	/* Another file by now: that is found out in time. */
	if (!err && st.st_ino == s->ino && st.st_dev == s->dev &&
		!hms_shared_locked(fd, s->row))
		err = -EOPNOTSUPP;
	if (fd >= 0)
		hms_sys_close(fd);
	return err == -ENOENT ? 0 : err;
}

static void leave(struct hms_shared *s)
{
	hms_sys_munmap(s->table, sizeof(*s->table));
	s->table = NULL;
}

/* Finds the table, or makes it, and joins. */
static int attach(struct hms_shared *s)
{
	int fd = hms_shared_map(s), err;

	/* It may be removed just when it was made. */
	for (unsigned i = 0; i < TRIES && fd == -ENOENT; i++) {
		err = hms_shared_make(s->path);
		fd = err ? err : hms_shared_map(s);
	}
	if (fd < 0)
		return fd;
	err = join(s, fd);
	hms_sys_close(fd);
	if (!err)
		err = check_lock(s);
	if (err)
		leave(s);
	return err;
}

static void fall_back(const struct hms_shared *s, int err)
{
	hms_log_once(HMS_LOG_WARN,
		"limit %s cannot be shared (errno %d): it is this process's own",
		s->name, -err);
}

int hms_shared_open(struct hms_shared *s, const char *runtime, const char *name,
	const char *what, uint64_t most)
{
	int err = -ENOENT;

	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->name = name;
	s->most = most;
	/* Next where there is no such folder, or locks are not kept there. */
	for (unsigned i = 0; i < HMS_RUNTIME_FOLDERS; i++) {
		err = hms_shared_name(s, i, runtime, name, what);
		if (err)
			continue;
		err = attach(s);
		if (err != -EOPNOTSUPP)
			break;
	}
	if (err)
		fall_back(s, err);
	return err;
}

static uint64_t sum(const struct hms_shared_table *table)
{
	uint64_t high = GET(table->high), sum = 0;

	for (unsigned i = 0; i < high && i < HMS_SHARED_ROWS; i++) {
		const struct hms_shared_row *row = &table->row[i];

		if (__builtin_add_overflow(sum, GET(row->held), &sum) ||
			__builtin_add_overflow(sum, GET(row->kept), &sum))
			return UINT64_MAX;
	}
	return sum;
}

/* The table's file is not what its name stands for, or not whole, any more. */
static void move_on(struct hms_shared *s)
{
	struct hms_shared_table *old = s->table;
	uint64_t held = s->held;
	int err;

	s->table = NULL;
	err = attach(s);
	if (err) {
		fall_back(s, err);
	} else {
		s->lent = false;
		s->held = held;
		ADD(s->table->row[s->row].held, held);
	}
	hms_sys_munmap(old, sizeof(*old));
}

/* hms_sys_readable() without what valgrind says of it; Linux 5.14. */
static bool is_there(const void *p)
{
	const uintptr_t page = (uintptr_t)p & -(uintptr_t)hms_sys_page_size();
	long rc = hms_sys_madvise((void *)page, 1, MADV_POPULATE_READ);

	return rc == -EINVAL ? hms_sys_readable(p) : rc != -EFAULT;
}

/*
 * A file that was truncated, by whoever, is a SIGBUS where it was; one that
 * was filled anew is not ours.  False: there is no table now.
 */
static bool usable(struct hms_shared *s)
{
	if (s->table && (!is_there(&s->table->row[HMS_SHARED_ROWS - 1]) ||
				s->table->magic != HMS_SHARED_MAGIC ||
				GET(s->table->row[s->row].owner) != s->owner))
		move_on(s);
	return s->table != NULL;
}

/* Looks for room that only seems to be taken; not too often. */
static void settle(struct hms_shared *s)
{
	uint64_t start = now_ns(), every = SETTLE_SHARE * s->settle_took_ns;
	struct hms_shared_row *row;
	struct stat st;
	int fd, rc;

	if (s->settled_ns &&
		start - s->settled_ns < (every > SETTLE_NS ? every : SETTLE_NS))
		return;
	fd = hms_sys_open(s->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
	rc = fd < 0 ? fd : hms_sys_fstat(fd, &st);
	if (rc == -ENOENT || rc == -ELOOP || rc == -EISDIR ||
		(!rc && (st.st_ino != s->ino || st.st_dev != s->dev)))
		move_on(s);
	else if (!rc)
		bury_all(s, fd);
	if (fd >= 0)
		hms_sys_close(fd);
	if (!s->table)
		return;
	row = &s->table->row[s->row];
	if (GET(row->kept) && !may_have_heirs(s->table, s->row))
		SET(row->kept, 0);
	s->settled_ns = now_ns();
	s->settle_took_ns = s->settled_ns - start;
}

bool hms_shared_claim(struct hms_shared *s, uint64_t bytes)
{
	bool granted = true;

	pthread_mutex_lock(&s->lock);
	if (usable(s)) {
		ADD(s->table->row[s->row].held, bytes);
		granted = sum(s->table) <= s->most;
		if (granted)
			s->held += bytes;
		else
			SUB(s->table->row[s->row].held, bytes);
	}
	pthread_mutex_unlock(&s->lock);
	return granted;
}

void hms_shared_force(struct hms_shared *s, uint64_t bytes)
{
	pthread_mutex_lock(&s->lock);
	if (usable(s)) {
		ADD(s->table->row[s->row].held, bytes);
		s->held += bytes;
	}
	pthread_mutex_unlock(&s->lock);
}

void hms_shared_give(struct hms_shared *s, uint64_t bytes)
{
	pthread_mutex_lock(&s->lock);
	if (usable(s)) {
		if (may_have_heirs(s->table, s->row))
			ADD(s->table->row[s->row].kept, bytes);
		SUB(s->table->row[s->row].held, bytes);
		s->held -= bytes;
	}
	pthread_mutex_unlock(&s->lock);
}

uint64_t hms_shared_sum(struct hms_shared *s)
{
	uint64_t all = 0;

	pthread_mutex_lock(&s->lock);
	if (usable(s))
		all = sum(s->table);
	pthread_mutex_unlock(&s->lock);
	return all;
}

uint64_t hms_shared_left(struct hms_shared *s)
{
	uint64_t all, left = s->most;

	pthread_mutex_lock(&s->lock);
	if (usable(s))
		settle(s);
	if (s->table) {
		all = sum(s->table);
		left = s->most > all ? s->most - all : 0;
	}
	pthread_mutex_unlock(&s->lock);
	return left;
}

void hms_shared_before_fork(struct hms_shared *s)
{
	pthread_mutex_lock(&s->lock);
	if (usable(s))
		SET(s->table->row[s->row].forked_ns, now_ns());
}

/*
 * The mapping is the parent's open file, and its lock: one of its own.  Without
 * (the program changed its root, or user) it shares the parent's row, which is
 * in use as long as one of them is there.
 */
static void be_child(struct hms_shared *s)
{
	const struct hms_shared was = *s;

	s->table = NULL;
	s->settled_ns = 0;
	if (attach(s)) {
		s->table = was.table;
		s->row = was.row;
		s->owner = was.owner;
		s->held = 0;
		s->lent = true;
		return;
	}
	s->lent = false;
	if (s->dev == was.dev && s->ino == was.ino)
		SET(s->table->row[s->row].parent, was.row + 1);
	hms_sys_munmap(was.table, sizeof(*was.table));
}

void hms_shared_after_fork(struct hms_shared *s, bool child)
{
	if (child && s->table)
		be_child(s);
	pthread_mutex_unlock(&s->lock);
}

void hms_shared_covered(struct hms_shared *s)
{
	uint64_t parent;

	pthread_mutex_lock(&s->lock);
	if (usable(s) && !s->lent) {
		parent = GET(s->table->row[s->row].parent);
		/* What it has from further up is its own parent's matter. */
		if (parent && parent <= HMS_SHARED_ROWS &&
			!GET(s->table->row[parent - 1].parent))
			SET(s->table->row[s->row].parent, 0);
	}
	pthread_mutex_unlock(&s->lock);
}
