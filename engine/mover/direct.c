/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/mover/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/sys.h"
#include "base/text.h"

/* As getdents64(2) writes it. */
struct entry {
	uint64_t inode, next;
	uint16_t len;
	uint8_t type;
	char name[];
};

/* What it is to be found behind a descriptor that DMA comes from. */
static const char *const devices[] = {
	"anon_inode:[io_uring]",
	"/dev/infiniband/",
	"/dev/vfio/",
	"/dev/nvidia",
	"/dev/kfd",
	"/dev/dri/",
	"/dev/video",
};

/*
 * Calls fn for each number that is a name in a folder of /proc, until it says
 * true.  -errno, or what fn said last.
 */
static int each_number(
	const char *folder, int (*fn)(const char *name, void *arg), void *arg)
{
	char buf[2048] __attribute__((aligned(8)));
	ssize_t n = 0;
	int fd = hms_sys_open(folder, O_RDONLY | O_DIRECTORY, 0), rc = 0;

	if (fd < 0)
		return fd;
	while (!rc && (n = hms_sys_getdents(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n && !rc;) {
			const struct entry *e = (const void *)(buf + at);

			if (e->name[0] >= '0' && e->name[0] <= '9')
				rc = fn(e->name, arg);
			at += e->len;
		}
	}
	hms_sys_close(fd);
	return n < 0 ? (int)n : rc;
}

/* False, too, of one that has been closed meanwhile. */
static bool is_direct(const char *fd)
{
	char info[64], buf[256];
	struct hms_text text = HMS_TEXT(info);
	const char *flags;
	int rc = hms_sys_fcntl(atoi(fd), F_GETFL, 0);

	if (rc >= 0)
		return rc & O_DIRECT;
	/* The main thread's, which this one does not share. */
	hms_text_add(&text, "/proc/self/fdinfo/%s", fd);
	if (hms_sys_read_file(info, buf, sizeof(buf)) <= 0)
		return false;
	flags = strstr(buf, "flags:");
	return flags && (strtoul(flags + 6, NULL, 8) & O_DIRECT);
}

static int look_at_fd(const char *name, void *arg)
{
	enum hms_direct *found = arg;
	char path[64], buf[256];
	struct hms_text text = HMS_TEXT(path);
	ssize_t n;

	hms_text_add(&text, "/proc/self/fd/%s", name);
	n = hms_sys_readlink(path, buf, sizeof(buf) - 1);
	/* One that has been closed meanwhile is no danger. */
	buf[n > 0 ? n : 0] = 0;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		if (strncmp(buf, devices[i], strlen(devices[i])) != 0)
			continue;
		*found = HMS_DIRECT_UNKNOWN;
		return 1;
	}
	if (is_direct(name))
		*found = HMS_DIRECT_READS;
	return 0;
}

/* The ring of aio(7) is a mapping of its own. */
static bool has_aio(void)
{
	char buf[6000], *line, *end;
	size_t have = 0;
	ssize_t n = 1;
	bool found = false;
	int fd = hms_sys_open("/proc/self/maps", O_RDONLY, 0);

	while (fd >= 0 && !found && n > 0) {
		n = hms_sys_read(fd, buf + have, sizeof(buf) - 1 - have);
		if (n <= 0)
			break;
		have += (size_t)n;
		buf[have] = 0;
		for (line = buf; (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			found |= strstr(line, " /[aio]") != NULL;
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
	}
	if (fd >= 0)
		hms_sys_close(fd);
	return found || fd < 0 || n < 0;
}

enum hms_direct hms_direct_look(void)
{
	enum hms_direct found = HMS_DIRECT_NONE;

	if (each_number("/proc/self/fd", look_at_fd, &found) < 0)
		return HMS_DIRECT_UNKNOWN;
	if (found != HMS_DIRECT_UNKNOWN && has_aio())
		return HMS_DIRECT_UNKNOWN;
	return found;
}

struct reading {
	uintptr_t start, end;
};

#define PAGE ((unsigned long)4096)
#define THREADS 1024 /* with more of them, nothing is known */
/* After so long on a processor a read has been handed to the device. */
#define RUN_NS UINT64_C(1000000)

/* What is known of threads since the block was stopped. */
static struct seen {
	int tid;
	bool done; /* it is in no read that began before */
	uint64_t ran;
} seen[THREADS];
static unsigned nseen;

/* Does it read into the block: not at all, one page at most, or maybe more? */
enum reads { READS_NOT, READS_PAGE, READS_MORE };

static enum reads reads_into(const char *text, const struct reading *r)
{
	unsigned long number, arg[3];
	char *s;

	number = strtoul(text, &s, 10);
	if (s == text)
		return READS_NOT;
	for (int i = 0; i < 3; i++)
		arg[i] = strtoul(s, &s, 16);
	switch (number) {
	case SYS_read:
	case SYS_pread64:
		if (!arg[2] || arg[1] >= r->end || arg[1] + arg[2] <= r->start)
			return READS_NOT;
		return arg[1] / PAGE == (arg[1] + arg[2] - 1) / PAGE
			       ? READS_PAGE
			       : READS_MORE;
	case SYS_readv:
	case SYS_preadv:
	case SYS_preadv2:
		return READS_MORE;
	default:
		return READS_NOT;
	}
}

/* Nanoseconds that a thread has run so far; 0: not to be known. */
static uint64_t ran(const char *tid)
{
	char path[64], buf[128];
	struct hms_text text = HMS_TEXT(path);

	hms_text_add(&text, "/proc/self/task/%s/schedstat", tid);
	if (hms_sys_read_file(path, buf, sizeof(buf)) <= 0)
		return 0;
	return strtoul(buf, NULL, 10);
}

static struct seen *find(int tid)
{
	unsigned i = 0;

	while (i < nseen && seen[i].tid != tid)
		i++;
	if (i == THREADS)
		return NULL;
	if (i == nseen)
		seen[nseen++] = (struct seen){ .tid = tid };
	return &seen[i];
}

/*
 * A thread that does not sleep may have been put aside in the midst of a read,
 * with the block's pages in hand.  Once it has run it is beyond that.
 */
static bool may_be_inside(const char *name, struct seen *thread)
{
	uint64_t now = ran(name);

	if (!thread->ran)
		thread->ran = now;
	return !now || now - thread->ran < RUN_NS;
}

static int look_at_task(const char *name, void *arg)
{
	char path[64], wait[64], buf[256];
	struct hms_text text = HMS_TEXT(path), text2 = HMS_TEXT(wait);
	struct seen *thread = find(atoi(name));
	enum reads how;
	ssize_t n;

	if (!thread)
		return 1;
	if (thread->done || thread->tid == hms_sys_gettid())
		return 0;
	hms_text_add(&text, "/proc/self/task/%s/syscall", name);
	hms_text_add(&text2, "/proc/self/task/%s/wchan", name);
	n = hms_sys_read_file(path, buf, sizeof(buf));
	/* It has ended; or nobody tells, such as without a descriptor. */
	if (n <= 0)
		return n != -ENOENT && n != -ESRCH;
	if (!strncmp(buf, "running", 7)) {
		if (may_be_inside(name, thread))
			return 1;
	} else {
		how = reads_into(buf, arg);
		if (how == READS_MORE)
			return 1;
		/* It may be the block that it waits for. */
		if (how == READS_PAGE &&
			(hms_sys_read_file(wait, buf, sizeof(buf)) <= 0 ||
				!strstr(buf, "userfault")))
			return 1;
	}
	thread->done = true;
	return 0;
}

void hms_direct_begin(void)
{
	nseen = 0;
}

bool hms_direct_under_way(uintptr_t start, uintptr_t end)
{
	struct reading r = { start, end };

	return each_number("/proc/self/task", look_at_task, &r) != 0;
}
