/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/sites_file.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "report/page.h"
#include "report/status.h"

#define CHUNK 128u /* rows that the file grows by */
#define FEW 4095u /* rows, where address space is limited */

static struct {
	char path[HMS_RUNTIME_PATH]; /* "": rows are in private memory */
	dev_t dev;
	ino_t ino;
	unsigned room; /* rows that have blocks */
	unsigned most; /* rows that have addresses */
} file;

static size_t bytes_for(unsigned rows)
{
	return sizeof(struct hms_sites) + rows * sizeof(struct hms_sites_row);
}

/* Is it ours?  The name could be another file's by now, in another root. */
static bool is_ours(int fd)
{
	struct stat st;

	return !hms_sys_fstat(fd, &st) && st.st_dev == file.dev &&
	       st.st_ino == file.ino;
}

static bool grow(int fd, unsigned rows)
{
	if (hms_runtime_reserve(
		    fd, file.room ? bytes_for(file.room) : 0, bytes_for(rows)))
		return false;
	file.room = rows;
	return true;
}

static void *make_shared(void)
{
	struct stat st;
	struct hms_text path = HMS_TEXT(file.path);
	void *p = NULL;
	int fd;

	if (!hms_page_sites(hms_status_path(), &path))
		return NULL;
	fd = hms_sys_open(
		file.path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return NULL;
	if (!hms_sys_fstat(fd, &st) && grow(fd, CHUNK)) {
		file.dev = st.st_dev;
		file.ino = st.st_ino;
		p = hms_sys_mmap(NULL, bytes_for(file.most),
			PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	hms_sys_close(fd);
	if (p && !hms_sys_failed(p))
		return p;
	hms_sys_unlink(file.path);
	return NULL;
}

struct hms_sites *hms_sites_file_make(unsigned *most)
{
	void *p;

	file.room = 0;
	file.most =
		hms_sys_rlimit(RLIMIT_AS) == UINT64_MAX ? HMS_SITES_MAX : FEW;
	*most = file.most;
	p = make_shared();
	if (p)
		return p;
	file.path[0] = 0;
	file.room = file.most;
	p = hms_sys_mmap(NULL, bytes_for(file.most), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return hms_sys_failed(p) ? NULL : p;
}

bool hms_sites_file_has(unsigned row)
{
	unsigned rows = file.room + CHUNK;
	bool grown;
	int fd;

	if (row < file.room || row >= file.most)
		return row < file.room;
	fd = hms_sys_open(file.path, O_RDWR | O_APPEND | O_NOFOLLOW, 0);
	if (fd < 0)
		return false;
	grown = is_ours(fd) && grow(fd, rows < file.most ? rows : file.most);
	hms_sys_close(fd);
	return grown;
}

void hms_sites_file_forget(void)
{
	file.path[0] = 0;
	file.room = file.most = 0;
}
