/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file kind: memory from a file of any file system that can reserve
 * blocks (tmpfs, ext4, xfs, btrfs, a file system on PMEM).  The file never
 * has a name for long, so that nothing is left behind however a process ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"
#include "engine/target/store.h"

#define PAGE 4096
#define TRIES 100

extern const struct hms_target_ops hms_target_file;

/* A name that is gone again before anybody can use it. */
static int open_and_unlink(const char *path)
{
	int fd = hms_sys_open(
		path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);

	if (fd >= 0)
		hms_sys_unlink(path);
	return fd;
}

/* Apart from its caller: the path is most of what a small stack has. */
static __attribute__((noinline)) int open_named(const char *folder)
{
	char path[4200];
	int fd = -EEXIST;

	for (int i = 0; i < TRIES; i++) {
		struct hms_text text = HMS_TEXT(path);

		hms_text_add(&text, "%s/.hms-%d-%d", folder,
			(int)hms_sys_getpid(), i);
		if (text.cut)
			return -ENAMETOOLONG;
		fd = open_and_unlink(path);
		if (fd != -EEXIST)
			break;
	}
	return fd;
}

static int open_in_folder(const char *folder)
{
	int fd = hms_sys_open(folder, O_TMPFILE | O_EXCL | O_RDWR, 0600);

	if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -ENOENT ||
		fd == -EINVAL)
		fd = open_named(folder);
	return fd;
}

int hms_file_open(struct hms_store *store)
{
	int fd = -EEXIST;

	if (store->folder)
		return open_in_folder(store->path);
	/* Another process may be between its open and its unlink. */
	for (int i = 0; i < TRIES && fd == -EEXIST; i++)
		fd = open_and_unlink(store->path);
	return fd;
}

static size_t room(struct hms_target *target)
{
	struct hms_store *store = target->state;
	struct statfs fs;
	uint64_t bytes = 0;

	hms_stores_lock();
	if (hms_store_fd(store) >= 0 && hms_sys_fstatfs(store->fd, &fs) == 0) {
		/* A tmpfs without a size says 0 blocks: no limit. */
		bytes = fs.f_blocks
				? (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize
				: SIZE_MAX;
	}
	hms_stores_unlock();
	return bytes;
}

/* The program may change its folder later. */
static const char *absolute(const char *path, struct hms_arena *arena)
{
	char buf[8200];
	struct hms_text text = HMS_TEXT(buf);
	char cwd[4096];
	ssize_t n;

	if (path[0] == '/')
		return hms_arena_strdup(arena, path);
	n = hms_sys_getcwd(cwd, sizeof(cwd));
	if (n <= 0 || cwd[0] != '/')
		return hms_arena_strdup(arena, path);
	hms_text_add(&text, "%s/%s", cwd, path);
	return hms_arena_strdup(arena, buf);
}

static int refuse(const struct hms_target_spec *spec, const char *what)
{
	hms_policy_error(spec->policy, spec->term->line, spec->term->column,
		spec->diag, "file target %s: %s", spec->term->path, what);
	return -EINVAL;
}

/* Why no file can be made for it, or NULL. */
static const char *check(struct hms_store *store)
{
	struct stat st;
	char folder[4096];
	const char *slash;
	int rc = hms_sys_stat(store->path, &st);

	if (rc == 0 && S_ISREG(st.st_mode))
		return "exists; name a folder, or a file that HMS may create";
	if (rc == 0 && !S_ISDIR(st.st_mode))
		return "is neither a folder nor a DAX device";
	store->folder = rc == 0;
	if (store->folder)
		return hms_sys_access(store->path, W_OK | X_OK) == -EACCES
			       ? "the folder is not writable"
			       : NULL;
	if (rc != -ENOENT)
		return strerrordesc_np(-rc);
	slash = strrchr(store->path, '/');
	if (!slash || (size_t)(slash - store->path) >= sizeof(folder))
		return "the path is too long";
	memcpy(folder, store->path, (size_t)(slash - store->path));
	folder[slash - store->path] = 0;
	rc = hms_sys_stat(folder[0] ? folder : "/", &st);
	if (rc < 0 || !S_ISDIR(st.st_mode))
		return "no such folder";
	if (hms_sys_access(folder[0] ? folder : "/", W_OK | X_OK) == -EACCES)
		return "its folder is not writable";
	return NULL;
}

static int create(struct hms_target *target, const struct hms_target_spec *spec)
{
	struct hms_store *store;
	struct stat st;
	const char *why;
	const char *path = absolute(spec->term->path, spec->arena);

	if (!path)
		return -ENOMEM;
	if (hms_sys_stat(path, &st) == 0 && S_ISCHR(st.st_mode))
		return hms_dax_create_at(target, spec, path);
	store = hms_arena_alloc(spec->arena, sizeof(*store));
	if (!store)
		return -ENOMEM;
	store->path = path;
	store->granule = PAGE;
	why = check(store);
	if (why)
		return refuse(spec, why);
	hms_store_setup(store, target, HMS_BLOCKS_UNLIMITED);
	return 0;
}

const struct hms_target_ops hms_target_file = {
	.name = "file",
	.maps = true,
	.create = create,
	.granule = hms_backed_granule,
	.room = room,
	.bind = hms_backed_bind,
	.release = hms_backed_release,
	.moved = hms_backed_moved,
};
