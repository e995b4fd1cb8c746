/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/shared_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "base/sys.h"

int hms_shared_name(struct hms_shared *s, unsigned folder, const char *runtime,
	const char *name, const char *what)
{
	char at[HMS_RUNTIME_PATH];
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	struct hms_text path = HMS_TEXT(s->path), text = HMS_TEXT(at);
	int fd;

	if (!hms_runtime_folder(folder, runtime, hms_sys_geteuid(), &text))
		return -ENOENT;
	fd = hms_runtime_open(at);
	if (fd < 0)
		return fd;
	hms_sys_close(fd);
	for (const char *c = name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	hash *= UINT64_C(0x100000001b3);
	for (const char *c = what; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	hms_text_add(&path, "%s/limit-%016lx", at, (unsigned long)hash);
	return path.cut ? -ENAMETOOLONG : 0;
}

int hms_shared_map(struct hms_shared *s)
{
	struct hms_shared_table *table = NULL;
	struct stat st;
	int err, fd = hms_sys_open(s->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	err = hms_sys_fstat(fd, &st);
	if (!err && (st.st_size != sizeof(*table) || !S_ISREG(st.st_mode) ||
			    st.st_uid != hms_sys_geteuid()))
		err = -EINVAL;
	if (!err)
		table = hms_sys_mmap(NULL, sizeof(*table),
			PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (!err && hms_sys_failed(table))
		err = (int)(intptr_t)table;
	if (!err && table->magic != HMS_SHARED_MAGIC) {
		hms_sys_munmap(table, sizeof(*table));
		err = -EINVAL;
	}
	if (err) {
		hms_sys_close(fd);
		return err;
	}
	s->table = table;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return fd;
}

int hms_shared_make(const char *path)
{
	struct hms_shared_table *table = NULL;
	char name[HMS_RUNTIME_PATH];
	struct hms_text text = HMS_TEXT(name);
	int fd, err;

	/* Another PID namespace has a thread of that number, too. */
	hms_text_add(&text, "%s.%d-%llx", path, (int)hms_sys_gettid(),
		(unsigned long long)hms_sys_clock(CLOCK_MONOTONIC));
	if (text.cut)
		return -ENAMETOOLONG;
	fd = hms_sys_open(
		name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fd;
	err = hms_runtime_reserve(fd, 0, sizeof(*table));
	if (!err)
		table = hms_sys_mmap(NULL, sizeof(*table),
			PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	hms_sys_close(fd);
	if (!err && hms_sys_failed(table))
		err = (int)(intptr_t)table;
	if (!err) {
		table->magic = HMS_SHARED_MAGIC;
		hms_sys_munmap(table, sizeof(*table));
		err = hms_sys_link(name, path);
	}
	hms_sys_unlink(name);
	return err == -EEXIST ? 0 : err;
}

/* Byte i of the file is row i's. */
static int lock(int fd, int command, unsigned row, short *type)
{
	struct flock at = {
		.l_type = *type,
		.l_whence = SEEK_SET,
		.l_start = row,
		.l_len = 1,
	};
	int err = hms_sys_fcntl(fd, command, (long)&at);

	*type = at.l_type;
	return err == -EACCES ? -EAGAIN : err;
}

int hms_shared_lock(int fd, unsigned row)
{
	short type = F_WRLCK;

	return lock(fd, F_OFD_SETLK, row, &type);
}

int hms_shared_unlock(int fd, unsigned row)
{
	short type = F_UNLCK;

	return lock(fd, F_OFD_SETLK, row, &type);
}

bool hms_shared_locked(int fd, unsigned row)
{
	short type = F_WRLCK;

	return !lock(fd, F_OFD_GETLK, row, &type) && type != F_UNLCK;
}
