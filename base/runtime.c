/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/sys.h"

bool hms_runtime_folder(
	unsigned i, const char *runtime, uid_t uid, struct hms_text *out)
{
	out->len = 0;
	out->cut = false;
	switch (i) {
	case 0:
		if (!runtime || runtime[0] != '/')
			return false;
		hms_text_add(out, "%s/hms", runtime);
		return !out->cut;
	case 1:
		hms_text_add(out, "/run/user/%u/hms", (unsigned)uid);
		return !out->cut;
	case 2:
		hms_text_add(out, "/tmp/hms-%u", (unsigned)uid);
		return !out->cut;
	case 3:
		hms_text_add(out, "/dev/shm/hms-%u", (unsigned)uid);
		return !out->cut;
	}
	return false;
}

int hms_runtime_open(const char *path)
{
	struct stat st;
	int fd, err;

	err = hms_sys_mkdir(path, 0700);
	if (err && err != -EEXIST)
		return err;
	fd = hms_sys_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	err = hms_sys_fstat(fd, &st);
	if (!err && (st.st_uid != hms_sys_geteuid() || (st.st_mode & 0077)))
		err = -EPERM;
	if (err) {
		hms_sys_close(fd);
		return err;
	}
	return fd;
}

int hms_runtime_reserve(int fd, size_t from, size_t to)
{
	static const char zero[4096];
	uint64_t mask;
	int err;

	/* Beyond ulimit -f the kernel would send SIGXFSZ. */
	if (hms_sys_rlimit(RLIMIT_FSIZE) < to)
		return -EFBIG;
	/* tmpfs of many kernels gives it all back when a signal comes: EINTR.
	 */
	mask = hms_sys_block_signals();
	err = hms_sys_fallocate(fd, 0, (off_t)from, (off_t)(to - from));
	hms_sys_restore_signals(mask);
	if (err != -EOPNOTSUPP)
		return err;
	err = 0;
	for (size_t n; from < to && !err; from += n) {
		n = to - from < sizeof(zero) ? to - from : sizeof(zero);
		err = hms_sys_write_all(fd, zero, n);
	}
	return err;
}

/* What /proc/PID/stat says of a process. */
struct process_stat {
	char state;
	uint64_t threads, ticks;
};

/*
 * proc(5): "pid (comm) state ppid ..."; comm may hold anything, ')' too.
 * Fields are counted from 1.
 */
static int read_stat(pid_t pid, struct process_stat *out)
{
	char path[32], stat[1024], *s;
	struct hms_text text = HMS_TEXT(path);

	hms_text_add(&text, "/proc/%d/stat", (int)pid);
	if (hms_sys_read_file(path, stat, sizeof(stat)) <= 0)
		return -ENOENT;
	s = strrchr(stat, ')');
	if (!s || s[1] != ' ')
		return -EINVAL;
	s += 2;
	out->state = *s;
	for (int field = 3; field < 22; field++) {
		if (field == 20)
			out->threads = strtoull(s, NULL, 10);
		s = strchr(s, ' ');
		if (!s)
			return -EINVAL;
		s++;
	}
	out->ticks = strtoull(s, NULL, 10);
	return 0;
}

/* A zombie whose other threads live on has its memory still. */
static bool has_ended(const struct process_stat *stat)
{
	return stat->state == 'X' || (stat->state == 'Z' && stat->threads <= 1);
}

uint64_t hms_process_ticks(pid_t pid)
{
	struct process_stat stat;

	return read_stat(pid, &stat) || has_ended(&stat) ? 0 : stat.ticks;
}

bool hms_process_alive(pid_t pid, uint64_t start_ticks)
{
	if (hms_sys_kill(pid, 0) == -ESRCH)
		return false;
	return hms_process_ticks(pid) == start_ticks;
}
