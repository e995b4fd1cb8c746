/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/target/store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/log.h"
#include "base/sys.h"

/* Spans from here on get offsets that huge pages could map. */
#define HUGE_BYTES ((uint64_t)2 << 20)

struct hms_store *hms_stores;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void hms_stores_lock(void)
{
	pthread_mutex_lock(&lock);
}

void hms_stores_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void hms_store_setup(
	struct hms_store *store, struct hms_target *target, uint64_t limit)
{
	store->text = target->text;
	store->fd = -1;
	store->lease_fd = -1;
	store->zero_range = true;
	if (!store->align)
		store->align = HUGE_BYTES;
	hms_blocks_setup(&store->blocks, limit);
	hms_blocks_setup(&store->limbo, UINT64_MAX);
	store->limbo.end = UINT64_MAX;
	target->state = store;
	hms_stores_lock();
	store->next = hms_stores;
	hms_stores = store;
	hms_stores_unlock();
}

bool hms_store_has_fd(const struct hms_store *store)
{
	struct stat st;

	return store->fd >= 0 && hms_sys_fstat(store->fd, &st) == 0 &&
	       st.st_dev == store->dev && st.st_ino == store->ino;
}

/* Where it would give huge pages, its files have blocks as large. */
static bool is_small(int fd, const struct stat *st)
{
	struct statfs fs;

	return hms_sys_fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC &&
	       (size_t)st->st_blksize == hms_sys_page_size();
}

int hms_store_fd(struct hms_store *store)
{
	struct stat st;
	int fd, rc;

	if (hms_store_has_fd(store))
		return store->fd;
	store->fd = -1;
	hms_blocks_reset(&store->blocks);
	hms_blocks_reset(&store->limbo);
	store->limbo.end = UINT64_MAX;
	fd = store->device ? hms_dax_open(store) : hms_file_open(store);
	if (fd < 0) {
		hms_log_once(HMS_LOG_WARN, "%s: cannot be opened: %s",
			store->text, strerrorname_np(-fd));
		return fd;
	}
	fd = hms_sys_move_up(fd);
	rc = hms_sys_fstat(fd, &st);
	if (rc < 0) {
		hms_sys_close(fd);
		return rc;
	}
	store->dev = st.st_dev;
	store->ino = st.st_ino;
	store->small = !store->device && is_small(fd, &st);
	store->fd = fd;
	store->generation++;
	return fd;
}

static void punch(struct hms_store *store, uint64_t offset, uint64_t len)
{
	/*
	 * Blocks that could not be emptied still hold old contents, and new
	 * memory must read as zero: they are never used again.
	 */
	if (!store->device &&
		hms_store_allocate(store,
			FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
			len) < 0)
		return;
	hms_blocks_give(&store->blocks, offset, len);
}

int hms_store_allocate(
	struct hms_store *store, int mode, uint64_t offset, uint64_t len)
{
	uint64_t mask = hms_sys_block_signals();
	int rc;

	do {
		rc = hms_sys_fallocate(
			store->fd, mode, (off_t)offset, (off_t)len);
	} while (rc == -EINTR);
	hms_sys_restore_signals(mask);
	return rc;
}

/*
 * The blocks exist before the memory is handed out: a page fault on a hole
 * of a full file system would be a SIGBUS in the program.
 */
static int reserve(struct hms_store *store, uint64_t offset, uint64_t len)
{
	/* Beyond this limit the kernel sends SIGXFSZ. */
	if (offset + len > hms_sys_rlimit(RLIMIT_FSIZE))
		return -EFBIG;
	return hms_store_allocate(store, 0, offset, len);
}

int hms_store_reserve(struct hms_store *store, uint64_t offset, uint64_t len)
{
	int rc = store->device ? 0 : reserve(store, offset, len);

	if (rc < 0)
		punch(store, offset, len);
	return rc;
}

/* Next to a neighbour in memory, so that the kernel can join the mappings. */
static bool take_beside(
	struct hms_store *store, uintptr_t addr, uint64_t len, uint64_t *offset)
{
	struct hms_extent *e = hms_extents_from(&hms_backed, addr - 1);

	if (e && e->end == addr && e->store == store && !e->frozen &&
		e->generation == store->generation) {
		*offset = e->offset + (e->end - e->start);
		if (hms_blocks_take_at(&store->blocks, *offset, len))
			return true;
	}
	e = hms_extents_from(&hms_backed, addr + len);
	if (e && e->start == addr + len && e->store == store && !e->frozen &&
		e->generation == store->generation && e->offset >= len) {
		*offset = e->offset - len;
		return hms_blocks_take_at(&store->blocks, *offset, len);
	}
	return false;
}

static int take(
	struct hms_store *store, uintptr_t addr, uint64_t len, uint64_t *offset)
{
	if (take_beside(store, addr, len, offset))
		return 0;
	if (len < HUGE_BYTES)
		return hms_blocks_take(
			&store->blocks, len, store->granule, 0, offset);
	return hms_blocks_take(&store->blocks, len, store->align, addr, offset);
}

int hms_store_take(struct hms_store *store, uintptr_t addr, uint64_t *len,
	uint64_t *offset)
{
	uint64_t largest;
	int rc = take(store, addr, *len, offset);

	if (rc == -ENOSPC && store->device) {
		largest = hms_blocks_largest(&store->blocks);
		largest &= ~(store->granule - 1);
		if (largest && largest < *len) {
			*len = largest;
			rc = hms_blocks_take(&store->blocks, *len,
				store->granule, 0, offset);
		}
	}
	return rc < 0 ? rc : hms_store_reserve(store, *offset, *len);
}

int hms_store_take_holes(
	struct hms_store *store, uintptr_t addr, uint64_t len, uint64_t *offset)
{
	const uint64_t page = hms_sys_page_size();
	int rc = take(store, addr, len, offset);

	if (rc < 0)
		return rc;
	/* The file is long enough then. */
	rc = reserve(store, *offset + len - page, page);
	if (rc < 0)
		punch(store, *offset, len);
	return rc;
}

bool hms_store_settle(struct hms_store *store)
{
	uint64_t offset, len;

	if (!hms_store_has_fd(store) ||
		hms_sys_flock(store->fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	hms_sys_flock(store->fd, LOCK_UN);
	while (hms_blocks_pop(&store->limbo, &offset, &len))
		punch(store, offset, len);
	return true;
}

void hms_store_give(const struct hms_extent *e, uint64_t offset, uint64_t len)
{
	struct hms_store *store = e->store;

	if (e->generation != store->generation || !hms_store_has_fd(store))
		return;
	if (e->frozen && !hms_store_settle(store))
		hms_blocks_give(&store->limbo, offset, len);
	else
		punch(store, offset, len);
}
