/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources: getdents64(2), readlink(2); the kernel's lib/bitmap-str.c prints
 * lists as "0-3,8", filesystems/sysfs.rst has values end with a newline.
 */
#include "engine/topology/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"

/* More than the kernel has CPUs (8,192), nodes (1,024) or buses of. */
#define LIST_MOST 65535
#define LIST_BYTES 4096
#define DIR_BYTES 8192
#define DIR_MOST (64U << 20)

/* The directory entry as getdents64(2) writes it. */
struct entry {
	uint64_t ino;
	int64_t next; /* the kernel's d_off; here, where the next name is */
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static struct {
	void (*fn)(const char *path, enum hms_sysfs_what what, void *arg);
	void *arg;
} observer;

void hms_sysfs_observe(
	void (*fn)(const char *path, enum hms_sysfs_what what, void *arg),
	void *arg)
{
	observer.fn = fn;
	observer.arg = arg;
}

/* "ROOT/sys/..." into path; 0 or -ENAMETOOLONG. */
static int make_path(const struct hms_builder *b, enum hms_sysfs_what what,
	char path[HMS_SYSFS_PATH], const char *format, va_list args)
{
	const char *root = hms_builder_root(b);
	size_t len = strlen(root);
	int n;

	if (len >= HMS_SYSFS_PATH / 2)
		return -ENAMETOOLONG;
	memcpy(path, root, len);
	path[len++] = '/';
	n = vsnprintf(path + len, HMS_SYSFS_PATH - len, format, args);
	if (n < 0 || (size_t)n >= HMS_SYSFS_PATH - len)
		return -ENAMETOOLONG;
	if (observer.fn)
		observer.fn(path + len, what, observer.arg);
	return 0;
}

void hms_sysfs_mention(enum hms_sysfs_what what, const char *path)
{
	if (observer.fn)
		observer.fn(path, what, observer.arg);
}

static ssize_t read_path(const char *path, char *buf, size_t size)
{
	ssize_t len = hms_sys_read_file(path, buf, size);

	if (len > 0 && buf[len - 1] == '\n')
		buf[--len] = 0;
	return len;
}

/*
 * Many files are not on every machine, or not for every user, and drivers
 * refuse to say what they do not know; these are worth a word.
 */
static int unreadable(struct hms_builder *b, const char *path, ssize_t rc)
{
	if (rc == -EIO || rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM)
		hms_builder_complain(
			b, path, 0, "cannot be read: error %d", (int)-rc);
	return (int)rc;
}

ssize_t hms_sysfs_read(const struct hms_builder *b, char *buf, size_t size,
	const char *format, ...)
{
	char path[HMS_SYSFS_PATH];
	va_list args;
	int rc;

	va_start(args, format);
	rc = make_path(b, HMS_SYSFS_FILE, path, format, args);
	va_end(args);
	return rc ? rc : read_path(path, buf, size);
}

void hms_sysfs_complain(struct hms_builder *b, const char *path, unsigned line,
	const char *format, ...)
{
	char full[HMS_SYSFS_PATH], message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	snprintf(full, sizeof(full), "%s/%s", hms_builder_root(b), path);
	hms_builder_complain(b, full, line, "%s", message);
}

const char *hms_sysfs_digits(const char *text, uint64_t *out)
{
	unsigned base = 10, digit;
	const char *p = text;
	uint64_t n = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	text = p;
	for (;; p++) {
		if (*p >= '0' && *p <= '9')
			digit = (unsigned)(*p - '0');
		else if (base == 16 && (*p | 32) >= 'a' && (*p | 32) <= 'f')
			digit = (unsigned)((*p | 32) - 'a') + 10;
		else
			break;
		if (__builtin_mul_overflow(n, base, &n) ||
			__builtin_add_overflow(n, digit, &n))
			return NULL;
	}
	*out = n;
	return p == text ? NULL : p;
}

static const char *spaces(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n')
		p++;
	return p;
}

int hms_sysfs_number(
	struct hms_builder *b, uint64_t *out, const char *format, ...)
{
	char path[HMS_SYSFS_PATH], buf[64];
	const char *end;
	uint64_t value;
	va_list args;
	ssize_t len;
	int rc;

	va_start(args, format);
	rc = make_path(b, HMS_SYSFS_FILE, path, format, args);
	va_end(args);
	if (rc)
		return rc;
	len = read_path(path, buf, sizeof(buf));
	if (len < 0)
		return unreadable(b, path, len);
	if (!strcmp(buf, "-1"))
		return -ENOENT;
	end = hms_sysfs_digits(spaces(buf), &value);
	if (!end || *spaces(end)) {
		if (len)
			hms_builder_complain(
				b, path, 0, "\"%.40s\" is no number", buf);
		else
			hms_builder_complain(b, path, 0, "is empty");
		return -EINVAL;
	}
	*out = value;
	return 0;
}

/* One "N" or "N-M" at p; NULL: neither. */
static const char *range(const char *p, uint64_t *first, uint64_t *last)
{
	p = hms_sysfs_digits(p, first);
	if (!p)
		return NULL;
	*last = *first;
	if (*p == '-')
		p = hms_sysfs_digits(p + 1, last);
	if (!p || (*p && *p != ',' && *p != '\n' && *p != ' '))
		return NULL;
	return *first <= *last && *last <= LIST_MOST ? p : NULL;
}

int hms_sysfs_list(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, unsigned number, void *arg),
	void *arg, const char *format, ...)
{
	char path[HMS_SYSFS_PATH], buf[LIST_BYTES + 1];
	uint64_t first, last;
	const char *p, *end;
	va_list args;
	ssize_t len;
	int rc;

	va_start(args, format);
	rc = make_path(b, HMS_SYSFS_FILE, path, format, args);
	va_end(args);
	if (rc)
		return rc;
	len = read_path(path, buf, sizeof(buf));
	if (len < 0)
		return unreadable(b, path, len);
	if (len == LIST_BYTES) {
		hms_builder_complain(b, path, 0,
			"is longer than %d bytes; the rest is left out",
			LIST_BYTES);
		rc = -EINVAL;
	}
	for (p = spaces(buf); *p; p = spaces(p)) {
		end = range(p, &first, &last);
		if (end) {
			for (; first <= last; first++)
				fn(b, (unsigned)first, arg);
		} else {
			end = p + strcspn(p, ",");
			hms_builder_complain(b, path, 0,
				"\"%.*s\" is no number or range of numbers",
				(int)(end - p < 40 ? end - p : 40), p);
			rc = -EINVAL;
		}
		p = *end == ',' ? end + 1 : end;
	}
	return rc;
}

static struct entry *at(char *buf, int64_t offset)
{
	return (struct entry *)(void *)(buf + offset);
}

/* Two sorted chains, each ended by -1, become one. */
static int64_t merge(char *buf, int64_t a, int64_t b)
{
	int64_t head = -1, *tail = &head;

	while (a >= 0 && b >= 0) {
		int64_t *less = strcmp(at(buf, a)->name, at(buf, b)->name) <= 0
					? &a
					: &b;

		*tail = *less;
		tail = &at(buf, *less)->next;
		*less = *tail;
	}
	*tail = a >= 0 ? a : b;
	return head;
}

/* The entries in len bytes as a chain in the order of names; its head. */
static int64_t sort(char *buf, size_t len)
{
	/* run[i]: a chain of 2^i entries, or -1. */
	int64_t run[32], chain = -1;
	struct entry *e;
	unsigned i;

	memset(run, 0xff, sizeof(run));
	for (size_t here = 0; here < len;) {
		chain = (int64_t)here;
		e = at(buf, chain);
		here += e->reclen;
		e->next = -1;
		for (i = 0; i < 31 && run[i] >= 0; i++) {
			chain = merge(buf, run[i], chain);
			run[i] = -1;
		}
		run[i] = chain;
	}
	for (chain = -1, i = 0; i < 32; i++)
		chain = merge(buf, run[i], chain);
	return chain;
}

struct listing {
	char *buf;
	size_t size, len;
	char *mapped; /* buf, once it is no longer the caller's */
};

/* Doubles the room; 0 or -errno. */
static int grow(struct listing *l)
{
	size_t size = l->size * 2;
	void *more;

	if (size > DIR_MOST)
		return -E2BIG;
	if (l->mapped)
		more = hms_sys_mremap(
			l->mapped, l->size, size, MREMAP_MAYMOVE, NULL);
	else
		more = hms_sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hms_sys_failed(more))
		return (int)(intptr_t)more;
	if (!l->mapped)
		memcpy(more, l->buf, l->len);
	l->buf = l->mapped = more;
	l->size = size;
	return 0;
}

static int read_entries(const char *path, struct listing *l)
{
	int fd = hms_sys_open(path, O_RDONLY | O_DIRECTORY, 0);
	ssize_t n = 1;
	int rc = 0;

	if (fd < 0)
		return fd;
	while (!rc && n > 0) {
		/* An entry has at most 19 + 256 bytes. */
		if (l->size - l->len < 512)
			rc = grow(l);
		if (rc)
			break;
		n = hms_sys_getdents(fd, l->buf + l->len, l->size - l->len);
		if (n == -EINTR)
			n = 1;
		else if (n < 0)
			rc = (int)n;
		else
			l->len += (size_t)n;
	}
	hms_sys_close(fd);
	return rc;
}

int hms_sysfs_dir(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, const char *name, void *arg),
	void *arg, const char *format, ...)
{
	char path[HMS_SYSFS_PATH];
	char buf[DIR_BYTES] __attribute__((aligned(8)));
	struct listing l = { .buf = buf, .size = sizeof(buf) };
	va_list args;
	int rc;

	va_start(args, format);
	rc = make_path(b, HMS_SYSFS_DIR, path, format, args);
	va_end(args);
	if (rc)
		return rc;
	/* What was told before an error is used. */
	rc = read_entries(path, &l);
	for (int64_t i = sort(l.buf, l.len); i >= 0; i = at(l.buf, i)->next) {
		const char *name = at(l.buf, i)->name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			fn(b, name, arg);
	}
	if (l.mapped)
		hms_sys_munmap(l.mapped, l.size);
	return rc ? unreadable(b, path, rc) : 0;
}

static int read_link(const char *path, char *buf, size_t size)
{
	ssize_t len = hms_sys_readlink(path, buf, size);

	if (len < 0)
		return (int)len;
	if ((size_t)len >= size)
		return -ENAMETOOLONG;
	buf[len] = 0;
	return 0;
}

int hms_sysfs_target(const struct hms_builder *b, char *buf, size_t size,
	const char *format, ...)
{
	char path[HMS_SYSFS_PATH];
	va_list args;
	int rc;

	va_start(args, format);
	rc = make_path(b, HMS_SYSFS_LINK, path, format, args);
	va_end(args);
	return rc ? rc : read_link(path, buf, size);
}

int hms_sysfs_link(const struct hms_builder *b, char *buf, size_t size,
	const char *format, ...)
{
	char path[HMS_SYSFS_PATH], target[HMS_SYSFS_PATH];
	const char *last;
	va_list args;
	int rc;

	va_start(args, format);
	rc = make_path(b, HMS_SYSFS_LINK, path, format, args);
	va_end(args);
	if (!rc)
		rc = read_link(path, target, sizeof(target));
	if (rc)
		return rc;
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) >= size)
		return -ENAMETOOLONG;
	memcpy(buf, last, strlen(last) + 1);
	return 0;
}
