/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/target/fork.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "engine/target/store.h"

#define PAGE 4096

/* The child keeps the writing end until it has copied. */
static int done_pipe[2] = { -1, -1 };

/*
 * A lease is a lock that lives as long as the child can read our blocks,
 * whatever descriptors it closes: a mapping of its own open file description,
 * which flock(2) counts as one holder.  The parent drops its share after the
 * fork; grandchildren inherit one.  exec and exit end it.
 */
static void open_lease(struct hms_store *store)
{
	char path[64];
	struct hms_text text = HMS_TEXT(path);
	void *page;
	int fd;

	hms_text_add(&text, "/proc/self/fd/%d", store->fd);
	fd = hms_sys_open(path, O_RDWR, 0);
	if (fd < 0)
		return;
	page = hms_sys_flock(fd, LOCK_SH | LOCK_NB) < 0
		       ? (void *)-EIO
		       : hms_sys_mmap(NULL, PAGE, PROT_NONE, MAP_SHARED, fd, 0);
	if (hms_sys_failed(page)) {
		hms_sys_close(fd);
		return;
	}
	store->lease_fd = fd;
	store->lease = page;
}

/*
 * Without a lease nobody knows when the child is gone: the file's
 * generation ends here, its blocks are never used again.
 */
static void abandon(struct hms_store *store)
{
	hms_blocks_reset(&store->blocks);
	hms_blocks_reset(&store->limbo);
	store->limbo.end = UINT64_MAX;
	hms_sys_close(store->fd);
	store->fd = -1;
	store->generation++;
}

/* Private from now on; false if the child has to copy it. */
static bool freeze(struct hms_extent *e)
{
	struct hms_store *store = e->store;

	if (store->device || e->generation != store->generation ||
		store->fd < 0)
		return false;
	if (hms_extent_map(e, store->fd, true) < 0)
		return false;
	e->frozen = true;
	return true;
}

void hms_targets_before_fork(void)
{
	struct hms_extent *e;
	bool copies = false, device = false;

	hms_stores_lock();
	if (RB_EMPTY(&hms_backed))
		return;
	for (struct hms_store *s = hms_stores; s; s = s->next) {
		if (!hms_store_has_fd(s))
			s->fd = -1;
		else if (!s->device)
			open_lease(s);
	}
	RB_FOREACH (e, hms_extents, &hms_backed) {
		if (e->frozen || freeze(e))
			continue;
		e->copy = true;
		copies = true;
		device |= e->store->device;
	}
	for (struct hms_store *s = hms_stores; s; s = s->next)
		if (s->fd >= 0 && !s->device && s->lease_fd < 0)
			abandon(s);
	if (device)
		hms_log_once(HMS_LOG_WARN,
			"fork copies memory of a DAX device; what other "
			"threads write meanwhile may reach the child");
	if (copies && hms_sys_pipe(done_pipe) < 0)
		done_pipe[0] = done_pipe[1] = -1;
}

static void parent(void)
{
	struct hms_extent *e;
	char byte;

	for (struct hms_store *s = hms_stores; s; s = s->next) {
		if (s->lease_fd < 0)
			continue;
		hms_sys_munmap(s->lease, PAGE);
		hms_sys_close(s->lease_fd);
		s->lease_fd = -1;
	}
	RB_FOREACH (e, hms_extents, &hms_backed)
		e->copy = false;
	if (done_pipe[0] < 0)
		return;
	/* The end of the pipe: the child has copied, or is no more. */
	hms_sys_close(done_pipe[1]);
	while (hms_sys_read(done_pipe[0], &byte, 1) == -EINTR)
		;
	hms_sys_close(done_pipe[0]);
	done_pipe[0] = done_pipe[1] = -1;
}

static void child(void)
{
	struct hms_extent *e, *next;

	for (e = RB_MIN(hms_extents, &hms_backed); e; e = next) {
		next = RB_NEXT(hms_extents, &hms_backed, e);
		if (!e->copy)
			continue;
		if (hms_extent_copy(e) < 0)
			hms_log(HMS_LOG_ERROR,
				"%s: no memory to copy for a fork: parent "
				"and child share %zu bytes",
				e->store->text, (size_t)(e->end - e->start));
		hms_backed_forget(e);
	}
	for (struct hms_store *s = hms_stores; s; s = s->next) {
		if (s->lease_fd >= 0)
			hms_sys_close(s->lease_fd);
		s->lease_fd = -1;
		if (hms_store_has_fd(s))
			hms_sys_close(s->fd);
		s->fd = -1;
		s->generation++;
		hms_blocks_reset(&s->blocks);
		hms_blocks_reset(&s->limbo);
		s->limbo.end = UINT64_MAX;
	}
	if (done_pipe[0] >= 0) {
		hms_sys_close(done_pipe[0]);
		hms_sys_close(done_pipe[1]);
		done_pipe[0] = done_pipe[1] = -1;
	}
}

void hms_targets_after_fork(bool is_child)
{
	if (!RB_EMPTY(&hms_backed) || hms_stores) {
		if (is_child)
			child();
		else
			parent();
	}
	hms_stores_unlock();
}
