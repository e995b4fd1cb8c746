/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/page.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/runtime.h"
#include "base/sys.h"

#define KEEP_NS (UINT64_C(3600) * 1000000000)
#define KEEP_FILES 32
/* A start must not take longer because many others are running. */
#define LOOK_AT 128

/* Layout of a getdents64(2) record. */
struct dirent64_record {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

/* The number of "NUMBER.status", or 0. */
static pid_t page_pid(const char *name)
{
	unsigned long pid = 0;

	for (; *name >= '0' && *name <= '9' && pid < 100000000; name++)
		pid = pid * 10 + (unsigned long)(*name - '0');
	return strcmp(name, ".status") ? 0 : (pid_t)pid;
}

#define TAKE(field)                                                            \
	memcpy(&(field), head + offsetof(struct hms_status, field),            \
		sizeof(field))

/*
 * The page's process is gone; *last: when it was last heard of.  Of what is no
 * page, maybe not yet, or another version's, only the name tells whose it is.
 */
static bool is_left_behind(const char *path, pid_t named, uint64_t *last)
{
	/* Only the head: the whole struct is no thing for a guest's stack. */
	char head[offsetof(struct hms_status, program)] = { 0 };
	uint64_t magic, start_ticks, started_ns, updated_ns;
	uint32_t pid;
	int fd = hms_sys_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	ssize_t n;

	*last = 0;
	if (fd < 0)
		return false;
	n = hms_sys_pread(fd, head, sizeof(head), 0);
	hms_sys_close(fd);
	TAKE(magic);
	if (n != (ssize_t)sizeof(head) || magic != HMS_STATUS_MAGIC)
		return !hms_process_ticks(named);
	TAKE(pid);
	TAKE(start_ticks);
	TAKE(started_ns);
	TAKE(updated_ns);
	*last = updated_ns > started_ns ? updated_ns : started_ns;
	return !hms_process_alive((pid_t)pid, start_ticks);
}

bool hms_page_sites(const char *page, struct hms_text *out)
{
	size_t len = strlen(page);

	out->len = 0;
	out->cut = false;
	if (len <= strlen(".status"))
		return false;
	hms_text_put(out, page, len - strlen(".status"));
	hms_text_add(out, ".sites");
	return !out->cut;
}

void hms_page_remove(const char *page)
{
	char sites[HMS_RUNTIME_PATH];
	struct hms_text text = HMS_TEXT(sites);

	if (hms_page_sites(page, &text))
		hms_sys_unlink(sites);
	hms_sys_unlink(page);
}

/* One file of the folder; removed if its time is over. */
static void sweep_file(const char *file, pid_t pid, unsigned *kept)
{
	uint64_t now = hms_sys_clock(CLOCK_REALTIME), last;

	if (!is_left_behind(file, pid, &last))
		return;
	if (last + KEEP_NS < now || *kept >= KEEP_FILES)
		hms_page_remove(file);
	else
		++*kept;
}

/* Removes pages of processes that are long gone; see page.h. */
static void sweep(int folder, const char *path)
{
	uint64_t buf[512];
	char file[HMS_RUNTIME_PATH];
	unsigned kept = 0, seen = 0;
	ssize_t n;

	while ((n = hms_sys_getdents(folder, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n && seen < LOOK_AT;) {
			const struct dirent64_record *entry =
				(const void *)((char *)buf + at);
			struct hms_text text = HMS_TEXT(file);
			pid_t pid = page_pid(entry->name);

			at += entry->reclen;
			if (!pid)
				continue;
			seen++;
			hms_text_add(&text, "%s/%d.status", path, (int)pid);
			sweep_file(file, pid, &kept);
		}
	}
}

static int create_in(
	const char *folder, struct hms_text *path, struct hms_status **out)
{
	int fd, dir = hms_runtime_open(folder), err;
	void *p;

	if (dir < 0)
		return dir;
	sweep(dir, folder);
	hms_sys_close(dir);
	path->len = 0;
	path->cut = false;
	hms_text_add(path, "%s/%d.status", folder, (int)hms_sys_getpid());
	if (path->cut)
		return -ENAMETOOLONG;
	/* Left by an earlier process of this number, or before an exec. */
	hms_page_remove(path->buf);
	fd = hms_sys_open(
		path->buf, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fd;
	err = hms_runtime_reserve(fd, 0, sizeof(**out));
	p = err ? NULL
		: hms_sys_mmap(NULL, sizeof(**out), PROT_READ | PROT_WRITE,
			  MAP_SHARED, fd, 0);
	hms_sys_close(fd);
	if (!err && hms_sys_failed(p))
		err = (int)(intptr_t)p;
	if (err)
		hms_sys_unlink(path->buf);
	else
		*out = p;
	return err;
}

int hms_page_create(
	const char *runtime, struct hms_text *path, struct hms_status **out)
{
	char folder[HMS_RUNTIME_PATH];
	int err = -ENOENT;

	for (unsigned i = 0; i < HMS_RUNTIME_FOLDERS; i++) {
		struct hms_text text = HMS_TEXT(folder);

		if (!hms_runtime_folder(i, runtime, hms_sys_geteuid(), &text))
			continue;
		err = create_in(folder, path, out);
		if (!err)
			return 0;
	}
	return err;
}

void hms_page_unmap(struct hms_status *page)
{
	hms_sys_munmap(page, sizeof(*page));
}

bool hms_page_valid(const struct hms_status *page, size_t bytes)
{
	return bytes >= sizeof(*page) && page->magic == HMS_STATUS_MAGIC &&
	       page->size == sizeof(*page) &&
	       page->nrules <= HMS_STATUS_RULES &&
	       page->nlimits <= HMS_STATUS_LIMITS &&
	       page->ntargets <= HMS_STATUS_TARGETS;
}
