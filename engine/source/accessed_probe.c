/* SPDX-License-Identifier: BSD-2-Clause */
/* Accessed bits: reading smaps, what it means, whether they work at all. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/maths.h"
#include "base/sys.h"
#include "engine/source/accessed.h"
#include "engine/source/canary.h"

#ifndef MADV_COLD
#define MADV_COLD 20
#endif

/* A few mappings: how long mmap may be held up at a time. */
#define PORTION 4096

int hms_smaps_open(struct hms_smaps_file *file,
	void (*mapping)(const struct hms_smap *smap, void *arg), void *arg)
{
	struct stat st;
	int fd = hms_sys_open("/proc/self/smaps", O_RDONLY, 0), rc;

	memset(file, 0, sizeof(*file));
	file->fd = -1;
	if (fd < 0)
		return fd;
	fd = hms_sys_move_up(fd);
	rc = hms_sys_fstat(fd, &st);
	if (rc < 0) {
		hms_sys_close(fd);
		return rc;
	}
	file->fd = fd;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->parser.mapping = mapping;
	file->parser.arg = arg;
	return 0;
}

/* The program may have closed it, and use its number for a file of its own. */
static bool is_ours(const struct hms_smaps_file *file)
{
	struct stat st;

	return hms_sys_fstat(file->fd, &st) == 0 && st.st_dev == file->dev &&
	       st.st_ino == file->ino;
}

int hms_smaps_read(struct hms_smaps_file *file)
{
	char buf[PORTION];
	/* pread takes nothing from whoever it would hit. */
	ssize_t n =
		hms_sys_pread(file->fd, buf, sizeof(buf), (off_t)file->offset);

	if (n == -EINTR)
		return 1;
	if (n < 0)
		return (int)n;
	if (!is_ours(file))
		return -EBADF;
	if (n == 0) {
		hms_smaps_end(&file->parser);
		return 0;
	}
	file->offset += (uint64_t)n;
	hms_smaps_feed(&file->parser, buf, (size_t)n);
	return 1;
}

void hms_smaps_close(struct hms_smaps_file *file)
{
	if (file->fd >= 0 && is_ours(file))
		hms_sys_close(file->fd);
	file->fd = -1;
}

struct wanted {
	uintptr_t addr;
	struct hms_smap found;
};

static void find(const struct hms_smap *smap, void *arg)
{
	struct wanted *wanted = arg;

	if (smap->start <= wanted->addr && wanted->addr < smap->end)
		wanted->found = *smap;
}

/* Accessed bytes of the mapping at addr, or -errno. */
static int64_t referenced(void *addr)
{
	struct wanted wanted = { .addr = (uintptr_t)addr };
	struct hms_smaps_file file;
	int rc = hms_smaps_open(&file, find, &wanted);

	if (rc < 0)
		return rc;
	do
		rc = hms_smaps_read(&file);
	while (rc > 0);
	hms_smaps_close(&file);
	if (rc < 0)
		return rc;
	return wanted.found.end ? (int64_t)wanted.found.referenced : -ENODATA;
}

static int clear(const struct hms_canary *canary)
{
	int fd = hms_sys_open("/proc/self/clear_refs", O_WRONLY, 0);
	ssize_t n = fd;

	if (fd >= 0) {
		n = hms_sys_write(fd, "1", 1);
		hms_sys_close(fd);
	}
	if (n == 1)
		return 0;
	return hms_sys_madvise(canary->block, 2 * HMS_SOURCE_BLOCK, MADV_COLD);
}

static int check(const struct hms_canary *canary, char why[HMS_WHY])
{
	char *block = canary->block;
	int64_t before, between, after;
	int rc;

	*(volatile char *)block = 1;
	before = referenced(block);
	if (before < 0)
		return hms_source_why(why, (int)before,
			"/proc/self/smaps cannot be read: %s",
			strerrorname_np((int)-before));
	rc = clear(canary);
	if (rc < 0)
		return hms_source_why(why, rc,
			"neither clear_refs nor MADV_COLD clears accessed "
			"bits: %s",
			strerrorname_np(-rc));
	between = referenced(block);
	/* A page that was not there: no stale entry of a TLB hides it. */
	rc = hms_canary_read(block + HMS_SOURCE_BLOCK, why);
	if (rc < 0)
		return rc;
	after = referenced(block);
	if (before >= 4096 && between == 0 && after >= 4096)
		return 0;
	return hms_source_why(
		why, -EIO, "smaps does not tell which pages were accessed");
}

int hms_accessed_probe(char why[HMS_WHY])
{
	struct hms_canary canary;
	int rc = hms_canary_make(&canary, true, why);

	if (rc < 0)
		return rc;
	rc = check(&canary, why);
	hms_canary_free(&canary);
	return rc;
}

void hms_accessed_rate(const struct hms_smap *smap, double window,
	double *events, double *exposure)
{
	double unit =
		2 * smap->huge >= smap->rss ? (double)HMS_SOURCE_BLOCK : 4096;
	double n = (double)smap->rss / unit;
	double k = (double)smap->referenced / unit;

	*events = k;
	*exposure = window;
	if (k <= 0)
		return;
	if (k > n)
		k = n;
	/* Half a page more than there are: all of them is no infinite rate. */
	*exposure = k / n * window / -hms_ln(1 - k / (n + 0.5));
}
